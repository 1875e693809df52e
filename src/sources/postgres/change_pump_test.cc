// The pump over a stream and a clock of the test: what is handed over and acknowledged when.
#include "sources/postgres/change_pump.h"

#include <gtest/gtest.h>

#include <deque>

#include "sources/postgres/fake_host_test.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using TableState = ChangeAssembler::TableState;

constexpr CollectionId kT{10};
constexpr uint32_t kOid = 100;

class FakeStream final : public ChangeStream {
 public:
  connect::PostgresResult<void> fill(std::chrono::microseconds) override {
    ++fills;
    return answer();
  }
  connect::PostgresResult<std::optional<connect::ReplicationMessage>> next() override {
    if (messages.empty()) return std::nullopt;
    current = std::move(messages.front());
    messages.pop_front();
    return connect::ReplicationMessage{Lsn{0}, Lsn{current.first}, current.second};
  }
  connect::PostgresResult<void> acknowledge(Lsn flushed, bool now) override {
    acknowledged = flushed;
    forced += now ? 1 : 0;
    if (now && when_forced) when_forced();
    return answer();
  }

  connect::PostgresResult<void> answer() const {
    if (!broken) return {};
    return std::unexpected(
        connect::PostgresError{connect::PostgresFault::kTransient, "", "lost", "", ""});
  }

  std::function<void()> when_forced;
  std::deque<std::pair<uint64_t, std::string>> messages;  // Server's end, payload.
  std::pair<uint64_t, std::string> current;
  Lsn acknowledged;
  int fills = 0;
  int forced = 0;
  bool broken = false;
};

class FakeClock final : public Clock {
 public:
  uint64_t wall_ms() const override { return now_us / 1000; }
  uint64_t wall_us() const override { return now_us; }
  uint64_t monotonic_us() const override { return now_us; }
  uint64_t now_us = 2'000'000'000'000'000;
};

class Pumping : public testing::Test {
 protected:
  Pumping()
      : hand_over_(ObjectId{1}, host_, stop_, SourcePosition{Lsn{1000}, 1}),
        assembler_(ObjectId{1}, host_),
        pump_(stream_, assembler_, hand_over_, clock_, stop_) {
    assembler_.restart_at({Lsn{1000}, 1});
    assembler_.add_table(kT, table_def(kOid, "t"), TableState::kPublished);
  }
  void arrive(const std::string& message) { stream_.messages.emplace_back(0, message); }
  void arrive_transaction(uint64_t end, const std::string& id) {
    arrive(begin_message(end - 1));
    arrive(relation_message(kOid, "t", table_columns()));
    arrive(insert_message(kOid, {id, "v"}));
    arrive(commit_message(end - 1, end));
  }
  void turn() { ASSERT_TRUE(pump_.turn(std::chrono::microseconds(0)).has_value()); }

  FakeHost host_;
  FakeStream stream_;
  FakeClock clock_;
  StopToken stop_;
  HandOver hand_over_;
  ChangeAssembler assembler_;
  ChangePump pump_;
};

TEST_F(Pumping, HandsOverAtOnceWhenCaughtUp) {
  arrive_transaction(1100, "1");
  turn();
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|v", 1}}));
  EXPECT_EQ(host_.inputs(), 1U);
}

TEST_F(Pumping, AcknowledgesOnlyWhatIsDurable) {
  host_.hold_durable();
  arrive_transaction(1100, "1");
  turn();
  turn();
  EXPECT_EQ(stream_.acknowledged, Lsn{0});
  host_.sync();
  turn();
  EXPECT_EQ(stream_.acknowledged, Lsn{1100});
  EXPECT_EQ(hand_over_.statistics().updates_committed, 1U);
  EXPECT_EQ(hand_over_.statistics().offset_committed, 1100U);
}

TEST_F(Pumping, MovesOnWhenIdleButNotInsideATransaction) {
  stream_.messages.emplace_back(5000, "");
  turn();
  EXPECT_EQ(host_.inputs(), 0U);
  clock_.now_us += 1'500'000;
  turn();
  EXPECT_EQ(host_.inputs(), 1U);
  EXPECT_EQ(hand_over_.handed_over()->lsn, Lsn{5000});
  turn();
  EXPECT_EQ(stream_.acknowledged, Lsn{5000});
  arrive(begin_message(5999));
  stream_.messages.emplace_back(7000, "");
  clock_.now_us += 1'500'000;
  turn();
  EXPECT_EQ(hand_over_.handed_over()->lsn, Lsn{5000});
}

TEST_F(Pumping, GathersWhileItLagsAndLetsGoWhenItHasCaughtUp) {
  for (uint64_t i = 0; i < 50; ++i) arrive_transaction(1100 + i * 10, std::to_string(i));
  clock_.now_us += 2'000;  // 200 messages in two milliseconds, of transactions long committed.
  turn();
  EXPECT_EQ(host_.inputs(), 0U);
  clock_.now_us += 2'000;  // Nothing more came.
  turn();
  EXPECT_EQ(host_.inputs(), 1U);
  EXPECT_EQ(host_.rows(kT).size(), 50U);
}

TEST_F(Pumping, ALostStreamIsAFault) {
  stream_.broken = true;
  auto turned = pump_.turn(std::chrono::microseconds(0));
  ASSERT_FALSE(turned.has_value());
  EXPECT_EQ(turned.error().kind, SourceFault::Kind::kTransient);
}

TEST_F(Pumping, WaitsForRoomAndAStopEndsTheWait) {
  host_.set_full(true);
  arrive_transaction(1100, "1");
  stop_.stop();
  auto turned = pump_.turn(std::chrono::microseconds(0));
  ASSERT_FALSE(turned.has_value());
  EXPECT_EQ(turned.error().kind, SourceFault::Kind::kStopped);
  EXPECT_EQ(host_.inputs(), 0U);
}

TEST_F(Pumping, AConnectionLostWhileThereIsNoRoomLosesNothing) {
  host_.set_full(true);
  stream_.when_forced = [this] {
    stream_.broken = true;
    host_.set_full(false);
  };
  arrive_transaction(1100, "1");
  auto turned = pump_.turn(std::chrono::microseconds(0));
  ASSERT_FALSE(turned.has_value());
  EXPECT_EQ(turned.error().kind, SourceFault::Kind::kTransient);
  EXPECT_EQ(stream_.forced, 1);
  EXPECT_EQ(host_.rows(kT), (Contents{{"1|v", 1}}));
  EXPECT_EQ(hand_over_.handed_over()->lsn, Lsn{1100});
}

TEST_F(Pumping, AForgottenTableIsTakenOutOfWhatIsOnItsWay) {
  arrive_transaction(1100, "1");
  hand_over_.forget_table(kT);
  turn();
  EXPECT_EQ(host_.inputs(), 1U);
  EXPECT_TRUE(host_.rows(kT).empty());
  EXPECT_EQ(hand_over_.take_forgotten(), std::vector<CollectionId>{kT});
}

}  // namespace
}  // namespace penstock::sources
