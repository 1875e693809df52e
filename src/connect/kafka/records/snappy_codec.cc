// Snappy in the framing of snappy-java:
//
//   [0x82 "SNAPPY" 0x00][i32 version = 1][i32 lowest compatible version = 1]
//   then per block [i32 length][a snappy block of that length]
//
// Integers are big-endian. Snappy itself has no checksum: that of the batch has to do.
#include <snappy.h>

#include <algorithm>
#include <cstdint>

#include "connect/kafka/protocol/wire.h"
#include "connect/kafka/records/stream_codec.h"

namespace penstock::connect::kafka {

namespace {

constexpr std::string_view kMagic("\x82SNAPPY\0", 8);
constexpr std::string_view kHeader("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
constexpr int32_t kVersion = 1;
constexpr size_t kBlockBytes = 32 << 10;  // As the Java client does.
// A copy of three bytes makes 64: a block that promises more than this ratio lies, and is refused
// before memory is taken for it.
constexpr size_t kRatioMax = 22;

void put_int32(char* to, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *to++ = static_cast<char>(value >> shift);
}

class SnappyCodec final : public StreamCodec {
 public:
  void compress(std::string_view bytes, ByteBuffer& out) override {
    std::memcpy(out.reserve(kHeader.size()), kHeader.data(), kHeader.size());
    out.commit(kHeader.size());
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kBlockBytes, bytes.size()))) {
      const std::string_view block = bytes.substr(0, kBlockBytes);
      char* to = out.reserve(sizeof(int32_t) + snappy::MaxCompressedLength(block.size()));
      size_t length = 0;
      snappy::RawCompress(block.data(), block.size(), to + sizeof(int32_t), &length);
      put_int32(to, length);
      out.commit(sizeof(int32_t) + length);
    }
  }

  RecordsStatus decompress(std::string_view bytes, size_t limit_bytes, ByteBuffer& out) override {
    if (!bytes.starts_with(kMagic)) return decompress_block(bytes, limit_bytes, out);
    WireReader reader(bytes.substr(kMagic.size()));
    reader.int32();  // The version of the writer; only what it is compatible with matters.
    if (reader.int32() > kVersion)
      return records_fail(RecordsFault::kUnsupported, "an unknown version of the snappy framing");
    while (!reader.failed() && reader.remaining() > 0) {
      const int32_t length = reader.int32();
      const std::string_view block = reader.raw(static_cast<uint32_t>(length));
      if (reader.failed()) break;
      if (RecordsStatus status = decompress_block(block, limit_bytes, out); !status) return status;
    }
    if (reader.failed()) return corrupt_stream("snappy", "it is cut off");
    return {};
  }

 private:
  static RecordsStatus decompress_block(std::string_view block, size_t limit_bytes,
                                        ByteBuffer& out) {
    size_t length = 0;
    if (!snappy::GetUncompressedLength(block.data(), block.size(), &length))
      return corrupt_stream("snappy", "a block without a length");
    if (length > kRatioMax * block.size())
      return corrupt_stream("snappy", "a block is shorter than what it promises");
    if (length > limit_bytes - out.size()) return stream_too_large(limit_bytes);
    if (!snappy::RawUncompress(block.data(), block.size(), out.reserve(length)))
      return corrupt_stream("snappy", "a damaged block");
    out.commit(length);
    return {};
  }
};

}  // namespace

std::unique_ptr<StreamCodec> make_snappy_codec() {
  return std::make_unique<SnappyCodec>();
}

}  // namespace penstock::connect::kafka
