// Weights of values, and the changes of their sign.
#include "dataflow/distinct_values.h"

#include <algorithm>
#include <cstring>

namespace penstock::dataflow {

namespace {

// The value is never NULL here: such rows are left out.
std::vector<types::ColumnType> with_value_not_null(std::vector<types::ColumnType> types) {
  types.back().nullable = false;
  return types;
}

}  // namespace

DistinctValues::DistinctValues(std::vector<types::ColumnType> types, const StateOptions& options,
                               NegativeRows& negatives)
    : codec_(with_value_not_null(std::move(types))),
      hash_mode_(options.hash_mode),
      arena_(options.page_bytes),
      index_(sizeof(int64_t), codec_.layout(), hash_mode_, arena_),
      negatives_(negatives) {}

void DistinctValues::add(std::span<const data::Column> columns, const data::Rows& rows,
                         std::span<const int64_t> diffs) {
  data::Rows counted = rows;
  const data::Column& value = columns.back();
  if (value.is_constant()) {
    if (value.size() != 0 && value.is_null(0)) counted = data::Rows::none(rows.size());
  } else if (value.has_nulls()) {
    counted.intersect_words(value.validity_words());
  }
  std::vector<uint32_t> numbers = counted.indices();
  std::vector<data::Column> chosen;
  for (const data::Column& column : columns) {
    chosen.push_back(counted.is_all() ? column : column.gather(numbers));
  }
  codec_.encode(chosen, numbers.size(), keys_);
  data::hash_rows(keys_, hash_mode_, hashes_);
  entries_.resize(numbers.size());
  index_.find_or_insert(keys_, hashes_, entries_);
  changed_ = data::Rows::none(rows.size());
  diffs_.assign(rows.size(), 0);
  std::vector<char*> emptied;
  for (size_t i = 0; i < numbers.size(); ++i) {
    int64_t before;
    std::memcpy(&before, entries_[i], sizeof(before));
    int64_t after = before + diffs[numbers[i]];
    std::memcpy(entries_[i], &after, sizeof(after));
    negatives_.change(before, after);
    int64_t change = (after > 0) - (before > 0);
    if (change != 0) {
      diffs_[numbers[i]] = change;
      changed_.select(numbers[i]);
    }
    if (after == 0) emptied.push_back(entries_[i]);
  }
  std::erase_if(emptied, [](const char* entry) {
    int64_t weight;
    std::memcpy(&weight, entry, sizeof(weight));
    return weight != 0;
  });
  std::sort(emptied.begin(), emptied.end());
  emptied.erase(std::unique(emptied.begin(), emptied.end()), emptied.end());
  for (char* entry : emptied) index_.erase(entry);
}

}  // namespace penstock::dataflow
