// Scan of the progress topic.
#include "sinks/progress_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"

namespace penstock::sinks {
namespace {

using connect::kafka_fail;
using connect::KafkaError;
using connect::KafkaFault;
using SteadyClock = std::chrono::steady_clock;

constexpr int32_t kPartition = 0;  // A progress topic has one.

// Longer than any transaction of a sink may last: what is still open there will stay open.
KafkaError end_not_reached(const std::string& topic, const connect::Watermarks& marks,
                           int64_t position) {
  return {
      .fault = KafkaFault::kRetriable,
      .message = fmt::format("timed out while waiting to reach high water mark of non-empty "
                             "topic {}:{}, lo/hi: {}/{}, current position: {}",
                             topic, kPartition, marks.low, marks.high, position),
      .code = "",
      .remedy = fmt::format(
          "If a reachable broker leads the topic, then a transaction is open in it, perhaps one "
          "whose markers a broker lost: kafka-transactions.sh find-hanging and abort, for "
          "topic {} partition {}, find and end it. If its transaction was committed elsewhere, "
          "ending it here can make its sink send again what it had sent.",
          topic, kPartition)};
}

}  // namespace

connect::KafkaResult<ProgressView> read_progress(connect::TopicReader& reader,
                                                 const ProgressQuery& query, const StopToken& stop,
                                                 const ProgressListener& listener) {
  auto marks = reader.watermarks(kPartition, stop);
  if (!marks) return std::unexpected(marks.error());
  ProgressView view{.low = marks->low, .high = marks->high, .records = {}};
  int64_t start = std::max(query.from.value_or(marks->low), marks->low);
  log_info("sink", "fetching the latest progress record",
           {{"key", query.own_key},
            {"topic", query.topic},
            {"low", std::to_string(marks->low)},
            {"high", std::to_string(marks->high)},
            {"from", std::to_string(start)}});
  const auto advanced = [&](int64_t position, uint64_t consumed) {
    if (listener.advanced)
      listener.advanced(std::max<int64_t>(marks->high - position, 0), consumed);
  };
  advanced(start, 0);
  if (start >= marks->high) return view;
  auto assigned = reader.assign(kPartition, start);
  if (!assigned) return std::unexpected(assigned.error());
  auto deadline = SteadyClock::now() + query.timeout;
  while (reader.position(kPartition) < marks->high) {
    if (stop.stopped()) return kafka_fail(KafkaFault::kRetriable, "stopped", "");
    auto polled = reader.poll(std::chrono::milliseconds(100));
    if (!polled) {
      connect::KafkaError error = polled.error();
      error.message = "failed to fetch progress message " + error.message;
      return std::unexpected(error);
    }
    if (!*polled) {
      if (listener.waiting) listener.waiting();
      advanced(reader.position(kPartition), 0);
      // The last poll may have gone over the markers at the end.
      bool there = reader.position(kPartition) >= marks->high;
      if (there || SteadyClock::now() < deadline) continue;
      if (const std::string trouble = reader.last_trouble(); !trouble.empty())
        return kafka_fail(KafkaFault::kRetriable, "failed to fetch progress message " + trouble,
                          "");
      return std::unexpected(end_not_reached(query.topic, *marks, reader.position(kPartition)));
    }
    const connect::IncomingMessage& message = **polled;
    advanced(reader.position(kPartition), 1);
    if (!message.key || !message.value) continue;  // Tombstones say nothing.
    if (message.offset >= marks->high) break;
    if (*message.key != query.own_key && *message.key != query.compatible_key) continue;
    auto record = parse_progress_record(*message.value);
    if (!record) return kafka_fail(KafkaFault::kFatal, record.error().message, "");
    bool own = *message.key == query.own_key;
    if (own != record->life.has_value()) {
      return kafka_fail(KafkaFault::kFatal,
                        "invalid progress record: " + std::string(*message.value), "");
    }
    view.records.push_back({message.offset, std::move(*record)});
  }
  advanced(marks->high, 0);
  return view;
}

}  // namespace penstock::sinks
