// What a sink's messages say beside keys and rows: headers, the fields of DEBEZIUM, tombstones, and
// the operations of APPEND; in ticks, snapshots and ticks too large for a transaction alike.
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"
#include "types/nested_value.h"

namespace penstock::sinks {
namespace {

using defs::SinkEnvelope;
using types::Datum;
using types::SqlType;
using types::TypeId;
using Texts = std::vector<std::string>;

class SinkEnvelopeTest : public ::testing::Test {
 protected:
  SinkEnvelopeTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] { directory_.sync(); };
    directory_.memory.place = SinkPlace::first({1}, true);
    config_ = simulated::config();
    config_.spill_directory = testing::TempDir();
  }
  ~SinkEnvelopeTest() override { arm_failpoints(""); }

  void tick(uint64_t time, const std::vector<simulated::Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void start() {
    sink_.reset();
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    sink_ = std::make_unique<KafkaSink>(
        config_, SinkWorld{client_, directory_, directory_, report_, clock_, stop_});
  }
  void settle() {
    for (int i = 0; i < 30; ++i) sink_->step();
  }
  // "key=value", a tombstone "key=-".
  Texts messages() const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("data")) {
      out.push_back(record.key.value_or("") + "=" + record.value.value_or("-"));
    }
    return out;
  }
  // "value a=1 b=2", without the header of ours.
  Texts headers() const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("data")) {
      EXPECT_EQ(record.headers.front().first, "materialize-timestamp");
      std::string text = record.value.value_or("-");
      for (size_t i = 1; i < record.headers.size(); ++i) {
        text += " " + record.headers[i].first + "=" + record.headers[i].second;
      }
      out.push_back(text);
    }
    return out;
  }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  StopToken stop_;
  SinkStatus status_;
  SinkReport report_{[this](const SinkStatus& status) { status_ = status; }};
  std::unique_ptr<KafkaSink> sink_;
  uint64_t next_life_ = 1;
};

// The relation h map[text=>text], v int8 with KEY (v): headers are no part of values.
class SinkHeadersTest : public SinkEnvelopeTest {
 protected:
  SinkHeadersTest() {
    config_.def.relation.columns[0] = {"h", {SqlType::map_of(SqlType::of(TypeId::kText)), true}};
    config_.def.key = std::vector<size_t>{1};
    config_.def.headers = 0;
    config_.def.excluded = {0};
  }
  static std::string map(const std::string& value) {
    return types::encode_map(SqlType::of(TypeId::kText),
                             {{"a", Datum::bytes(value)}, {"materialize-x", Datum::bytes("x")}});
  }
  void change_and_delete() {
    tick(1, {{map("1"), 7, 1}});
    start();
    settle();
    tick(5, {{map("1"), 7, -1}, {map("2"), 7, 1}, {map("3"), 8, 1}});
    settle();
    tick(6, {{map("2"), 7, -1}, {map("3"), 8, -1}});
    settle();
  }
};

TEST_F(SinkHeadersTest, AreThoseOfTheRowAfterElseOfTheRowBefore) {
  change_and_delete();
  EXPECT_EQ(headers(),
            (Texts{R"({"v":7} a=1)", R"({"v":7} a=2)", R"({"v":8} a=3)", "- a=2", "- a=3"}));
}

TEST_F(SinkHeadersTest, AreKeptOnDiskWhenATickIsLarge) {
  directory_.tick_limit_rows = 1;
  config_.limits.sort_bytes = 1;
  change_and_delete();
  EXPECT_EQ(headers(),
            (Texts{R"({"v":7} a=1)", R"({"v":7} a=2)", R"({"v":8} a=3)", "- a=2", "- a=3"}));
}

TEST_F(SinkHeadersTest, AreCountedInBytes) {
  tick(1, {{map("123"), 7, 1}});
  start();
  settle();
  EXPECT_EQ(report_.statistics().bytes_committed, 7u + 7u + 4u);
}

TEST_F(SinkHeadersTest, WithoutANameAreRefused) {
  const SqlType text = SqlType::of(TypeId::kText);
  const SqlType pair = SqlType::record_of({{"key", {text, true}}, {"value", {text, true}}});
  config_.def.relation.columns[0] = {"h", {SqlType::list_of(pair), true}};
  const std::vector<Datum> fields = {Datum::null(), Datum::bytes("x")};
  const std::vector<Datum> pairs = {Datum::bytes(types::encode_record(*pair.fields, fields))};
  tick(1, {});
  start();
  settle();
  tick(5, {{types::encode_list(pair, pairs), 7, 1}});
  settle();
  EXPECT_EQ(messages(), Texts{});
  EXPECT_EQ(status_.health, SinkHealth::kStalled);
  EXPECT_EQ(status_.error,
            "internal: a header cannot be encoded: column \"h\" has a pair without a name, and a "
            "header must have one");
}

TEST_F(SinkEnvelopeTest, DebeziumSaysWhatHappened) {
  config_.def.envelope = SinkEnvelope::kDebezium;
  config_.def.change_fields = {.source = false, .transaction = true, .op = true, .ts_ms = true};
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  tick(5, {{"a", 1, -1}, {"a", 2, 1}, {"b", 1, 1}});
  tick(6, {{"a", 2, -1}});
  settle();
  EXPECT_EQ(
      messages(),
      (Texts{
          R"({"k":"a"}={"before":null,"after":{"k":"a","v":1},"op":"r","ts_ms":1,"transaction":{"id":"1"}})",
          R"({"k":"a"}={"before":{"k":"a","v":1},"after":{"k":"a","v":2},"op":"u","ts_ms":5,"transaction":{"id":"5"}})",
          R"({"k":"b"}={"before":null,"after":{"k":"b","v":1},"op":"c","ts_ms":5,"transaction":{"id":"5"}})",
          R"({"k":"a"}={"before":{"k":"a","v":2},"after":null,"op":"d","ts_ms":6,"transaction":{"id":"6"}})"}));
}

TEST_F(SinkEnvelopeTest, ALargeTickIsNoSnapshot) {
  config_.def.envelope = SinkEnvelope::kDebezium;
  config_.def.change_fields = {.source = false, .transaction = false, .op = true, .ts_ms = false};
  tick(1, {});
  start();
  settle();
  directory_.tick_limit_rows = 1;
  tick(5, {{"a", 1, 1}, {"b", 1, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{R"({"k":"a"}={"before":null,"after":{"k":"a","v":1},"op":"c"})",
                               R"({"k":"b"}={"before":null,"after":{"k":"b","v":1},"op":"c"})"}));
}

TEST_F(SinkEnvelopeTest, ARenamedRelationDoesNotKeepASnapshotFromGoingOn) {
  config_.def.envelope = SinkEnvelope::kDebezium;
  config_.def.change_fields = {.source = true, .transaction = false, .op = false, .ts_ms = false};
  config_.from = {"d", "p", "old"};
  config_.limits.part_bytes = 1;
  tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
  start();
  for (int i = 0; i < 20 && messages().empty(); ++i) sink_->step();
  ASSERT_EQ(messages().size(), 1U);
  config_.from.relation = "new";
  start();
  settle();
  ASSERT_EQ(messages().size(), 3U);
  EXPECT_NE(messages()[0].find(R"("table":"old")"), std::string::npos);
  EXPECT_NE(messages()[2].find(R"("table":"new")"), std::string::npos);
}

TEST_F(SinkEnvelopeTest, TombstonesFollowDeletions) {
  config_.def.envelope = SinkEnvelope::kDebezium;
  config_.def.tombstones = true;
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  tick(5, {{"a", 1, -1}, {"a", 2, 1}});
  tick(6, {{"a", 2, -1}});
  settle();
  directory_.tick_limit_rows = 1;
  tick(7, {{"a", 1, 1}, {"b", 1, 1}});
  settle();
  tick(8, {{"a", 1, -1}, {"b", 1, -1}});
  settle();
  EXPECT_EQ(messages(),
            (Texts{R"({"k":"a"}={"before":null,"after":{"k":"a","v":1}})",
                   R"({"k":"a"}={"before":{"k":"a","v":1},"after":{"k":"a","v":2}})",
                   R"({"k":"a"}={"before":{"k":"a","v":2},"after":null})", R"({"k":"a"}=-)",
                   R"({"k":"a"}={"before":null,"after":{"k":"a","v":1}})",
                   R"({"k":"b"}={"before":null,"after":{"k":"b","v":1}})",
                   R"({"k":"a"}={"before":{"k":"a","v":1},"after":null})", R"({"k":"a"}=-)",
                   R"({"k":"b"}={"before":{"k":"b","v":1},"after":null})", R"({"k":"b"}=-)"}));
}

TEST_F(SinkEnvelopeTest, AppendTellsEveryChangeByItself) {
  config_.def.envelope = SinkEnvelope::kAppend;
  config_.def.op_name = "op";
  config_.def.key.reset();
  config_.def.key_is_proven = false;
  tick(1, {{"a", 1, 2}});
  start();
  settle();
  tick(5, {{"a", 1, -1}, {"a", 2, 1}});
  settle();
  EXPECT_EQ(messages(),
            (Texts{R"(={"k":"a","v":1,"op":"insert"})", R"(={"k":"a","v":1,"op":"insert"})",
                   R"(={"k":"a","v":1,"op":"delete"})", R"(={"k":"a","v":2,"op":"insert"})"}));
}

TEST_F(SinkEnvelopeTest, AppendHasNoUpdatesThoughThereIsAKey) {
  config_.def.envelope = SinkEnvelope::kAppend;
  config_.def.op_name = "change";
  config_.def.key_is_proven = false;
  tick(1, {{"a", 1, 1}, {"a", 2, 1}});
  start();
  settle();
  for (uint64_t time : {5, 6}) {
    directory_.tick_limit_rows = time == 5 ? 100 : 1;
    tick(time, {{"a", static_cast<int64_t>(time - 4), -1}, {"a", static_cast<int64_t>(time), 1}});
    settle();
  }
  EXPECT_EQ(messages(), (Texts{R"({"k":"a"}={"k":"a","v":1,"change":"insert"})",
                               R"({"k":"a"}={"k":"a","v":2,"change":"insert"})",
                               R"({"k":"a"}={"k":"a","v":1,"change":"delete"})",
                               R"({"k":"a"}={"k":"a","v":5,"change":"insert"})",
                               R"({"k":"a"}={"k":"a","v":2,"change":"delete"})",
                               R"({"k":"a"}={"k":"a","v":6,"change":"insert"})"}));
  EXPECT_EQ(report_.statistics().key_violations, 0U) << "its KEY need not be unique";
}

TEST_F(SinkEnvelopeTest, JsonMayCarryItsSchemas) {
  config_.def.json_schemas = true;
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  tick(5, {{"a", 1, -1}});
  settle();
  const std::string key =
      R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"k"}],)"
      R"("optional":false,"name":"data.Key"},"payload":{"k":"a"}}=)";
  EXPECT_EQ(
      messages(),
      (Texts{
          key +
              R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"k"},)"
              R"({"type":"int64","optional":true,"field":"v"}],"optional":false,"name":"data.Value"},)"
              R"("payload":{"k":"a","v":1}})",
          key + "-"}));
}

TEST_F(SinkEnvelopeTest, SchemasOfJsonDoNotMoveAKeyToAnotherPartition) {
  cluster_.create("data", 7);
  tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
  start();
  settle();
  config_.def.json_schemas = true;
  start();
  tick(5, {{"a", 2, 1}, {"b", 2, 1}, {"c", 2, 1}});
  settle();
  size_t used = 0;
  for (int32_t partition = 0; partition < 7; ++partition) {
    const auto& log = cluster_.partition("data", partition).log;
    size_t bare = 0;
    size_t carrying = 0;
    for (const simulated::Record& record : log) {
      if (record.marker) continue;
      ++(record.key->starts_with(R"({"schema":)") ? carrying : bare);
    }
    EXPECT_EQ(bare, carrying) << partition;
    used += bare;
  }
  EXPECT_EQ(used, 3U);
}

}  // namespace
}  // namespace penstock::sinks
