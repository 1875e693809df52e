// Reading for an audit.
#include "sinks/sink_audit.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "data/row_error.h"
#include "sinks/audit_comparison.h"

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

class Audit {
 public:
  Audit(const SinkConfig& config, Timestamp time, const AuditWorld& world)
      : config_(config), topic_(config.def.topic), world_(world) {
    scope_.time = time;
  }

  Result<AuditReport> run() {
    RETURN_IF_ERROR(check_errors());
    RETURN_IF_ERROR(look_at_topic());
    RETURN_IF_ERROR(check_auditable(config_, scope_));
    AuditComparison comparison(config_, scope_, world_.stop);
    RETURN_IF_ERROR(read_collection(comparison));
    world_.collection_read();
    RETURN_IF_ERROR(read_topic(comparison));
    ASSIGN_OR_RETURN(AuditReport report, comparison.finish());
    report.partitions = static_cast<int32_t>(marks_.size());
    return report;
  }

 private:
  Status check_errors() {
    ASSIGN_OR_RETURN(const std::vector<std::string> errors, world_.stream.errors_at(scope_.time));
    if (errors.empty()) return {};
    return fail(Error(sql_state::kObjectNotInState,
                      fmt::format("the collection has errors at {}, so no message of that time was "
                                  "sent",
                                  scope_.time.ms))
                    .with_detail(data::RowError::decode(errors.front()).message));
  }

  // Its partitions, where they begin and end, and whether it is compacted.
  Status look_at_topic() {
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
    scope_.is_compacted = policy != topic_config->end() && policy->second.contains("compact");
    scope_.is_whole = config_.def.with_snapshot;
    auto made = world_.kafka.make_reader({.topic = topic_, .queue_bytes = kReaderBytes});
    if (!made) return kafka_failure("failed to read topic " + topic_, made.error());
    reader_ = std::move(*made);
    for (int32_t partition = 0; partition < **count; ++partition) {
      RETURN_IF_ERROR(world_.may_go_on());
      auto marks = reader_->watermarks(partition, world_.stop);
      if (!marks) return kafka_failure("failed to read topic " + topic_, marks.error());
      marks_[partition] = *marks;
      if (marks->low > 0) scope_.is_whole = false;
    }
    return {};
  }

  Status read_collection(AuditComparison& comparison) {
    ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows,
                     world_.stream.snapshot(scope_.time, ""));
    while (true) {
      RETURN_IF_ERROR(world_.may_go_on());
      ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows->next());
      if (!chunk) return {};
      RETURN_IF_ERROR(comparison.add_rows(*chunk->rows));
    }
  }

  bool at_end() const {
    return std::ranges::all_of(marks_, [&](const auto& entry) {
      const auto& [partition, marks] = entry;
      return marks.low >= marks.high || reader_->position(partition) >= marks.high;
    });
  }

  // Where a partition stands still, for whoever must know why.
  Error no_progress() const {
    std::string where;
    for (const auto& [partition, marks] : marks_) {
      const int64_t at = reader_->position(partition);
      if (marks.low >= marks.high || at >= marks.high) continue;
      where += fmt::format("{}partition {} at {} of {}", where.empty() ? "" : ", ", partition, at,
                           marks.high);
    }
    std::string trouble = reader_->last_trouble();
    if (trouble.empty()) trouble = "a transaction is open there";
    return {sql_state::kSystemError,
            fmt::format("topic {} cannot be read to its end, {}: {}", topic_, where, trouble)};
  }

  Status read_topic(AuditComparison& comparison) {
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
      RETURN_IF_ERROR(comparison.add_message(message));
    }
    return {};
  }

  const SinkConfig& config_;
  const std::string& topic_;
  const AuditWorld& world_;
  AuditScope scope_;
  std::unique_ptr<connect::TopicReader> reader_;
  std::map<int32_t, connect::Watermarks> marks_;
};

}  // namespace

Result<AuditReport> audit_sink(const SinkConfig& config, Timestamp time, const AuditWorld& world) {
  return Audit(config, time, world).run();
}

}  // namespace penstock::sinks
