// The compression codecs of record batches, with Kafka's framing of each:
//
//   gzip    one gzip member (RFC 1952); several are read
//   snappy  the stream format of snappy-java ("xerial"): a header, then blocks of 32 KiB with their
//           lengths before them; a bare snappy block, as some clients send it, is read too
//   lz4     an LZ4 frame with independent blocks of 64 KiB, which is what the Java client can read,
//           and a header checksum over the right bytes (KIP-57)
//   zstd    one zstd frame (RFC 8878); several are read
//
// A Compression keeps the libraries' contexts from call to call, since making one costs more than
// most batches. One owner thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "connect/kafka/records/byte_buffer.h"
#include "connect/kafka/records/records_error.h"

namespace penstock::connect::kafka {

class StreamCodec;

// With their numbers in a batch's attributes.
enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
inline constexpr uint8_t kNumCodecs = 5;

// "gzip", as Kafka's option compression.type spells it.
std::string_view codec_name(Codec codec);

class Compression {
 public:
  Compression();
  ~Compression();
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  // A view of a buffer of this object, valid until the next compress().
  std::string_view compress(Codec codec, std::string_view bytes);

  // Puts what `bytes` are compressed from in place of what `out` holds; `out` is unspecified after
  // an error. More than `limit_bytes` are kTooLarge, and `out` never takes more than twice that,
  // whatever the bytes promise.
  [[nodiscard]] RecordsStatus decompress(Codec codec, std::string_view bytes, size_t limit_bytes,
                                         ByteBuffer& out);

 private:
  StreamCodec& stream_codec(Codec codec);

  std::array<std::unique_ptr<StreamCodec>, kNumCodecs> codecs_;  // Made when first used.
  ByteBuffer compressed_;
};

}  // namespace penstock::connect::kafka
