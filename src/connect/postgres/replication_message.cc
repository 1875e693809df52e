// Frames of the replication stream.
#include "connect/postgres/replication_message.h"

#include <bit>

#include "base/bytes_io.h"

namespace penstock::connect {
namespace {

uint64_t big_endian(ByteReader& reader) {
  return std::byteswap(reader.fixed<uint64_t>());
}
void put_big_endian(std::string& out, uint64_t value) {
  put_fixed(out, std::byteswap(value));
}

}  // namespace

std::optional<ReplicationFrame> parse_replication_frame(std::string_view bytes) {
  ByteReader reader(bytes);
  auto kind = static_cast<char>(reader.fixed<uint8_t>());
  ReplicationFrame frame;
  if (kind == 'w') {
    frame.is_data = true;
    frame.start = {big_endian(reader)};
    frame.server_end = {big_endian(reader)};
    frame.sent_us = static_cast<int64_t>(big_endian(reader));
    frame.payload = reader.rest();
  } else if (kind == 'k') {
    frame.server_end = {big_endian(reader)};
    frame.sent_us = static_cast<int64_t>(big_endian(reader));
    frame.answer_wanted = reader.fixed<uint8_t>() != 0;
  } else {
    return std::nullopt;
  }
  if (reader.failed()) return std::nullopt;
  return frame;
}

std::string make_status_update(Lsn flushed, int64_t now_us, bool answer_wanted) {
  std::string out = "r";
  for (int i = 0; i < 3; ++i) put_big_endian(out, flushed.value);  // Written, flushed, applied.
  put_big_endian(out, static_cast<uint64_t>(now_us));
  out.push_back(answer_wanted ? 1 : 0);
  return out;
}

}  // namespace penstock::connect
