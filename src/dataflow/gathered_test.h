// What array_agg, list_agg and map_agg make of a group, naively: for reference_test.h.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expr/aggregate.h"
#include "types/compare.h"
#include "types/nested_value.h"

namespace penstock::dataflow {

inline bool is_gathering(const expr::AggregateExpr& aggregate) {
  return expr::gathered_fields(aggregate.kind) > 0;
}

// How often each record, by its exact bytes.
inline std::map<std::string, int64_t> gathered_records(
    const std::vector<std::pair<types::Datum, int64_t>>& values) {
  std::map<std::string, int64_t> out;
  for (const auto& [value, weight] : values) out[value.as_bytes()] += weight;
  return out;
}

// -1, 0, 1: NULLs where they belong.
inline int compared(const types::SqlType& type, const types::Datum& a, const types::Datum& b,
                    expr::AggregateOrder order) {
  if (a.is_null() || b.is_null()) {
    int nulls = static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
    return order.nulls_first ? -nulls : nulls;
  }
  std::strong_ordering values = types::compare_values(type, a, b);
  int sign = values < 0 ? -1 : values > 0 ? 1 : 0;
  return order.descending ? -sign : sign;
}

// Of list_agg and map_agg.
inline types::Datum gathered_value(const expr::AggregateExpr& aggregate,
                                   const std::map<std::string, int64_t>& records) {
  using types::Datum;
  using GatheredRow = std::vector<Datum>;
  const types::RecordFields& fields = *aggregate.argument->type.type.fields;
  size_t width = expr::gathered_fields(aggregate.kind);
  types::RecordFields part_fields(fields.begin(), fields.begin() + static_cast<ptrdiff_t>(width));
  std::vector<GatheredRow> rows;
  for (const auto& [record, times] : records) {
    for (int64_t i = 0; i < times; ++i) rows.push_back(types::decode_record(fields, record));
  }
  if (rows.empty()) return Datum::null();
  auto bytes_of = [&](const GatheredRow& row) {
    return types::encode_record(part_fields, std::span(row).first(width));
  };
  std::ranges::sort(rows, [&](const GatheredRow& a, const GatheredRow& b) {
    for (size_t i = 0; i < aggregate.order.size(); ++i) {
      const types::SqlType& type = fields[width + i].type.type;
      int sign = compared(type, a[width + i], b[width + i], aggregate.order[i]);
      if (sign != 0) return sign < 0;
    }
    for (size_t i = 0; i < width; ++i) {
      int sign = compared(fields[i].type.type, a[i], b[i], {});
      if (sign != 0) return sign < 0;
    }
    return bytes_of(a) < bytes_of(b);
  });
  const types::SqlType& part = *aggregate.type.type.element;
  std::vector<Datum> elements;
  std::vector<types::MapEntry> entries;
  for (const GatheredRow& row : rows) {
    elements.push_back(row[0]);
    if (width == 2 && !row[0].is_null()) entries.emplace_back(row[0].as_bytes(), row[1]);
  }
  if (width == 2) return Datum::bytes(types::encode_map(part, std::move(entries)));
  return Datum::bytes(types::encode_list(part, elements));
}

}  // namespace penstock::dataflow
