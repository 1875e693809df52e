// Records, places and decisions: the forms of a progress record, and every row of K3's table and of
// K4, each named by its rule.
#include <gtest/gtest.h>

#include "sinks/progress_decision.h"
#include "sinks/progress_record.h"

namespace penstock::sinks {
namespace {

using Kind = Verdict::Kind;

constexpr LifeId kFirst{1, 1};
constexpr LifeId kSecond{2, 2};
constexpr LifeId kThird{3, 3};
constexpr LifeId kStranger{9, 9};

// The second life found D = 100, the third D = 200.
const std::vector<Life> kLives = {{kFirst, {0}}, {kSecond, {100}}, {kThird, {200}}};

FoundRecord own(int64_t offset, const LifeId& life, uint64_t frontier) {
  return {offset, {.claim = {{frontier}, std::nullopt}, .version = 0, .life = life}};
}
FoundRecord compatible(int64_t offset, uint64_t frontier) {
  return {offset, {.claim = {{frontier}, std::nullopt}, .version = 0, .life = std::nullopt}};
}
CommittedProgress known(int64_t offset, const LifeId& life, uint64_t frontier) {
  return {offset, life, {{frontier}, std::nullopt}};
}

TEST(ProgressRecord, KnownForms) {
  auto frontier = [](std::string_view text) -> std::optional<std::pair<uint64_t, uint64_t>> {
    auto record = parse_progress_record(text);
    if (!record) return std::nullopt;
    return std::pair(record->claim.frontier.ms, record->version);
  };
  using Pair = std::pair<uint64_t, uint64_t>;
  EXPECT_EQ(frontier("{}"), std::nullopt);
  EXPECT_EQ(frontier(R"({"timestamp":1})"), Pair(2, 0));
  EXPECT_EQ(frontier(R"({"timestamp":null})"), Pair(UINT64_MAX, 0));
  EXPECT_EQ(frontier(R"({"frontier":[1]})"), Pair(1, 0));
  EXPECT_EQ(frontier(R"({"frontier":[], "version": 42})"), Pair(UINT64_MAX, 42));
  EXPECT_EQ(frontier(R"({"frontier":null})"), std::nullopt);
  EXPECT_EQ(frontier(R"({"frontier":[1,2]})"), std::nullopt);
  EXPECT_EQ(frontier(R"({"frontier":[-1]})"), std::nullopt);
  EXPECT_EQ(frontier("\xff"), std::nullopt);
  EXPECT_EQ(frontier(R"({"frontier":[1],"life":"zz"})"), std::nullopt);
  EXPECT_EQ(parse_progress_record("{}").error().message, "invalid progress record: {}");
}

TEST(ProgressRecord, RoundTrip) {
  EXPECT_EQ(compatible_record({17}, 3), R"({"frontier":[17],"version":3})");
  ProgressClaim claim{{17}, BulkCursor{BulkKind::kNetChange, {15}, {19}, 7, UINT64_MAX}};
  auto record = parse_progress_record(own_record(claim, 3, {0xAB, 1}));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->claim, claim);
  EXPECT_EQ(record->version, 3u);
  EXPECT_EQ(record->life, (LifeId{0xAB, 1}));
  EXPECT_EQ(to_text(LifeId{0xAB, 1}), "00000000000000ab0000000000000001");
}

TEST(SinkPlace, RoundTrip) {
  for (SinkPlace place : {SinkPlace::first({7}, true), SinkPlace::first({7}, false)}) {
    EXPECT_EQ(SinkPlace::decode(place.encode()), place);
    place.k = known(5, kSecond, 9);
    EXPECT_EQ(SinkPlace::decode(place.encode()), place);
    place.k->claim.bulk = BulkCursor{BulkKind::kTick, {8}, {8}, 3, 4};
    place.halted = "why";
    EXPECT_EQ(SinkPlace::decode(place.encode()), place);
    EXPECT_EQ(SinkPlace::decode(place.encode() + "x"), std::nullopt);
    place.snapshot_rows = 12;
    EXPECT_EQ(SinkPlace::decode(place.encode()), place);
    EXPECT_EQ(SinkPlace::decode(place.encode() + "x"), std::nullopt);
  }
  EXPECT_EQ(SinkPlace::decode(""), std::nullopt);
  SinkPlace told = SinkPlace::first({7}, false);
  told.be_told_to_restart({9}, true);
  EXPECT_EQ(SinkPlace::decode(told.encode()), told);
  EXPECT_EQ(told.oldest_needed(), Timestamp{9});
  EXPECT_FALSE(told.can_change_over());
}

TEST(SinkPlace, ThoseOfBeforeThereWereOrdersAreRead) {
  // Format 1: next, snapshot_due, halted, history_released, no K.
  std::string bytes("\x01\x07\0\0\0\0\0\0\0\x01\0\0\0", 13);
  EXPECT_EQ(SinkPlace::decode(bytes), SinkPlace::first({7}, true));
}

TEST(SinkPlace, HoldsTheSnapshotAndThenTheTickBeforeTheNext) {
  EXPECT_EQ(SinkPlace::first({7}, true).next, Timestamp{7});
  EXPECT_EQ(SinkPlace::first({7}, true).oldest_needed(), Timestamp{7});
  EXPECT_EQ(SinkPlace::first({7}, false).next, Timestamp{8});
  EXPECT_EQ(SinkPlace::first({7}, false).oldest_needed(), Timestamp{7});
}

TEST(Ours, ALifeOfThisDirectoryUpToWhatTheNextOneFound) {
  auto ours = [](const LifeId& life, uint64_t frontier) {
    return is_ours(own(0, life, frontier).record, kLives);
  };
  EXPECT_TRUE(ours(kFirst, 101));
  EXPECT_FALSE(ours(kFirst, 102));
  EXPECT_TRUE(ours(kSecond, 201));
  EXPECT_FALSE(ours(kSecond, 202));
  EXPECT_TRUE(ours(kThird, 1'000'000));
  EXPECT_FALSE(ours(kStranger, 1));
  // A part of a bulk claims its time, though its frontier lies below.
  ProgressRecord part = own(0, kFirst, 50).record;
  part.claim.bulk = BulkCursor{BulkKind::kTick, {101}, {101}, 1, 1};
  EXPECT_FALSE(is_ours(part, kLives));
  part.claim.bulk->time = {100};
  EXPECT_TRUE(is_ours(part, kLives));
}

TEST(K3Look, ARecordByAnUnknownLifeStallsBeforeFencing) {
  ProgressView view{0, 10, {own(4, kThird, 90), own(7, kStranger, 91)}};
  EXPECT_EQ(judge_before_fencing(view, known(4, kThird, 90), kLives, false).kind, Kind::kHalt);
  EXPECT_EQ(judge_before_fencing(view, std::nullopt, kLives, false).kind, Kind::kHalt);
}

TEST(K3Look, AnUncommittedClaimOfAKnownLifeIsNoReason) {
  // It may claim ticks that a crash undid: only its writer counts here.
  ProgressView view{0, 10, {own(4, kFirst, 90), own(7, kFirst, 1'000)}};
  EXPECT_EQ(judge_before_fencing(view, known(4, kFirst, 90), kLives, false).kind, Kind::kGoOn);
  ProgressView torn{0, 10, {own(4, kThird, 90), compatible(7, 91)}};
  EXPECT_EQ(judge_before_fencing(torn, known(4, kThird, 90), kLives, false).kind, Kind::kGoOn);
}

TEST(K3Look, KBeyondTheEndOrBelowTheStartStalls) {
  EXPECT_EQ(judge_before_fencing({0, 4, {}}, known(4, kThird, 90), kLives, false).kind,
            Kind::kHalt);
  EXPECT_EQ(
      judge_before_fencing({0, 5, {own(4, kThird, 90)}}, known(4, kThird, 90), kLives, false).kind,
      Kind::kGoOn);
  EXPECT_EQ(judge_before_fencing({5, 9, {}}, known(4, kThird, 90), kLives, false).kind,
            Kind::kHalt);
  EXPECT_EQ(
      judge_before_fencing({5, 9, {own(6, kThird, 95)}}, known(4, kThird, 90), kLives, false).kind,
      Kind::kGoOn);
  EXPECT_EQ(judge_before_fencing({3, 3, {}}, std::nullopt, kLives, false).kind, Kind::kGoOn);
}

TEST(K3Table, NothingAfterKGoesOnAtR) {
  ProgressView view{0, 6, {own(4, kSecond, 90)}};
  EXPECT_EQ(judge_at_start(view, known(4, kSecond, 90), kLives).kind, Kind::kGoOn);
  EXPECT_EQ(judge_at_start({0, 0, {}}, std::nullopt, kLives).kind, Kind::kGoOn);
}

TEST(K3Table, AllOursAreAdopted) {
  ProgressView view{
      0, 9, {own(4, kSecond, 90), compatible(5, 95), own(6, kSecond, 95), own(8, kSecond, 99)}};
  Verdict verdict = judge_at_start(view, known(4, kSecond, 90), kLives);
  ASSERT_EQ(verdict.kind, Kind::kAdopt);
  EXPECT_EQ(verdict.adopted, known(8, kSecond, 99));
  // The first acknowledgement of all was lost.
  EXPECT_EQ(judge_at_start(view, std::nullopt, kLives).adopted, known(8, kSecond, 99));
}

TEST(K3Table, KGoneStalls) {
  ProgressView view{0, 9, {}};
  Verdict verdict = judge_at_start(view, known(4, kSecond, 90), kLives);
  EXPECT_EQ(verdict.kind, Kind::kHalt);
  EXPECT_NE(verdict.cause.find("is gone"), std::string::npos);
  // Another record where K should be: the topic was made anew.
  EXPECT_EQ(judge_at_start({0, 9, {own(4, kFirst, 3)}}, known(4, kSecond, 90), kLives).kind,
            Kind::kHalt);
  // Compaction removes K only when a later record of ours is there.
  EXPECT_EQ(judge_at_start({0, 9, {own(7, kSecond, 95)}}, known(4, kSecond, 90), kLives).kind,
            Kind::kAdopt);
}

TEST(K3Table, OneThatIsNotOursStalls) {
  auto k = known(4, kFirst, 90);
  EXPECT_EQ(judge_at_start({0, 9, {own(4, kFirst, 90), own(6, kStranger, 95)}}, k, kLives).kind,
            Kind::kHalt);
  // By a life of ours, but beyond what the next one found: the other branch of a restored backup.
  EXPECT_EQ(judge_at_start({0, 9, {own(4, kFirst, 90), own(6, kFirst, 102)}}, k, kLives).kind,
            Kind::kHalt);
  EXPECT_EQ(judge_at_start({0, 9, {own(4, kFirst, 90), own(6, kFirst, 101)}}, k, kLives).kind,
            Kind::kAdopt);
  EXPECT_EQ(judge_at_start({0, 9, {own(4, kFirst, 90), own(6, kFirst, 80)}}, k, kLives).kind,
            Kind::kHalt);
}

TEST(K2, ANewerCompatibleRecordWithoutCompanionIsAnotherWriter) {
  auto k = known(4, kThird, 90);
  ProgressView alone{0, 9, {own(4, kThird, 90), compatible(6, 95)}};
  EXPECT_EQ(judge_at_start(alone, k, kLives).kind, Kind::kHalt);
  EXPECT_EQ(judge_after_fault(alone, k, kLives, ProgressClaim{{95}, std::nullopt}).kind,
            Kind::kHalt);
  ProgressView accompanied{0, 9, {own(4, kThird, 90), compatible(6, 95), own(7, kThird, 95)}};
  EXPECT_EQ(judge_at_start(accompanied, k, kLives).kind, Kind::kAdopt);
  // Compaction kept the latest of each key.
  ProgressView compacted{0, 9, {compatible(6, 95), own(8, kThird, 97)}};
  EXPECT_EQ(judge_at_start(compacted, k, kLives).kind, Kind::kAdopt);
}

TEST(K4, NothingOrTheTransactionInDoubt) {
  auto k = known(4, kThird, 90);
  ProgressClaim doubt{{95}, std::nullopt};
  ProgressView none{0, 9, {own(4, kThird, 90)}};
  EXPECT_EQ(judge_after_fault(none, k, kLives, doubt).kind, Kind::kGoOn);
  EXPECT_EQ(judge_after_fault(none, k, kLives, std::nullopt).kind, Kind::kGoOn);
  ProgressView there{0, 9, {own(4, kThird, 90), own(7, kThird, 95)}};
  EXPECT_EQ(judge_after_fault(there, k, kLives, doubt).adopted, known(7, kThird, 95));
  // Anything else stalls.
  EXPECT_EQ(judge_after_fault(there, k, kLives, std::nullopt).kind, Kind::kHalt);
  EXPECT_EQ(judge_after_fault(there, k, kLives, ProgressClaim{{96}, std::nullopt}).kind,
            Kind::kHalt);
  ProgressView earlier_life{0, 9, {own(4, kThird, 90), own(7, kSecond, 95)}};
  EXPECT_EQ(judge_after_fault(earlier_life, k, kLives, doubt).kind, Kind::kHalt);
  ProgressView two{0, 9, {own(4, kThird, 90), own(6, kThird, 93), own(7, kThird, 95)}};
  EXPECT_EQ(judge_after_fault(two, k, kLives, doubt).kind, Kind::kHalt);
}

TEST(K3Look, UnderAnotherSystemsIdItsRecordStallsAsLongAsThereIsNoK) {
  ProgressView view{0, 10, {compatible(4, 90)}};
  EXPECT_EQ(judge_before_fencing(view, std::nullopt, kLives, false).kind, Kind::kGoOn);
  EXPECT_EQ(judge_before_fencing(view, std::nullopt, kLives, true).kind, Kind::kHalt);
  ProgressView ours{0, 10, {compatible(4, 90), compatible(5, 90), own(6, kThird, 90)}};
  EXPECT_EQ(judge_before_fencing(ours, known(6, kThird, 90), kLives, true).kind, Kind::kGoOn);
}

TEST(Unfenced, TheFurthestOfOurRecordsCounts) {
  auto k = known(4, kThird, 90);
  ProgressView late{0, 9, {own(4, kThird, 90), own(6, kThird, 97), own(8, kThird, 95)}};
  Verdict verdict = judge_unfenced(late, k, kLives);
  ASSERT_EQ(verdict.kind, Kind::kAdopt);
  EXPECT_EQ(verdict.adopted, known(8, kThird, 97));
  ProgressView behind{0, 9, {own(4, kThird, 90), own(6, kThird, 80)}};
  EXPECT_EQ(judge_unfenced(behind, k, kLives).kind, Kind::kGoOn);
  ProgressView foreign{0, 9, {own(4, kThird, 90), own(6, kStranger, 95)}};
  EXPECT_EQ(judge_unfenced(foreign, k, kLives).kind, Kind::kHalt);
  EXPECT_EQ(judge_unfenced({0, 9, {}}, k, kLives).kind, Kind::kHalt);
}

TEST(Orders, AdoptingKnowsWhatWouldNeverBeSent) {
  SinkPlace place = SinkPlace::first({50}, false);  // R is 51.
  place.be_told_to_adopt();
  auto adopting = [&](const ProgressView& view) { return outcome_of_order(view, place, kLives); };
  EXPECT_EQ(adopting({0, 9, {compatible(4, 51)}}).claim.frontier, Timestamp{51});
  EXPECT_NE(adopting({0, 9, {compatible(4, 50)}}).refusal, "");
  EXPECT_NE(adopting({0, 9, {}}).refusal, "");
  place.k = known(3, kThird, 51);
  // The directory has sent more than the record says.
  EXPECT_EQ(adopting({0, 9, {compatible(4, 50)}}).claim.frontier, Timestamp{51});
  EXPECT_EQ(adopting({0, 9, {}}).claim.frontier, Timestamp{51});
  FoundRecord part = own(4, kStranger, 60);
  part.record.claim.bulk = BulkCursor{BulkKind::kSnapshot, {0}, {60}, 1, 1};
  EXPECT_NE(adopting({0, 9, {part}}).refusal, "");
  part.record.life = kThird;
  EXPECT_TRUE(adopting({0, 9, {part}}).place.snapshot_due);
}

TEST(Orders, ASnapshotComesBehindEverythingThatWasSent) {
  SinkPlace place = SinkPlace::first({50}, false);
  place.be_told_to_restart({55}, false);
  FoundRecord part = own(4, kStranger, 60);
  part.record.claim.bulk = BulkCursor{BulkKind::kTick, {60}, {60}, 1, 1};
  OrderOutcome outcome = outcome_of_order({0, 9, {part}}, place, kLives);
  EXPECT_EQ(outcome.claim, (ProgressClaim{{60}, std::nullopt}));
  EXPECT_EQ(outcome.place.next, Timestamp{61});
  EXPECT_EQ(outcome.needs, Timestamp{61});
  EXPECT_EQ(outcome_of_order({0, 9, {}}, place, kLives).place.next, Timestamp{55});
}

}  // namespace
}  // namespace penstock::sinks
