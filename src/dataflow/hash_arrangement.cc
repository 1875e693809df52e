// Staging, folding and searching.
#include "dataflow/hash_arrangement.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "data/rows.h"

namespace penstock::dataflow {

using data::Column;
using data::DeltaBatch;

namespace {

// Both sides of a join write their keys alike, whatever their columns say of NULL: where rows with
// a NULL key are left out no key needs a bitmap, and where NULLs match every key has one.
std::vector<types::ColumnType> key_types(const std::vector<types::ColumnType>& types,
                                         std::span<const size_t> key, NullKeys null_keys) {
  std::vector<types::ColumnType> out;
  for (size_t column : key) {
    out.push_back({types[column].type, null_keys == NullKeys::kMatchEachOther});
  }
  return out;
}

std::vector<size_t> columns_not_in_key(size_t num_columns, std::span<const size_t> key,
                                       const data::KeyCodec& codec) {
  std::vector<size_t> out;
  for (size_t column = 0; column < num_columns; ++column) {
    auto found = std::find(key.begin(), key.end(), column);
    bool exact = found != key.end() && codec.is_exact(static_cast<size_t>(found - key.begin()));
    if (!exact) out.push_back(column);
  }
  return out;
}

std::vector<data::FieldLayout> layouts_of(const std::vector<types::ColumnType>& types,
                                          std::span<const size_t> columns) {
  std::vector<data::FieldLayout> out;
  for (size_t column : columns) {
    out.push_back({types::physical_kind(types[column].type), types[column].nullable});
  }
  return out;
}

// Rows whose key columns are all not NULL; nothing if that is every row.
std::optional<std::vector<uint32_t>> rows_with_key(const DeltaBatch& chunk,
                                                   std::span<const size_t> key) {
  data::Rows rows = data::Rows::all(chunk.size());
  for (size_t column : key) {
    const Column& values = chunk.column(column);
    if (!values.has_nulls()) continue;
    if (values.is_constant()) {
      if (values.is_null(0)) rows = data::Rows::none(chunk.size());
    } else {
      rows.intersect_words(values.validity_words());
    }
  }
  if (rows.is_all()) return std::nullopt;
  return rows.indices();
}

std::vector<Column> columns_of(const DeltaBatch& chunk, std::span<const size_t> columns,
                               const std::optional<std::vector<uint32_t>>& rows) {
  std::vector<Column> out;
  out.reserve(columns.size());
  for (size_t column : columns) {
    out.push_back(rows ? chunk.column(column).gather(*rows) : chunk.column(column));
  }
  return out;
}

}  // namespace

HashArrangement::HashArrangement(std::vector<types::ColumnType> types, std::vector<size_t> key,
                                 NullKeys null_keys, const StateOptions& options)
    : types_(std::move(types)),
      key_(std::move(key)),
      null_keys_(null_keys),
      hash_mode_(options.hash_mode),
      key_codec_(key_types(types_, key_, null_keys_)),
      value_columns_(columns_not_in_key(types_.size(), key_, key_codec_)),
      value_codec_(layouts_of(types_, value_columns_)),
      arena_(options.page_bytes),
      groups_(value_codec_, hash_mode_, arena_),
      index_(groups_.head_bytes(), key_codec_.layout(), hash_mode_, arena_) {
  sources_.resize(types_.size());
  for (size_t i = 0; i < key_.size(); ++i) sources_[key_[i]] = {true, i};
  for (size_t i = 0; i < value_columns_.size(); ++i) sources_[value_columns_[i]] = {false, i};
}

void HashArrangement::encode_keys(const DeltaBatch& chunk, std::span<const size_t> key,
                                  KeyBatch& out) const {
  std::optional<std::vector<uint32_t>> rows;
  if (null_keys_ == NullKeys::kMatchNothing) rows = rows_with_key(chunk, key);
  size_t num_rows = rows ? rows->size() : chunk.size();
  key_codec_.encode(columns_of(chunk, key, rows), num_rows, out.rows);
  data::hash_rows(out.rows, hash_mode_, out.hashes);
  out.all_rows = !rows.has_value();
  if (rows) out.source_rows = std::move(*rows);
}

ChunkSequence HashArrangement::stage(const DeltaBatch& chunk) {
  CHECK(!staged_);
  encode_keys(chunk, key_, staged_keys_);
  std::optional<std::vector<uint32_t>> rows;
  if (!staged_keys_.all_rows) rows = staged_keys_.source_rows;
  size_t num_rows = staged_keys_.rows.size();
  value_codec_.encode(columns_of(chunk, value_columns_, rows), num_rows, staged_values_);
  staged_diffs_.resize(num_rows);
  for (size_t i = 0; i < num_rows; ++i) {
    staged_diffs_[i] = chunk.diff(staged_keys_.source_row(i));
  }
  staged_ = true;
  staged_indexed_ = false;
  ++sequence_.value;
  return sequence_;
}

void HashArrangement::fold() {
  CHECK(staged_);
  staged_ = false;
  size_t num_rows = staged_keys_.rows.size();
  entries_.resize(num_rows);
  index_.find_or_insert(staged_keys_.rows, staged_keys_.hashes, entries_);
  constexpr size_t kAhead = 16;
  emptied_.clear();
  for (size_t i = 0; i < num_rows; ++i) {
    if (i + kAhead < num_rows) groups_.prefetch(entries_[i + kAhead]);
    char* head = entries_[i];
    size_t before = ValueGroups::count(head);
    groups_.add(head, staged_values_.row(i), staged_diffs_[i]);
    size_t after = ValueGroups::count(head);
    num_rows_ += after - before;
    if (after == 0) emptied_.push_back(head);
  }
  std::erase_if(emptied_, [](const char* head) { return !ValueGroups::is_empty(head); });
  std::sort(emptied_.begin(), emptied_.end());
  emptied_.erase(std::unique(emptied_.begin(), emptied_.end()), emptied_.end());
  for (char* head : emptied_) {
    groups_.clear(head);
    index_.erase(head);
  }
}

void HashArrangement::index_staged() const {
  if (staged_indexed_) return;
  staged_indexed_ = true;
  size_t num_rows = staged_keys_.rows.size();
  chain_heads_.assign(std::bit_ceil(std::max(num_rows, size_t{16})), 0);
  chain_next_.resize(num_rows);
  for (size_t i = 0; i < num_rows; ++i) {
    uint32_t& head = chain_heads_[staged_keys_.hashes[i] & (chain_heads_.size() - 1)];
    chain_next_[i] = head;
    head = static_cast<uint32_t>(i + 1);
  }
}

void HashArrangement::match_staged(const KeyBatch& keys, size_t row, Matches& matches,
                                   MatchSink& sink) const {
  uint64_t hash = keys.hashes[row];
  uint32_t next = chain_heads_[hash & (chain_heads_.size() - 1)];
  for (; next != 0; next = chain_next_[next - 1]) {
    size_t staged = next - 1;
    if (staged_keys_.hashes[staged] != hash) continue;
    if (staged_keys_.rows.row(staged) != keys.rows.row(row)) continue;
    matches.probe_rows.push_back(keys.source_row(row));
    matches.keys.push_back(staged_keys_.rows.at(staged));
    matches.values.push_back(staged_values_.at(staged));
    matches.weights.push_back(staged_diffs_[staged]);
    if (matches.size() == data::kChunkRows) {
      sink.take(matches);
      matches.clear();
    }
  }
}

void HashArrangement::lookup(const KeyBatch& keys, ChunkSequence seen, MatchSink& sink) const {
  bool with_staged = staged_ && seen >= sequence_ && !staged_diffs_.empty();
  if (with_staged) index_staged();
  std::vector<char*> entries(keys.rows.size());
  index_.find(keys.rows, keys.hashes, entries);
  Matches matches;
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size() && entries[i + kAhead]) groups_.prefetch(entries[i + kAhead]);
    if (const char* head = entries[i]) {
      uint32_t probe = keys.source_row(i);
      const char* key = index_.key(head);
      groups_.for_each(head, [&](const char* value, int64_t weight) {
        matches.probe_rows.push_back(probe);
        matches.keys.push_back(key);
        matches.values.push_back(value);
        matches.weights.push_back(weight);
        if (matches.size() == data::kChunkRows) {
          sink.take(matches);
          matches.clear();
        }
      });
    }
    if (with_staged) match_staged(keys, i, matches, sink);
  }
  if (matches.size() != 0) sink.take(matches);
}

void HashArrangement::decode(const Matches& matches, size_t column,
                             data::ColumnBuilder& out) const {
  const Source& source = sources_[column];
  if (source.in_key) {
    key_codec_.layout().decode(matches.keys, source.field, out);
  } else {
    value_codec_.decode(matches.values, source.field, out);
  }
}

MemoryUse HashArrangement::memory() const {
  return {num_rows_, arena_.used_bytes() + index_.memory_bytes(),
          arena_.reserved_bytes() + index_.memory_bytes()};
}

}  // namespace penstock::dataflow
