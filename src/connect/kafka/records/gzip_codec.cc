// gzip (RFC 1952) by zlib.
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "connect/kafka/records/stream_codec.h"

namespace penstock::connect::kafka {

namespace {

// The largest window, 32 KiB, with gzip's header and trailer instead of zlib's.
constexpr int kWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;  // zlib's default.

// zlib declares its input without const and with another char; it does not write to it.
Bytef* as_zlib(const char* bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));
}
uInt as_zlib(size_t size) {
  return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max()));
}

class GzipCodec final : public StreamCodec {
 public:
  ~GzipCodec() override {
    if (deflating_) deflateEnd(&deflater_);
    if (inflating_) inflateEnd(&inflater_);
  }

  void compress(std::string_view bytes, ByteBuffer& out) override {
    start_deflater();
    CHECK_OP(<=, bytes.size(), size_t{std::numeric_limits<uInt>::max()});
    const size_t bound = deflateBound(&deflater_, bytes.size());
    deflater_.next_in = as_zlib(bytes.data());
    deflater_.avail_in = as_zlib(bytes.size());
    deflater_.next_out = as_zlib(out.reserve(bound));
    deflater_.avail_out = as_zlib(bound);
    CHECK_OP(==, deflate(&deflater_, Z_FINISH), Z_STREAM_END);
    out.commit(bound - deflater_.avail_out);
  }

  RecordsStatus decompress(std::string_view bytes, size_t limit_bytes, ByteBuffer& out) override {
    start_inflater();
    inflater_.next_in = as_zlib(bytes.data());
    inflater_.avail_in = as_zlib(bytes.size());
    while (true) {
      const size_t room = make_room(out, bytes.size(), limit_bytes);
      inflater_.next_out = as_zlib(out.reserve(0));
      inflater_.avail_out = as_zlib(room);
      const uInt offered = inflater_.avail_out;
      const int code = inflate(&inflater_, Z_NO_FLUSH);
      out.commit(offered - inflater_.avail_out);
      if (out.size() > limit_bytes) return stream_too_large(limit_bytes);
      if (code == Z_STREAM_END) {
        if (inflater_.avail_in == 0) return {};
        CHECK_OP(==, inflateReset(&inflater_), Z_OK);  // Another member.
      } else if (code == Z_BUF_ERROR) {
        return corrupt_stream("gzip", "it is cut off");
      } else if (code != Z_OK) {
        return corrupt_stream("gzip", inflater_.msg != nullptr ? inflater_.msg : "unknown reason");
      }
    }
  }

 private:
  void start_deflater() {
    if (deflating_) {
      CHECK_OP(==, deflateReset(&deflater_), Z_OK);
      return;
    }
    CHECK_OP(==,
             deflateInit2(&deflater_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel,
                          Z_DEFAULT_STRATEGY),
             Z_OK);
    deflating_ = true;
  }
  void start_inflater() {
    if (inflating_) {
      CHECK_OP(==, inflateReset(&inflater_), Z_OK);
      return;
    }
    CHECK_OP(==, inflateInit2(&inflater_, kWindowBits), Z_OK);
    inflating_ = true;
  }

  z_stream deflater_ = {};
  z_stream inflater_ = {};
  bool deflating_ = false;
  bool inflating_ = false;
};

}  // namespace

std::unique_ptr<StreamCodec> make_gzip_codec() {
  return std::make_unique<GzipCodec>();
}

}  // namespace penstock::connect::kafka
