// The ways into running, and what happens when something goes wrong.
#include "sinks/kafka_sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "defs/names.h"
#include "sinks/topics.h"

namespace penstock::sinks {
namespace {

constexpr std::chrono::milliseconds kLastAbort{1'000};
constexpr std::chrono::milliseconds kRetrySlice{500};  // Between two looks at the status (K10).
constexpr uint64_t kTopicAskUs = 5'000'000;

}  // namespace

KafkaSink::KafkaSink(SinkConfig config, const SinkWorld& world)
    : config_(std::move(config)),
      world_(world),
      encoder_(config_),
      pairing_([this](const data::DeltaBatch& batch, size_t row, std::string& out) {
        encoder_.append_group_key(batch, row, out);
      }),
      transaction_(config_, world.kafka, world.report, world.clock, world.stop,
                   [this](const std::string& cause, const std::string& otherwise) {
                     note_waiting(cause, otherwise);
                   }),
      backoff_(config_.limits.retry_first, config_.limits.retry_most) {
  world_.report.set_status({});
  unhealthy_since_us_ = world_.clock.monotonic_us();
}

KafkaSink::~KafkaSink() = default;

void KafkaSink::step() {
  if (world_.stop.stopped()) return;
  Step<void> done;
  switch (state_) {
    case SinkState::kStarting:
      done = look();
      break;
    case SinkState::kResuming:
      done = resume();
      break;
    case SinkState::kRunning:
      done = run();
      break;
    case SinkState::kRetrying:
      done = retry();
      break;
    case SinkState::kStalled:
      if (errors_since_) {
        done = watch_errors();
      } else {
        world_.stop.wait_for(config_.limits.idle_wait);
      }
      break;
  }
  if (!done) meet(done.error());
}

void KafkaSink::close() {
  transaction_.close(kLastAbort);
}

Step<void> KafkaSink::load_place() {
  if (loaded_) return {};
  auto place = world_.ledger.load();
  if (!place) return storage_trouble(place.error());
  place_ = *place;
  lives_ = world_.ledger.lives();
  loaded_ = true;
  world_.report.set_frontier(place_.next);
  expect_snapshot();
  return {};
}

// K3, before fencing: whoever else uses our transactional id must not be disturbed.
Step<void> KafkaSink::look() {
  auto loaded = load_place();
  if (!loaded) return loaded;
  if (place_.halted) return trouble(Trouble::Kind::kHalt, *place_.halted, "");
  if (!admin_) {
    auto made = world_.kafka.make_admin();
    if (!made) return kafka_trouble("connecting", made.error());
    admin_ = std::move(*made);
  }
  auto brokers = admin_->brokers(world_.stop);
  if (!brokers) return kafka_trouble("Meta data fetch error", brokers.error());
  auto topic = progress_topic(config_.progress_topic, config_.progress_replication_factor);
  auto partitions = ensure_progress_topic(*admin_, topic, config_.limits.topic_wait, world_.stop);
  if (!partitions) return std::unexpected(partitions.error());
  if (*partitions != 1) {
    return trouble(Trouble::Kind::kRefused,
                   fmt::format("kafka: Progress topic {} should contain a single partition, but "
                               "instead contains {} partitions",
                               config_.progress_topic, *partitions),
                   "Name another progress topic in the connection.");
  }
  auto view = read_progress_topic(connect::KafkaIsolation::kReadUncommitted);
  if (!view) return std::unexpected(view.error());
  if (place_.order == SinkOrder::kNone) {  // Else somebody has decided.
    auto followed =
        follow(judge_before_fencing(*view, place_.k, lives_, config_.def.progress_id.has_value()));
    if (!followed) return followed;
  }
  state_ = SinkState::kResuming;
  return {};
}

Step<ProgressView> KafkaSink::read_progress_topic(connect::KafkaIsolation isolation) {
  auto reader = world_.kafka.make_reader({.topic = config_.progress_topic, .isolation = isolation});
  if (!reader) return kafka_trouble("connecting", reader.error());
  const std::string id = defs::progress_id(config_.def, config_.id);
  ProgressQuery query{.topic = config_.progress_topic,
                      .compatible_key = defs::progress_key(id),
                      .own_key = defs::penstock_progress_key(id),
                      .from = std::nullopt,
                      .timeout = config_.limits.transaction_timeout + std::chrono::seconds(30)};
  if (place_.k && place_.order == SinkOrder::kNone) query.from = place_.k->offset;
  const ProgressListener listener{
      .waiting =
          [&] {
            const std::string trouble = (*reader)->last_trouble();
            note_waiting(trouble.empty() ? "" : "kafka: " + trouble,
                         "kafka: waiting for open transactions in topic " + config_.progress_topic);
          },
      .advanced =
          [&](int64_t left, uint64_t consumed) {
            world_.report.advance_progress_reading(left, consumed);
          }};
  auto view = read_progress(**reader, query, world_.stop, listener);
  if (!view) return kafka_trouble("reading progress", view.error());
  return *view;
}

// K3's table and K4, after fencing: from here on nobody but us can commit under our id.
Step<void> KafkaSink::judge() {
  auto view = read_progress_topic(connect::KafkaIsolation::kReadCommitted);
  if (!view) return std::unexpected(view.error());
  Verdict verdict;
  if (!transaction_.transactional()) {
    verdict = judge_unfenced(*view, place_.k, lives_);
  } else if (resumed_in_this_life_) {
    verdict = judge_after_fault(*view, place_.k, lives_, transaction_.doubt());
  } else {
    verdict = judge_at_start(*view, place_.k, lives_);
  }
  auto followed = follow(verdict);
  if (!followed) return followed;
  transaction_.settle(verdict.kind == Verdict::Kind::kAdopt);
  return {};
}

Step<void> KafkaSink::resume() {
  auto fenced = transaction_.fence();
  if (!fenced) return fenced;
  auto decided = place_.order == SinkOrder::kNone ? judge() : carry_out();
  if (!decided) return decided;
  resumed_in_this_life_ = true;
  auto prepared = prepare_topics();
  if (!prepared) return prepared;
  auto published = prepare_schemas();
  if (!published) return published;
  next_ = place_.next;
  errors_checked_ = false;
  errors_since_.reset();
  requested_bulk_.reset();
  bulk_lost_its_place_ = true;
  log_info("sink", "resumed",
           {{"sink", defs::object_id_text(config_.id)},
            {"name", config_.name},
            {"as_of", std::to_string(place_.oldest_needed().ms)},
            {"frontier", std::to_string(place_.next.ms)}});
  state_ = SinkState::kRunning;
  if (!failed_) report_running();
  return {};
}

Step<void> KafkaSink::follow(const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::kGoOn) return {};
  if (verdict.kind == Verdict::Kind::kAdopt) {
    place_.k = verdict.adopted;
    place_.next = verdict.adopted->claim.frontier;
    const auto& bulk = verdict.adopted->claim.bulk;
    place_.snapshot_due = bulk && is_snapshot(bulk->kind);
    if (!place_.snapshot_due) place_.snapshot_done();
    world_.ledger.save(place_);
    world_.report.set_frontier(place_.next);
    return {};
  }
  return halt("kafka: " + verdict.cause, verdict.remedy);
}

// Kept, so that no later start fences whoever it is before somebody has decided.
std::unexpected<Trouble> KafkaSink::halt(const std::string& cause, const std::string& remedy) {
  place_.halted = cause + ". " + remedy;
  Status saved = world_.ledger.save_durably(place_);
  if (!saved) log_error("sink", "could not keep a halt", {{"error", saved.error().message}});
  return trouble(Trouble::Kind::kHalt, cause, remedy);
}

Step<void> KafkaSink::prepare_topics() {
  Step<int32_t> partitions;
  const bool begun = place_.k && !(place_.snapshot_due && !place_.k->claim.bulk);
  if (begun) {
    partitions = existing_partitions(*admin_, config_.def.topic, world_.stop);
  } else {
    connect::NewTopic topic;
    topic.name = config_.def.topic;
    topic.partitions = config_.def.topic_options.partition_count.value_or(-1);
    topic.replication = config_.def.topic_options.replication_factor.value_or(-1);
    topic.config = config_.def.topic_options.config;
    partitions = ensure_topic(*admin_, topic, config_.limits.topic_wait, world_.stop);
  }
  if (!partitions) return std::unexpected(partitions.error());
  transaction_.open_topics(*partitions);
  world_.report.set_partition_count(*partitions);
  partitions_read_us_ = world_.clock.monotonic_us();
  if (config_.def.refused_messages != defs::RefusedMessages::kDeadLetter) return {};
  auto letters =
      ensure_topic(*admin_, letter_topic(config_.def), config_.limits.topic_wait, world_.stop);
  if (!letters) return std::unexpected(letters.error());
  transaction_.open_letters(*letters);
  return {};
}

// Once: a registry that is away later does not keep a sink from going on.
Step<void> KafkaSink::prepare_schemas() {
  if (schemas_published_) return {};
  auto heads = publish_schemas(config_.def, world_.registries, world_.stop);
  if (!heads) return std::unexpected(heads.error());
  encoder_.set_heads(*std::move(heads));
  schemas_published_ = true;
  return {};
}

Step<void> KafkaSink::retry() {
  std::chrono::milliseconds left = backoff_.next();
  while (left.count() > 0) {
    auto slice = std::min(left, kRetrySlice);
    if (world_.stop.wait_for(slice)) return stopped();
    note_waiting("", "");
    left -= slice;
  }
  state_ = SinkState::kStarting;
  return {};
}

void KafkaSink::meet(const Trouble& met) {
  if (met.kind == Trouble::Kind::kStopped) return;
  transaction_.drop_producer(met.cause);
  (void)encoder_.take_refusal();  // Of what is read again.
  bulk_lost_its_place_ = true;
  if (bulk_) bulk_->pause();  // An open snapshot keeps storage from folding, for a whole outage.
  last_cause_ = met.cause;
  last_remedy_ = met.remedy;
  log_warn(
      "sink", "trouble",
      {{"sink", defs::object_id_text(config_.id)}, {"name", config_.name}, {"cause", met.cause}});
  if (met.kind == Trouble::Kind::kHalt) {
    stall(met.cause, met.remedy);
    errors_since_.reset();
    state_ = SinkState::kStalled;
    return;
  }
  failed_ = true;
  if (!unhealthy_since_us_) unhealthy_since_us_ = world_.clock.monotonic_us();
  if (met.kind == Trouble::Kind::kRefused) {
    stall(met.cause, met.remedy);
    while (backoff_.next() < config_.limits.retry_most) {
    }
  }
  state_ = SinkState::kRetrying;
}

void KafkaSink::stall(const std::string& cause, const std::string& remedy) {
  SinkStatus status{.health = SinkHealth::kStalled, .error = cause, .hints = {}};
  if (!remedy.empty()) status.hints.push_back(remedy);
  world_.report.set_status(status);
}

void KafkaSink::report_running() {
  unhealthy_since_us_.reset();
  world_.report.set_status({.health = SinkHealth::kRunning, .error = {}, .hints = {}});
}

// A commit, or a round with nothing to send: all is well again.
void KafkaSink::succeed() {
  failed_ = false;
  last_cause_.clear();
  last_remedy_.clear();
  backoff_.reset();
  report_running();
}

// K10: what does not pass within 10 s is said, though it is tried on. `cause` is known for certain;
// `otherwise` is said when nothing else is known.
void KafkaSink::note_waiting(const std::string& cause, const std::string& otherwise) {
  uint64_t now_us = world_.clock.monotonic_us();
  if (!unhealthy_since_us_) unhealthy_since_us_ = now_us;
  auto waited = std::chrono::microseconds(now_us - *unhealthy_since_us_);
  if (waited < config_.limits.stalled_after) return;
  std::string said = cause.empty() ? last_cause_ : cause;
  if (said.empty() && state_ == SinkState::kRunning) said = missing_topic();
  if (said.empty()) said = otherwise;
  if (said.empty()) said = "kafka: no answer from the broker";
  stall(said, last_remedy_);
}

// Clients wait in silence for a topic that is gone. Asked once in a while; "" when it is there.
std::string KafkaSink::missing_topic() {
  uint64_t now_us = world_.clock.monotonic_us();
  if (!admin_ || now_us - topic_asked_us_ < kTopicAskUs) return topic_trouble_;
  topic_asked_us_ = now_us;
  auto partitions = existing_partitions(*admin_, config_.def.topic, world_.stop);
  topic_trouble_ = partitions ? "" : partitions.error().cause;
  return topic_trouble_;
}

// R, which must not pass what is durable: K8.
void KafkaSink::move_next(Timestamp next) {
  Timestamp bound = world_.stream.durable().next();
  next = std::min(next, bound);
  if (next <= place_.next) return;
  place_.next = next;
  world_.ledger.save(place_);
  world_.report.set_frontier(next);
}

}  // namespace penstock::sinks
