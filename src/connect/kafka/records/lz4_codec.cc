// The LZ4 frame format by lz4frame.
#include <lz4frame.h>

#include "base/check.h"
#include "connect/kafka/records/stream_codec.h"

namespace penstock::connect::kafka {

namespace {

// Independent blocks of at most 64 KiB: the Java client refuses dependent ones.
LZ4F_preferences_t preferences() {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.autoFlush = 1;  // All of the input is there: nothing is to be collected.
  return preferences;
}

class Lz4Codec final : public StreamCodec {
 public:
  Lz4Codec() {
    CHECK_OP(==, LZ4F_createCompressionContext(&compressor_, LZ4F_VERSION), size_t{0});
    CHECK_OP(==, LZ4F_createDecompressionContext(&decompressor_, LZ4F_VERSION), size_t{0});
  }
  ~Lz4Codec() override {
    LZ4F_freeCompressionContext(compressor_);
    LZ4F_freeDecompressionContext(decompressor_);
  }

  void compress(std::string_view bytes, ByteBuffer& out) override {
    const LZ4F_preferences_t how = preferences();
    const size_t bound = LZ4F_compressFrameBound(bytes.size(), &how);
    char* const begin = out.reserve(bound);
    size_t done = written(LZ4F_compressBegin(compressor_, begin, bound, &how));
    done += written(LZ4F_compressUpdate(compressor_, begin + done, bound - done, bytes.data(),
                                        bytes.size(), nullptr));
    done += written(LZ4F_compressEnd(compressor_, begin + done, bound - done, nullptr));
    out.commit(done);
  }

  RecordsStatus decompress(std::string_view bytes, size_t limit_bytes, ByteBuffer& out) override {
    LZ4F_resetDecompressionContext(decompressor_);
    std::string_view rest = bytes;
    while (true) {
      size_t produced = make_room(out, bytes.size(), limit_bytes);
      size_t consumed = rest.size();
      const size_t hint = LZ4F_decompress(decompressor_, out.reserve(0), &produced, rest.data(),
                                          &consumed, nullptr);
      if (LZ4F_isError(hint) != 0) return corrupt_stream("lz4", LZ4F_getErrorName(hint));
      out.commit(produced);
      rest.remove_prefix(consumed);
      if (out.size() > limit_bytes) return stream_too_large(limit_bytes);
      if (hint == 0 && rest.empty()) return {};  // Otherwise another frame follows.
      if (produced == 0 && consumed == 0) return corrupt_stream("lz4", "it is cut off");
    }
  }

 private:
  static size_t written(size_t result) {
    CHECK(LZ4F_isError(result) == 0);
    return result;
  }

  LZ4F_cctx* compressor_ = nullptr;
  LZ4F_dctx* decompressor_ = nullptr;
};

}  // namespace

std::unique_ptr<StreamCodec> make_lz4_codec() {
  return std::make_unique<Lz4Codec>();
}

}  // namespace penstock::connect::kafka
