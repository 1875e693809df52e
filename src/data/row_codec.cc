// The row encoding, column by column.
#include "data/row_codec.h"

#include <algorithm>

namespace penstock::data {

namespace {

struct Sixteen {
  char bytes[16];
};

// Calls run(T{}) with an unsigned type of the kind's width.
template <typename Run>
void with_width(PhysicalKind kind, const Run& run) {
  switch (types::physical_size(kind)) {
    case 1:
      return run(uint8_t{});
    case 2:
      return run(uint16_t{});
    case 4:
      return run(uint32_t{});
    case 8:
      return run(uint64_t{});
    default:
      return run(Sixteen{});
  }
}

// Writes the column's values at place(i); the place of a NULL gets the zero that the column holds.
template <typename Place>
void scatter(const Column& column, size_t num_rows, const Place& place) {
  with_width(column.kind(), [&]<typename T>(T) {
    const T* values = column.values<T>();
    if (column.is_constant()) {
      for (size_t i = 0; i < num_rows; ++i) std::memcpy(place(i), values, sizeof(T));
    } else {
      for (size_t i = 0; i < num_rows; ++i) std::memcpy(place(i), values + i, sizeof(T));
    }
  });
}

}  // namespace

std::vector<FieldLayout> field_layouts(std::span<const types::ColumnType> types) {
  std::vector<FieldLayout> fields;
  fields.reserve(types.size());
  for (const types::ColumnType& type : types) {
    fields.push_back({types::physical_kind(type.type), type.nullable});
  }
  return fields;
}

RowCodec::RowCodec(std::vector<FieldLayout> fields)
    : fields_(std::move(fields)), places_(fields_.size()) {
  uint32_t null_bits = 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].nullable) places_[i].null_bit = null_bits++;
    num_bytes_fields_ += fields_[i].kind == PhysicalKind::kBytes;
  }
  bitmap_at_ = is_fixed() ? 0 : sizeof(uint32_t);
  size_t at = bitmap_at_ + (null_bits + 7) / 8;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].kind == PhysicalKind::kBytes) continue;
    places_[i].offset = static_cast<uint32_t>(at);
    at += types::physical_size(fields_[i].kind);
  }
  first_end_at_ = at;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].kind != PhysicalKind::kBytes) continue;
    places_[i].offset = static_cast<uint32_t>(at);
    at += sizeof(uint32_t);
  }
  fixed_end_ = is_fixed() ? (at + 7) / 8 * 8 : at;
}

void RowCodec::encode(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const {
  CHECK_OP(==, columns.size(), fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) {
    DCHECK(columns[i].kind() == fields_[i].kind);
    if (!fields_[i].nullable) CHECK(!columns[i].has_nulls() || !columns[i].any_null());
  }
  if (is_fixed()) {
    encode_fixed(columns, num_rows, out);
  } else {
    encode_variable(columns, num_rows, out);
  }
}

void RowCodec::encode_fixed(std::span<const Column> columns, size_t num_rows,
                            EncodedRows& out) const {
  bool whole_words =
      fields_.size() == 1 && !fields_[0].nullable && types::physical_size(fields_[0].kind) % 8 == 0;
  if (whole_words && !columns[0].is_constant()) {
    out.borrow(columns[0]);
    return;
  }
  char* base = out.reset_fixed(num_rows, fixed_end_);
  size_t used = 0;
  for (const FieldLayout& field : fields_) used += types::physical_size(field.kind);
  if (used != fixed_end_) std::memset(base, 0, num_rows * fixed_end_);
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Column& column = columns[i];
    char* first = base + places_[i].offset;
    scatter(column, num_rows, [&](size_t row) { return first + row * fixed_end_; });
    if (!column.has_nulls() || !fields_[i].nullable) continue;
    char* bitmap = base + places_[i].null_bit / 8;
    uint32_t bit = places_[i].null_bit % 8;
    for (size_t row = 0; row < num_rows; ++row) {
      char& byte = bitmap[row * fixed_end_];
      byte = static_cast<char>(static_cast<uint32_t>(byte) |
                               static_cast<uint32_t>(column.is_null(row)) << bit);
    }
  }
}

void RowCodec::encode_variable(std::span<const Column> columns, size_t num_rows,
                               EncodedRows& out) const {
  std::vector<uint32_t> ends = {0};
  ends.resize(num_rows + 1);
  std::vector<uint32_t> sizes(num_rows, static_cast<uint32_t>(fixed_end_));
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].kind != PhysicalKind::kBytes) continue;
    const Slice* slices = columns[i].values<Slice>();
    size_t step = columns[i].is_constant() ? 0 : 1;
    for (size_t row = 0; row < num_rows; ++row) {
      sizes[row] += static_cast<uint32_t>(slices[row * step].size());
    }
  }
  size_t total = 0;
  for (size_t row = 0; row < num_rows; ++row) {
    total += sizes[row];
    ends[row + 1] = static_cast<uint32_t>(total);
  }
  CHECK_OP(<=, total, size_t{UINT32_MAX});
  char* base = out.reset_variable(ends);
  const std::vector<uint32_t>& offsets = out.offsets();
  for (size_t row = 0; row < num_rows; ++row) {
    std::memcpy(base + offsets[row], &sizes[row], sizeof(uint32_t));
    std::memset(base + offsets[row] + bitmap_at_, 0, fixed_end_ - bitmap_at_);
    sizes[row] = static_cast<uint32_t>(fixed_end_);  // From here on: where the next bytes go.
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Column& column = columns[i];
    uint32_t place = places_[i].offset;
    if (fields_[i].kind == PhysicalKind::kBytes) {
      for (size_t row = 0; row < num_rows; ++row) {
        std::string_view bytes = column.bytes(row);
        std::memcpy(base + offsets[row] + sizes[row], bytes.data(), bytes.size());
        sizes[row] += static_cast<uint32_t>(bytes.size());
        std::memcpy(base + offsets[row] + place, &sizes[row], sizeof(uint32_t));
      }
    } else {
      scatter(column, num_rows, [&](size_t row) { return base + offsets[row] + place; });
    }
    if (!column.has_nulls() || !fields_[i].nullable) continue;
    uint32_t bit = places_[i].null_bit;
    for (size_t row = 0; row < num_rows; ++row) {
      char& byte = base[offsets[row] + bitmap_at_ + bit / 8];
      byte = static_cast<char>(static_cast<uint32_t>(byte) |
                               static_cast<uint32_t>(column.is_null(row)) << bit % 8);
    }
  }
}

void RowCodec::decode(std::span<const char* const> rows, size_t field, ColumnBuilder& out) const {
  PhysicalKind kind = fields_[field].kind;
  size_t first = out.size();
  if (kind == PhysicalKind::kBytes) {
    for (const char* row : rows) out.append_bytes(bytes(row, field));
  } else {
    uint32_t place = places_[field].offset;
    with_width(kind, [&]<typename T>(T) {
      T* to = out.append_uninitialized<T>(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) std::memcpy(to + i, rows[i] + place, sizeof(T));
    });
  }
  if (!fields_[field].nullable) return;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (is_null(rows[i], field)) out.set_null(first + i);
  }
}

Datum RowCodec::datum(const char* row, size_t field) const {
  ColumnBuilder builder(fields_[field].kind);
  decode(std::span(&row, 1), field, builder);
  return builder.finish().datum(0);
}

}  // namespace penstock::data
