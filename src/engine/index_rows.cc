// Rows as their RowCodec bytes, grouped by key bytes.
#include "engine/index_rows.h"

#include "data/encoded_rows.h"

namespace penstock::engine {
namespace {

constexpr size_t kEntryBytes = 64;  // Of a row in the table, besides its bytes.

std::vector<types::ColumnType> types_of(const std::vector<types::ColumnType>& columns,
                                        const std::vector<size_t>& key) {
  std::vector<types::ColumnType> out;
  for (size_t column : key) out.push_back(columns[column]);
  return out;
}

std::vector<types::ColumnType> all_nullable(std::vector<types::ColumnType> types) {
  // What a lookup is given, and what a view's plan promises, may differ in nullability.
  for (types::ColumnType& type : types) type.nullable = true;
  return types;
}

}  // namespace

IndexRows::IndexRows(std::vector<types::ColumnType> columns, std::vector<size_t> key)
    : columns_(all_nullable(std::move(columns))),
      key_(std::move(key)),
      kinds_(data::physical_kinds(columns_)),
      key_codec_(types_of(columns_, key_)),
      row_codec_(data::field_layouts(columns_)) {}

void IndexRows::add(const data::DeltaBatch& batch) {
  std::vector<data::Column> key_columns;
  for (size_t column : key_) key_columns.push_back(batch.column(column));
  data::EncodedRows keys;
  data::EncodedRows rows;
  key_codec_.encode(key_columns, batch.size(), keys);
  row_codec_.encode(batch.columns(), batch.size(), rows);
  for (size_t i = 0; i < batch.size(); ++i) {
    std::string key(keys.row(i));
    std::string row(rows.row(i));
    Group& group = groups_[key];
    auto [entry, is_new] = group.try_emplace(std::move(row), 0);
    if (is_new) used_bytes_ += entry->first.size() + kEntryBytes;
    entry->second += batch.diff(i);
    if (entry->second != 0) continue;
    used_bytes_ -= entry->first.size() + kEntryBytes;
    group.erase(entry);
    if (group.empty()) groups_.erase(key);
  }
}

void IndexRows::add_error(const data::DeltaBatch& batch) {
  for (size_t i = 0; i < batch.size(); ++i) {
    auto entry = errors_.try_emplace(std::string(batch.column(0).bytes(i)), 0).first;
    entry->second += batch.diff(i);
    if (entry->second == 0) errors_.erase(entry);
  }
}

void IndexRows::load(const std::vector<data::BatchRef>& rows,
                     const std::vector<data::BatchRef>& errors) {
  std::unique_lock lock(mutex_);
  for (const data::BatchRef& batch : rows) add(*batch);
  for (const data::BatchRef& batch : errors) add_error(*batch);
}

void IndexRows::apply(const std::vector<data::BatchRef>& rows,
                      const std::vector<data::BatchRef>& errors, Timestamp time) {
  std::unique_lock lock(mutex_);
  for (const data::BatchRef& batch : rows) add(*batch);
  for (const data::BatchRef& batch : errors) add_error(*batch);
  time_ = time;
  moved_.notify_all();
}

void IndexRows::clear() {
  std::unique_lock lock(mutex_);
  groups_.clear();
  errors_.clear();
  used_bytes_ = 0;
  time_.reset();
}

void IndexRows::advance(Timestamp time) {
  std::unique_lock lock(mutex_);
  time_ = time;
  moved_.notify_all();
}

std::string IndexRows::key_of(const std::vector<types::Datum>& key) const {
  std::vector<data::Column> columns;
  for (size_t i = 0; i < key.size(); ++i) {
    columns.push_back(data::Column::constant(kinds_[key_[i]], key[i], 1).flattened());
  }
  data::EncodedRows encoded;
  key_codec_.encode(columns, 1, encoded);
  return std::string(encoded.row(0));
}

void IndexRows::append(const Group& group, data::BatchBuilder& out,
                       std::vector<data::BatchRef>& batches) const {
  for (const auto& [row, weight] : group) {
    for (size_t column = 0; column < columns_.size(); ++column) {
      out.column(column).append_datum(row_codec_.datum(row.data(), column));
    }
    out.append_diff(weight);
    if (out.full()) batches.push_back(std::make_shared<const data::DeltaBatch>(out.finish()));
  }
}

std::optional<IndexRows::Found> IndexRows::lookup(
    Timestamp at_least, const std::optional<std::vector<std::vector<types::Datum>>>& keys,
    const StopToken& stop, uint64_t timeout_ms) const {
  std::shared_lock lock(mutex_);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!time_ || *time_ < at_least) {
    if (stop.stopped()) return std::nullopt;
    if (timeout_ms > 0 && std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    moved_.wait_for(lock, std::chrono::milliseconds(20));
  }
  Found found;
  found.time = *time_;
  data::BatchBuilder rows(kinds_);
  if (keys) {
    for (const std::vector<types::Datum>& key : *keys) {
      auto group = groups_.find(key_of(key));
      if (group != groups_.end()) append(group->second, rows, found.rows);
    }
  } else {
    for (const auto& [key, group] : groups_) append(group, rows, found.rows);
  }
  if (!rows.empty()) found.rows.push_back(std::make_shared<const data::DeltaBatch>(rows.finish()));
  if (!errors_.empty()) {
    const data::PhysicalKind kind[] = {data::PhysicalKind::kBytes};
    data::BatchBuilder errors(kind);
    for (const auto& [error, weight] : errors_) {
      errors.column(0).append_bytes(error);
      errors.append_diff(weight);
    }
    found.errors.push_back(std::make_shared<const data::DeltaBatch>(errors.finish()));
  }
  return found;
}

size_t IndexRows::used_bytes() const {
  std::shared_lock lock(mutex_);
  return used_bytes_;
}

}  // namespace penstock::engine
