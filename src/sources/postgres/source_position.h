// How far a PostgreSQL source has been read, as its binding holds it (rule P3), and the names of
// its other durable facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "connect/postgres/lsn.h"

namespace penstock::sources {

struct SourcePosition {
  connect::Lsn lsn;       // End of the last commit that was handed over, or an idle position.
  uint32_t timeline = 0;  // That it was read on.
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// "1 16/B374D848 1": version, LSN, timeline.
std::string encode_position(const SourcePosition& position);
std::optional<SourcePosition> decode_position(std::string_view binding);

// The fact that a table takes no more changes: its value is the reason. Written with the tick that
// put the error into its collection.
std::string ended_table_key(ObjectId source, CollectionId table);

}  // namespace penstock::sources
