// Reading a topic to its end.
#include "sinks/topic_replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "sinks/topics.h"

namespace penstock::sinks {
namespace {

using connect::KafkaError;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kPoll{100};
constexpr size_t kReaderBytes = 8 << 20;

std::unexpected<Error> kafka_failure(const std::string& doing, const KafkaError& error) {
  return fail(Error(sql_state::kSystemError, doing + ": " + error.message).with_hint(error.remedy));
}

}  // namespace

std::optional<Timestamp> time_of(const connect::IncomingMessage& message) {
  for (const connect::KafkaHeader& header : message.headers) {
    if (header.key != kTimestampHeader || !header.value) continue;
    Timestamp time;
    const char* end = header.value->data() + header.value->size();
    auto [parsed, error] = std::from_chars(header.value->data(), end, time.ms);
    if (error == std::errc() && parsed == end) return time;
  }
  return std::nullopt;
}

bool has_states(const SinkConfig& config, const ChangeEncoder& encoder) {
  switch (config.def.envelope) {
    case defs::SinkEnvelope::kUpsert:
      return true;
    case defs::SinkEnvelope::kDebezium:
      return config.def.key && encoder.key_is_proven();
    case defs::SinkEnvelope::kAppend:  // Of an update there are two, in the same message's place.
      return false;
  }
  return false;
}

Status TopicReplay::open() {
  auto admin = world_.kafka.make_admin();
  if (!admin) return kafka_failure("failed to reach the broker", admin.error());
  auto count = (*admin)->partition_count(topic_, world_.stop);
  if (!count) return kafka_failure("failed to look at topic " + topic_, count.error());
  if (!*count) {
    return fail(sql_state::kObjectNotInState, fmt::format("topic \"{}\" does not exist", topic_));
  }
  auto topic_config = (*admin)->topic_config(topic_, world_.stop);
  if (!topic_config) {
    return kafka_failure("failed to read the configuration of topic " + topic_,
                         topic_config.error());
  }
  auto policy = topic_config->find("cleanup.policy");
  is_compacted_ = policy != topic_config->end() && policy->second.contains("compact");
  auto made = world_.kafka.make_reader({.topic = topic_, .queue_bytes = kReaderBytes});
  if (!made) return kafka_failure("failed to read topic " + topic_, made.error());
  reader_ = std::move(*made);
  for (int32_t partition = 0; partition < **count; ++partition) {
    RETURN_IF_ERROR(world_.may_go_on());
    auto marks = reader_->watermarks(partition, world_.stop);
    if (!marks) return kafka_failure("failed to read topic " + topic_, marks.error());
    marks_[partition] = *marks;
    if (marks->low > 0) has_beginning_ = false;
  }
  return {};
}

bool TopicReplay::at_end() const {
  return std::ranges::all_of(marks_, [&](const auto& entry) {
    const auto& [partition, marks] = entry;
    return marks.low >= marks.high || reader_->position(partition) >= marks.high;
  });
}

// Where a partition stands still, for whoever must know why.
Error TopicReplay::no_progress() const {
  std::string where;
  for (const auto& [partition, marks] : marks_) {
    if (marks.low >= marks.high) continue;
    const int64_t at = reader_->position(partition);
    if (at >= marks.high) continue;
    where += fmt::format("{}partition {} at {} of {}", where.empty() ? "" : ", ", partition, at,
                         marks.high);
  }
  std::string trouble = reader_->last_trouble();
  if (trouble.empty()) trouble = "a transaction is open there";
  return {sql_state::kSystemError,
          fmt::format("topic {} cannot be read to its end, {}: {}", topic_, where, trouble)};
}

Status TopicReplay::read(const std::function<Status(const connect::IncomingMessage&)>& take) {
  for (const auto& [partition, marks] : marks_) {
    if (marks.low >= marks.high) continue;
    auto assigned = reader_->assign(partition, marks.low);
    if (!assigned) return kafka_failure("failed to read topic " + topic_, assigned.error());
  }
  auto deadline = SteadyClock::now() + world_.patience;
  while (!at_end()) {
    RETURN_IF_ERROR(world_.may_go_on());
    auto polled = reader_->poll(kPoll);
    if (!polled) return kafka_failure("failed to read topic " + topic_, polled.error());
    if (!*polled) {
      if (SteadyClock::now() >= deadline && !at_end()) return fail(no_progress());
      continue;
    }
    deadline = SteadyClock::now() + world_.patience;
    const connect::IncomingMessage& message = **polled;
    if (message.offset >= marks_.at(message.partition).high) continue;
    RETURN_IF_ERROR(take(message));
  }
  return {};
}

}  // namespace penstock::sinks
