// The producer's states, one transition after the other.
#include "connect/kafka/producer/native_producer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Between two turns of the loop while a transaction is filled: as much as a batch has.
constexpr size_t kServeBytes = 1 << 20;
// Between two looks at the clock.
constexpr int kUsesOfNow = 64;

// InitProducerId from this version on says who asks (KIP-360). Before, it fences whoever is there:
// a producer that has been fenced itself would fence its successor.
constexpr int16_t kRenewsSafely = 3;

constexpr char kTransactionVersionFeature[] = "transaction.version";

Codec codec_of(KafkaCompression compression) {
  switch (compression) {
    case KafkaCompression::kNone:
      return Codec::kNone;
    case KafkaCompression::kGzip:
      return Codec::kGzip;
    case KafkaCompression::kSnappy:
      return Codec::kSnappy;
    case KafkaCompression::kLz4:
      return Codec::kLz4;
    case KafkaCompression::kZstd:
      return Codec::kZstd;
  }
  return Codec::kNone;
}

// What is behind the errand when nothing of it can have been carried out.
KafkaError certain_error(const ErrandEnd& end, KafkaFault otherwise) {
  const bool stands = end.kind == ErrandEnd::Kind::kRefused || is_refusal(end.code);
  const KafkaFault fault = is_fencing(end.code) ? KafkaFault::kFenced
                           : stands             ? KafkaFault::kFatal
                                                : otherwise;
  return {fault, end.message, end.name};
}

}  // namespace

NativeProducer::NativeProducer(Cluster& cluster, ProducerOptions options, Rules rules)
    : cluster_(cluster),
      options_(std::move(options)),
      rules_(rules),
      errands_(cluster, options_.transactional_id),
      sender_(cluster, {options_.transactional_id, codec_of(options_.compression),
                        options_.batch_bytes, options_.linger, rules_.first_sequence}) {
  sender_.on_change = [this] { advance(); };
  cluster_.on_metadata = [this] {
    sender_.pump();
    advance();
  };
}

std::string NativeProducer::last_trouble() const {
  if (errands_.busy() && !errands_.trouble().empty()) return errands_.trouble();
  const std::string trouble = sender_.trouble();
  return trouble.empty() ? cluster_.trouble() : trouble;
}

void NativeProducer::die(KafkaError error) {
  state_ = State::kDead;
  sender_.halt();
  if (!error_) error_ = std::move(error);
}

KafkaResult<CallState> NativeProducer::run_to_ready(milliseconds wait) {
  EventLoop& loop = cluster_.loop();
  const auto end = loop.now() + wait;
  microseconds left = wait;
  do {
    loop.run(left);
    left = std::chrono::ceil<microseconds>(end - loop.now());
  } while (state_ != State::kReady && state_ != State::kDead && left.count() > 0);
  if (state_ == State::kDead) return std::unexpected(*error_);
  if (state_ != State::kReady) return CallState::kPending;
  deadline_.reset();
  return CallState::kDone;
}

KafkaResult<CallState> NativeProducer::fence(milliseconds wait) {
  if (state_ == State::kNew) {
    state_ = State::kFencing;
    init(cluster_.loop().now() + options_.fence_timeout);
  }
  return run_to_ready(wait);
}

void NativeProducer::init(EventLoop::Time deadline) {
  InitProducerIdRequest request;
  request.transactional_id.reset();
  if (transactional()) request.transactional_id = options_.transactional_id;
  request.transaction_timeout_ms = static_cast<int32_t>(options_.transaction_timeout.count());
  // KIP-360: the present identity says that it is us who asks, so that we are refused if somebody
  // fenced us.
  request.producer_id = identity_.id;
  request.producer_epoch = identity_.epoch;
  // Said twice, it ends one epoch more of ours. Version 6 is about two-phase commit (KIP-939).
  const int16_t oldest = state_ == State::kFencing ? int16_t{0} : kRenewsSafely;
  errands_.send<InitProducerIdRequest>(
      std::move(request), {.repeatable = true, .versions = {oldest, 5}, .deadline = deadline},
      [this](const InitProducerIdResponse& response) {
        init_answer_ = response;
        return judge_identity(response.error_code, response.producer_id, response.producer_epoch);
      },
      [this](const ErrandEnd& end) { on_init(end); });
}

void NativeProducer::on_init(const ErrandEnd& end) {
  if (end.kind != ErrandEnd::Kind::kDone) {
    const bool fences = state_ == State::kFencing;
    return die(certain_error(end, fences ? KafkaFault::kRetriable : KafkaFault::kAbort));
  }
  identity_ = {init_answer_.producer_id, init_answer_.producer_epoch};
  const BrokerFeatures* features = errands_.features();
  const bool v2 = transactional() && features &&
                  features->finalized(kTransactionVersionFeature) >= 2 &&
                  features->range(ApiKey::kEndTxn).last >= 5;
  version_ = v2 ? TransactionVersion::kV2 : TransactionVersion::kV1;
  sender_.set_identity(identity_, version_);
  renewal_due_ = false;
  // The transaction at whose beginning it was is aborted meanwhile.
  if (state_ == State::kAborting) sender_.drop_all();
  if (state_ == State::kFencing || state_ == State::kAborting) return finish_transaction();
  // A renewal at the beginning of a transaction.
  sender_.hold_until({});
  advance();
}

KafkaResult<void> NativeProducer::begin() {
  if (state_ == State::kDead) return std::unexpected(*error_);
  CHECK(state_ == State::kReady);
  const BrokerFeatures* features = errands_.features();
  const bool renews = features && features->range(ApiKey::kInitProducerId).last >= kRenewsSafely;
  if (renewal_due_ && !renews) {
    die({KafkaFault::kAbort, "a lost message may still arrive; a new producer has to end it", ""});
    return std::unexpected(*error_);
  }
  state_ = State::kInTransaction;
  registered_ = false;
  lost_something_ = false;
  const bool paced = version_ == TransactionVersion::kV2;
  sender_.begin(paced ? pacer_.earliest() : EventLoop::Time());
  if (renewal_due_) {
    sender_.hold_until(EventLoop::Time::max());
    init(cluster_.loop().now() + options_.fence_timeout);
  }
  return {};
}

KafkaResult<SendState> NativeProducer::send(const OutgoingMessage& message) {
  if (state_ == State::kDead) return std::unexpected(*error_);
  CHECK(state_ == State::kInTransaction);
  const size_t key_bytes = message.key ? message.key->size() : 0;
  const size_t value_bytes = message.value ? message.value->size() : 0;
  const size_t content = key_bytes + value_bytes;
  if (content > options_.message_max_bytes) {
    die({KafkaFault::kFatal,
         "message of " + std::to_string(content) + " bytes exceeds the limit of " +
             std::to_string(options_.message_max_bytes) + " (topic " +
             sender_.topic_name(message.topic) + ")",
         error_name(ErrorCode::kMessageTooLarge)});
    return std::unexpected(*error_);
  }
  if (unserved_bytes_ >= kServeBytes) serve(milliseconds(0));
  const auto is_full = [&] {
    return !sender_.delivered() && sender_.undelivered_bytes() + content > options_.budget_bytes;
  };
  if (is_full()) {
    serve(milliseconds(0));
    if (state_ == State::kDead) return std::unexpected(*error_);
    if (is_full()) return SendState::kFull;
  }
  if (now_ms_uses_-- <= 0) {
    now_ms_ = cluster_.loop().unix_ms();
    now_ms_uses_ = kUsesOfNow;
  }
  sender_.append(message.topic, message.partition,
                 {message.key, message.value, now_ms_, message.headers}, message.marked);
  unserved_bytes_ += content;
  return SendState::kAccepted;
}

void NativeProducer::serve(milliseconds wait) {
  unserved_bytes_ = 0;
  now_ms_uses_ = 0;
  sender_.pump();
  advance();
  cluster_.loop().run(wait);
}

KafkaResult<CallState> NativeProducer::commit(milliseconds wait) {
  if (state_ == State::kInTransaction) {
    state_ = State::kCommitting;
    deadline_ = cluster_.loop().now() + options_.commit_timeout;
    sender_.flush();
    advance();
  }
  return run_to_deadline(wait);
}

KafkaResult<CallState> NativeProducer::abort(milliseconds wait) {
  if (state_ == State::kInTransaction) {
    state_ = State::kAborting;
    deadline_ = cluster_.loop().now() + options_.commit_timeout;
    sender_.halt();
    advance();
  }
  return run_to_deadline(wait);
}

KafkaResult<CallState> NativeProducer::run_to_deadline(milliseconds wait) {
  auto done = run_to_ready(wait);
  const bool late = done && *done == CallState::kPending && cluster_.loop().now() >= *deadline_;
  // Once EndTxn is under way, the errand's own deadline ends it.
  if (!late || ending_) return done;
  die({KafkaFault::kAbort,
       "the transaction's messages were not delivered in time: " + last_trouble(), ""});
  return std::unexpected(*error_);
}

void NativeProducer::advance() {
  if (state_ == State::kDead) return;
  if (sender_.failure() && state_ != State::kAborting) return die(*sender_.failure());
  if (errands_.busy()) return;
  if (state_ == State::kInTransaction || state_ == State::kCommitting) add_partitions();
  if (errands_.busy()) return;
  if (state_ == State::kCommitting) return advance_commit();
  if (state_ == State::kAborting) return advance_abort();
}

void NativeProducer::add_partitions() {
  const auto partitions = sender_.to_be_added();
  if (partitions.empty()) return;
  registered_ = true;
  AddPartitionsToTxnRequest request;
  request.v3_and_below_transactional_id = options_.transactional_id;
  request.v3_and_below_producer_id = identity_.id;
  request.v3_and_below_producer_epoch = identity_.epoch;
  for (const TopicPartition& each : partitions) {
    auto& topics = request.v3_and_below_topics;
    if (topics.empty() || topics.back().name != each.topic) topics.emplace_back().name = each.topic;
    topics.back().partitions.push_back(each.partition);
  }
  auto judge = [request](const AddPartitionsToTxnResponse& response) {
    return judge_partitions(request, response);
  };
  // From version 4 on it is for brokers.
  errands_.send<AddPartitionsToTxnRequest>(
      std::move(request),
      {.repeatable = true, .versions = {0, 3}, .deadline = EventLoop::Time::max()},
      std::move(judge), [this, partitions](const ErrandEnd& end) {
        lost_something_ = lost_something_ || errands_.unknown();
        if (end.kind != ErrandEnd::Kind::kDone) return die(certain_error(end, KafkaFault::kAbort));
        sender_.added(partitions);
        advance();
      });
}

void NativeProducer::advance_commit() {
  if (!sender_.delivered()) return;
  lost_something_ = lost_something_ || sender_.unknown();
  if (!sender_.sent_something() || !transactional()) return finish_transaction();
  end_transaction(true);
}

void NativeProducer::advance_abort() {
  // What is under way could still be appended after the abort's marker.
  if (sender_.under_way()) return;
  const bool leaves_gap = sender_.drop_all();
  lost_something_ = lost_something_ || sender_.unknown() || leaves_gap;
  if (!transactional() && leaves_gap)
    return die({KafkaFault::kAbort, "messages were sent and not taken", ""});
  if (!transactional() || (!sender_.sent_something() && !registered_)) return finish_transaction();
  // Under version 1 only the markers of a new epoch tell the leaders that the old one is over, and
  // those are written when a new producer fences this one.
  const bool renews = lost_something_ && rules_.renews_after_loss;
  if (version_ == TransactionVersion::kV1 && renews) {
    return die({KafkaFault::kAbort,
                "messages of it were sent and not taken; a new epoch has to begin", ""});
  }
  end_transaction(false);
}

void NativeProducer::end_transaction(bool commit) {
  EndTxnRequest request;
  request.transactional_id = options_.transactional_id;
  request.producer_id = identity_.id;
  request.producer_epoch = identity_.epoch;
  request.committed = commit;
  const bool v2 = version_ == TransactionVersion::kV2;
  ending_ = true;
  end_in_doubt_ = false;
  // Under version 2 the epoch is over with its transaction: a repetition is recognised, and a copy
  // that comes late ends nothing. Under version 1 it would end whatever is open by then.
  errands_.send<EndTxnRequest>(
      std::move(request),
      {.repeatable = v2 || rules_.repeats_unknown_end,
       .versions = v2 ? VersionRange{5, kLastVersion} : VersionRange{0, 4},
       .deadline = *deadline_},
      [this, v2](const EndTxnResponse& response) {
        end_answer_ = response;
        Judgement judgement =
            v2 ? judge_identity(response.error_code, response.producer_id, response.producer_epoch)
               : judge_coordinator_error(response.error_code);
        // "Come again" and "not here" are also what a coordinator says that has written the
        // decision: its log did not acknowledge it in time, or it was elected anew meanwhile.
        end_in_doubt_ = end_in_doubt_ || judgement.verdict != Verdict::kFailed;
        return judgement;
      },
      [this, commit](const ErrandEnd& end) { on_end(commit, end); });
}

void NativeProducer::on_end(bool commit, const ErrandEnd& end) {
  ending_ = false;
  if (end.kind == ErrandEnd::Kind::kDone) {
    if (version_ == TransactionVersion::kV2) {
      identity_ = {end_answer_.producer_id, end_answer_.producer_epoch};
      sender_.set_identity(identity_, version_);
      if (sender_.first_batch_took()) pacer_.first_batch_took(*sender_.first_batch_took());
      pacer_.ended(cluster_.loop().now());
    } else {
      renewal_due_ = lost_something_ && rules_.renews_after_loss;
    }
    return finish_transaction();
  }
  if (is_fencing(end.code)) return die({KafkaFault::kFenced, end.message, end.name});
  // No copy of it has left us, or the only answer says that it was not done: certain.
  const bool in_doubt = errands_.unknown() || end_in_doubt_;
  const bool refused = !in_doubt && (end.kind == ErrandEnd::Kind::kTimedOut ||
                                     end.code == ErrorCode::kTransactionAbortable);
  const bool certain = !commit || refused;
  die({certain ? KafkaFault::kAbort : KafkaFault::kOutcomeUnknown, end.message, end.name});
}

void NativeProducer::finish_transaction() {
  state_ = State::kReady;
  sender_.halt();
}

}  // namespace penstock::connect::kafka
