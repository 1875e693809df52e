// Weights of rows, and what their changes show. An entry's payload is its weight times two, plus
// one while the row is on the list of those touched.
#include "dataflow/weight_operators.h"

#include <algorithm>
#include <cstring>

namespace penstock::dataflow {

using data::DeltaBatch;

namespace {

constexpr size_t kMaxTouched = size_t{1} << 20;

int64_t word_of(const char* entry) {
  int64_t word;
  std::memcpy(&word, entry, sizeof(word));
  return word;
}

}  // namespace

WeightOperator::WeightOperator(WeightRule rule, std::vector<types::ColumnType> types,
                               const StateOptions& options)
    : rule_(rule),
      kinds_(data::physical_kinds(types)),
      key_codec_(types),
      row_codec_(data::field_layouts(types)),
      layout_(rule == WeightRule::kDistinct ? key_codec_.layout() : row_codec_),
      hash_mode_(options.hash_mode),
      arena_(options.page_bytes),
      index_(sizeof(int64_t), layout_, hash_mode_, arena_),
      negatives_("DISTINCT") {}

void WeightOperator::accept(Port, const DeltaBatch& chunk, Emitter& out) {
  if (rule_ == WeightRule::kDistinct) {
    key_codec_.encode(chunk.columns(), chunk.size(), rows_);
  } else {
    row_codec_.encode(chunk.columns(), chunk.size(), rows_);
  }
  data::hash_rows(rows_, hash_mode_, hashes_);
  entries_.resize(chunk.size());
  index_.find_or_insert(rows_, hashes_, entries_);
  for (size_t row = 0; row < entries_.size(); ++row) {
    char* entry = entries_[row];
    int64_t word = word_of(entry);
    if ((word & 1) == 0) touched_.push_back({entry, word >> 1});
    word = (word | 1) + chunk.diff(row) * 2;
    std::memcpy(entry, &word, sizeof(word));
  }
  if (touched_.size() >= kMaxTouched) {
    out.step().partial = true;
    push_differences(out);
  }
}

void WeightOperator::push_block(std::span<const Touched> block, Emitter& out) {
  std::vector<const char*> rows;
  std::vector<int64_t> diffs;
  rows.reserve(block.size());
  diffs.reserve(block.size());
  bool insert_only = true;
  for (const Touched& touched : block) {
    int64_t after = word_of(touched.entry) >> 1;
    // EXCEPT ALL subtracts more than there is, rightly; a set never goes below zero.
    if (rule_ == WeightRule::kDistinct) negatives_.change(touched.before, after);
    int64_t diff = shown(after) - shown(touched.before);
    if (diff == 0) continue;
    rows.push_back(index_.key(touched.entry));
    diffs.push_back(diff);
    insert_only &= diff > 0;
  }
  if (rows.empty()) return;
  std::vector<data::Column> columns;
  columns.reserve(kinds_.size());
  for (size_t field = 0; field < kinds_.size(); ++field) {
    data::ColumnBuilder builder(kinds_[field]);
    builder.reserve(rows.size());
    layout_.decode(rows, field, builder);
    columns.push_back(builder.finish());
  }
  out.push(DeltaBatch(std::move(columns), std::move(diffs),
                      {.consolidated = true, .insert_only = insert_only}));
}

void WeightOperator::push_differences(Emitter& out) {
  for (size_t begin = 0; begin < touched_.size(); begin += data::kChunkRows) {
    size_t count = std::min(data::kChunkRows, touched_.size() - begin);
    std::span<const Touched> block = std::span(touched_).subspan(begin, count);
    push_block(block, out);
    for (const Touched& touched : block) {
      int64_t word = word_of(touched.entry) & ~int64_t{1};
      std::memcpy(touched.entry, &word, sizeof(word));
      if (word == 0) index_.erase(touched.entry);
    }
  }
  touched_.clear();
}

void WeightOperator::flush(Emitter& out) {
  push_differences(out);
  negatives_.push_to(out);
}

OperatorStats WeightOperator::stats() const {
  return {.name = rule_ == WeightRule::kDistinct ? "distinct" : "threshold",
          .rows = index_.size(),
          .used_bytes = arena_.used_bytes() + index_.memory_bytes(),
          .reserved_bytes = arena_.reserved_bytes() + index_.memory_bytes(),
          .negative_rows = negatives_.present()};
}

}  // namespace penstock::dataflow
