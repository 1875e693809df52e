// What the real sink wrote, in every format and envelope: an audit is silent about it and finds
// each fault that is planted, and a difference leads back to the collection.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"
#include "sinks/sink_audit.h"

namespace penstock::sinks {
namespace {

using connect::HeadForm;
using defs::SinkEnvelope;
using defs::SinkFormatKind;
using simulated::Change;
using Problems = std::set<std::string>;

struct Form {
  std::string name;
  SinkEnvelope envelope = SinkEnvelope::kUpsert;
  SinkFormatKind key = SinkFormatKind::kAvro;
  SinkFormatKind value = SinkFormatKind::kAvro;
  HeadForm head = HeadForm::kConfluent;
  bool has_key = true;
  bool is_unique = true;
  bool has_fields = false;
  bool has_tombstones = false;
  bool excludes_the_key = false;
  bool at_least_once = false;
  bool json_schemas = false;

  bool by_state() const {
    return envelope == SinkEnvelope::kUpsert ||
           (envelope == SinkEnvelope::kDebezium && has_key && is_unique);
  }
};
void PrintTo(const Form& form, std::ostream* out) {
  *out << form.name;
}

class NumberedRegistry final : public connect::SchemaRegistry {
 public:
  explicit NumberedRegistry(HeadForm form) : form_(form) {}
  connect::RegistryResult<std::string> publish(const connect::SchemaToPublish&,
                                               const StopToken&) override {
    std::string head = form_ == HeadForm::kGlue ? std::string("\3\0", 2) : std::string(1, '\0');
    head.resize(connect::head_bytes(form_), id);
    return head;
  }
  connect::RegistryResult<std::string> validate(const connect::SchemaToPublish&,
                                                const StopToken&) override {
    return "is new";
  }
  connect::RegistryResult<void> check(const StopToken&) override { return {}; }

  char id = 7;

 private:
  const HeadForm form_;
};

class SinkFormats : public ::testing::TestWithParam<Form> {
 protected:
  SinkFormats() : form_(GetParam()), registry_(form_.head), config_(simulated::config()) {
    configure_log(LogLevel::kError, LogFormat::kText);
    config_.spill_directory = testing::TempDir();
    defs::SinkDef& def = config_.def;
    def.topic_options.partition_count = 3;
    def.envelope = form_.envelope;
    if (!form_.has_key) def.key.reset();
    def.key_is_proven = form_.is_unique && form_.has_key;
    def.key_format = format_of(form_.key, "data-key");
    def.value_format = format_of(form_.value, "data-value");
    if (def.key && form_.key == SinkFormatKind::kAvro) config_.key_head = form_.head;
    if (form_.value == SinkFormatKind::kAvro) config_.value_head = form_.head;
    if (form_.has_fields) def.change_fields = {true, true, true, true};
    def.tombstones = form_.has_tombstones;
    def.json_schemas = form_.json_schemas;
    if (form_.excludes_the_key) def.excluded = {0};
    if (form_.envelope == SinkEnvelope::kAppend) def.op_name = "op";
    if (form_.at_least_once) {
      def.delivery = defs::DeliveryGuarantee::kAtLeastOnce;
      config_.transactional_id.clear();
    }
    directory_.while_waiting = [this] { directory_.sync(); };
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
    tick(2, {{"a", 1, -1}, {"a", 2, 1}});
    tick(4, {{"b", 1, -1}, {"e", 4, 1}});
    run_sink();
  }
  static defs::SinkFormat format_of(SinkFormatKind kind, const std::string& subject) {
    defs::SinkFormat format{.kind = kind, .avro = std::nullopt};
    if (kind == SinkFormatKind::kAvro) {
      format.avro.emplace();
      format.avro->subject = subject;
      format.avro->full_name = "row";
    }
    return format;
  }

  void tick(uint64_t time, const std::vector<Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void run_sink() {
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    SinkReport report(nullptr);
    KafkaSink sink(
        config_,
        SinkWorld{
            client_, directory_, directory_, report, clock_, stop_, {&registry_, &registry_}});
    for (int i = 0; i < 60; ++i) sink.step();
    state_ = sink.state();
    sink.close();
  }
  void send_difference() {
    tick(directory_.memory.upper, {});
    directory_.memory.place.be_told_to_restart({directory_.memory.upper - 1}, true);
    directory_.sync();
    ++config_.def.version;
    run_sink();
    ASSERT_EQ(state_, SinkState::kRunning);
  }
  AuditReport audit(std::optional<Timestamp> since = std::nullopt) {
    auto report = audit_sink(config_, directory_.memory.place.next.previous(),
                             {.kafka = client_,
                              .stream = directory_,
                              .stop = stop_,
                              .may_go_on = []() -> Status { return {}; },
                              .collection_read = [] {},
                              .since = since,
                              .patience = std::chrono::milliseconds(0)});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report.value_or(AuditReport{});
  }
  Problems problems() {
    Problems out;
    for (const AuditFinding& finding : audit().findings) {
      out.insert(std::string(audit_problem_name(finding.problem)));
    }
    return out;
  }
  // Of the row of this letter, stamped with this time.
  std::pair<simulated::Partition*, size_t> place_of(char letter, uint64_t time, size_t number = 0) {
    for (auto& partition : cluster_.topics.at("data")) {
      for (size_t i = 0; i < partition->log.size(); ++i) {
        const simulated::Record& record = partition->log[i];
        if (!cluster_.is_committed(record) || !is_of(record, letter)) continue;
        if (record.headers.front().second != std::to_string(time)) continue;
        if (number-- == 0) return {partition.get(), i};
      }
    }
    ADD_FAILURE() << "no message of " << letter << " at " << time;
    return {cluster_.topics.at("data").front().get(), 0};
  }
  static bool is_of(const simulated::Record& record, char letter) {
    const std::string text = record.key ? *record.key : record.value.value_or("");
    return text == std::string(1, letter) || text.contains(std::string{'"', letter, '"'}) ||
           text.contains(std::string{'\2', letter});
  }
  simulated::Record& message(char letter, uint64_t time) {
    auto [partition, at] = place_of(letter, time);
    return partition->log[at];
  }
  void lose(char letter, uint64_t time) {
    auto [partition, at] = place_of(letter, time);
    partition->log.erase(partition->log.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void repeat(char letter, uint64_t time) {
    auto [partition, at] = place_of(letter, time);
    simulated::Record again = partition->log[at];
    partition->log.insert(partition->log.begin() + static_cast<std::ptrdiff_t>(at), again);
  }
  // Nothing that a consumer has in the end is wrong.
  void expect_led_back() {
    send_difference();
    const AuditReport report = audit();
    for (auto problem : {AuditProblem::kMissing, AuditProblem::kExtra, AuditProblem::kDiffers}) {
      EXPECT_EQ(report.count(problem), 0u) << audit_problem_name(problem);
    }
  }
  size_t sent() const { return cluster_.committed("data").size(); }

  const Form form_;
  NumberedRegistry registry_;
  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  StopToken stop_;
  SinkState state_ = SinkState::kStarting;
  uint64_t next_life_ = 1;
};

TEST_P(SinkFormats, WhatTheSinkWroteIsRight) {
  const AuditReport report = audit();
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_EQ(report.rows, 3u);
  EXPECT_EQ(report.messages, sent());
  send_difference();
  EXPECT_EQ(report.messages, sent());
}

TEST_P(SinkFormats, ALostMessageIsMissing) {
  lose('e', 4);
  EXPECT_EQ(problems(), Problems{"missing"});
  expect_led_back();
  EXPECT_EQ(problems(), Problems{});
}

TEST_P(SinkFormats, ALostDeletionIsARowTooMany) {
  lose('b', 4);
  EXPECT_EQ(problems(), Problems{"extra"});
  expect_led_back();
  EXPECT_EQ(problems(), Problems{});
}

TEST_P(SinkFormats, ARepeatedMessageIsADuplicateOrARowTooMany) {
  repeat('e', 4);
  EXPECT_EQ(problems(), Problems{form_.by_state() && form_.is_unique ? "duplicate" : "extra"});
  expect_led_back();
}

TEST_P(SinkFormats, AWrongValueDiffers) {
  // That of a row with another number.
  if (form_.has_key) {
    message('e', 4).value = message('c', 1).value;
  } else {
    std::string& value = *message('e', 4).value;
    value.at(value.find("\2e\2") + 3) = '\x0a';
  }
  const Problems found = problems();
  if (form_.by_state()) {
    EXPECT_EQ(found, Problems{"differs"});
  } else {
    EXPECT_EQ(found, (Problems{"missing", "extra"}));
  }
  expect_led_back();
  EXPECT_EQ(problems(), Problems{});
}

TEST_P(SinkFormats, AnotherIdOfTheSchemaIsNoDifference) {
  for (auto& partition : cluster_.topics.at("data")) {
    for (simulated::Record& record : partition->log) {
      if (!cluster_.is_committed(record) || record.headers.front().second == "1") continue;
      const size_t last = connect::head_bytes(form_.head) - 1;
      if (config_.key_head && record.key) record.key->at(last) = 9;
      if (config_.value_head && record.value) record.value->at(last) = 9;
    }
  }
  EXPECT_EQ(problems(), Problems{});
  registry_.id = 8;
  const size_t before = sent();
  send_difference();
  EXPECT_EQ(sent(), before);
}

TEST_P(SinkFormats, AMalformedValueIsToldAndReplaced) {
  const bool has_head = config_.value_head.has_value();
  if (!has_head && form_.envelope == SinkEnvelope::kUpsert && !form_.json_schemas) return;
  simulated::Record& record = message('e', 4);
  const std::string right = *record.value;
  const size_t head = has_head ? connect::head_bytes(form_.head) : 1;
  std::vector<std::string> wrongs = {"", right.substr(0, head - 1), "\x7f" + right.substr(1)};
  if (has_head) wrongs.push_back(right.substr(head));
  if (has_head && form_.envelope != SinkEnvelope::kUpsert) {
    wrongs.push_back(right + "x");
    wrongs.push_back(right.substr(0, right.size() - 1));
    wrongs.push_back(right.substr(0, head) + "\7" + right.substr(head + 1));
  }
  for (const std::string& wrong : wrongs) {
    record.value = wrong;
    Problems expected{"malformed"};
    if (!form_.by_state()) expected.insert("missing");
    EXPECT_EQ(problems(), expected) << wrong;
  }
  const size_t before = sent();
  expect_led_back();
  EXPECT_EQ(sent(), before + 1);
}

// UPSERT deletes whatever there is; of a change nobody knows what it would take away.
TEST_P(SinkFormats, AMalformedValueOfAKeyThatIsGoneIsDeletedWhereItCanBe) {
  if (!form_.by_state() || !config_.value_head) return;
  message('b', 4).value = "malformed";
  EXPECT_EQ(problems(), Problems{"malformed"});
  const size_t before = sent();
  expect_led_back();
  EXPECT_EQ(sent(), before + (form_.envelope == SinkEnvelope::kUpsert ? 1 : 0));
}

TEST_P(SinkFormats, AMalformedKeyIsToldAndItsRowSentAgain) {
  if (!config_.key_head) return;
  const std::string right = *message('e', 4).key;
  const size_t head = connect::head_bytes(form_.head);
  simulated::Record& record = message('e', 4);
  for (const std::string& wrong :
       {std::string(), right.substr(0, head - 1), "\x7f" + right.substr(1), right.substr(head),
        right + "x", right.substr(0, right.size() - 1)}) {
    record.key = wrong;
    EXPECT_EQ(problems(), (Problems{"malformed", "missing"})) << wrong;
  }
  const size_t before = sent();
  expect_led_back();
  EXPECT_EQ(sent(), before + 1);
}

TEST_P(SinkFormats, WhatWasSentBeforeAChangeoverIsNotJudged) {
  lose('a', 2);
  message('c', 1).value = message('b', 1).value;
  EXPECT_NE(problems(), Problems{});
  const AuditReport report = audit(Timestamp{4});
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_GT(report.earlier_messages, 0u);
  EXPECT_EQ(report.since, Timestamp{4});
  EXPECT_FALSE(report.is_whole);
  EXPECT_EQ(report.unjudged_rows, 2u);
  lose('e', 4);
  EXPECT_EQ(audit(Timestamp{4}).unjudged_rows, 3u);
}

// A difference makes the topic what is read now, whatever was before.
TEST_P(SinkFormats, ADifferenceEndsWhatAChangeoverLeft) {
  directory_.memory.place.change_over(false);
  const SinkPlace changed = directory_.memory.place;
  EXPECT_EQ(changed.changed_over, (Changeover{changed.next, false}));
  EXPECT_EQ(SinkPlace::decode(changed.encode()), changed);
  tick(5, {{"c", 1, -1}});
  lose('e', 4);
  send_difference();
  EXPECT_FALSE(directory_.memory.place.changed_over);
  EXPECT_EQ(problems(), Problems{});
}

TEST_P(SinkFormats, OfOtherColumnsEqualBytesSaySomethingElse) {
  directory_.memory.place.change_over(true);
  const size_t before = sent();
  tick(directory_.memory.upper, {});
  directory_.memory.place.be_told_to_restart({directory_.memory.upper - 1}, true);
  directory_.sync();
  run_sink();
  if (form_.value == SinkFormatKind::kJson) {
    EXPECT_EQ(sent(), before);  // The names are in it.
  } else if (form_.envelope == SinkEnvelope::kUpsert) {
    EXPECT_EQ(sent(), before + 3);
  } else {
    EXPECT_EQ(state_, SinkState::kStalled);
  }
}

std::vector<Form> forms() {
  const Form upsert{.name = "Upsert"};
  const Form debezium{.name = "Debezium", .envelope = SinkEnvelope::kDebezium};
  const Form append{.name = "Append", .envelope = SinkEnvelope::kAppend};
  auto with = [](Form form, const std::string& name, const auto& change) {
    form.name += name;
    change(form);
    return form;
  };
  std::vector<Form> out = {upsert, debezium, append};
  for (const Form& form : {upsert, debezium, append}) {
    out.push_back(with(form, "Glue", [](Form& f) { f.head = HeadForm::kGlue; }));
    out.push_back(with(form, "TextKey", [](Form& f) { f.key = SinkFormatKind::kText; }));
    out.push_back(with(form, "JsonValue", [](Form& f) { f.value = SinkFormatKind::kJson; }));
    out.push_back(with(form, "Excludes", [](Form& f) { f.excludes_the_key = true; }));
    out.push_back(with(form, "AtLeastOnce", [](Form& f) { f.at_least_once = true; }));
    out.push_back(with(form, "JsonSchemas", [](Form& f) {
      f.key = f.value = SinkFormatKind::kJson;
      f.json_schemas = true;
    }));
  }
  for (const Form& form : {debezium, append}) {
    out.push_back(with(form, "NotUnique", [](Form& f) { f.is_unique = false; }));
    out.push_back(with(form, "NoKey", [](Form& f) { f.has_key = false; }));
  }
  for (HeadForm head : {HeadForm::kConfluent, HeadForm::kGlue}) {
    const std::string name = head == HeadForm::kGlue ? "Glue" : "";
    out.push_back(with(debezium, "Fields" + name, [head](Form& f) {
      f.head = head;
      f.has_fields = true;
    }));
    out.push_back(with(debezium, "Tombstones" + name, [head](Form& f) {
      f.head = head;
      f.has_fields = f.has_tombstones = true;
    }));
  }
  out.push_back(with(debezium, "FieldsNoKey", [](Form& f) {
    f.has_fields = true;
    f.has_key = false;
  }));
  return out;
}

INSTANTIATE_TEST_SUITE_P(Forms, SinkFormats, testing::ValuesIn(forms()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace penstock::sinks
