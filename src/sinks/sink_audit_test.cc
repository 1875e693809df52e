// What the real sink wrote is right, and what is done to the topic afterwards is found.
#include "sinks/sink_audit.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using simulated::Change;
using Texts = std::vector<std::string>;

class SinkAuditTest : public ::testing::Test {
 protected:
  SinkAuditTest() : config_(simulated::config()) {
    configure_log(LogLevel::kError, LogFormat::kText);
    config_.spill_directory = testing::TempDir();
    config_.def.topic_options.partition_count = 3;
    directory_.while_waiting = [this] { directory_.sync(); };
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
    tick(2, {{"a", 1, -1}, {"a", 2, 1}});
    tick(4, {{"b", 1, -1}, {"d", 4, 1}});
  }

  void tick(uint64_t time, const std::vector<Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void run_sink() {
    directory_.memory.lives.push_back({{1, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    SinkReport report(nullptr);
    KafkaSink sink(config_, SinkWorld{client_, directory_, directory_, report, clock_, stop_});
    for (int i = 0; i < 50; ++i) sink.step();
    sink.close();
  }
  Result<AuditReport> audit() { return audit_at(directory_.memory.place.next.previous()); }
  Result<AuditReport> audit_at(Timestamp time) {
    return audit_sink(config_, time,
                      {.kafka = client_,
                       .stream = directory_,
                       .stop = stop_,
                       .may_go_on = [this]() -> Status {
                         if (--turns_left_ > 0) return {};
                         return fail(sql_state::kQueryCanceled, "canceled");
                       },
                       .collection_read = [this] { released_ = directory_.open_rows == 0; },
                       .patience = std::chrono::milliseconds(0)});
  }
  Texts problems() {
    auto report = audit();
    if (!report) return {report.error().message};
    Texts out;
    for (const AuditFinding& finding : report->findings) {
      out.push_back(
          fmt::format("{} {}", audit_problem_name(finding.problem), finding.key.value_or("-")));
    }
    return out;
  }
  // The committed messages with this key.
  std::vector<std::pair<simulated::Partition*, size_t>> messages(const std::string& key) {
    std::vector<std::pair<simulated::Partition*, size_t>> out;
    for (auto& partition : cluster_.topics.at("data")) {
      for (size_t i = 0; i < partition->log.size(); ++i) {
        const simulated::Record& record = partition->log[i];
        if (cluster_.is_committed(record) && record.key == key)
          out.emplace_back(partition.get(), i);
      }
    }
    return out;
  }
  void lose(const std::string& key, size_t number) {
    auto [partition, at] = messages(key).at(number);
    partition->log.erase(partition->log.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void repeat(const std::string& key, size_t number) {
    auto [partition, at] = messages(key).at(number);
    simulated::Record again = partition->log[at];
    partition->log.insert(partition->log.begin() + static_cast<std::ptrdiff_t>(at), again);
  }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  StopToken stop_;
  int turns_left_ = 1'000'000;
  bool released_ = false;
};

constexpr char kA[] = R"({"k":"a"})";
constexpr char kB[] = R"({"k":"b"})";
constexpr char kD[] = R"({"k":"d"})";

TEST_F(SinkAuditTest, WhatTheSinkWroteIsRight) {
  for (auto envelope : {defs::SinkEnvelope::kUpsert, defs::SinkEnvelope::kDebezium}) {
    cluster_ = {};
    config_.def.envelope = envelope;
    directory_.memory.place = SinkPlace::first({1}, true);
    run_sink();
    AuditReport report = audit().value();
    EXPECT_EQ(report.problems(), 0u);
    EXPECT_EQ(report.time, Timestamp{4});
    EXPECT_EQ(report.messages, 6u);
    EXPECT_EQ(report.rows, 3u);
    EXPECT_EQ(report.partitions, 3);
    EXPECT_TRUE(report.is_whole);
    EXPECT_TRUE(released_);
  }
}

TEST_F(SinkAuditTest, WhatIsStampedLaterIsPassedOver) {
  run_sink();
  AuditReport report = audit_at({2}).value();
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_EQ(report.later_messages, 2u);
}

TEST_F(SinkAuditTest, WhatIsDoneToTheTopicIsFound) {
  run_sink();
  repeat(kA, 1);
  lose(kB, 1);  // Its tombstone.
  lose(kD, 0);
  EXPECT_EQ(problems(), (Texts{std::string("duplicate ") + kA, std::string("extra ") + kB,
                               std::string("missing ") + kD}));
}

TEST_F(SinkAuditTest, AValueThatWasChangedIsFound) {
  run_sink();
  auto [partition, at] = messages(kD).at(0);
  partition->log[at].value = R"({"k":"d","v":5})";
  EXPECT_EQ(problems(), Texts{std::string("differs ") + kD});
}

TEST_F(SinkAuditTest, WhatRetentionDeletedIsNotJudged) {
  run_sink();
  auto [partition, at] = messages(kD).at(0);
  partition->low = static_cast<int64_t>(at) + 1;
  AuditReport report = audit().value();
  EXPECT_FALSE(report.is_whole);
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_GE(report.unjudged_rows, 1u);
}

TEST_F(SinkAuditTest, CompactionIsAskedFor) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  run_sink();
  lose(kA, 0);
  EXPECT_EQ(problems(), Texts{std::string("gap ") + kA});
  cluster_.cleanup_policy = "compact,delete";
  EXPECT_EQ(problems(), Texts{});
}

TEST_F(SinkAuditTest, WithoutTheTopicThereIsNoAudit) {
  EXPECT_EQ(audit().error().message, "topic \"data\" does not exist");
  EXPECT_EQ(audit().error().state, sql_state::kObjectNotInState);
}

TEST_F(SinkAuditTest, NorWhileTheCollectionHasErrors) {
  run_sink();
  directory_.memory.ticks.back().errors = 1;
  EXPECT_EQ(audit().error().state, sql_state::kObjectNotInState);
  EXPECT_EQ(audit().error().detail, "division by zero");
}

TEST_F(SinkAuditTest, AnOpenTransactionIsNotWaitedForWithoutEnd) {
  run_sink();
  cluster_.append("somebody", 0, cluster_.partition("data", 1), {});
  Error error = audit().error();
  EXPECT_EQ(error.state, sql_state::kSystemError);
  EXPECT_NE(error.message.find("partition 1 at"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("a transaction is open there"), std::string::npos);
}

TEST_F(SinkAuditTest, MayBeCancelledAtAnyTurn) {
  run_sink();
  for (int turns = 1;; ++turns) {
    turns_left_ = turns;
    auto report = audit();
    if (report) {
      EXPECT_GT(turns, 5);
      return;
    }
    EXPECT_EQ(report.error().state, sql_state::kQueryCanceled);
  }
}

TEST_F(SinkAuditTest, TroubleOfTheBrokerIsSaid) {
  run_sink();
  cluster_.before_call = [](const std::string&) {
    return std::optional<connect::KafkaError>({connect::KafkaFault::kFatal,
                                               "Broker: Topic authorization failed",
                                               "TOPIC_AUTHORIZATION_FAILED", "Let it read."});
  };
  Error error = audit().error();
  EXPECT_NE(error.message.find("Broker: Topic authorization failed"), std::string::npos);
  EXPECT_EQ(error.hint, "Let it read.");
}

}  // namespace
}  // namespace penstock::sinks
