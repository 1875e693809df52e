// Canonical forms of values, and keys made of them.
#include "data/key_codec.h"

#include <cmath>
#include <limits>

namespace penstock::data {

namespace {

using types::TypeId;

bool is_canonical_already(const types::SqlType& type) {
  switch (type.id) {
    case TypeId::kFloat4:
    case TypeId::kFloat8:
    case TypeId::kBpchar:
      return false;
    case TypeId::kArray:
      return type.element && is_canonical_already(*type.element);
    default:
      return true;
  }
}

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

Column without_trailing_blanks(const Column& column) {
  ColumnBuilder builder(PhysicalKind::kBytes);
  builder.reserve(column.size());
  builder.share_buffers(column);
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) {
      builder.append_null();
      continue;
    }
    std::string_view bytes = column.bytes(i);
    while (bytes.ends_with(' ')) bytes.remove_suffix(1);
    builder.append_view(bytes);
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
      return without_trailing_blanks(column);
    default:
      return column;
  }
}

KeyCodec::KeyCodec(std::vector<types::ColumnType> types)
    : types_(std::move(types)), layout_(field_layouts(types_)) {
  for (const types::ColumnType& type : types_) {
    all_exact_ = all_exact_ && is_canonical_already(type.type);
  }
}

bool KeyCodec::is_exact(size_t field) const {
  return is_canonical_already(types_[field].type);
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
