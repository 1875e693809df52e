// Looking at a sink's topics.
#include "sinks/progress_survey.h"

#include "defs/names.h"

namespace penstock::sinks {
namespace {

using connect::KafkaIsolation;

connect::KafkaResult<ProgressView> read_all(const SinkConfig& config, connect::KafkaClient& kafka,
                                            KafkaIsolation isolation, const StopToken& stop,
                                            std::chrono::milliseconds patience) {
  auto reader = kafka.make_reader({.topic = config.progress_topic, .isolation = isolation});
  if (!reader) return std::unexpected(reader.error());
  const std::string id = defs::progress_id(config.def, config.id);
  const ProgressQuery query{.topic = config.progress_topic,
                            .compatible_key = defs::progress_key(id),
                            .own_key = defs::penstock_progress_key(id),
                            .from = std::nullopt,
                            .timeout = patience};
  return read_progress(**reader, query, stop, {});
}

Step<void> look_at_topic(const SinkConfig& config, connect::KafkaClient& kafka,
                         connect::ClusterAdmin& admin, const StopToken& stop,
                         ProgressSurvey& survey) {
  auto count = admin.partition_count(config.def.topic, stop);
  if (!count) return kafka_trouble("Meta data fetch error", count.error());
  survey.partitions = *count;
  if (!*count) return {};
  auto topic_config = admin.topic_config(config.def.topic, stop);
  if (!topic_config) return kafka_trouble("reading configuration", topic_config.error());
  auto policy = topic_config->find("cleanup.policy");
  survey.is_compacted = policy != topic_config->end() && policy->second.contains("compact");
  auto reader = kafka.make_reader({.topic = config.def.topic});
  if (!reader) return kafka_trouble("connecting", reader.error());
  for (int32_t partition = 0; partition < **count; ++partition) {
    auto marks = (*reader)->watermarks(partition, stop);
    if (!marks) return kafka_trouble("reading topic " + config.def.topic, marks.error());
    survey.offsets += marks->high - marks->low;
  }
  return {};
}

}  // namespace

Step<ProgressSurvey> survey_progress(const SinkConfig& config, connect::KafkaClient& kafka,
                                     const StopToken& stop, std::chrono::milliseconds patience) {
  ProgressSurvey survey;
  auto admin = kafka.make_admin();
  if (!admin) return kafka_trouble("connecting", admin.error());
  auto exists = (*admin)->partition_count(config.progress_topic, stop);
  if (!exists) return kafka_trouble("Meta data fetch error", exists.error());
  if (*exists) {
    auto view = read_all(config, kafka, KafkaIsolation::kReadCommitted, stop, patience);
    if (!view && !stop.stopped()) {
      survey.is_open = true;
      view = read_all(config, kafka, KafkaIsolation::kReadUncommitted, stop, patience);
    }
    if (!view) return kafka_trouble("reading progress", view.error());
    survey.view = *std::move(view);
  }
  auto looked = look_at_topic(config, kafka, **admin, stop, survey);
  if (!looked) return std::unexpected(looked.error());
  return survey;
}

}  // namespace penstock::sinks
