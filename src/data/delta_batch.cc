// Batches of changes and their builder.
#include "data/delta_batch.h"

#include <algorithm>
#include <utility>

namespace penstock::data {

DeltaBatch::DeltaBatch(std::vector<Column> columns, std::vector<int64_t> diffs,
                       BatchProperties properties)
    : columns_(std::move(columns)),
      storage_(std::make_shared<const std::vector<int64_t>>(std::move(diffs))),
      diffs_(*storage_),
      properties_(properties) {
  for (const Column& column : columns_) CHECK_OP(==, column.size(), diffs_.size());
}

DeltaBatch::DeltaBatch(std::vector<Column> columns,
                       std::shared_ptr<const std::vector<int64_t>> storage,
                       std::span<const int64_t> diffs, BatchProperties properties)
    : columns_(std::move(columns)),
      storage_(std::move(storage)),
      diffs_(diffs),
      properties_(properties) {
  for (const Column& column : columns_) CHECK_OP(==, column.size(), diffs_.size());
}

std::vector<Datum> DeltaBatch::row(size_t index) const {
  std::vector<Datum> out;
  out.reserve(columns_.size());
  for (const Column& column : columns_) out.push_back(column.datum(index));
  return out;
}

DeltaBatch DeltaBatch::gather(std::span<const uint32_t> rows) const {
  std::vector<Column> columns;
  columns.reserve(columns_.size());
  for (const Column& column : columns_) columns.push_back(column.gather(rows));
  std::vector<int64_t> diffs(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) diffs[i] = diffs_[rows[i]];
  return DeltaBatch(std::move(columns), std::move(diffs),
                    {.consolidated = false, .insert_only = properties_.insert_only});
}

DeltaBatch DeltaBatch::slice(size_t begin, size_t end) const {
  CHECK(begin <= end && end <= size());
  std::vector<Column> columns;
  columns.reserve(columns_.size());
  for (const Column& column : columns_) columns.push_back(column.slice(begin, end));
  return DeltaBatch(std::move(columns), storage_, diffs_.subspan(begin, end - begin), properties_);
}

DeltaBatch DeltaBatch::with_columns(std::vector<Column> columns) const {
  return DeltaBatch(std::move(columns), storage_, diffs_,
                    {.consolidated = false, .insert_only = properties_.insert_only});
}

DeltaBatch DeltaBatch::negated() const {
  std::vector<int64_t> diffs(size());
  bool insert_only = true;
  for (size_t i = 0; i < diffs.size(); ++i) {
    diffs[i] = -diffs_[i];
    insert_only &= diffs[i] > 0;
  }
  return DeltaBatch(columns_, std::move(diffs),
                    {.consolidated = properties_.consolidated, .insert_only = insert_only});
}

size_t DeltaBatch::memory_bytes() const {
  size_t bytes = diffs_.size() * sizeof(int64_t);
  for (const Column& column : columns_) bytes += column.memory_bytes();
  return bytes;
}

BatchBuilder::BatchBuilder(std::span<const PhysicalKind> kinds)
    : kinds_(kinds.begin(), kinds.end()) {
  columns_.reserve(kinds_.size());
  for (PhysicalKind kind : kinds_) columns_.emplace_back(kind);
}

size_t BatchBuilder::memory_bytes() const {
  size_t bytes = diffs_.size() * sizeof(int64_t);
  for (const ColumnBuilder& column : columns_) bytes += column.memory_bytes();
  return bytes;
}

void BatchBuilder::reserve(size_t rows) {
  for (ColumnBuilder& column : columns_) column.reserve(rows);
  diffs_.reserve(rows);
}

void BatchBuilder::append_row(std::span<const Datum> row, int64_t diff) {
  CHECK_OP(==, row.size(), columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].append_datum(row[i]);
  diffs_.push_back(diff);
}

void BatchBuilder::append_from(const DeltaBatch& batch, size_t row, int64_t diff) {
  DCHECK(batch.num_columns() == columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].append_from(batch.column(i), row);
  diffs_.push_back(diff);
}

namespace {

DeltaBatch build(std::vector<ColumnBuilder>& builders, std::vector<int64_t> diffs,
                 bool consolidated) {
  std::vector<Column> columns;
  columns.reserve(builders.size());
  for (ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  bool insert_only = std::all_of(diffs.begin(), diffs.end(), [](int64_t diff) { return diff > 0; });
  return DeltaBatch(std::move(columns), std::move(diffs),
                    {.consolidated = consolidated, .insert_only = insert_only});
}

}  // namespace

DeltaBatch BatchBuilder::finish() {
  return build(columns_, std::exchange(diffs_, {}), false);
}

DeltaBatch BatchBuilder::finish_consolidated() {
  return build(columns_, std::exchange(diffs_, {}), true);
}

std::vector<PhysicalKind> physical_kinds(const types::RelationType& type) {
  std::vector<PhysicalKind> kinds;
  kinds.reserve(type.columns.size());
  for (const types::ColumnDesc& column : type.columns) {
    kinds.push_back(types::physical_kind(column.type.type));
  }
  return kinds;
}

std::vector<PhysicalKind> physical_kinds(std::span<const types::ColumnType> types) {
  std::vector<PhysicalKind> kinds;
  kinds.reserve(types.size());
  for (const types::ColumnType& column : types) {
    kinds.push_back(types::physical_kind(column.type));
  }
  return kinds;
}

}  // namespace penstock::data
