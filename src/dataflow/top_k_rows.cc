// The ordered byte strings of a top-k's rows.
#include <algorithm>
#include <cstring>

#include "dataflow/top_k_operator.h"

namespace penstock::dataflow {

using data::Column;

namespace {

std::vector<types::ColumnType> types_of(const std::vector<types::ColumnType>& types,
                                        const std::vector<size_t>& columns) {
  std::vector<types::ColumnType> out;
  for (size_t column : columns) out.push_back(types[column]);
  return out;
}

// The order's columns, each once, then the others that are not of the group.
std::vector<size_t> sort_columns(size_t num_columns, const std::vector<size_t>& group,
                                 const std::vector<plan::SortColumn>& order) {
  std::vector<size_t> out;
  auto add = [&](size_t column) {
    bool known = std::ranges::find(out, column) != out.end() ||
                 std::ranges::find(group, column) != group.end();
    if (!known) out.push_back(column);
  };
  for (const plan::SortColumn& column : order) add(column.column);
  for (size_t column = 0; column < num_columns; ++column) add(column);
  return out;
}

std::vector<data::SortField> sort_fields(const std::vector<types::ColumnType>& types,
                                         const std::vector<size_t>& columns,
                                         const std::vector<plan::SortColumn>& order) {
  std::vector<data::SortField> out;
  for (size_t column : columns) {
    auto found = std::ranges::find(order, column, &plan::SortColumn::column);
    data::SortField field{.type = types[column]};
    if (found != order.end()) {
      field.descending = found->descending;
      field.nulls_first = found->nulls_first;
    }
    out.push_back(field);
  }
  return out;
}

}  // namespace

TopKRowCodec::TopKRowCodec(const std::vector<types::ColumnType>& types,
                           const std::vector<size_t>& group,
                           const std::vector<plan::SortColumn>& order)
    : kinds_(data::physical_kinds(types)),
      group_columns_(group),
      sort_columns_(sort_columns(types.size(), group, order)),
      sources_(types.size()),
      group_codec_(types_of(types, group)),
      sort_codec_(sort_fields(types, sort_columns_, order)),
      rest_codec_({}) {
  for (size_t i = 0; i < group.size(); ++i) {
    sources_[group[i]] = {group_codec_.is_exact(i) ? Place::kGroup : Place::kRest, i};
  }
  for (size_t i = 0; i < sort_columns_.size(); ++i) {
    sources_[sort_columns_[i]] = {sort_codec_.is_exact(i) ? Place::kSortKey : Place::kRest, i};
  }
  std::vector<types::ColumnType> rest_types;
  for (size_t column = 0; column < types.size(); ++column) {
    if (sources_[column].place != Place::kRest) continue;
    sources_[column].field = rest_columns_.size();
    rest_columns_.push_back(column);
    rest_types.push_back(types[column]);
  }
  rest_codec_ = data::RowCodec(data::field_layouts(rest_types));
  if (sort_codec_.is_fixed() && rest_codec_.is_fixed()) {
    fixed_bytes_ = (sort_codec_.size() + 7) / 8 * 8 + rest_codec_.fixed_size();
    // A row that its group gives back entirely still needs a string.
    fixed_bytes_ = std::max(fixed_bytes_, size_t{8});
  }
}

void TopKRowCodec::encode(const data::DeltaBatch& chunk, data::EncodedRows& out) {
  auto columns_of = [&](const std::vector<size_t>& numbers) {
    std::vector<Column> columns;
    for (size_t column : numbers) columns.push_back(chunk.column(column));
    return columns;
  };
  size_t num_rows = chunk.size();
  bool plain = rest_columns_.empty() && !sort_columns_.empty();
  sort_codec_.encode(columns_of(sort_columns_), num_rows, plain ? out : sort_keys_);
  if (plain) return;
  rest_codec_.encode(columns_of(rest_columns_), num_rows, rests_);
  if (fixed_bytes_ != 0) {
    char* base = out.reset_fixed(num_rows, fixed_bytes_);
    std::memset(base, 0, num_rows * fixed_bytes_);
    for (size_t row = 0; row < num_rows; ++row) {
      char* at = base + row * fixed_bytes_;
      std::memcpy(at, sort_keys_.at(row), sort_keys_.stride());
      std::memcpy(at + sort_keys_.stride(), rests_.at(row), rests_.stride());
    }
    return;
  }
  std::vector<uint32_t> ends = {0};
  size_t total = 0;
  for (size_t row = 0; row < num_rows; ++row) {
    total += sort_keys_.row_size(row) + rests_.row_size(row);
    ends.push_back(static_cast<uint32_t>(total));
  }
  CHECK_OP(<=, total, size_t{UINT32_MAX});
  char* at = out.reset_variable(ends);
  for (size_t row = 0; row < num_rows; ++row) {
    for (std::string_view part : {sort_keys_.row(row), rests_.row(row)}) {
      std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
  }
}

std::vector<Column> TopKRowCodec::decode(std::span<const std::string_view> strings,
                                         std::span<const char* const> group_keys) const {
  std::vector<data::ColumnBuilder> builders;
  for (data::PhysicalKind kind : kinds_) {
    builders.emplace_back(kind);
    builders.back().reserve(strings.size());
  }
  auto builder_of = [&](size_t column, Place place) {
    return sources_[column].place == place ? &builders[column] : nullptr;
  };
  std::vector<const char*> rests(strings.size());
  if (sort_codec_.is_fixed()) {
    for (size_t i = 0; i < strings.size(); ++i) rests[i] = strings[i].data();
    for (size_t i = 0; i < sort_columns_.size(); ++i) {
      data::ColumnBuilder* builder = builder_of(sort_columns_[i], Place::kSortKey);
      if (builder) sort_codec_.decode_fixed(rests, i, *builder);
    }
    size_t stride = (sort_codec_.size() + 7) / 8 * 8;
    for (const char*& rest : rests) rest += stride;
  } else {
    std::vector<std::string_view> left(strings.begin(), strings.end());
    for (size_t i = 0; i < sort_columns_.size(); ++i) {
      sort_codec_.take(left, i, builder_of(sort_columns_[i], Place::kSortKey));
    }
    for (size_t i = 0; i < left.size(); ++i) rests[i] = left[i].data();
  }
  for (size_t column = 0; column < kinds_.size(); ++column) {
    size_t field = sources_[column].field;
    if (sources_[column].place == Place::kRest) {
      rest_codec_.decode(rests, field, builders[column]);
    } else if (sources_[column].place == Place::kGroup) {
      group_codec_.layout().decode(group_keys, field, builders[column]);
    }
  }
  std::vector<Column> columns;
  for (data::ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  return columns;
}

}  // namespace penstock::dataflow
