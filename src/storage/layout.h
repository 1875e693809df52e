// Where everything lies in the three families: keys and small values, version 1. See
// docs/internals/storage_format.md. Integers in keys are big-endian, so that byte order is number
// order; in values they are varints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/timestamp.h"
#include "storage/collection.h"
#include "storage/collection_reader.h"
#include "storage/staging.h"

namespace penstock::storage {

inline constexpr uint64_t kFormatVersion = 1;

void put_big_endian(std::string& out, uint64_t value);
void put_big_endian32(std::string& out, uint32_t value);
uint64_t big_endian_at(std::string_view bytes, size_t offset);
uint32_t big_endian32_at(std::string_view bytes, size_t offset);

// The 8 bytes that begin every key of one z-set of a collection, in the log and in rows.
std::string stream_prefix(CollectionId collection, Stream stream);
// The least string greater than every string that begins with `prefix`.
std::string after_prefix(std::string_view prefix);

// Log, updates: [0][stream prefix][time of the last update][ordinal] → a block, or a PartEntry.
std::string tick_key(CollectionId collection, Stream stream, Timestamp last, uint32_t ordinal);
std::string tick_prefix(CollectionId collection, Stream stream, Timestamp last);
std::string ticks_begin(CollectionId collection, Stream stream);
std::string ticks_end(CollectionId collection, Stream stream);
struct TickKey {
  CollectionId collection;
  Stream stream = Stream::kRows;
  Timestamp last;
  uint32_t ordinal = 0;
};
TickKey parse_tick_key(std::string_view key);

// Log, blocks of parts: [1][part][block] → a block.
std::string part_prefix(uint64_t part);
std::string part_key(uint64_t part, uint32_t block);
std::string all_parts_begin();
std::string all_parts_end();

// A part standing in the log for the updates of [first, last] (its key has last).
// Value: [u8 2][varint first][part id][first block][blocks][updates][bytes]
// [u8 flags: bit 0 = timed, bit 1 = base].
struct PartEntry {
  Timestamp first;
  uint64_t part = 0;
  uint32_t first_block = 0;  // Those before are folded.
  uint32_t blocks = 0;       // One past the last.
  uint64_t updates = 0;
  uint64_t bytes = 0;
  bool timed = false;
  bool base = false;  // All that the z-set held at the time; the only one, and its first entry.
};
bool is_part_entry(std::string_view value);
std::string encode_part_entry(const PartEntry& entry);
std::optional<PartEntry> decode_part_entry(std::string_view value);

// Meta. User keys (meta_store.h) are kept below "m"; these below "!".
namespace meta_key {
std::string user(std::string_view key);
std::string spec(CollectionId collection);
std::string since(CollectionId collection);
std::string publication(CollectionId collection);
std::string hash(CollectionId collection);
std::string upper(Timeline timeline);
std::string skipped(Timeline timeline, Timestamp from);
std::string hold(std::string_view holder, CollectionId collection);
std::string life(uint64_t number);
inline constexpr std::string_view kSpecs = "!spec/";
inline constexpr std::string_view kUppers = "!upper/";
inline constexpr std::string_view kSkipped = "!skipped/";
inline constexpr std::string_view kHolds = "!hold/";
inline constexpr std::string_view kLives = "!life/";
inline constexpr std::string_view kBound = "!bound";
inline constexpr std::string_view kFormat = "!format";
}  // namespace meta_key

std::string encode_time(Timestamp time);
std::optional<Timestamp> decode_time(std::string_view value);
// What a collection's rows and errors add up to; the number of rows, if it is known.
struct CollectionSum {
  HashSum hash;
  std::optional<int64_t> rows;
};
std::string encode_sum(const CollectionSum& sum);
std::optional<CollectionSum> decode_sum(std::string_view value);
std::string encode_spec(const CollectionSpec& spec);
std::optional<CollectionSpec> decode_spec(std::string_view value);

}  // namespace penstock::storage
