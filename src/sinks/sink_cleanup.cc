// Cleaning up behind a dropped sink.
#include "sinks/sink_cleanup.h"

#include "defs/names.h"
#include "sinks/progress_decision.h"

namespace penstock::sinks {
namespace {

using connect::CallState;
using std::chrono::milliseconds;

// Calls `attempt` until it is done; a stop leaves the rest to the next attempt.
template <typename Attempt>
Step<void> finish(const StopToken& stop, const Attempt& attempt) {
  while (true) {
    auto state = attempt();
    if (!state) return kafka_trouble("Transaction error", state.error());
    if (*state == CallState::kDone) return {};
    if (stop.stopped()) return stopped();
  }
}

Step<bool> belongs_to_another(const SinkConfig& config, const SinkPlace& place,
                              const std::vector<Life>& lives, connect::KafkaClient& kafka,
                              const StopToken& stop) {
  auto reader = kafka.make_reader(
      {.topic = config.progress_topic, .isolation = connect::KafkaIsolation::kReadUncommitted});
  if (!reader) return kafka_trouble("connecting", reader.error());
  const std::string id = defs::progress_id(config.def, config.id);
  ProgressQuery query{.topic = config.progress_topic,
                      .compatible_key = defs::progress_key(id),
                      .own_key = defs::penstock_progress_key(id),
                      .from = std::nullopt,
                      .timeout = config.limits.transaction_timeout};
  if (place.k) query.from = place.k->offset;
  auto view = read_progress(**reader, query, stop, {});
  if (!view) return kafka_trouble("reading progress", view.error());
  return judge_before_fencing(*view, place.k, lives, config.def.progress_id.has_value()).kind ==
         Verdict::Kind::kHalt;
}

}  // namespace

Step<void> clean_up_dropped_sink(const SinkConfig& config, const SinkPlace& place,
                                 const std::vector<Life>& lives, connect::KafkaClient& kafka,
                                 const StopToken& stop) {
  auto admin = kafka.make_admin();
  if (!admin) return kafka_trouble("connecting", admin.error());
  auto partitions = (*admin)->partition_count(config.progress_topic, stop);
  if (!partitions) return kafka_trouble("Meta data fetch error", partitions.error());
  // Halted: somebody else may use the id. Not so when it was only let go of for its history.
  if (!*partitions || (place.halted && !place.history_released)) return {};
  auto foreign = belongs_to_another(config, place, lives, kafka, stop);
  if (!foreign) return std::unexpected(foreign.error());
  if (*foreign) return {};
  auto producer = kafka.make_producer({.transactional_id = config.transactional_id,
                                       .transaction_timeout = config.limits.transaction_timeout});
  if (!producer) return kafka_trouble("Transaction error", producer.error());
  connect::TransactionalProducer& one = **producer;
  auto fenced = finish(stop, [&] { return one.fence(milliseconds(50)); });
  if (!fenced) return fenced;
  auto begun = one.begin();
  if (!begun) return kafka_trouble("Transaction error", begun.error());
  int topic = one.open_topic(config.progress_topic);
  const std::string id = defs::progress_id(config.def, config.id);
  for (const std::string& key : {defs::progress_key(id), defs::penstock_progress_key(id)}) {
    auto sent = one.send({.topic = topic, .partition = 0, .key = key, .value = std::nullopt});
    if (!sent) return kafka_trouble("Message production error", sent.error());
  }
  return finish(stop, [&] { return one.commit(milliseconds(50)); });
}

}  // namespace penstock::sinks
