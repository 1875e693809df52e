// The open transaction of a sink.
#include "sinks/sink_transaction.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "defs/names.h"
#include "sinks/progress_record.h"
#include "sinks/topics.h"

namespace penstock::sinks {
namespace {

using connect::CallState;
using connect::kafka_fail;
using connect::KafkaFault;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{50};
// The report is told of the first message of a transaction, and then of so many at a time: its lock
// costs as much as sending one.
constexpr uint64_t kMessagesPerReport = 256;
// A commit under way when we are told to stop gets so long; then the next start finds out (K9).
constexpr uint64_t kLastCommitUs = 2'000'000;
constexpr uint64_t kRefusedLogUs = 10'000'000;
// What a letter may have above its own limit where an error and names are escaped.
constexpr size_t kLetterSlack = 16 << 10;

size_t message_max_bytes(const SinkConfig& config) {
  const size_t most = config.limits.message_max_bytes;
  if (config.def.refused_messages != defs::RefusedMessages::kDeadLetter) return most;
  return std::max(most, letter_bytes_most(config) + kLetterSlack);
}

connect::KafkaCompression compression_of(const std::string& name) {
  if (name == "none") return connect::KafkaCompression::kNone;
  if (name == "gzip") return connect::KafkaCompression::kGzip;
  if (name == "snappy") return connect::KafkaCompression::kSnappy;
  if (name == "zstd") return connect::KafkaCompression::kZstd;
  return connect::KafkaCompression::kLz4;
}

connect::KafkaError injected(KafkaFault fault, std::string_view failpoint_name) {
  return {fault, "failpoint " + std::string(failpoint_name), ""};
}

}  // namespace

struct SinkTransaction::Metrics {
  explicit Metrics(const std::string& sink)
      : commit(metric_histogram("penstock_sink_commit_seconds",
                                "From asking for a commit to its acknowledgement",
                                {{"sink", sink}})),
        durable(metric_histogram("penstock_sink_durable_wait_seconds",
                                 "Wait of a sent transaction for its ticks to be durable",
                                 {{"sink", sink}})),
        freshness(metric_histogram("penstock_sink_freshness_seconds",
                                   "From a tick's time to the acknowledgement of its commit",
                                   {{"sink", sink}})),
        messages(metric_counter("penstock_sink_messages_committed", "Committed messages",
                                {{"sink", sink}})),
        refused(metric_counter("penstock_sink_messages_refused",
                               "Messages that could not be sent and were passed over",
                               {{"sink", sink}})),
        bytes(metric_counter("penstock_sink_committed_bytes", "Keys and values committed",
                             {{"sink", sink}})) {}
  Histogram& commit;
  Histogram& durable;
  Histogram& freshness;
  Counter& messages;
  Counter& refused;
  Counter& bytes;
};

SinkTransaction::SinkTransaction(const SinkConfig& config, connect::KafkaClient& kafka,
                                 SinkReport& report, const Clock& clock, const StopToken& stop,
                                 Waiting waiting)
    : config_(config),
      kafka_(kafka),
      report_(report),
      clock_(clock),
      stop_(stop),
      waiting_(std::move(waiting)),
      metrics_(std::make_unique<Metrics>(defs::object_id_text(config.id))) {}
SinkTransaction::~SinkTransaction() = default;

std::unexpected<Trouble> SinkTransaction::lost(const std::string& doing,
                                               const connect::KafkaError& error) {
  auto met = kafka_trouble(doing, error);
  if (error.code == "TOPIC_AUTHORIZATION_FAILED" && !config_.def.dead_letter_topic.empty()) {
    met.error().remedy += " Grant Write on topic " + config_.def.dead_letter_topic + ", too.";
  }
  drop_producer(met.error().cause);
  return met;
}

// What was sent since the last time.
void SinkTransaction::tell() {
  if (messages_ == told_messages_) return;
  report_.stage(messages_ - told_messages_, bytes_ - told_bytes_, stamp_);
  told_messages_ = messages_;
  told_bytes_ = bytes_;
}

void SinkTransaction::count_anew() {
  messages_ = told_messages_ = 0;
  bytes_ = told_bytes_ = 0;
}

// The transaction that was open will be aborted. One in doubt keeps its numbers.
void SinkTransaction::forget_open(const std::string& cause) {
  const bool was_open = std::exchange(open_, false);
  if (!was_open) return;
  if (doubt_) {
    doubt_cause_ = cause;
    report_.doubt(cause);
    return;
  }
  tell();
  report_.abort({clock_.wall_us(), messages_, bytes_, cause});
  count_anew();
}

void SinkTransaction::pass() {
  if (open_ || doubt_) return;
  tell_refused();
}

// Once they are passed over for good.
void SinkTransaction::tell_refused() {
  letter_bytes_ = 0;
  if (refused_ == 0) return;
  report_.count_refused(refused_);
  metrics_->refused.add(static_cast<double>(refused_));
  refused_unlogged_ += std::exchange(refused_, 0);
  const uint64_t now_us = clock_.monotonic_us();
  if (refused_logged_us_ && now_us - *refused_logged_us_ < kRefusedLogUs) return;
  refused_logged_us_ = now_us;
  log_warn("sink", "messages were refused",
           {{"sink", defs::object_id_text(config_.id)},
            {"name", config_.name},
            {"messages", std::to_string(std::exchange(refused_unlogged_, 0))},
            {"first", refused_cause_},
            {"dead_letter_topic", config_.def.dead_letter_topic}});
}

void SinkTransaction::drop_producer(const std::string& cause) {
  // The one in doubt may be of the producer before, and then this one knows nothing of it.
  if (open_ && doubt_) written_ = producer_->written(data_topic_);
  forget_open(cause);
  if (!doubt_) refused_ = letter_bytes_ = 0;
  producer_.reset();
}

Step<void> SinkTransaction::fence() {
  drop_producer("kafka: fenced anew");
  if (failpoint("sink.before_fence")) {
    return kafka_trouble("Transaction error",
                         injected(KafkaFault::kRetriable, "sink.before_fence"));
  }
  auto made = kafka_.make_producer({.transactional_id = config_.transactional_id,
                                    .transaction_timeout = config_.limits.transaction_timeout,
                                    .compression = compression_of(config_.def.compression),
                                    .linger = config_.limits.linger,
                                    .message_max_bytes = message_max_bytes(config_),
                                    .batch_bytes = config_.limits.batch_bytes,
                                    .budget_bytes = config_.limits.producer_bytes});
  if (!made) return kafka_trouble("Transaction error", made.error());
  producer_ = std::move(*made);
  while (true) {
    auto state = producer_->fence(kPoll);
    if (!state) return lost("Transaction error", state.error());
    if (*state == CallState::kDone) return {};
    if (stop_.stopped()) return stopped();
    wait_on_broker("kafka: waiting for the transaction coordinator");
  }
}

void SinkTransaction::wait_on_broker(const std::string& otherwise) {
  std::string complaint = producer_->last_trouble();
  waiting_(complaint.empty() ? "" : "kafka: " + complaint, otherwise);
}

void SinkTransaction::open_topics(int32_t partitions) {
  partitions_ = partitions;
  data_topic_ = producer_->open_topic(config_.def.topic);
  progress_topic_ = producer_->open_topic(config_.progress_topic);
}

void SinkTransaction::open_letters(int32_t partitions) {
  letter_partitions_ = partitions;
  letter_topic_ = producer_->open_topic(config_.def.dead_letter_topic);
}

// EndTxn is acknowledged before the broker has written all markers; a transaction that begins in
// that time is put off by 20 ms and more.
void SinkTransaction::pace() {
  if (!transactional()) return;
  std::chrono::microseconds since(clock_.monotonic_us() - committed_us_);
  std::chrono::microseconds pace = config_.limits.transaction_pace;
  if (since < pace) stop_.wait_for(pace - since);
}

Step<void> SinkTransaction::send_raw(const connect::OutgoingMessage& message) {
  if (!open_) {
    pace();
    auto begun = producer_->begin();
    if (!begun) return lost("Transaction error", begun.error());
    open_ = true;
    begun_us_ = clock_.monotonic_us();
    report_.begin_transaction(clock_.wall_us());
  }
  while (true) {
    auto sent = producer_->send(message);
    if (!sent) return lost("Message production error", sent.error());
    if (*sent == connect::SendState::kAccepted) return {};
    if (stop_.stopped()) return stopped();
    producer_->serve(kPoll);
    if (producer_->unacknowledged_bytes() > 0) wait_on_broker("");
  }
}

void SinkTransaction::stamp(const SinkMessage& message, Timestamp time) {
  if (time != stamp_ || stamp_text_.empty()) {
    stamp_ = time;
    stamp_text_ = std::to_string(time.ms);
  }
  headers_.assign(1, {kTimestampHeader, stamp_text_});
  read_headers(message.headers, headers_);
}

Step<void> SinkTransaction::send_letter(const SinkMessage& message, Timestamp time) {
  const Letter letter = write_letter(config_, *message.refusal, message.key, message.copies, time);
  stamp(message, time);
  // A row's headers count for nothing in a message's size, and need have no bounds.
  if (message.headers.size() > letter_bytes_most(config_) / 4) headers_.resize(1);
  connect::OutgoingMessage out{
      .topic = letter_topic_,
      .partition =
          static_cast<int32_t>(message.partition_hash % static_cast<uint64_t>(letter_partitions_)),
      .key = letter.has_key ? message.key : std::nullopt,
      .value = letter.value,
      .headers = headers_};
  auto sent = send_raw(out);
  if (!sent) return sent;
  letter_bytes_ += letter.value.size() + (out.key ? out.key->size() : 0);
  return {};
}

Step<void> SinkTransaction::send(const SinkMessage& message, Timestamp time) {
  if (message.refusal) {
    if (refused_ == 0) refused_cause_ = message.refusal->error;
    refused_ += message.copies;
    if (config_.def.refused_messages != defs::RefusedMessages::kDeadLetter) return {};
    return send_letter(message, time);
  }
  stamp(message, time);
  connect::OutgoingMessage out{.topic = data_topic_,
                               .partition = static_cast<int32_t>(
                                   message.partition_hash % static_cast<uint64_t>(partitions_)),
                               .key = message.key,
                               .value = message.value,
                               .headers = headers_};
  uint64_t size =
      (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0);
  for (size_t i = 1; i < headers_.size(); ++i) {  // What is ours is not counted.
    size += headers_[i].key.size() + headers_[i].value.value_or("").size();
  }
  for (uint64_t copy = 0; copy < message.copies; ++copy) {
    auto sent = send_raw(out);
    if (!sent) return sent;
    ++messages_;
    bytes_ += size;
    if (messages_ == 1 || messages_ - told_messages_ == kMessagesPerReport) tell();
  }
  if (failpoint("sink.after_send")) {
    return lost("Message production error", injected(KafkaFault::kAbort, "sink.after_send"));
  }
  return {};
}

// The progress records come last, so that the progress topic is kept open for a short time only.
// Without a transaction around both, ours comes first: the compatible one alone would be another
// system's.
Step<void> SinkTransaction::send_progress(const ProgressClaim& claim, const LifeId& life) {
  const std::string id = defs::progress_id(config_.def, config_.id);
  const std::string compatible_key = defs::progress_key(id);
  const std::string own_key = defs::penstock_progress_key(id);
  const std::string compatible = compatible_record(claim.frontier, config_.def.version);
  const std::string own = own_record(claim, config_.def.version, life);
  std::vector<connect::OutgoingMessage> records;
  records.push_back({.topic = progress_topic_, .key = own_key, .value = own, .marked = true});
  if (!claim.bulk) {
    records.insert(transactional() ? records.begin() : records.end(),
                   {.topic = progress_topic_, .key = compatible_key, .value = compatible});
  }
  for (const connect::OutgoingMessage& record : records) {
    auto sent = send_raw(record);
    if (!sent) return sent;
  }
  return {};
}

Step<void> SinkTransaction::covered(Timestamp durable, data::UpdateStream& stream) {
  uint64_t start_us = clock_.monotonic_us();
  while (!stream.wait_durable(durable, milliseconds(5))) {
    if (stop_.stopped()) return stopped();
    producer_->serve(milliseconds(0));
    if (clock_.monotonic_us() - start_us > 100'000) {
      waiting_("internal: waiting for the log's sync", "");
    }
  }
  metrics_->durable.observe(static_cast<double>(clock_.monotonic_us() - start_us) / 1e6);
  return {};
}

Step<void> SinkTransaction::end() {
  uint64_t stop_seen_us = 0;
  milliseconds wait{1};  // Short at first: what may happen now, may happen between the two.
  while (true) {
    auto state = producer_->commit(wait);
    if (wait == milliseconds(1) && failpoint("sink.after_commit_sent")) {
      return lost("Transaction error",
                  injected(KafkaFault::kOutcomeUnknown, "sink.after_commit_sent"));
    }
    wait = kPoll;
    if (!state) {
      bool certain =
          state.error().fault == KafkaFault::kAbort || state.error().fault == KafkaFault::kFatal;
      if (certain) doubt_.reset();
      return lost("Transaction error", state.error());
    }
    if (*state == CallState::kDone) return {};
    wait_on_broker("");
    if (!stop_.stopped()) continue;
    if (stop_seen_us == 0) stop_seen_us = clock_.monotonic_us();
    if (clock_.monotonic_us() - stop_seen_us > kLastCommitUs) return stopped();
  }
}

// Without transactions: all messages are acknowledged before anything is claimed of them.
Step<void> SinkTransaction::deliver() {
  if (!open_) return {};
  auto ended = end();
  if (!ended) return ended;
  open_ = false;
  return {};
}

Step<CommittedProgress> SinkTransaction::commit(const ProgressClaim& claim, const LifeId& life,
                                                Timestamp durable, data::UpdateStream& stream) {
  tell();
  if (transactional()) {
    auto sent = send_progress(claim, life);
    if (!sent) return std::unexpected(sent.error());
  }
  auto is_durable = covered(durable, stream);
  if (!is_durable) return std::unexpected(is_durable.error());
  if (!transactional()) {
    auto delivered = deliver();
    if (!delivered) return std::unexpected(delivered.error());
  }
  if (failpoint("sink.before_commit")) {
    return lost("Transaction error", injected(KafkaFault::kAbort, "sink.before_commit"));
  }
  if (!transactional()) {
    auto sent = send_progress(claim, life);
    if (!sent) return std::unexpected(sent.error());
  }
  commit_asked_us_ = clock_.monotonic_us();
  doubt_ = claim;
  report_.ask_for_commit();
  auto ended = end();
  if (!ended) return std::unexpected(ended.error());
  auto offset = producer_->marked_offset();
  if (failpoint("sink.after_commit_ack") || !offset) {
    return lost("Transaction error",
                injected(KafkaFault::kOutcomeUnknown, "sink.after_commit_ack"));
  }
  open_ = false;
  committed_us_ = clock_.monotonic_us();
  metrics_->commit.observe(static_cast<double>(committed_us_ - commit_asked_us_) / 1e6);
  if (clock_.wall_ms() > durable.ms) {
    metrics_->freshness.observe(static_cast<double>(clock_.wall_ms() - durable.ms) / 1e3);
  }
  written_ = producer_->written(data_topic_);
  settle(true);
  return CommittedProgress{*offset, life, claim};
}

void SinkTransaction::settle(bool committed) {
  if (!doubt_) return;
  if (committed) {
    report_.commit({clock_.wall_us(), clock_.monotonic_us() - commit_asked_us_, messages_, bytes_,
                    doubt_->frontier},
                   written_);
    metrics_->messages.add(static_cast<double>(messages_));
    metrics_->bytes.add(static_cast<double>(bytes_));
    tell_refused();
  } else {
    report_.abort({clock_.wall_us(), messages_, bytes_, doubt_cause_});
  }
  doubt_.reset();
  refused_ = letter_bytes_ = 0;
  count_anew();
}

void SinkTransaction::serve() {
  tell();
  if (producer_) producer_->serve(milliseconds(0));
}

std::chrono::microseconds SinkTransaction::age() const {
  return std::chrono::microseconds(open_ ? clock_.monotonic_us() - begun_us_ : 0);
}

void SinkTransaction::close(milliseconds wait) {
  if (producer_ && open_ && !doubt_ && transactional()) {
    uint64_t end_us = clock_.monotonic_us() + static_cast<uint64_t>(wait.count()) * 1'000;
    while (clock_.monotonic_us() < end_us) {
      auto state = producer_->abort(kPoll);
      if (!state || *state == CallState::kDone) break;
    }
  }
  drop_producer("the sink was stopped");
}

}  // namespace penstock::sinks
