// Messages in, tick inputs out: transactions, errors, large transactions, tables that come late.
#include "sources/postgres/change_assembler.h"

#include <gtest/gtest.h>

#include "sources/postgres/fake_host_test.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using TableState = ChangeAssembler::TableState;

constexpr CollectionId kT{10};
constexpr CollectionId kU{11};
constexpr uint32_t kTOid = 100;
constexpr uint32_t kUOid = 101;

class Assembling : public testing::Test {
 protected:
  Assembling() : assembler_(ObjectId{1}, host_) { assembler_.restart_at({Lsn{1000}, 1}); }

  void add_t(TableState state) { assembler_.add_table(kT, table_def(kTOid, "t"), state); }
  void handle(const std::string& message) {
    Status status = assembler_.handle(message);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  // A whole transaction that ends at `end`.
  void transaction(uint64_t end, const std::vector<std::string>& messages) {
    handle(begin_message(end - 1));
    handle(relation_message(kTOid, "t", table_columns()));
    for (const std::string& message : messages) handle(message);
    handle(commit_message(end - 1, end));
  }
  // Hands over what is finished; whether there was something.
  bool take() {
    auto taken = assembler_.take();
    EXPECT_TRUE(taken.has_value());
    if (!taken || !*taken) return false;
    auto input = std::make_shared<const storage::TickInput>(std::move((*taken)->input));
    host_.try_submit(input, [] {});
    return true;
  }
  uint64_t bound() {
    auto binding = host_.fact(storage::binding_key(1));
    return decode_position(**binding)->lsn.value;
  }

  FakeHost host_;
  ChangeAssembler assembler_;
};

TEST_F(Assembling, TransactionsArriveWholeWithTheirBinding) {
  add_t(TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"1", "a"}), insert_message(kTOid, {"2", "\\N"})});
  handle(begin_message(1199));
  handle(insert_message(kTOid, {"3", "c"}));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}, {"2|null", 1}}));
  EXPECT_EQ(bound(), 1100U);
  EXPECT_FALSE(take());
  handle(update_message(kTOid, {"1", "a"}, {"1", "b"}));
  handle(delete_message(kTOid, {"2", "\\N"}));
  handle(commit_message(1199, 1200));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|b", 1}, {"3|c", 1}}));
  EXPECT_EQ(bound(), 1200U);
}

TEST_F(Assembling, AnUnfinishedTransactionIsForgottenAndReadAgain) {
  add_t(TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"1", "a"})});
  handle(begin_message(1199));
  handle(insert_message(kTOid, {"2", "b"}));
  assembler_.restart_at(assembler_.position());
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}}));
  // The server sends from the binding on; what it sends twice is not taken twice.
  transaction(1100, {insert_message(kTOid, {"1", "a"})});
  transaction(1200, {insert_message(kTOid, {"2", "b"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}, {"2|b", 1}}));
}

TEST_F(Assembling, UnchangedValuesComeFromTheOldRow) {
  add_t(TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"1", "long"})});
  transaction(1200, {update_message(kTOid, {"1", "long"}, {"2", "\\u"})});
  transaction(1300, {update_message(kTOid, {"2", "long"}, {"2", "\\u"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"2|long", 1}}));
}

TEST_F(Assembling, ARowThatCannotBeReadIsAnErrorUntilItIsGone) {
  add_t(TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"x", "a"}), insert_message(kTOid, {"1", "a"}),
                     insert_message(kTOid, {"\\N", "a"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}}));
  EXPECT_EQ(
      host_.errors(kT),
      (Contents{
          {"Source error: failed to cast raw column: id of public.t: invalid input syntax for "
           "type integer: invalid digit found in string: \"x\"",
           1},
          {"Source error: PG column public.t.id contained NULL data, despite having NOT NULL "
           "constraint",
           1}}));
  transaction(1200, {delete_message(kTOid, {"x", "a"}), delete_message(kTOid, {"\\N", "a"})});
  EXPECT_TRUE(take());
  EXPECT_TRUE(host_.errors(kT).empty());
  EXPECT_EQ(assembler_.state(kT), TableState::kPublished);
}

TEST_F(Assembling, ATruncatedTableEndsAndNoOther) {
  add_t(TableState::kPublished);
  assembler_.add_table(kU, table_def(kUOid, "u"), TableState::kPublished);
  transaction(1100,
              {insert_message(kTOid, {"1", "a"}), truncate_message(kTOid),
               insert_message(kTOid, {"2", "b"}), relation_message(kUOid, "u", table_columns()),
               insert_message(kUOid, {"7", "u"})});
  transaction(1200, {insert_message(kTOid, {"3", "c"}), insert_message(kUOid, {"8", "u"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT),
            (Contents{{"Source error: source must be dropped and recreated due to failure: table "
                       "was truncated",
                       1}}));
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}}));
  EXPECT_EQ(host_.rows(kU), (Contents{{"7|u", 1}, {"8|u", 1}}));
  EXPECT_EQ(*host_.fact(ended_table_key(ObjectId{1}, kT)), "table was truncated");
  EXPECT_EQ(assembler_.state(kT), TableState::kEnded);
  EXPECT_EQ(assembler_.state(kU), TableState::kPublished);
}

TEST_F(Assembling, ATruncationThatIsReadAgainHitsOnce) {
  add_t(TableState::kPublished);
  handle(begin_message(1099));
  handle(relation_message(kTOid, "t", table_columns()));
  handle(truncate_message(kTOid));
  assembler_.restart_at(assembler_.position());
  EXPECT_EQ(assembler_.state(kT), TableState::kPublished);
  transaction(1100, {truncate_message(kTOid)});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT).begin()->second, 1);
}

TEST_F(Assembling, AlteredTables) {
  add_t(TableState::kPublished);
  // Another column, in another order: nothing that matters.
  handle(begin_message(1099));
  handle(relation_message(kTOid, "t", {{"new", 23}, {"v", 25}, {"id", 23}}));
  handle(insert_message(kTOid, {"0", "a", "1"}));
  handle(commit_message(1099, 1100));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|a", 1}}));
  handle(begin_message(1199));
  handle(relation_message(kTOid, "t", {{"id", 20}, {"v", 25}}));
  handle(insert_message(kTOid, {"2", "b"}));
  handle(commit_message(1199, 1200));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT),
            (Contents{{"Source error: source must be dropped and recreated due to failure: "
                       "incompatible schema change: source table t with oid 100 has been altered",
                       1}}));
}

TEST_F(Assembling, WithoutTheOldRowTheTableEnds) {
  add_t(TableState::kPublished);
  transaction(1100, {update_message(kTOid, {}, {"1", "b"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT).size(), 1U);
  EXPECT_TRUE(host_.errors(kT).begin()->first.find("old row missing from replication stream") !=
              std::string::npos);
}

TEST_F(Assembling, ALargeTransactionIsStaged) {
  add_t(TableState::kPublished);
  const std::string big(100'000, 'x');
  transaction(1100, {insert_message(kTOid, {"0", "small"})});
  handle(begin_message(1199));
  for (int i = 0; i < 100; ++i) handle(insert_message(kTOid, {std::to_string(i), big}));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT).size(), 1U);
  // Lost half-way: nothing of it is left behind.
  assembler_.restart_at(assembler_.position());
  EXPECT_EQ(host_.staged_parts(), 0U);
  handle(begin_message(1199));
  handle(relation_message(kTOid, "t", table_columns()));
  for (int i = 0; i < 200; ++i) handle(insert_message(kTOid, {std::to_string(i), big}));
  handle(commit_message(1199, 1200));
  EXPECT_EQ(host_.staged_parts(), 1U);
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT).size(), 201U);
  EXPECT_EQ(host_.staged_parts(), 0U);
  EXPECT_EQ(bound(), 1200U);
}

TEST_F(Assembling, ATransactionThatCannotBeStagedHappensInNoTable) {
  add_t(TableState::kPublished);
  assembler_.add_table(kU, table_def(kUOid, "u"), TableState::kPublished);
  const std::string big(100'000, 'x');
  auto send = [&] {
    handle(begin_message(1199));
    handle(relation_message(kTOid, "t", table_columns()));
    handle(relation_message(kUOid, "u", table_columns()));
    for (int i = 0; i < 100; ++i) {
      handle(insert_message(kTOid, {std::to_string(i), big}));
      handle(insert_message(kUOid, {std::to_string(i), big}));
    }
  };
  transaction(1100, {insert_message(kTOid, {"0", "small"})});
  send();
  host_.fail_staging(kU);
  EXPECT_FALSE(assembler_.handle(commit_message(1199, 1200)).has_value());
  EXPECT_TRUE(take());
  EXPECT_EQ(bound(), 1100U);
  EXPECT_EQ(host_.rows(kT), (Contents{{"0|small", 1}}));
  assembler_.restart_at(assembler_.position());
  EXPECT_EQ(host_.staged_parts(), 0U);
  host_.fail_staging(std::nullopt);
  send();
  handle(commit_message(1199, 1200));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT).size(), 101U);
  EXPECT_EQ(host_.rows(kU).size(), 100U);
  EXPECT_EQ(bound(), 1200U);
}

storage::StagedParts copied_rows(FakeHost& host, CollectionId id,
                                 const std::vector<std::string>& ids) {
  TableDecoder decoder(table_def(kTOid, "t"));
  RowCollector collector = decoder.make_collector();
  for (const std::string& one : ids) decoder.append_copied({one, "copied"}, collector);
  auto writer = host.stage(id);
  for (const data::BatchRef& batch : collector.take().rows) {
    EXPECT_TRUE((*writer)->append(*batch).has_value());
  }
  return *(*writer)->finish();
}

TEST_F(Assembling, ALateTableIsPublishedWithWhatItsCopyLacks) {
  add_t(TableState::kLate);
  transaction(1100, {insert_message(kTOid, {"1", "copied"})});
  transaction(1200, {insert_message(kTOid, {"2", "streamed"})});
  take();
  EXPECT_FALSE(host_.is_published(kT));
  ASSERT_EQ(assembler_.late_tables().size(), 1U);
  uint64_t generation = assembler_.late_tables()[0].generation;
  assembler_.set_copy_point(kT, generation, Lsn{1150});
  transaction(1300, {update_message(kTOid, {"1", "copied"}, {"1", "changed"})});
  auto finished = assembler_.finish_copy(kT, generation, copied_rows(host_, kT, {"1"}));
  ASSERT_TRUE(finished.has_value() && *finished);
  EXPECT_TRUE(take());
  EXPECT_TRUE(host_.is_published(kT));
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|changed", 1}, {"2|streamed", 1}}));
  EXPECT_EQ(bound(), 1300U);
  transaction(1400, {delete_message(kTOid, {"2", "streamed"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|changed", 1}}));
}

TEST_F(Assembling, ALateTableWaitsUntilTheStreamHasPassedItsPoint) {
  add_t(TableState::kLate);
  assembler_.set_copy_point(kT, 1, Lsn{2000});
  auto finished = assembler_.finish_copy(kT, 1, copied_rows(host_, kT, {"1"}));
  ASSERT_TRUE(finished.has_value() && *finished);
  EXPECT_FALSE(take());
  transaction(1500, {insert_message(kTOid, {"1", "copied"})});
  EXPECT_FALSE(take());
  EXPECT_FALSE(host_.is_published(kT));
  assembler_.advance(Lsn{2000});
  EXPECT_TRUE(take());
  EXPECT_TRUE(host_.is_published(kT));
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|copied", 1}}));
}

TEST_F(Assembling, ALateTableThatIsTruncatedIsCopiedAgain) {
  add_t(TableState::kLate);
  assembler_.set_copy_point(kT, 1, Lsn{1050});
  transaction(1100, {insert_message(kTOid, {"2", "b"})});
  transaction(1200, {truncate_message(kTOid)});
  auto finished = assembler_.finish_copy(kT, 1, copied_rows(host_, kT, {"1"}));
  ASSERT_TRUE(finished.has_value());
  EXPECT_FALSE(*finished);
  EXPECT_EQ(host_.staged_parts(), 0U);
  ASSERT_EQ(assembler_.late_tables().size(), 1U);
  EXPECT_EQ(assembler_.late_tables()[0].generation, 2U);
  transaction(1300, {insert_message(kTOid, {"3", "c"})});
  assembler_.set_copy_point(kT, 2, Lsn{1250});
  ASSERT_TRUE(*assembler_.finish_copy(kT, 2, copied_rows(host_, kT, {})));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"3|c", 1}}));
  EXPECT_TRUE(host_.errors(kT).empty());
}

TEST_F(Assembling, ManyCommitsOfALateTableGoToDiskAndAreDroppedOneByOne) {
  add_t(TableState::kLate);
  const std::string big(3'000'000, 'x');
  for (uint64_t i = 0; i < 6; ++i) {
    transaction(1100 + 100 * i, {insert_message(kTOid, {std::to_string(i), big})});
  }
  EXPECT_GT(host_.staged_parts(), 1U);
  assembler_.set_copy_point(kT, 1, Lsn{1400});
  ASSERT_TRUE(*assembler_.finish_copy(kT, 1, copied_rows(host_, kT, {})));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"4|" + big, 1}, {"5|" + big, 1}}));
  EXPECT_EQ(host_.staged_parts(), 0U);
}

TEST_F(Assembling, ALateTableKeepsTheCommitsThatCannotBeStaged) {
  add_t(TableState::kLate);
  const std::string big(3'000'000, 'x');
  transaction(1100, {insert_message(kTOid, {"1", big})});
  transaction(1200, {insert_message(kTOid, {"2", big})});
  handle(begin_message(1299));
  handle(insert_message(kTOid, {"3", big}));
  host_.fail_staging(kT);
  EXPECT_FALSE(assembler_.handle(commit_message(1299, 1300)).has_value());
  EXPECT_EQ(assembler_.position().lsn, Lsn{1300});
  assembler_.restart_at(assembler_.position());
  host_.fail_staging(std::nullopt);
  transaction(1400, {insert_message(kTOid, {"4", "small"})});
  assembler_.set_copy_point(kT, 1, Lsn{1150});
  ASSERT_TRUE(*assembler_.finish_copy(kT, 1, copied_rows(host_, kT, {})));
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"2|" + big, 1}, {"3|" + big, 1}, {"4|small", 1}}));
}

TEST_F(Assembling, ALateTableThatWasAlteredBeforeItsCopyIsNoneTheWorse) {
  // The stream knows the table from when it had one column, and meets it so once more.
  handle(begin_message(1049));
  handle(relation_message(kTOid, "t", {{"id", 23}}));
  handle(commit_message(1049, 1050));
  add_t(TableState::kLate);
  handle(begin_message(1099));
  handle(insert_message(kTOid, {"1"}));
  handle(commit_message(1099, 1100));
  assembler_.set_copy_point(kT, 1, Lsn{1150});
  transaction(1200, {insert_message(kTOid, {"2", "b"})});
  ASSERT_TRUE(*assembler_.finish_copy(kT, 1, copied_rows(host_, kT, {"1"})));
  EXPECT_TRUE(take());
  EXPECT_TRUE(host_.errors(kT).empty());
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|copied", 1}, {"2|b", 1}}));
}

TEST_F(Assembling, ALateTableThatIsAlteredBehindItsCopyEnds) {
  for (bool point_first : {true, false}) {
    SCOPED_TRACE(point_first);
    CollectionId table = point_first ? kT : kU;
    uint64_t end = point_first ? 1100 : 1200;
    assembler_.add_table(table, table_def(kTOid, "t"), TableState::kLate);
    if (point_first) assembler_.set_copy_point(table, 1, Lsn{end - 50});
    handle(begin_message(end - 1));
    handle(relation_message(kTOid, "t", {{"id", 23}}));
    handle(insert_message(kTOid, {"1"}));
    handle(commit_message(end - 1, end));
    if (!point_first) assembler_.set_copy_point(table, 1, Lsn{end - 50});
    EXPECT_TRUE(take());
    EXPECT_EQ(host_.errors(table).size(), 1U);
    EXPECT_EQ(assembler_.state(table), TableState::kEnded);
  }
}

TEST_F(Assembling, FailuresFoundOutsideHitOnceTheStreamIsThere) {
  add_t(TableState::kPublished);
  assembler_.add_table(kU, table_def(kUOid, "u"), TableState::kLate);
  assembler_.fail_table(kT, "table was dropped", Lsn{1500});
  assembler_.fail_table(kU, "table was dropped", Lsn{1500});
  transaction(1400, {insert_message(kTOid, {"1", "a"})});
  EXPECT_TRUE(take());
  EXPECT_TRUE(host_.errors(kT).empty());
  assembler_.advance(Lsn{1500});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT).size(), 1U);
  EXPECT_EQ(host_.errors(kU).size(), 1U);
  EXPECT_TRUE(host_.is_published(kU));
  EXPECT_EQ(assembler_.state(kT), TableState::kEnded);
  EXPECT_EQ(assembler_.state(kU), TableState::kEnded);
  EXPECT_EQ(bound(), 1500U);
}

TEST_F(Assembling, WhatCannotBeDecodedEndsOnlyWhoNeededIt) {
  add_t(TableState::kPublished);
  assembler_.add_table(kU, table_def(kUOid, "u"), TableState::kLate);
  transaction(1400, {insert_message(kTOid, {"1", "a"})});
  uint64_t before = assembler_.late_tables().at(0).generation;
  assembler_.skip_to(Lsn{2000}, "publication \"p\" does not exist");
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.errors(kT).size(), 1U);
  EXPECT_EQ(assembler_.state(kU), TableState::kLate);
  EXPECT_GT(assembler_.late_tables().at(0).generation, before);
  EXPECT_EQ(bound(), 2000U);
}

TEST_F(Assembling, ARemovedTableLeavesNothing) {
  add_t(TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"1", "a"})});
  assembler_.remove_table(kT);
  transaction(1200, {insert_message(kTOid, {"2", "b"})});
  take();
  EXPECT_TRUE(host_.rows(kT).empty());
  // It may come back under another id.
  add_t(TableState::kPublished);
  transaction(1300, {insert_message(kTOid, {"3", "c"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT), (Contents{{"3|c", 1}}));
}

TEST_F(Assembling, TwoTablesOverOneUpstreamTable) {
  add_t(TableState::kPublished);
  defs::SourceTableDef narrow = table_def(kTOid, "t");
  narrow.columns = {1};
  narrow.as_text = {true};
  narrow.relation.columns.erase(narrow.relation.columns.begin());
  narrow.relation.keys.clear();
  assembler_.add_table(kU, narrow, TableState::kPublished);
  transaction(1100, {insert_message(kTOid, {"1", "a"}), insert_message(kTOid, {"2", "a"})});
  EXPECT_TRUE(take());
  EXPECT_EQ(host_.rows(kT).size(), 2U);
  EXPECT_EQ(host_.rows(kU), (Contents{{"a", 2}}));
}

TEST(SourcePosition, BothWays) {
  SourcePosition position{Lsn{0x16B374D848}, 3};
  EXPECT_EQ(encode_position(position), "1 16/B374D848 3");
  EXPECT_EQ(decode_position("1 16/B374D848 3"), position);
  for (std::string_view bad : {"", "2 16/B374D848 3", "1 16/B374D848", "1 x 3", "1 0/1 x"}) {
    EXPECT_EQ(decode_position(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace penstock::sources
