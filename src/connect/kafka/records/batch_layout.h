// Where the fields of a record batch of magic 2 lie. Integers are big-endian.
//
//    0 i64 base offset             23 i32 last offset delta       53 i32 base sequence
//    8 i32 length of what follows  27 i64 base timestamp, ms      57 i32 number of records
//   12 i32 leader epoch            35 i64 greatest timestamp, ms  61 the records, compressed as the
//   16 i8  magic                   43 i64 producer id                attributes say
//   17 u32 CRC-32C of 21 to end    51 i16 producer epoch
//   21 i16 attributes
//
//   record  [length of what follows][i8 attributes = 0][timestamp - base timestamp]
//           [offset - base offset][key][value][number of headers] headers
//   header  [key][value]
//
// Lengths, numbers and differences in records are signed varints; a key or a value is its length
// and its bytes, or a length of -1 when it is null. The key of a header is not null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::connect::kafka {

inline constexpr size_t kLengthAt = 8;
inline constexpr size_t kLeaderEpochAt = 12;
inline constexpr size_t kMagicAt = 16;
inline constexpr size_t kCrcAt = 17;
inline constexpr size_t kAttributesAt = 21;
inline constexpr size_t kLastOffsetDeltaAt = 23;
inline constexpr size_t kBaseTimestampAt = 27;
inline constexpr size_t kMaxTimestampAt = 35;
inline constexpr size_t kProducerIdAt = 43;
inline constexpr size_t kProducerEpochAt = 51;
inline constexpr size_t kBaseSequenceAt = 53;
inline constexpr size_t kCountAt = 57;
inline constexpr size_t kBatchHeaderBytes = 61;

inline constexpr int8_t kMagic = 2;
inline constexpr int64_t kNullLength = -1;

// Bits of the attributes.
inline constexpr int16_t kCodecMask = 0x07;
inline constexpr int16_t kLogAppendTimeFlag = 0x08;
inline constexpr int16_t kTransactionalFlag = 0x10;
inline constexpr int16_t kControlFlag = 0x20;

// The sequence `count` records later: they go on at 0 after the largest (KIP-98). Without a
// sequence there is none. REQUIRES: count >= 0.
constexpr int32_t sequence_after(int32_t sequence, int32_t count) {
  if (sequence < 0) return sequence;
  return static_cast<int32_t>((int64_t{sequence} + count) & 0x7fffffff);
}

struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;

  bool operator==(const RecordHeader&) const = default;
};

}  // namespace penstock::connect::kafka
