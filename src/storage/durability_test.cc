// Rules D1-D3, T2 and K2's lives: what survives a crash, and what is announced.
#include <sys/stat.h>

#include "storage/secret_file.h"
#include "storage/storage_fixture_test.h"

namespace penstock::storage {
namespace {

using RuleD1 = StorageTest;
using RuleD2 = StorageTest;
using RuleD3 = StorageTest;
using RuleT2 = StorageTest;
using RuleK2 = StorageTest;
using Directory = StorageTest;

TEST_F(RuleD1, TickIsThereWholeOrNotAtAll) {
  open();
  create(1, spec(10, kInputs));
  create(2, spec(11, kInputs));
  sync();
  TickInput input = rows_input(10, {{1, "a"}});
  input.collections.push_back({CollectionId{11}, {test_batch({{2, "b"}})}, {}});
  input.bindings.push_back({ObjectId{5}, "position 1"});
  input.changes.meta.push_back({"catalog/x", "y"});
  append(3, std::move(input));
  EXPECT_EQ(rows_at(10, 3).size(), 1u);

  crash();
  EXPECT_EQ(info(10).upper.ms, 3u);
  EXPECT_TRUE(rows_at(10, 2).empty());
  EXPECT_TRUE(rows_at(11, 2).empty());
  EXPECT_EQ(*storage_->meta().get(binding_key(5)), std::nullopt);
  EXPECT_EQ(*storage_->meta().get("catalog/x"), std::nullopt);

  TickInput again = rows_input(10, {{1, "a"}});
  again.collections.push_back({CollectionId{11}, {test_batch({{2, "b"}})}, {}});
  again.bindings.push_back({ObjectId{5}, "position 1"});
  again.changes.meta.push_back({"catalog/x", "y"});
  append(2000, std::move(again));
  sync();
  crash();
  EXPECT_EQ(rows_at(10, 2000), (RowMap{{{1, "a"}, 1}}));
  EXPECT_EQ(rows_at(11, 2000), (RowMap{{{2, "b"}, 1}}));
  EXPECT_EQ(*storage_->meta().get(binding_key(5)), "position 1");
  EXPECT_EQ(*storage_->meta().get("catalog/x"), "y");
}

TEST_F(RuleD1, SyncCoversEverythingAppendedBeforeIt) {
  open();
  create(1, spec(10, kInputs));
  CollectionSpec view = spec(20, Timeline{3});
  ASSERT_TRUE(storage_->writer().append_changes(
      {.meta = {}, .create = {view}, .drop = {}, .holds = {}}, SyncUrgency::kSoon));
  append(2, rows_input(10, {{1, "a"}}));
  TickInput exports = rows_input(20, {{7, "out"}});
  exports.publish.push_back(CollectionId{20});
  ASSERT_TRUE(
      storage_->writer().append_exports(Timeline{3}, Timestamp{2}, exports, SyncUrgency::kSoon));
  sync();
  append(3, rows_input(10, {{2, "b"}}));
  crash();
  EXPECT_EQ(info(10).upper.ms, 3u);
  EXPECT_EQ(info(20).upper.ms, 3u);
  EXPECT_EQ(rows_at(20, 2), (RowMap{{{7, "out"}, 1}}));
}

TEST_F(RuleD2, NothingIsDurableBeforeASync) {
  open();
  create(1, spec(10, kInputs));
  append(5, rows_input(10, {{1, "a"}}));
  Durability& durability = storage_->durability();
  EXPECT_EQ(durability.upper(kInputs).ms, 6u);
  EXPECT_EQ(durability.durable(kInputs), Timestamp::min());
  EXPECT_FALSE(durability.wait_durable(kInputs, Timestamp{5}, std::chrono::microseconds(0)));
  LogPosition announced;
  uint64_t ticket = durability.observe([&](LogPosition position) { announced = position; });
  sync();
  EXPECT_EQ(announced, durability.appended());
  EXPECT_EQ(durability.durable(kInputs).ms, 5u);
  EXPECT_TRUE(durability.wait_durable(kInputs, Timestamp{5}, std::chrono::microseconds(0)));
  durability.unobserve(ticket);

  // Each cluster has a D of its own.
  append(6, {});
  EXPECT_EQ(durability.durable(kInputs).ms, 5u);
  ASSERT_TRUE(storage_->writer().append_exports(Timeline{3}, Timestamp{5}, {}, SyncUrgency::kSoon));
  sync();
  EXPECT_EQ(durability.durable(kInputs).ms, 6u);
  EXPECT_EQ(durability.durable(Timeline{3}).ms, 5u);
}

TEST_F(RuleD2, TimeAdvancedInMemoryIsReadableButNotD) {
  open();
  create(1, spec(10, kInputs));
  sync();
  storage_->writer().advance_upper(kInputs, Timestamp{50});
  Durability& durability = storage_->durability();
  EXPECT_EQ(durability.upper(kInputs).ms, 50u);
  EXPECT_TRUE(durability.wait_durable(kInputs, Timestamp{49}, std::chrono::microseconds(0)));
  EXPECT_EQ(durability.durable(kInputs).ms, 1u);
  auto stream = storage_->open_stream(CollectionId{10});
  ASSERT_TRUE(stream);
  // A sink is led no further than a restart would find (rule K2).
  auto read = (*stream)->ticks(Timestamp{1}, 1 << 20, std::chrono::microseconds(0));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->next.ms, 2u);
}

TEST_F(RuleD2, SyncThreadAnnouncesByItself) {
  options_.background = true;
  open();
  create(1, spec(10, kInputs));
  EXPECT_TRUE(storage_->durability().wait_durable(kInputs, Timestamp{1}, std::chrono::seconds(20)));
  TickInputRef input = std::make_shared<const TickInput>(rows_input(10, {{1, "a"}}));
  ASSERT_TRUE(
      storage_->writer().append_tick(Timestamp{2}, std::span(&input, 1), SyncUrgency::kWithNext));
  EXPECT_TRUE(storage_->durability().wait_durable(kInputs, Timestamp{2}, std::chrono::seconds(20)));
}

TEST_F(RuleD3, WhatIsFoundIsSyncedBeforeItIsAnnounced) {
  options_.lose_unsynced = false;  // A crash of the process alone: the writes are there, unsynced.
  open();
  create(1, spec(10, kInputs));
  append(2, rows_input(10, {{1, "a"}}));
  options_.lose_unsynced = true;  // The next life is one that loses what it has not synced.
  crash();
  EXPECT_EQ(storage_->durability().durable(kInputs).ms, 2u);
  crash();
  EXPECT_EQ(rows_at(10, 2), (RowMap{{{1, "a"}, 1}}));
}

TEST_F(RuleT2, BoundMovesWithEveryTickAndSurvives) {
  open();
  append(1000, {});
  EXPECT_EQ(storage_->writer().time_bound().ms, 2000u);
  sync();
  append(1500, {});
  crash();
  EXPECT_EQ(storage_->writer().time_bound().ms, 2000u);
  ASSERT_TRUE(storage_->writer().move_time_bound(Timestamp{9000}));
  ASSERT_TRUE(storage_->writer().move_time_bound(Timestamp{8000}));
  EXPECT_EQ(storage_->writer().time_bound().ms, 9000u);
  sync();
  crash();
  EXPECT_EQ(storage_->writer().time_bound().ms, 9000u);
}

TEST_F(RuleK2, EveryOpeningIsALifeWithTheDThatItFound) {
  open();
  ASSERT_EQ(storage_->lives().size(), 1u);
  EXPECT_EQ(storage_->lives()[0].found.ms, 0u);
  Life first = storage_->lives()[0];
  append(7, {});
  sync();
  append(8, {});
  crash();
  ASSERT_EQ(storage_->lives().size(), 2u);
  EXPECT_EQ(storage_->lives()[0].id, first.id);
  EXPECT_EQ(storage_->lives()[1].found.ms, 7u);
  EXPECT_NE(storage_->lives()[1].id, first.id);
  EXPECT_EQ(first.text().size(), 32u);
  // The record of a life is synced before anything else can happen.
  crash();
  EXPECT_EQ(storage_->lives().size(), 3u);
  Life last = storage_->lives()[2];
  ASSERT_TRUE(storage_->forget_lives_before(last.id));
  sync();
  crash();
  ASSERT_EQ(storage_->lives().size(), 2u);
  EXPECT_EQ(storage_->lives()[0].id, last.id);
}

TEST_F(Directory, HasOneProcess) {
  open();
  auto second = Storage::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().state, sql_state::kLockNotAvailable);
  EXPECT_NE(second.error().message.find(options_.directory), std::string::npos);
  EXPECT_NE(second.error().detail.find(std::to_string(getpid())), std::string::npos);
}

TEST_F(Directory, CannotBeAFile) {
  open();
  StorageOptions other = options_;
  other.directory = options_.directory + "/lock";
  EXPECT_FALSE(Storage::open(other));
}

TEST_F(Directory, MetaIsScannedInOrder) {
  open();
  Changes changes;
  changes.meta = {{"catalog/b", "2"}, {"catalog/a", "1"}, {"sink/1", "k"}, {"catalog/c", "3"}};
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  changes.meta = {{"catalog/c", std::nullopt}};
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(*storage_->meta().scan("catalog/"), (Pairs{{"catalog/a", "1"}, {"catalog/b", "2"}}));
  EXPECT_EQ(*storage_->meta().scan("catalog0"), Pairs());
}

TEST_F(Directory, SecretsAreInAFileOfTheirOwn) {
  open();
  auto file = SecretFile::open(options_.directory);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->put(ObjectId{3}, "hunter2"));
  ASSERT_TRUE(file->put(ObjectId{4}, std::string("a\0b", 3)));
  struct stat status{};
  ASSERT_EQ(stat((options_.directory + "/secrets").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  auto again = SecretFile::open(options_.directory);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->get(ObjectId{3})->reveal(), "hunter2");
  EXPECT_EQ(again->get(ObjectId{4})->reveal().size(), 3u);
  ASSERT_TRUE(again->remove(ObjectId{3}));
  EXPECT_FALSE(SecretFile::open(options_.directory)->get(ObjectId{3}));
  EXPECT_EQ(again->ids().size(), 1u);
}

}  // namespace
}  // namespace penstock::storage
