// Canonical forms of values, and keys made of them.
#include "data/key_codec.h"

#include <cmath>
#include <limits>

#include "data/ordered_value.h"
#include "types/array_value.h"
#include "types/nested_value.h"

namespace penstock::data {

namespace {

using types::TypeId;

template <typename Float>
Column canonical_floats(const Column& column) {
  Column flat = column.flattened();
  const Float* values = flat.values<Float>();
  ColumnBuilder builder(column.kind());
  Float* out = builder.append_uninitialized<Float>(flat.size());
  for (size_t i = 0; i < flat.size(); ++i) {
    // Adding 0.0 turns -0.0 into 0.0 and changes nothing else.
    out[i] = std::isnan(values[i]) ? std::numeric_limits<Float>::quiet_NaN() : values[i] + Float{0};
  }
  if (flat.has_nulls()) {
    for (size_t i = 0; i < flat.size(); ++i) {
      if (flat.is_null(i)) builder.set_null(i);
    }
  }
  return builder.finish();
}

Column blanks_removed(const Column& column) {
  ColumnBuilder builder(PhysicalKind::kBytes);
  builder.reserve(column.size());
  builder.share_buffers(column);
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) {
      builder.append_null();
      continue;
    }
    builder.append_view(without_trailing_blanks(column.bytes(i)));
  }
  return builder.finish();
}

Datum canonical_datum(const types::SqlType& type, const Datum& value) {
  if (value.is_null() || is_order_exact(type)) return value;
  if (type.id == TypeId::kArray) {
    types::ArrayValue array = types::decode_array(*type.element, value.as_bytes());
    for (Datum& element : array.elements) element = canonical_datum(*type.element, element);
    return Datum::bytes(types::encode_array(*type.element, array));
  }
  if (types::is_composed(type)) {
    auto canonical = [&](size_t field, const Datum& part) -> Result<Datum> {
      return canonical_datum(type.fields ? (*type.fields)[field].type.type : *type.element, part);
    };
    Result<std::string> bytes = types::convert_parts(type, type, value.as_bytes(), canonical);
    CHECK(bytes.has_value());
    return Datum::bytes(*std::move(bytes));
  }
  if (type.id == TypeId::kBpchar) {
    return Datum::bytes(std::string(without_trailing_blanks(value.as_bytes())));
  }
  double number = value.as_double();
  return Datum::floating(std::isnan(number) ? std::numeric_limits<double>::quiet_NaN()
                                            : number + 0.0);
}

Column canonical_nested(const types::SqlType& type, const Column& column) {
  ColumnBuilder builder(PhysicalKind::kBytes);
  builder.reserve(column.size());
  for (size_t i = 0; i < column.size(); ++i) {
    builder.append_datum(canonical_datum(type, column.datum(i)));
  }
  return builder.finish();
}

}  // namespace

Column canonical_column(const types::SqlType& type, const Column& column) {
  switch (type.id) {
    case TypeId::kFloat4:
      return canonical_floats<float>(column);
    case TypeId::kFloat8:
      return canonical_floats<double>(column);
    case TypeId::kBpchar:
      return blanks_removed(column);
    case TypeId::kRecord:
    case TypeId::kList:
    case TypeId::kMap:
    case TypeId::kArray:
      return is_order_exact(type) ? column : canonical_nested(type, column);
    default:
      return column;
  }
}

KeyCodec::KeyCodec(std::vector<types::ColumnType> types)
    : types_(std::move(types)), layout_(field_layouts(types_)) {
  for (const types::ColumnType& type : types_) {
    all_exact_ = all_exact_ && is_order_exact(type.type);
  }
}

bool KeyCodec::is_exact(size_t field) const {
  return is_order_exact(types_[field].type);
}

void KeyCodec::encode(std::span<const Column> columns, size_t num_rows, EncodedRows& out) const {
  if (all_exact_) {
    layout_.encode(columns, num_rows, out);
    return;
  }
  std::vector<Column> canonical;
  canonical.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    canonical.push_back(canonical_column(types_[i].type, columns[i]));
  }
  layout_.encode(canonical, num_rows, out);
}

}  // namespace penstock::data
