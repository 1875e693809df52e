// The frames inside the COPY of a replication stream, as bytes (chapter 55.4 of PostgreSQL's
// manual); integers are big-endian, times are microseconds since 2000-01-01.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connect/postgres/lsn.h"

namespace penstock::connect {

struct ReplicationFrame {
  bool is_data = false;  // 'w' XLogData, else 'k' keepalive.
  Lsn start;             // Of the data.
  Lsn server_end;
  int64_t sent_us = 0;
  bool answer_wanted = false;  // Of a keepalive.
  std::string_view payload;    // Of the data; a view into the bytes given.
};

// None when the bytes are no such frame.
std::optional<ReplicationFrame> parse_replication_frame(std::string_view bytes);

// The standby's status update 'r': everything up to `flushed` is written, flushed and applied.
std::string make_status_update(Lsn flushed, int64_t now_us, bool answer_wanted);

}  // namespace penstock::connect
