// A change to a collection at one logical time: rows, and how often each was added (+) or removed
// (-).
//
// Immutable once built and shared as shared_ptr<const>. All columns have size() rows (CHECKed).
// A diff is never 0. Whether equal rows were added up is in `properties`. Copying a batch copies
// references.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/timestamp.h"
#include "data/column.h"

namespace penstock::data {

// A chunk holds at most so many rows and bytes, whichever comes first.
inline constexpr size_t kChunkRows = 2048;
inline constexpr size_t kChunkBytes = 1 << 20;

struct BatchProperties {
  bool consolidated = false;  // No two rows are equal.
  bool insert_only = false;   // All diffs are positive.
};

class DeltaBatch {
 public:
  DeltaBatch(std::vector<Column> columns, std::vector<int64_t> diffs, BatchProperties properties);

  size_t size() const { return diffs_.size(); }
  size_t num_columns() const { return columns_.size(); }
  const Column& column(size_t index) const { return columns_[index]; }
  const std::vector<Column>& columns() const { return columns_; }
  std::span<const int64_t> diffs() const { return diffs_; }
  int64_t diff(size_t row) const { return diffs_[row]; }
  const BatchProperties& properties() const { return properties_; }

  std::vector<Datum> row(size_t index) const;
  DeltaBatch gather(std::span<const uint32_t> rows) const;
  DeltaBatch slice(size_t begin, size_t end) const;
  // Other columns beside the same diffs. Nothing is known to be consolidated then.
  DeltaBatch with_columns(std::vector<Column> columns) const;
  DeltaBatch negated() const;
  size_t memory_bytes() const;

 private:
  DeltaBatch(std::vector<Column> columns, std::shared_ptr<const std::vector<int64_t>> storage,
             std::span<const int64_t> diffs, BatchProperties properties);

  std::vector<Column> columns_;
  std::shared_ptr<const std::vector<int64_t>> storage_;
  std::span<const int64_t> diffs_;  // Of storage_.
  BatchProperties properties_;
};

using BatchRef = std::shared_ptr<const DeltaBatch>;

struct TimedBatch {
  Timestamp time;
  BatchRef batch;
};

// Builds a batch row by row or column by column. Move-only; used up by finish().
class BatchBuilder {
 public:
  explicit BatchBuilder(std::span<const PhysicalKind> kinds);
  BatchBuilder(BatchBuilder&&) = default;
  BatchBuilder& operator=(BatchBuilder&&) = default;

  size_t size() const { return diffs_.size(); }
  bool empty() const { return diffs_.empty(); }
  size_t memory_bytes() const;
  // At the limit of a chunk, in rows or bytes.
  bool full() const { return size() >= kChunkRows || memory_bytes() >= kChunkBytes; }

  // The caller appends one value to every column, then the diff.
  size_t num_columns() const { return columns_.size(); }
  ColumnBuilder& column(size_t index) { return columns_[index]; }
  void reserve(size_t rows);
  void append_diff(int64_t diff) { diffs_.push_back(diff); }

  void append_row(std::span<const Datum> row, int64_t diff);
  void append_from(const DeltaBatch& batch, size_t row, int64_t diff);

  // The batch; the builder is empty and usable again. `insert_only` is found out, `consolidated`
  // is what the caller says.
  DeltaBatch finish();
  DeltaBatch finish_consolidated();

 private:
  std::vector<PhysicalKind> kinds_;
  std::vector<ColumnBuilder> columns_;
  std::vector<int64_t> diffs_;
};

std::vector<PhysicalKind> physical_kinds(const types::RelationType& type);
std::vector<PhysicalKind> physical_kinds(std::span<const types::ColumnType> types);

}  // namespace penstock::data
