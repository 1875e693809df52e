// ALTER SINK ... ADOPT PROGRESS and RESTART WITH SNAPSHOT. The statement leaves an order in the
// place; the sink carries it out before it sends anything: fence, read everything that was
// committed, commit a record of our own, and keep the new place, durably. A crash before the last
// step leaves the order, and it is carried out again; what the record says is the same then.
#include "base/failpoint.h"
#include "base/log.h"
#include "defs/names.h"
#include "sinks/kafka_sink.h"

namespace penstock::sinks {
namespace {

constexpr uint64_t kPatienceUs = 2'000'000;

// Time goes on by itself; only clocks that differ keep it from coming soon.
Step<void> await_durable(Timestamp time, const SinkWorld& world, const SinkLimits& limits) {
  const uint64_t start_us = world.clock.monotonic_us();
  while (!world.stream.wait_durable(time, limits.idle_wait)) {
    if (world.stop.stopped()) return stopped();
    if (world.clock.monotonic_us() - start_us < kPatienceUs) continue;
    return trouble(Trouble::Kind::kRetry,
                   "internal: waiting for the time that was claimed in the progress topic, " +
                       std::to_string(time.ms),
                   "");
  }
  return {};
}

}  // namespace

Step<void> KafkaSink::carry_out() {
  transaction_.settle(false);
  auto view = read_progress_topic(connect::KafkaIsolation::kReadCommitted);
  if (!view) return std::unexpected(view.error());
  const OrderOutcome outcome = outcome_of_order(*view, place_, lives_);
  if (!outcome.refusal.empty()) {
    place_.order = SinkOrder::kNone;
    return halt("kafka: " + outcome.refusal, outcome.remedy);
  }
  auto reached = await_durable(outcome.needs, world_, config_.limits);
  if (!reached) return reached;
  return claim_as_told(outcome);
}

Step<void> KafkaSink::claim_as_told(const OrderOutcome& outcome) {
  const SinkPlace told = place_;
  place_ = outcome.place;
  auto prepared = prepare_topics();
  Step<CommittedProgress> committed;
  if (prepared) {
    committed = transaction_.commit(outcome.claim, lives_.back().id, outcome.needs, world_.stream);
  } else {
    committed = std::unexpected(prepared.error());
  }
  if (committed) {
    failpoint("sink.order_committed");
    place_.k = *committed;
    Status saved = world_.ledger.save_durably(place_);
    if (!saved) committed = storage_trouble(saved.error());
  }
  if (!committed) {
    place_ = told;
    return std::unexpected(committed.error());
  }
  world_.report.set_frontier(place_.next);
  log_info("sink", "went on as ALTER SINK said",
           {{"sink", defs::object_id_text(config_.id)},
            {"name", config_.name},
            {"frontier", std::to_string(place_.next.ms)}});
  return {};
}

}  // namespace penstock::sinks
