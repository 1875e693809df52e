// Sort keys: memcmp order of the bytes is SQL order of the columns, each ascending or descending,
// NULLs first or last. Also the durable keys of stored collections, so the bytes are for ever:
//
//   nullable column: [0x00 NULL first | 0x01 a value | 0x02 NULL last], nothing after a NULL
//                    (zeros instead when all columns are fixed)
//   integers         big-endian, the sign bit flipped unless the type is unsigned; bool: one byte
//   floats           big-endian bits; all of them inverted if negative, else the sign bit flipped;
//                    -0.0 as 0.0, every NaN as the greatest
//   uuid             as it is;  interval: months, days, microseconds as integers
//   numeric          Numeric::append_ordered
//   jsonb            JsonKind + 1, then a string as below, a number as numeric, of arrays and
//                    objects each element (behind its key) behind 0x01, and 0x00
//   array            each element behind 0x01, or 0x02 for NULL; 0x00; u8 dimensions; each length
//                    and lower bound as int4
//   record           each field behind 0x01 and its type's OID (big-endian), as an array's element;
//                    0x00
//   other bytes      0x00 as 0x00 0xFF, closed by 0x00 0x00 (bpchar without trailing blanks)
//   descending       the bytes of the value (not the first byte) inverted
//
// No key is a prefix of another. Immutable after construction.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/encoded_rows.h"
#include "types/sql_type.h"

namespace penstock::data {

struct SortField {
  types::ColumnType type;
  bool descending = false;
  bool nulls_first = false;
};

class SortKeyCodec {
 public:
  explicit SortKeyCodec(std::vector<SortField> fields);

  size_t num_fields() const { return fields_.size(); }
  // Every key has size() bytes; EncodedRows pads them with zeros to a multiple of 8.
  bool is_fixed() const { return fixed_; }
  size_t size() const { return fixed_size_; }
  // Whether decoding gives back the very bits that were encoded; otherwise an equal value.
  bool is_exact(size_t field) const;

  // REQUIRES: a column whose type is not nullable has no NULL (CHECKed).
  void encode(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const;
  void append(std::span<const Column> columns, size_t row, std::string& out) const;

  // Appends the field of each key, whichever it is. REQUIRES: is_fixed().
  void decode_fixed(std::span<const char* const> keys, size_t field, ColumnBuilder& out) const;
  // Takes `field` off the front of each key and moves the key past it; the value goes to `out`
  // unless that is null. REQUIRES: called for the fields in order, first to last.
  void take(std::span<std::string_view> keys, size_t field, ColumnBuilder* out) const;

 private:
  void append_field(size_t field, const Column& column, size_t row, std::string& out) const;
  void encode_fixed_field(size_t field, const Column& column, size_t num_rows, char* at,
                          size_t stride) const;
  void take_one(std::string_view& key, size_t field, ColumnBuilder* out) const;

  std::vector<SortField> fields_;
  bool fixed_ = true;
  size_t fixed_size_ = 0;
};

}  // namespace penstock::data
