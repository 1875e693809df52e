// A sink by schemas: published before the first message, told when they are refused, and where
// their ids stand and do not count.
#include "sinks/schemas.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "expr/seahash.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using connect::RegistryError;
using connect::RegistryFault;
using Texts = std::vector<std::string>;

// Gives every schema one id, or refuses.
class FakeRegistry final : public connect::SchemaRegistry {
 public:
  connect::RegistryResult<std::string> publish(const connect::SchemaToPublish& schema,
                                               const StopToken&) override {
    published.push_back(schema.subject + " " + schema.schema + " " + schema.compatibility);
    if (refusal) return std::unexpected(*refusal);
    return std::string("\0\0\0\0", 4) + id;
  }
  connect::RegistryResult<std::string> validate(const connect::SchemaToPublish&,
                                                const StopToken&) override {
    return "is new";
  }
  connect::RegistryResult<void> check(const StopToken&) override { return {}; }

  Texts published;
  std::optional<RegistryError> refusal;
  char id = 7;
};

class SchemasTest : public ::testing::Test {
 protected:
  SchemasTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] { directory_.sync(); };
    directory_.memory.place = SinkPlace::first({1}, true);
    config_ = simulated::config();
    config_.def.key_format = avro("row");
    config_.def.value_format = avro("envelope");
    config_.def.value_format.avro->compatibility = "FULL";
  }
  static defs::SinkFormat avro(const std::string& name) {
    defs::SinkFormat out{.kind = defs::SinkFormatKind::kAvro, .avro = defs::AvroSinkFormat()};
    out.avro->full_name = name;
    out.avro->subject = name == "row" ? "data-key" : "data-value";
    return out;
  }
  void tick(uint64_t time, const std::vector<simulated::Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void start() {
    sink_.reset();
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    sink_ = std::make_unique<KafkaSink>(
        config_,
        SinkWorld{
            client_, directory_, directory_, report_, clock_, stop_, {&registry_, &registry_}});
  }
  void settle() {
    for (int i = 0; i < 30; ++i) sink_->step();
  }
  std::vector<simulated::Record> data() const { return cluster_.committed("data"); }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  FakeRegistry registry_;
  StopToken stop_;
  SinkStatus status_;
  SinkReport report_{[this](const SinkStatus& status) { status_ = status; }};
  std::unique_ptr<KafkaSink> sink_;
  uint64_t next_life_ = 1;
};

// Of the relation k text, v int8 (the value may be NULL).
std::string value_of(const std::string& row) {
  return std::string("\0\0\0\0\7", 5) + row;
}

TEST_F(SchemasTest, AreGeneratedFromTheDefinition) {
  EXPECT_TRUE(key_schema(config_.def)->starts_with(R"({"type":"record","name":"row","fields":[)"));
  EXPECT_TRUE(
      value_schema(config_.def)->starts_with(R"({"type":"record","name":"envelope","fields":[)"));
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  EXPECT_NE(value_schema(config_.def)->find(R"("before")"), std::string::npos);
  config_.def.change_fields.op = true;
  config_.def.excluded = {0};
  EXPECT_EQ(
      *value_schema(config_.def),
      R"({"type":"record","name":"envelope","fields":[{"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"v","type":["null","long"]}]}]},{"name":"after","type":["null","Value"]},{"name":"op","type":"string"}]})");
  config_.def.envelope = defs::SinkEnvelope::kAppend;
  config_.def.op_name = "change";
  EXPECT_TRUE(value_schema(config_.def)->ends_with(R"(,{"name":"change","type":"string"}]})"));
  config_.def.key.reset();
  EXPECT_EQ(key_schema(config_.def), std::nullopt);
  config_.def.value_format = {};
  EXPECT_EQ(value_schema(config_.def), std::nullopt);
}

TEST_F(SchemasTest, ThePublishedIdStandsInFrontOfEachKeyAndValue) {
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  ASSERT_EQ(registry_.published.size(), 2U);
  EXPECT_TRUE(registry_.published[0].starts_with("data-key {"));
  EXPECT_TRUE(registry_.published[1].starts_with("data-value {"));
  EXPECT_TRUE(registry_.published[1].ends_with(" FULL"));
  tick(2, {{"a", 1, -1}});
  settle();
  ASSERT_EQ(data().size(), 2U);
  EXPECT_TRUE(data()[0].key->starts_with(value_of("")));
  EXPECT_TRUE(data()[0].value->starts_with(value_of("")));
  EXPECT_EQ(data()[1].key, data()[0].key);
  EXPECT_EQ(data()[1].value, std::nullopt);
  EXPECT_EQ(registry_.published.size(), 2U) << "once in a life";
}

TEST_F(SchemasTest, NothingIsSentBeforeTheyAreAccepted) {
  tick(1, {{"a", 1, 1}});
  registry_.refusal = RegistryError{RegistryFault::kRefused, "schema is incompatible"};
  start();
  settle();
  EXPECT_TRUE(data().empty());
  EXPECT_EQ(status_.health, SinkHealth::kStalled);
  EXPECT_EQ(status_.error,
            "kafka: error publishing kafka schemas for sink: schema is incompatible");
  ASSERT_FALSE(status_.hints.empty());
  registry_.refusal.reset();
  settle();
  EXPECT_EQ(data().size(), 1U);
  EXPECT_EQ(status_.health, SinkHealth::kRunning);
}

TEST_F(SchemasTest, ARegistryThatIsAwayIsAskedAgain) {
  tick(1, {{"a", 1, 1}});
  registry_.refusal = RegistryError{RegistryFault::kUnavailable, "transport: refused"};
  start();
  settle();
  EXPECT_TRUE(data().empty());
  EXPECT_GT(registry_.published.size(), 1U);
  registry_.refusal.reset();
  settle();
  EXPECT_EQ(data().size(), 1U);
}

// A registry that lost its schemas gives other ids, also in the middle of a snapshot.
TEST_F(SchemasTest, AnotherIdIsNoOtherRow) {
  config_.limits.part_bytes = 1;  // A transaction for each row.
  tick(1, {{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}});
  start();
  while (data().empty()) sink_->step();
  registry_.id = 8;
  start();
  settle();
  EXPECT_EQ(status_.health, SinkHealth::kRunning) << status_.error;
  ASSERT_EQ(data().size(), 3U);
  EXPECT_EQ((*data()[0].value)[4], 7);
  EXPECT_EQ((*data()[2].value)[4], 8);
}

TEST_F(SchemasTest, AMessagesPartitionDoesNotDependOnTheId) {
  ChangeEncoder encoder(config_);
  SinkMessage plain;
  SinkMessage headed;
  std::string buffer;
  encoder.address("key", std::nullopt, buffer, plain);
  encoder.set_heads({std::string("\0\0\0\0\7", 5), ""});
  encoder.address("key", std::nullopt, buffer, headed);
  EXPECT_EQ(headed.key, value_of("key"));
  EXPECT_EQ(headed.partition_hash, expr::seahash("key"));
  EXPECT_EQ(plain.partition_hash, headed.partition_hash);
}

}  // namespace
}  // namespace penstock::sinks
