// zstd by its library. Whole frames are decompressed at once into the final buffer: the streaming
// calls would keep a window of their own, as large as a frame cares to demand.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "base/check.h"
#include "connect/kafka/records/stream_codec.h"

namespace penstock::connect::kafka {

namespace {

constexpr int kLevel = 3;  // As the Java client does.

class ZstdCodec final : public StreamCodec {
 public:
  ~ZstdCodec() override {
    ZSTD_freeCCtx(compressor_);
    ZSTD_freeDCtx(decompressor_);
  }

  void compress(std::string_view bytes, ByteBuffer& out) override {
    if (compressor_ == nullptr) compressor_ = ZSTD_createCCtx();
    CHECK(compressor_ != nullptr);
    const size_t bound = ZSTD_compressBound(bytes.size());
    const size_t written = ZSTD_compressCCtx(compressor_, out.reserve(bound), bound, bytes.data(),
                                             bytes.size(), kLevel);
    CHECK(ZSTD_isError(written) == 0);
    out.commit(written);
  }

  RecordsStatus decompress(std::string_view bytes, size_t limit_bytes, ByteBuffer& out) override {
    if (decompressor_ == nullptr) decompressor_ = ZSTD_createDCtx();
    CHECK(decompressor_ != nullptr);
    if (bytes.empty()) return corrupt_stream("zstd", "it is empty");
    const unsigned long long promised = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    const bool known = promised != ZSTD_CONTENTSIZE_UNKNOWN && promised != ZSTD_CONTENTSIZE_ERROR;
    if (known && promised > limit_bytes) return stream_too_large(limit_bytes);
    // A frame that was streamed, as the Java client's are, does not say how large it is: the room
    // is doubled until it suffices. A reused buffer soon suffices at once.
    size_t room = make_room(out, bytes.size(), limit_bytes);
    if (known) room = std::max(room, static_cast<size_t>(promised));
    while (true) {
      const size_t result =
          ZSTD_decompressDCtx(decompressor_, out.reserve(room), room, bytes.data(), bytes.size());
      if (ZSTD_isError(result) == 0) {
        if (result > limit_bytes) return stream_too_large(limit_bytes);
        out.commit(result);
        return {};
      }
      if (ZSTD_getErrorCode(result) != ZSTD_error_dstSize_tooSmall)
        return corrupt_stream("zstd", ZSTD_getErrorName(result));
      if (room > limit_bytes) return stream_too_large(limit_bytes);
      room = std::min(2 * room, limit_bytes + 1);
    }
  }

 private:
  ZSTD_CCtx* compressor_ = nullptr;
  ZSTD_DCtx* decompressor_ = nullptr;
};

}  // namespace

std::unique_ptr<StreamCodec> make_zstd_codec() {
  return std::make_unique<ZstdCodec>();
}

}  // namespace penstock::connect::kafka
