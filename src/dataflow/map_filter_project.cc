// Evaluating a chunk: predicates as early as the plan says, then gathering what is left.
#include "dataflow/map_filter_project.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::dataflow {

using data::Column;
using data::DeltaBatch;
using data::Rows;

MapFilterProject::MapFilterProject(const plan::MapFilterProject& mfp, size_t input_columns)
    : predicate_after_(mfp.predicate_after), projection_(mfp.projection) {
  CHECK_OP(==, mfp.predicates.size(), mfp.predicate_after.size());
  needed_.resize(input_columns + mfp.map.size());
  auto need = [&](const expr::ScalarRef& expression) {
    expr::for_each_column(*expression, [&](size_t column) { needed_.at(column) = true; });
  };
  for (const expr::ScalarRef& expression : mfp.map) {
    map_.emplace_back(expression);
    need(expression);
  }
  for (const expr::ScalarRef& predicate : mfp.predicates) {
    predicates_.emplace_back(predicate);
    need(predicate);
  }
  for (size_t column : projection_) needed_.at(column) = true;
  needed_.resize(input_columns);
  identity_ = map_.empty() && predicates_.empty();
}

void keep_true(const Column& column, Rows& rows) {
  if (column.is_constant()) {
    if (column.size() == 0 || column.is_null(0) || column.value<uint8_t>(0) == 0) {
      rows = Rows::none(rows.size());
    }
    return;
  }
  // A NULL's value is zero, so the values alone decide; but rows that were not active mean nothing.
  const uint8_t* values = column.values<uint8_t>();
  std::vector<uint64_t> words((column.size() + 63) / 64);
  for (size_t i = 0; i < column.size(); ++i) {
    words[i >> 6] |= static_cast<uint64_t>(values[i] != 0) << (i & 63);
  }
  if (const uint64_t* valid = column.validity_words()) {
    for (size_t i = 0; i < words.size(); ++i) words[i] &= valid[i];
  }
  rows.intersect_words(words.data());
}

void drop_failed(const expr::EvalErrors& failed, const DeltaBatch& diffs_of, Rows& rows,
                 ErrorRows& errors) {
  failed.for_each([&](size_t row, const data::RowError& error) {
    if (!rows.contains(row)) return;
    rows.deselect(row);
    errors.add(error, diffs_of.diff(row));
  });
}

void MapFilterProject::filter(size_t predicate, std::span<const Column> columns,
                              const DeltaBatch& diffs_of, Rows& rows, ErrorRows& errors) {
  expr::EvalResult result = predicates_[predicate].evaluate(columns, diffs_of.size(), rows);
  if (result.errors) drop_failed(*result.errors, diffs_of, rows, errors);
  keep_true(result.values, rows);
}

DeltaBatch MapFilterProject::apply(std::span<const Column> input, const DeltaBatch& diffs_of,
                                   ErrorRows& errors) {
  size_t size = diffs_of.size();
  std::vector<Column> columns(input.begin(), input.end());
  Rows rows = Rows::all(size);
  for (size_t mapped = 0; mapped <= map_.size(); ++mapped) {
    for (size_t i = 0; i < predicates_.size() && !rows.is_none(); ++i) {
      if (predicate_after_[i] == mapped) filter(i, columns, diffs_of, rows, errors);
    }
    if (rows.is_none()) break;
    if (mapped == map_.size()) break;
    expr::EvalResult result = map_[mapped].evaluate(columns, size, rows);
    if (result.errors) drop_failed(*result.errors, diffs_of, rows, errors);
    columns.push_back(std::move(result.values));
  }
  if (rows.is_none()) return DeltaBatch({}, {}, {});
  std::vector<Column> out;
  out.reserve(projection_.size());
  if (rows.is_all()) {
    for (size_t column : projection_) out.push_back(columns[column]);
    return diffs_of.with_columns(std::move(out));
  }
  std::vector<uint32_t> kept = rows.indices();
  std::vector<int64_t> diffs(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) diffs[i] = diffs_of.diff(kept[i]);
  for (size_t column : projection_) out.push_back(columns[column].gather(kept));
  return DeltaBatch(std::move(out), std::move(diffs),
                    {.consolidated = false, .insert_only = diffs_of.properties().insert_only});
}

void MfpOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  ErrorRows errors;
  DeltaBatch result = mfp_.apply(chunk.columns(), chunk, errors);
  errors.push_to(out);
  out.push(result);
}

}  // namespace penstock::dataflow
