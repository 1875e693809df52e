// What each compression library is hidden behind. Used by compression.cc only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "connect/kafka/records/byte_buffer.h"
#include "connect/kafka/records/records_error.h"

namespace penstock::connect::kafka {

// Owns the contexts of its library. One owner thread.
class StreamCodec {
 public:
  StreamCodec() = default;
  virtual ~StreamCodec() = default;
  StreamCodec(const StreamCodec&) = delete;
  StreamCodec& operator=(const StreamCodec&) = delete;

  // Appends to `out`. That fails only for want of memory, which is not survived elsewhere either.
  virtual void compress(std::string_view bytes, ByteBuffer& out) = 0;
  // Appends to an empty `out`.
  virtual RecordsStatus decompress(std::string_view bytes, size_t limit_bytes, ByteBuffer& out) = 0;
};

std::unique_ptr<StreamCodec> make_gzip_codec();
std::unique_ptr<StreamCodec> make_snappy_codec();
std::unique_ptr<StreamCodec> make_lz4_codec();
std::unique_ptr<StreamCodec> make_zstd_codec();

// For decompressing where the size is not known beforehand: makes room behind `out` in doubling
// steps and returns how much may be written. It is one byte more than the limit leaves, so that
// what exceeds the limit is told apart from what ends at it; zero is never returned before that.
size_t make_room(ByteBuffer& out, size_t input_bytes, size_t limit_bytes);

std::unexpected<RecordsError> corrupt_stream(std::string_view codec, std::string_view what);
std::unexpected<RecordsError> stream_too_large(size_t limit_bytes);

}  // namespace penstock::connect::kafka
