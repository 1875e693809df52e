// Order-preserving encodings, written and read back.
#include "data/sort_key_codec.h"

#include <bit>
#include <cstring>

#include "data/ordered_bits.h"
#include "data/ordered_value.h"
#include "types/numeric.h"

namespace penstock::data {

namespace {

using types::TypeId;

constexpr char kNullFirst = 0x00;
constexpr char kValue = 0x01;
constexpr char kNullLast = 0x02;

// The value's bits in an order-preserving form, not yet big-endian, for every kind of at most 8
// bytes. Calls use(bits of the kind's width).
template <typename Use>
void with_ordered(const types::SqlType& type, const Column& column, size_t row, const Use& use) {
  bool flip = !has_unsigned_order(type.id);
  switch (column.kind()) {
    case PhysicalKind::kBool8:
      return use(column.value<uint8_t>(row));
    case PhysicalKind::kInt16: {
      auto bits = column.value<uint16_t>(row);
      return use(flip ? static_cast<uint16_t>(bits ^ sign_bit<uint16_t>()) : bits);
    }
    case PhysicalKind::kInt32:
      return use(column.value<uint32_t>(row) ^ (flip ? sign_bit<uint32_t>() : 0));
    case PhysicalKind::kInt64:
      return use(column.value<uint64_t>(row) ^ (flip ? sign_bit<uint64_t>() : 0));
    case PhysicalKind::kFloat32:
      return use(ordered_from_float<uint32_t>(column.value<float>(row)));
    case PhysicalKind::kFloat64:
      return use(ordered_from_float<uint64_t>(column.value<double>(row)));
    default:
      CHECK(false);
  }
}

// The ordered bytes of a value that is not NULL, ascending.
void append_ascending(const types::SqlType& type, const Column& column, size_t row,
                      std::string& out) {
  if (column.kind() == PhysicalKind::kFixed16 || type.id == TypeId::kJsonb ||
      type.id == TypeId::kArray || type.id == TypeId::kRange || types::is_composed(type)) {
    append_ordered(type, column.datum(row), out);
  } else if (column.kind() != PhysicalKind::kBytes) {
    with_ordered(type, column, row, [&](auto bits) { append_big_endian(bits, out); });
  } else if (type.id == TypeId::kNumeric) {
    types::Numeric::decode(column.bytes(row)).append_ordered(out);
  } else if (type.id == TypeId::kBpchar) {
    append_escaped(without_trailing_blanks(column.bytes(row)), out);
  } else {
    append_escaped(column.bytes(row), out);
  }
}

void invert(char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(~bytes[i]);
}

}  // namespace

SortKeyCodec::SortKeyCodec(std::vector<SortField> fields) : fields_(std::move(fields)) {
  for (const SortField& field : fields_) {
    PhysicalKind kind = types::physical_kind(field.type.type);
    fixed_ = fixed_ && kind != PhysicalKind::kBytes;
    fixed_size_ += types::physical_size(kind) + (field.type.nullable ? 1 : 0);
  }
  if (!fixed_) fixed_size_ = 0;
}

bool SortKeyCodec::is_exact(size_t field) const {
  return is_order_exact(fields_[field].type.type);
}

void SortKeyCodec::append_field(size_t field, const Column& column, size_t row,
                                std::string& out) const {
  const SortField& spec = fields_[field];
  if (column.is_null(row)) {
    CHECK(spec.type.nullable);
    out.push_back(spec.nulls_first ? kNullFirst : kNullLast);
    if (fixed_) out.append(types::physical_size(column.kind()), '\0');
    return;
  }
  if (spec.type.nullable) out.push_back(kValue);
  size_t begin = out.size();
  append_ascending(spec.type.type, column, row, out);
  if (spec.descending) invert(out.data() + begin, out.size() - begin);
}

void SortKeyCodec::append(std::span<const Column> columns, size_t row, std::string& out) const {
  DCHECK(columns.size() == fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) append_field(i, columns[i], row, out);
}

void SortKeyCodec::encode_fixed_field(size_t field, const Column& column, size_t num_rows, char* at,
                                      size_t stride) const {
  const SortField& spec = fields_[field];
  if (!spec.type.nullable && column.kind() != PhysicalKind::kFixed16) {
    CHECK(!column.has_nulls() || !column.any_null());
    for (size_t row = 0; row < num_rows; ++row) {
      with_ordered(spec.type.type, column, row, [&](auto bits) {
        bits = big_endian(bits);
        if (spec.descending) bits = static_cast<decltype(bits)>(~bits);
        std::memcpy(at + row * stride, &bits, sizeof(bits));
      });
    }
    return;
  }
  std::string bytes;
  for (size_t row = 0; row < num_rows; ++row) {
    bytes.clear();
    append_field(field, column, row, bytes);
    std::memcpy(at + row * stride, bytes.data(), bytes.size());
  }
}

void SortKeyCodec::encode(std::span<const Column> columns, size_t num_rows,
                          EncodedRows& out) const {
  CHECK_OP(==, columns.size(), fields_.size());
  if (fixed_) {
    size_t stride = (fixed_size_ + 7) / 8 * 8;
    char* base = out.reset_fixed(num_rows, stride);
    if (stride != fixed_size_) std::memset(base, 0, num_rows * stride);
    size_t offset = 0;
    for (size_t i = 0; i < fields_.size(); ++i) {
      encode_fixed_field(i, columns[i], num_rows, base + offset, stride);
      offset += types::physical_size(columns[i].kind()) + (fields_[i].type.nullable ? 1 : 0);
    }
    return;
  }
  std::string bytes;
  std::vector<uint32_t> ends = {0};
  ends.reserve(num_rows + 1);
  for (size_t row = 0; row < num_rows; ++row) {
    append(columns, row, bytes);
    CHECK_OP(<=, bytes.size(), size_t{UINT32_MAX});
    ends.push_back(static_cast<uint32_t>(bytes.size()));
  }
  char* room = out.reset_variable(ends);
  std::memcpy(room, bytes.data(), bytes.size());
}

// The values of a kind of at most 8 bytes that lie `offset` into each key.
template <typename Bits, typename Value>
void decode_bits(std::span<const char* const> keys, size_t offset, bool inverted,
                 const Value& value_of, ColumnBuilder& out) {
  auto* values = out.append_uninitialized<Bits>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    auto bits = read_big_endian<Bits>(keys[i] + offset);
    values[i] = std::bit_cast<Bits>(value_of(inverted ? static_cast<Bits>(~bits) : bits));
  }
}

void SortKeyCodec::decode_fixed(std::span<const char* const> keys, size_t field,
                                ColumnBuilder& out) const {
  DCHECK(fixed_);
  const SortField& spec = fields_[field];
  size_t offset = 0;
  for (size_t i = 0; i < field; ++i) {
    offset += types::physical_size(types::physical_kind(fields_[i].type.type)) +
              (fields_[i].type.nullable ? 1 : 0);
  }
  size_t first = out.size();
  size_t at = offset + (spec.type.nullable ? 1 : 0);
  bool flip = !has_unsigned_order(spec.type.type.id);
  auto integer = [flip](auto bits) {
    return static_cast<decltype(bits)>(flip ? bits ^ sign_bit<decltype(bits)>() : bits);
  };
  switch (types::physical_kind(spec.type.type)) {
    case PhysicalKind::kBool8:
      decode_bits<uint8_t>(keys, at, spec.descending, [](uint8_t bits) { return bits; }, out);
      break;
    case PhysicalKind::kInt16:
      decode_bits<uint16_t>(keys, at, spec.descending, integer, out);
      break;
    case PhysicalKind::kInt32:
      decode_bits<uint32_t>(keys, at, spec.descending, integer, out);
      break;
    case PhysicalKind::kInt64:
      decode_bits<uint64_t>(keys, at, spec.descending, integer, out);
      break;
    case PhysicalKind::kFloat32:
      decode_bits<uint32_t>(keys, at, spec.descending, float_from_ordered<float, uint32_t>, out);
      break;
    case PhysicalKind::kFloat64:
      decode_bits<uint64_t>(keys, at, spec.descending, float_from_ordered<double, uint64_t>, out);
      break;
    default:
      for (const char* key : keys) {
        std::string_view rest(key + offset, at - offset + sizeof(Fixed16));
        take_one(rest, field, &out);
      }
      return;
  }
  if (!spec.type.nullable) return;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i][offset] != kValue) out.set_null(first + i);
  }
}

void SortKeyCodec::take_one(std::string_view& key, size_t field, ColumnBuilder* out) const {
  const SortField& spec = fields_[field];
  if (spec.type.nullable) {
    char first = key[0];
    key.remove_prefix(1);
    if (first != kValue) {
      if (out) out->append_null();
      if (fixed_) key.remove_prefix(types::physical_size(types::physical_kind(spec.type.type)));
      return;
    }
  }
  if (!spec.descending) {
    Datum value = take_ordered(spec.type.type, key);
    if (out) out->append_datum(value);
    return;
  }
  std::string inverted(key);
  invert(inverted.data(), inverted.size());
  std::string_view rest = inverted;
  Datum value = take_ordered(spec.type.type, rest);
  if (out) out->append_datum(value);
  key.remove_prefix(key.size() - rest.size());
}

void SortKeyCodec::take(std::span<std::string_view> keys, size_t field, ColumnBuilder* out) const {
  for (std::string_view& key : keys) take_one(key, field, out);
}

}  // namespace penstock::data
