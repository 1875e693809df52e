// Choosing a codec; what the codecs share.
#include "connect/kafka/records/compression.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "connect/kafka/records/stream_codec.h"

namespace penstock::connect::kafka {

namespace {

constexpr size_t kFirstRoomBytes = 4096;
// What batches of text and JSON reach, so that most need no second step.
constexpr size_t kExpectedRatio = 4;

std::unique_ptr<StreamCodec> make_codec(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return make_gzip_codec();
    case Codec::kSnappy:
      return make_snappy_codec();
    case Codec::kLz4:
      return make_lz4_codec();
    case Codec::kZstd:
      return make_zstd_codec();
    case Codec::kNone:
      break;
  }
  return nullptr;
}

}  // namespace

std::string_view codec_name(Codec codec) {
  constexpr std::array<std::string_view, kNumCodecs> kNames = {"none", "gzip", "snappy", "lz4",
                                                               "zstd"};
  return kNames[static_cast<size_t>(codec)];
}

size_t make_room(ByteBuffer& out, size_t input_bytes, size_t limit_bytes) {
  const size_t end = limit_bytes + 1;
  CHECK_OP(>, end, limit_bytes);
  if (out.size() >= end) return 0;
  if (out.capacity() == out.size()) {
    const size_t wanted =
        std::max({kExpectedRatio * input_bytes, kFirstRoomBytes, 2 * out.capacity()});
    out.reserve(std::min(wanted, end) - out.size());
  }
  return std::min(out.capacity(), end) - out.size();
}

std::unexpected<RecordsError> corrupt_stream(std::string_view codec, std::string_view what) {
  return records_fail(RecordsFault::kCorrupt, fmt::format("corrupt {} data: {}", codec, what));
}

std::unexpected<RecordsError> stream_too_large(size_t limit_bytes) {
  return records_fail(RecordsFault::kTooLarge,
                      fmt::format("a batch decompresses to more than {} bytes", limit_bytes));
}

Compression::Compression() = default;
Compression::~Compression() = default;

StreamCodec& Compression::stream_codec(Codec codec) {
  std::unique_ptr<StreamCodec>& made = codecs_[static_cast<size_t>(codec)];
  if (made == nullptr) made = make_codec(codec);
  CHECK(made != nullptr);
  return *made;
}

std::string_view Compression::compress(Codec codec, std::string_view bytes) {
  compressed_.clear();
  if (codec != Codec::kNone) {
    stream_codec(codec).compress(bytes, compressed_);
  } else if (!bytes.empty()) {
    std::memcpy(compressed_.reserve(bytes.size()), bytes.data(), bytes.size());
    compressed_.commit(bytes.size());
  }
  return compressed_.view();
}

RecordsStatus Compression::decompress(Codec codec, std::string_view bytes, size_t limit_bytes,
                                      ByteBuffer& out) {
  out.clear();
  if (codec != Codec::kNone) return stream_codec(codec).decompress(bytes, limit_bytes, out);
  if (bytes.size() > limit_bytes) return stream_too_large(limit_bytes);
  if (!bytes.empty()) {
    std::memcpy(out.reserve(bytes.size()), bytes.data(), bytes.size());
    out.commit(bytes.size());
  }
  return {};
}

}  // namespace penstock::connect::kafka
