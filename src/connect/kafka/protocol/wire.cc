// Varints, and the pieces of what was written.
#include "connect/kafka/protocol/wire.h"

namespace penstock::connect::kafka {

void WireWriter::unsigned_varint(uint32_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

void WireWriter::by_reference(std::string_view bytes) {
  if (bytes.empty()) return;
  references_.push_back({bytes_.size(), bytes});
  referenced_bytes_ += bytes.size();
}

std::vector<std::string_view> WireWriter::pieces() const {
  std::vector<std::string_view> pieces;
  pieces.reserve(2 * references_.size() + 1);
  size_t done = 0;
  for (const Reference& reference : references_) {
    if (reference.at > done)
      pieces.push_back(std::string_view(bytes_).substr(done, reference.at - done));
    pieces.push_back(reference.bytes);
    done = reference.at;
  }
  if (done < bytes_.size()) pieces.push_back(std::string_view(bytes_).substr(done));
  return pieces;
}

std::string WireWriter::joined() const {
  std::string all;
  all.reserve(size());
  for (std::string_view piece : pieces()) all.append(piece);
  return all;
}

uint32_t WireReader::unsigned_varint() {
  uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = big_endian<uint8_t>();
    // The fifth byte holds the upper four bits.
    if (shift == 28 && byte > 0x0f) break;
    value |= static_cast<uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::string_view WireReader::raw(size_t size) {
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

void skip_tagged_fields(WireReader& reader) {
  const uint32_t count = reader.unsigned_varint();
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    reader.unsigned_varint();
    reader.raw(reader.unsigned_varint());
  }
}

}  // namespace penstock::connect::kafka
