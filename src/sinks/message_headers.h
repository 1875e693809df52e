// The headers that a message has beside its time: entries of a map, or pairs of a list, in a
// column of the row.
//
// Between row and message they are one block of bytes, which may lie on disk meanwhile: for each
// header its name (varint length, bytes), then varint 0 for a value that is NULL, else the value's
// length plus 1 and its bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/transactional_producer.h"
#include "data/delta_batch.h"
#include "types/sql_type.h"

namespace penstock::sinks {

// Headers of this prefix are the engine's own: a row's are left out.
inline constexpr std::string_view kReservedHeaderPrefix = "materialize-";

// Immutable; freely used by several threads.
class HeaderEncoder {
 public:
  // REQUIRES: a column of type map[text=>text], map[text=>bytea], or a list of records of a text
  // and a text or bytea.
  HeaderEncoder(const types::RelationType& relation, size_t column);

  // Appends a row's headers as a block: a map's by name, a list's in its order; none for NULL.
  // False when one has no name, and then what was appended is worth nothing.
  [[nodiscard]] bool append(const data::DeltaBatch& batch, size_t row, std::string& out) const;
  // Why append() said false.
  std::string refusal() const;

 private:
  const types::ColumnDesc column_;
  const size_t position_;
};

// Appends what a block has, as views into it.
void read_headers(std::string_view block, std::vector<connect::KafkaHeader>& out);

}  // namespace penstock::sinks
