// Rows as byte strings with an exact round trip and random access to column i: what operators keep
// as state. Not a durable format: it may change without migration.
//
//   all columns fixed:  [null bitmap][fixed columns][zeros to a multiple of 8]
//   some kBytes:        [u32 size][null bitmap][fixed columns][u32 end per kBytes column][bytes]
//
// The bitmap has a bit for each nullable column, set = NULL; the value of a NULL is zero (and a
// kBytes value empty), so equal rows have equal bytes. Ends are counted from the row's first byte.
// Fixed columns lie unaligned and are read by memcpy. Immutable after construction.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/delta_batch.h"
#include "data/encoded_rows.h"
#include "types/sql_type.h"

namespace penstock::data {

struct FieldLayout {
  PhysicalKind kind = PhysicalKind::kInt64;
  bool nullable = true;
};
std::vector<FieldLayout> field_layouts(std::span<const types::ColumnType> types);

class RowCodec {
 public:
  explicit RowCodec(std::vector<FieldLayout> fields);

  size_t num_fields() const { return fields_.size(); }
  const FieldLayout& field(size_t index) const { return fields_[index]; }
  // Every row has fixed_size() bytes, a multiple of 8 (0 without columns).
  bool is_fixed() const { return num_bytes_fields_ == 0; }
  size_t fixed_size() const { return fixed_end_; }

  // Rows of all columns, which are those of `columns` in order. REQUIRES: a column that is not
  // nullable has no NULL (CHECKed).
  void encode(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const;

  // Bytes of an encoded row.
  size_t size_of(const char* row) const {
    if (is_fixed()) return fixed_end_;
    uint32_t size;
    std::memcpy(&size, row, sizeof(size));
    return size;
  }
  std::string_view view(const char* row) const { return {row, size_of(row)}; }

  bool is_null(const char* row, size_t field) const {
    uint32_t bit = places_[field].null_bit;
    return bit != kNoBit && (static_cast<uint8_t>(row[bitmap_at_ + bit / 8]) >> (bit % 8) & 1) != 0;
  }
  // Where the value of a fixed field lies in the row.
  size_t offset(size_t field) const { return places_[field].offset; }
  std::string_view bytes(const char* row, size_t field) const {
    uint32_t end;
    std::memcpy(&end, row + places_[field].offset, sizeof(end));
    uint32_t begin = static_cast<uint32_t>(fixed_end_);
    if (places_[field].offset != first_end_at_) {
      std::memcpy(&begin, row + places_[field].offset - sizeof(end), sizeof(begin));
    }
    return {row + begin, end - begin};
  }
  // Appends the field of each row to `out`.
  void decode(std::span<const char* const> rows, size_t field, ColumnBuilder& out) const;
  Datum datum(const char* row, size_t field) const;

 private:
  static constexpr uint32_t kNoBit = ~uint32_t{0};
  struct Place {
    uint32_t offset = 0;  // Of the value, or of the u32 end.
    uint32_t null_bit = kNoBit;
  };
  void encode_fixed(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const;
  void encode_variable(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const;

  std::vector<FieldLayout> fields_;
  std::vector<Place> places_;
  size_t num_bytes_fields_ = 0;
  size_t bitmap_at_ = 0;
  size_t first_end_at_ = 0;
  size_t fixed_end_ = 0;  // Where the bytes begin; the whole size if all is fixed.
};

}  // namespace penstock::data
