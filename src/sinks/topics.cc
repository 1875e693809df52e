// Topics of a sink.
#include "sinks/topics.h"

#include <fmt/core.h>

#include "base/backoff.h"

namespace penstock::sinks {
namespace {

using SteadyClock = std::chrono::steady_clock;

Step<int32_t> wait_until_listed(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                                std::chrono::milliseconds wait, const StopToken& stop) {
  auto deadline = SteadyClock::now() + wait;
  Backoff backoff(std::chrono::milliseconds(10), std::chrono::milliseconds(1'000));
  int32_t seen = 0;
  while (true) {
    auto count = admin.partition_count(topic.name, stop);
    if (!count) return kafka_trouble("Meta data fetch error", count.error());
    seen = count->value_or(0);
    if (seen > 0 && (topic.partitions < 0 || seen == topic.partitions)) return seen;
    if (SteadyClock::now() >= deadline) break;
    if (stop.wait_for(backoff.next())) return stopped();
  }
  std::string text = seen == 0
                         ? "unable to fetch topic metadata after creation"
                         : fmt::format("topic reports {} partitions, but expected {} partitions",
                                       seen, topic.partitions);
  return trouble(Trouble::Kind::kRetry,
                 fmt::format("kafka: Error creating topic {} for sink: {}", topic.name, text), "");
}

}  // namespace

Step<int32_t> ensure_topic(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                           std::chrono::milliseconds wait, const StopToken& stop) {
  auto count = admin.partition_count(topic.name, stop);
  if (!count) return kafka_trouble("Meta data fetch error", count.error());
  if (*count) return **count;
  auto created = admin.create_topic(topic, stop);
  if (!created) {
    return kafka_trouble(
        fmt::format("Error creating topic {} for sink: Admin operation error", topic.name),
        created.error());
  }
  if (*created == connect::CreateTopicState::kCreated) {
    return wait_until_listed(admin, topic, wait, stop);
  }
  connect::NewTopic any = topic;
  any.partitions = -1;
  return wait_until_listed(admin, any, wait, stop);
}

Step<int32_t> ensure_progress_topic(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                                    std::chrono::milliseconds wait, const StopToken& stop) {
  constexpr std::string_view kFrom = "kafka: ";
  auto partitions = ensure_topic(admin, topic, wait, stop);
  if (partitions || !partitions.error().cause.starts_with(kFrom)) return partitions;
  Trouble met = std::move(partitions).error();
  met.cause.insert(kFrom.size(), "error registering kafka progress topic for sink: ");
  return std::unexpected(std::move(met));
}

Step<int32_t> existing_partitions(connect::ClusterAdmin& admin, const std::string& topic,
                                  const StopToken& stop) {
  auto count = admin.partition_count(topic, stop);
  if (!count) return kafka_trouble("Meta data fetch error", count.error());
  if (!*count) {
    // Or not yet, on a broker that has just started.
    return trouble(Trouble::Kind::kRetry, fmt::format("kafka: topic {} does not exist", topic),
                   "The topic was deleted after the sink had written to it. Create it again, or "
                   "let ALTER SINK ... RESTART WITH SNAPSHOT do so and send everything again.");
  }
  if (**count == 0) {
    return trouble(Trouble::Kind::kRetry,
                   fmt::format("kafka: topic {} has an impossible partition count of zero", topic),
                   "");
  }
  return **count;
}

connect::NewTopic letter_topic(const defs::SinkDef& def) {
  connect::NewTopic topic;
  topic.name = def.dead_letter_topic;
  topic.partitions = def.topic_options.partition_count.value_or(-1);
  topic.replication = def.topic_options.replication_factor.value_or(-1);
  return topic;
}

connect::NewTopic progress_topic(const std::string& name, std::optional<int32_t> replication) {
  connect::NewTopic topic;
  topic.name = name;
  topic.partitions = 1;
  topic.replication = replication.value_or(-1);
  topic.config = {{"cleanup.policy", "compact"}, {"segment.bytes", "134217728"}};
  return topic;
}

}  // namespace penstock::sinks
