// What the tests of this room share: a directory that goes with the test, rows of (id, text), and
// reading a collection back as a map.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace penstock::storage {

using RowMap = std::map<std::pair<int64_t, std::string>, int64_t>;
struct TestUpdate {
  int64_t id = 0;
  std::string text;
  int64_t diff = 1;
};

inline types::RelationType test_type(bool keyed) {
  types::RelationType type;
  type.columns = {{"id", {types::SqlType::of(types::TypeId::kInt8), false}},
                  {"text", {types::SqlType::of(types::TypeId::kText), true}}};
  if (keyed) type.keys = {{0}};
  return type;
}

inline data::BatchRef test_batch(const std::vector<TestUpdate>& updates) {
  data::BatchBuilder builder(data::physical_kinds(test_type(false)));
  for (const TestUpdate& update : updates) {
    builder.column(0).append(update.id);
    if (update.text == "NULL") {
      builder.column(1).append_null();
    } else {
      builder.column(1).append_bytes(update.text);
    }
    builder.append_diff(update.diff);
  }
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

inline data::BatchRef test_errors(const std::vector<std::pair<std::string, int64_t>>& errors) {
  const data::PhysicalKind kinds[] = {data::PhysicalKind::kBytes};
  data::BatchBuilder builder(kinds);
  for (const auto& [text, diff] : errors) {
    builder.column(0).append_bytes(text);
    builder.append_diff(diff);
  }
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

inline void add_rows(const data::DeltaBatch& batch, RowMap& out) {
  for (size_t row = 0; row < batch.size(); ++row) {
    std::string text =
        batch.column(1).is_null(row) ? "NULL" : std::string(batch.column(1).bytes(row));
    auto key = std::make_pair(batch.column(0).value<int64_t>(row), std::move(text));
    if ((out[key] += batch.diff(row)) == 0) out.erase(key);
  }
}

inline RowMap read_all(Result<std::unique_ptr<UnorderedRows>> rows) {
  RowMap out;
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  while (rows) {
    auto chunk = (*rows)->next();
    EXPECT_TRUE(chunk) << (chunk ? "" : chunk.error().message);
    if (!chunk || !*chunk) break;
    add_rows(***chunk, out);
  }
  return out;
}

// Checks that no row comes twice and that positions ascend.
inline RowMap read_ordered(Result<std::unique_ptr<data::OrderedRows>> rows) {
  RowMap out;
  size_t seen = 0;
  std::string position;
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  while (rows) {
    auto chunk = (*rows)->next();
    EXPECT_TRUE(chunk) << (chunk ? "" : chunk.error().message);
    if (!chunk || !*chunk) break;
    seen += (*chunk)->rows->size();
    add_rows(*(*chunk)->rows, out);
    EXPECT_LT(position, (*chunk)->position);
    position = (*chunk)->position;
  }
  EXPECT_EQ(seen, out.size());
  return out;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "penstock_storage_XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string sub(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class StorageTest : public testing::Test {
 protected:
  StorageTest() {
    options_.directory = scratch_.sub("data");
    options_.lose_unsynced = true;
    options_.sync_on_close = false;
    options_.background = false;
    options_.maintenance.keep_ms = 0;
    options_.memory_bytes = 8 << 20;
  }

  void open() {
    auto opened = Storage::open(options_);
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().detail;
    storage_ = std::move(*opened);
  }
  // As if the machine had lost power now, or the process been killed with unsynced writes lost.
  void crash() {
    storage_.reset();
    open();
  }

  static CollectionSpec spec(uint64_t id, Timeline timeline) {
    return {CollectionId{id}, test_type(true), timeline};
  }
  void append(uint64_t tick, TickInput input) {
    TickInputRef ref = std::make_shared<const TickInput>(std::move(input));
    auto position =
        storage_->writer().append_tick(Timestamp{tick}, std::span(&ref, 1), SyncUrgency::kSoon);
    ASSERT_TRUE(position) << position.error().message;
  }
  void create(uint64_t tick, const CollectionSpec& spec) {
    TickInput input;
    input.changes.create.push_back(spec);
    input.publish.push_back(spec.id);
    append(tick, std::move(input));
  }
  static TickInput rows_input(uint64_t id, const std::vector<TestUpdate>& updates) {
    TickInput input;
    input.collections.push_back({CollectionId{id}, {test_batch(updates)}, {}});
    return input;
  }
  void sync() { ASSERT_TRUE(storage_->sync_now()); }
  void maintain_fully() {
    while (true) {
      auto done = storage_->maintain();
      ASSERT_TRUE(done) << done.error().message;
      if (!*done) return;
    }
  }
  RowMap rows_at(uint64_t id, uint64_t tick) {
    return read_all(storage_->reader().snapshot(CollectionId{id}, Stream::kRows, Timestamp{tick}));
  }
  RowMap ordered_at(uint64_t id, uint64_t tick) {
    return read_ordered(
        storage_->reader().ordered_snapshot(CollectionId{id}, Stream::kRows, Timestamp{tick}, ""));
  }
  CollectionInfo info(uint64_t id) { return *storage_->reader().info(CollectionId{id}); }

  TemporaryDirectory scratch_;
  StorageOptions options_;
  std::unique_ptr<Storage> storage_;
};

}  // namespace penstock::storage
