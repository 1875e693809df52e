// Every fault planted into every kind of topic is told, and nothing else is.
#include "sinks/audit_comparison.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/topics.h"

namespace penstock::sinks {
namespace {

using simulated::Change;
using Texts = std::vector<std::string>;
using Row = std::optional<int64_t>;

struct Message {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<std::string> time;
  int32_t partition = 0;
};

std::string key_json(const std::string& key) {
  return fmt::format(R"({{"k":"{}"}})", key);
}
std::string row_json(const std::string& key, int64_t value) {
  return fmt::format(R"({{"k":"{}","v":{}}})", key, value);
}
std::string side_json(const std::string& key, const Row& value) {
  return value ? row_json(key, *value) : "null";
}

Message upsert(const std::string& key, const Row& value, uint64_t time) {
  Message message{key_json(key), std::nullopt, std::to_string(time)};
  if (value) message.value = row_json(key, *value);
  return message;
}
Message debezium(const std::string& key, const Row& before, const Row& after, uint64_t time) {
  return {
      key_json(key),
      fmt::format(R"({{"before":{},"after":{}}})", side_json(key, before), side_json(key, after)),
      std::to_string(time)};
}
Message keyless(const std::string& key, const Row& before, const Row& after, uint64_t time) {
  Message message = debezium(key, before, after, time);
  message.key.reset();
  return message;
}

class AuditComparisonTest : public ::testing::Test {
 protected:
  AuditComparisonTest() : config_(simulated::config()) {
    config_.spill_directory = testing::TempDir();
    scope_.time = {100};
  }

  void use_debezium() { config_.def.envelope = defs::SinkEnvelope::kDebezium; }
  void use_no_key() {
    use_debezium();
    config_.def.key.reset();
  }

  AuditReport compare(const std::vector<Change>& rows, const std::vector<Message>& messages) {
    StopToken stop;
    EXPECT_TRUE(check_auditable(config_, scope_));
    AuditComparison comparison(config_, scope_, stop);
    EXPECT_TRUE(comparison.add_rows(*batch(rows)));
    std::map<int32_t, int64_t> offsets;
    for (const Message& message : messages) {
      connect::IncomingMessage incoming;
      incoming.partition = message.partition;
      incoming.offset = offsets[message.partition]++;
      if (message.key) incoming.key = *message.key;
      if (message.value) incoming.value = *message.value;
      std::vector<connect::KafkaHeader> headers = {{"other", "x"}};
      if (message.time) headers.push_back({kTimestampHeader, *message.time});
      incoming.headers = headers;
      EXPECT_TRUE(comparison.add_message(incoming));
    }
    return comparison.finish().value();
  }
  // "problem key offset expected found xcopies", '-' for none.
  Texts findings(const std::vector<Change>& rows, const std::vector<Message>& messages) {
    Texts out;
    for (const AuditFinding& finding : compare(rows, messages).findings) {
      std::string text = fmt::format("{} {} {} {} {}", audit_problem_name(finding.problem),
                                     finding.key.value_or("-"),
                                     finding.offset ? std::to_string(*finding.offset) : "-",
                                     finding.expected.value_or("-"), finding.found.value_or("-"));
      if (finding.copies != 1) text += fmt::format(" x{}", finding.copies);
      out.push_back(text);
    }
    return out;
  }

  static data::BatchRef batch(const std::vector<Change>& rows) {
    std::vector<types::PhysicalKind> kinds = {types::PhysicalKind::kBytes,
                                              types::PhysicalKind::kInt64};
    data::BatchBuilder builder(kinds);
    for (const Change& row : rows) {
      std::vector<types::Datum> values = {types::Datum::bytes(row.key),
                                          types::Datum::integer(row.value)};
      builder.append_row(values, row.diff);
    }
    return std::make_shared<const data::DeltaBatch>(builder.finish());
  }

  SinkConfig config_;
  AuditScope scope_;
};

using AuditUpsert = AuditComparisonTest;

TEST_F(AuditUpsert, IsSilentAboutWhatIsRight) {
  const std::vector<Message> messages = {upsert("a", 1, 1),  upsert("b", 1, 1),
                                         upsert("a", 2, 2),  upsert("c", 1, 3),
                                         upsert("c", {}, 4), upsert("a", 9, 101)};
  AuditReport report = compare({{"a", 2}, {"b", 1}}, messages);
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.rows, 2u);
  EXPECT_EQ(report.messages, 5u);
  EXPECT_EQ(report.later_messages, 1u);
}

TEST_F(AuditUpsert, TellsAMissingMessage) {
  EXPECT_EQ(findings({{"a", 1}, {"b", 1}}, {upsert("a", 1, 1)}),
            Texts{R"(missing {"k":"b"} - {"k":"b","v":1} -)"});
}

TEST_F(AuditUpsert, TellsAWrongValue) {
  EXPECT_EQ(findings({{"a", 1}}, {upsert("a", 7, 1)}),
            Texts{R"(differs {"k":"a"} 0 {"k":"a","v":1} {"k":"a","v":7})"});
}

TEST_F(AuditUpsert, TellsALostUpdate) {
  EXPECT_EQ(findings({{"a", 2}}, {upsert("a", 1, 1)}),
            Texts{R"(differs {"k":"a"} 0 {"k":"a","v":2} {"k":"a","v":1})"});
}

TEST_F(AuditUpsert, TellsALostTombstone) {
  EXPECT_EQ(findings({}, {upsert("a", 1, 1)}), Texts{R"(extra {"k":"a"} 0 - {"k":"a","v":1})"});
}

TEST_F(AuditUpsert, TellsAWrongTombstone) {
  EXPECT_EQ(findings({{"a", 1}}, {upsert("a", 1, 1), upsert("a", {}, 2)}),
            Texts{R"(missing {"k":"a"} 1 {"k":"a","v":1} -)"});
}

TEST_F(AuditUpsert, TellsADuplicate) {
  EXPECT_EQ(findings({{"a", 1}}, {upsert("a", 1, 1), upsert("a", 1, 1)}),
            Texts{R"(duplicate {"k":"a"} 1 {"k":"a","v":1} {"k":"a","v":1})"});
}

TEST_F(AuditUpsert, TellsADuplicateThatComesLate) {
  EXPECT_EQ(findings({{"a", 2}}, {upsert("a", 1, 1), upsert("a", 2, 2), upsert("a", 1, 1)}),
            (Texts{R"(out of order {"k":"a"} 2 - {"k":"a","v":1})",
                   R"(duplicate {"k":"a"} 2 {"k":"a","v":1} {"k":"a","v":1})"}));
}

TEST_F(AuditUpsert, TellsATombstoneOfNothing) {
  EXPECT_EQ(findings({}, {upsert("a", {}, 2)}), Texts{R"(gap {"k":"a"} 0 - -)"});
  scope_.is_compacted = true;
  EXPECT_EQ(findings({}, {upsert("a", {}, 2)}), Texts{});
}

TEST_F(AuditUpsert, TellsWhatIsForeign) {
  Message no_time = upsert("a", 1, 1);
  no_time.time.reset();
  Message odd_time = upsert("a", 1, 1);
  odd_time.time = "17x";
  Message no_key = upsert("a", 1, 1);
  no_key.key.reset();
  Message no_text{"\xff", std::string(600, 'x'), std::nullopt};
  EXPECT_EQ(findings({}, {no_time, odd_time, no_key, no_text}),
            (Texts{R"(foreign {"k":"a"} 0 - {"k":"a","v":1})",
                   R"(foreign {"k":"a"} 1 - {"k":"a","v":1})", R"(foreign - 2 - {"k":"a","v":1})",
                   "foreign \\xff 3 - " + std::string(512, 'x') + "… (600 bytes)"}));
}

TEST_F(AuditUpsert, TellsTimesThatGoBackInAPartition) {
  Message other = upsert("b", 1, 1);
  other.partition = 1;
  EXPECT_EQ(findings({{"a", 1}, {"b", 1}, {"c", 1}}, {upsert("a", 1, 3), other, upsert("c", 1, 2)}),
            Texts{R"(out of order {"k":"c"} 1 - {"k":"c","v":1})"});
}

TEST_F(AuditUpsert, AKeyMayMoveToANewPartition) {
  Message old = upsert("a", 1, 1);
  old.partition = 1;
  EXPECT_EQ(findings({{"a", 2}}, {upsert("a", 2, 2), old}), Texts{});
}

TEST_F(AuditUpsert, AKeyNotEnforcedIsJudgedWhileItIsUnique) {
  config_.def.key_is_proven = false;
  EXPECT_EQ(findings({{"a", 2}, {"b", 1}, {"b", 2}},
                     {upsert("a", 1, 1), upsert("a", 2, 1), upsert("b", 1, 1), upsert("b", 2, 2)}),
            Texts{R"(not unique {"k":"b"} - {"k":"b","v":1} - x2)"});
  EXPECT_EQ(findings({}, {upsert("a", 1, 1)}), Texts{R"(extra {"k":"a"} 0 - {"k":"a","v":1})"});
}

TEST_F(AuditUpsert, WithoutASnapshotOnlyKeysWithMessagesAreJudged) {
  scope_.is_whole = false;
  AuditReport report = compare({{"a", 1}, {"b", 1}, {"c", 1}},
                               {upsert("b", 2, 1), upsert("d", {}, 1), upsert("c", {}, 2)});
  EXPECT_EQ(report.unjudged_rows, 1u);
  EXPECT_EQ(report.problems(), 2u);
  EXPECT_EQ(report.count(AuditProblem::kDiffers), 1u);
  EXPECT_EQ(report.count(AuditProblem::kMissing), 1u);
}

using AuditDebezium = AuditComparisonTest;

TEST_F(AuditDebezium, IsSilentAboutWhatIsRight) {
  use_debezium();
  EXPECT_EQ(findings({{"a", 2}}, {debezium("a", {}, 1, 1), debezium("a", 1, 2, 2),
                                  debezium("b", {}, 1, 2), debezium("b", 1, {}, 3)}),
            Texts{});
}

TEST_F(AuditDebezium, TellsWhatDoesNotFollow) {
  use_debezium();
  EXPECT_EQ(findings({{"a", 3}}, {debezium("a", {}, 1, 1), debezium("a", 2, 3, 3)}),
            Texts{R"(gap {"k":"a"} 1 {"k":"a","v":1} {"k":"a","v":2})"});
  EXPECT_EQ(findings({{"a", 3}}, {debezium("a", 2, 3, 3)}),
            Texts{R"(gap {"k":"a"} 0 - {"k":"a","v":2})"});
  scope_.is_whole = false;
  EXPECT_EQ(findings({{"a", 3}}, {debezium("a", 2, 3, 3)}), Texts{});
}

TEST_F(AuditDebezium, TellsTheEndsThatAreMissing) {
  use_debezium();
  EXPECT_EQ(findings({}, {debezium("a", {}, 1, 1)}),
            Texts{R"(extra {"k":"a"} 0 - {"k":"a","v":1})"});
  EXPECT_EQ(findings({{"a", 1}}, {}), Texts{R"(missing {"k":"a"} - {"k":"a","v":1} -)"});
  EXPECT_EQ(findings({{"a", 2}}, {debezium("a", {}, 1, 1)}),
            Texts{R"(differs {"k":"a"} 0 {"k":"a","v":2} {"k":"a","v":1})"});
}

TEST_F(AuditDebezium, TellsADuplicateOnce) {
  use_debezium();
  EXPECT_EQ(findings({{"a", 2}},
                     {debezium("a", {}, 1, 1), debezium("a", {}, 1, 1), debezium("a", 1, 2, 2)}),
            Texts{R"(duplicate {"k":"a"} 1 {"k":"a","v":1} {"k":"a","v":1})"});
}

TEST_F(AuditDebezium, TellsWhatIsNoChange) {
  use_debezium();
  Message no_value = debezium("a", {}, 1, 1);
  no_value.value.reset();
  EXPECT_EQ(findings({}, {upsert("a", 1, 1), no_value, keyless("a", {}, 1, 1)}),
            (Texts{R"(foreign {"k":"a"} 1 - -)",
                   R"(foreign - 2 - {"before":null,"after":{"k":"a","v":1}})",
                   R"(malformed {"k":"a"} 0 - {"k":"a","v":1})"}));
}

TEST_F(AuditDebezium, InACompactedTopicOnlyStatesAreJudged) {
  use_debezium();
  scope_.is_compacted = true;
  EXPECT_EQ(findings({{"a", 3}, {"b", 2}}, {debezium("b", {}, 1, 1), debezium("a", 2, 3, 3)}),
            Texts{R"(differs {"k":"b"} 0 {"k":"b","v":2} {"k":"b","v":1})"});
  use_no_key();
  EXPECT_EQ(check_auditable(config_, scope_).error().state, sql_state::kFeatureNotSupported);
}

TEST_F(AuditDebezium, OfAMalformedMessageNothingFollows) {
  use_debezium();
  Message malformed = debezium("a", 1, 2, 2);
  malformed.value = "{}";
  // One finding for one fault: what the next takes away is not known.
  const Texts told{R"(malformed {"k":"a"} 1 - {})"};
  EXPECT_EQ(findings({{"a", 2}}, {debezium("a", {}, 1, 1), malformed}), told);
  EXPECT_EQ(findings({{"a", 3}}, {debezium("a", {}, 1, 1), malformed, debezium("a", 2, 3, 3)}),
            told);
  EXPECT_EQ(findings({}, {debezium("a", {}, 1, 1), malformed}), told);
}

using AuditCounts = AuditComparisonTest;

TEST_F(AuditCounts, CopiesAreNoDuplicates) {
  use_no_key();
  EXPECT_EQ(findings({{"a", 1, 2}}, {keyless("a", {}, 1, 1), keyless("a", {}, 1, 1)}), Texts{});
  EXPECT_EQ(findings({{"a", 1, 1}}, {keyless("a", {}, 1, 1), keyless("a", {}, 1, 1)}),
            Texts{R"(extra - 1 - {"k":"a","v":1})"});
  EXPECT_EQ(findings({{"a", 1, 5}}, {keyless("a", {}, 1, 1), keyless("a", {}, 1, 2)}),
            Texts{R"(missing - 1 {"k":"a","v":1} - x3)"});
}

TEST_F(AuditCounts, TellsWhatWasNotThereToBeTakenAway) {
  use_no_key();
  EXPECT_EQ(findings({}, {keyless("a", 1, {}, 2)}), Texts{R"(gap - 0 - {"k":"a","v":1})"});
  EXPECT_EQ(findings({{"a", 2}}, {keyless("a", 1, 2, 2)}), Texts{R"(gap - 0 - {"k":"a","v":1})"});
  // Within a time the order of equal rows means nothing.
  EXPECT_EQ(findings({}, {keyless("a", 1, {}, 2), keyless("a", {}, 1, 2)}), Texts{});
}

TEST_F(AuditCounts, AKeyThatIsNotUniqueIsShownWithItsRows) {
  use_debezium();
  config_.def.key_is_proven = false;
  Texts found = findings({{"a", 1}, {"a", 2}}, {debezium("a", {}, 1, 1), debezium("a", {}, 3, 1)});
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (Texts{R"(extra {"k":"a"} 1 - {"k":"a","v":3})",
                          R"(missing {"k":"a"} - {"k":"a","v":2} -)"}));
}

TEST_F(AuditCounts, WithoutASnapshotOnlySurplusIsTold) {
  use_no_key();
  scope_.is_whole = false;
  AuditReport report = compare({{"a", 1, 2}, {"b", 1}}, {keyless("a", 1, {}, 2)});
  EXPECT_EQ(report.problems(), 0u);
  EXPECT_EQ(report.unjudged_rows, 2u);
  EXPECT_EQ(findings({}, {keyless("a", {}, 1, 2)}), Texts{R"(extra - 0 - {"k":"a","v":1})"});
}

// --- every message of a history, lost, repeated or changed ---

struct History {
  std::vector<Message> messages;
  std::vector<Change> rows;
};

// Keys with a few rows' lives each, as a sink tells them; the key says the partition.
History make_history(Rng& rng,
                     Message (*tell)(const std::string&, const Row&, const Row&, uint64_t)) {
  History out;
  std::map<std::string, Row> state;
  for (uint64_t time = 1; time < 20; ++time) {
    for (char name = 'a'; name < 'g'; ++name) {
      if (rng.one_in(2)) continue;
      const std::string key(1, name);
      Row after = static_cast<int64_t>(time);
      if (rng.one_in(3)) after.reset();
      if (after == state[key]) continue;
      out.messages.push_back(tell(key, state[key], after, time));
      out.messages.back().partition = name % 3;
      state[key] = after;
    }
  }
  for (const auto& [key, value] : state) {
    if (value) out.rows.push_back({key, *value});
  }
  return out;
}

Message tell_upsert(const std::string& key, const Row&, const Row& after, uint64_t time) {
  return upsert(key, after, time);
}

class AuditHistory : public AuditComparisonTest,
                     public testing::WithParamInterface<std::string_view> {};

TEST_P(AuditHistory, AnyOneFaultIsTold) {
  const bool is_upsert = GetParam() == "upsert";
  if (GetParam() == "debezium") use_debezium();
  if (GetParam() == "keyless") use_no_key();
  config_.limits.sort_bytes = 500;  // Many runs.
  Rng rng(7);
  for (size_t turn = 0; turn < 5; ++turn) {
    const History right = make_history(rng, is_upsert                  ? tell_upsert
                                            : GetParam() == "debezium" ? debezium
                                                                       : keyless);
    ASSERT_EQ(compare(right.rows, right.messages).problems(), 0u);
    for (size_t i = 0; i < right.messages.size(); ++i) {
      const Message& message = right.messages[i];
      const bool is_last = std::none_of(
          right.messages.begin() + static_cast<std::ptrdiff_t>(i) + 1, right.messages.end(),
          [&](const Message& later) { return later.key == message.key; });
      History lost = right;
      lost.messages.erase(lost.messages.begin() + static_cast<std::ptrdiff_t>(i));
      // UPSERT forgets what was before.
      if (!is_upsert || is_last) {
        EXPECT_GT(compare(lost.rows, lost.messages).problems(), 0u) << i;
      }
      History twice = right;
      twice.messages.insert(twice.messages.begin() + static_cast<std::ptrdiff_t>(i), message);
      EXPECT_GT(compare(twice.rows, twice.messages).problems(), 0u) << i;
      if (!message.value || (is_upsert && !is_last)) continue;
      History changed = right;
      std::string& value = *changed.messages[i].value;
      const size_t at = value.rfind("\"v\":");
      value.insert(at + 4, "9");
      EXPECT_GT(compare(changed.rows, changed.messages).problems(), 0u) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sinks, AuditHistory, testing::Values("upsert", "debezium", "keyless"),
                         [](const auto& tested) { return std::string(tested.param); });

Message with_fields(Message message, const std::string& fields) {
  if (message.value) message.value->insert(message.value->size() - 1, fields);
  return message;
}

TEST_F(AuditComparisonTest, FieldsOfAChangeAndTombstonesAreNoRows) {
  use_debezium();
  config_.def.change_fields.op = true;
  config_.def.tombstones = true;
  const std::string op = R"(,"op":"c","source":{"db":"}"})";
  const std::vector<Message> right = {with_fields(debezium("a", {}, 1, 1), op),
                                      with_fields(debezium("b", {}, 1, 1), op),
                                      with_fields(debezium("b", 1, {}, 2), op), upsert("b", {}, 2)};
  EXPECT_EQ(findings({{"a", 1}}, right), Texts{});
  EXPECT_EQ(findings({{"a", 2}}, right),
            Texts{R"(differs {"k":"a"} 0 {"k":"a","v":2} {"k":"a","v":1})"});
  EXPECT_EQ(findings({}, {debezium("a", {}, 1, 1)}),
            Texts{R"(malformed {"k":"a"} 0 - {"before":null,"after":{"k":"a","v":1}})"});
  config_.def.tombstones = false;
  EXPECT_EQ(findings({}, {upsert("b", {}, 2)}), Texts{R"(foreign {"k":"b"} 0 - -)"});
}

TEST_F(AuditComparisonTest, AppendedRowsAreCounted) {
  config_.def.envelope = defs::SinkEnvelope::kAppend;
  config_.def.op_name = "op";
  auto appended = [](const std::string& key, int64_t value, const std::string& op, uint64_t time) {
    Message message = upsert(key, value, time);
    message.value->insert(message.value->size() - 1, R"(,"op":")" + op + '"');
    return message;
  };
  const std::vector<Message> messages = {
      appended("a", 1, "insert", 1), appended("a", 1, "delete", 2), appended("a", 2, "insert", 2)};
  EXPECT_EQ(findings({{"a", 2}}, messages), Texts{});
  EXPECT_EQ(findings({{"a", 1}}, messages), (Texts{R"(extra {"k":"a"} 2 - {"k":"a","v":2})",
                                                   R"(missing {"k":"a"} 1 {"k":"a","v":1} -)"}));
  EXPECT_EQ(findings({}, {upsert("a", 1, 1)}), Texts{R"(malformed {"k":"a"} 0 - {"k":"a","v":1})"});
  scope_.is_compacted = true;
  EXPECT_FALSE(check_auditable(config_, scope_));
}

TEST_F(AuditComparisonTest, WhatCarriesItsSchemaIsTakenOutOfIt) {
  config_.def.json_schemas = true;
  auto carrying = [](Message message) {
    const std::string head = R"({"schema":{"type":"struct","name":"}\""},"payload":)";
    message.key = head + *message.key + "}";
    if (message.value) message.value = head + *message.value + "}";
    return message;
  };
  const std::vector<Message> messages = {carrying(upsert("a", 1, 1)), carrying(upsert("b", 1, 1)),
                                         carrying(upsert("b", {}, 2))};
  EXPECT_EQ(findings({{"a", 1}}, messages), Texts{});
  EXPECT_EQ(findings({{"a", 2}}, messages),
            Texts{R"(differs {"k":"a"} 0 {"k":"a","v":2} {"k":"a","v":1})"});
  EXPECT_EQ(findings({}, {upsert("a", 1, 1)}), Texts{R"(malformed {"k":"a"} 0 - {"k":"a","v":1})"});
}

}  // namespace
}  // namespace penstock::sinks
