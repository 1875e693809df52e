// Running: ticks read, paired, sent and committed; and errors in the collection (K7).
#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "defs/names.h"
#include "sinks/kafka_sink.h"
#include "sinks/topics.h"

namespace penstock::sinks {

using std::chrono::microseconds;
namespace {

// Between two looks at the broker while an open transaction waits for more changes.
constexpr microseconds kServeEvery(10'000);

}  // namespace

Step<void> KafkaSink::run() {
  if (!errors_checked_) {
    auto checked = check_errors_at_resume();
    if (!checked || !errors_checked_) return checked;
  }
  auto refreshed = refresh_partitions();
  if (!refreshed) return refreshed;
  if (wanted_bulk()) return run_bulk();
  auto done = run_ticks();
  // Which message was refused is not always known: what was open goes out tick by tick, so that
  // everything before the refused one is committed.
  bool refused = !done && done.error().kind == Trouble::Kind::kRefused;
  if (refused && sending_) alone_until_ = std::max(alone_until_, *sending_);
  return done;
}

Step<bool> KafkaSink::has_errors(Timestamp time) {
  auto errors = world_.stream.errors_at(time);
  if (!errors) return storage_trouble(errors.error());
  if (!errors->empty()) {
    data::RowError first = data::RowError::decode(errors->front());
    last_cause_ = "internal: the collection has errors: " + first.message;
    last_remedy_ = "Correct the rows or the view; what changes meanwhile is sent then, at once.";
  }
  return !errors->empty();
}

// An error that was there when the sink was born moves its beginning (K7).
Step<void> KafkaSink::check_errors_at_resume() {
  if (place_.k && !place_.snapshot_due) {
    errors_checked_ = true;
    return {};
  }
  auto errors = has_errors(place_.oldest_needed());
  if (!errors) return std::unexpected(errors.error());
  if (*errors) return begin_errors(place_.next, place_.oldest_needed().next());
  errors_checked_ = true;
  return {};
}

// A grown topic is used from the next transaction on.
Step<void> KafkaSink::refresh_partitions() {
  uint64_t now_us = world_.clock.monotonic_us();
  auto interval_us = static_cast<uint64_t>(config_.def.metadata_refresh_ms) * 1'000;
  if (transaction_.open() || now_us - partitions_read_us_ < interval_us) return {};
  partitions_read_us_ = now_us;
  auto count = existing_partitions(*admin_, config_.def.topic, world_.stop);
  if (count) {
    if (*count != transaction_.partitions()) transaction_.open_topics(*count);
    world_.report.set_partition_count(*count);
  } else if (count.error().kind == Trouble::Kind::kStopped) {
    return stopped();
  } else {
    log_warn("sink", "failed updating partition count",
             {{"sink", defs::object_id_text(config_.id)}, {"cause", count.error().cause}});
  }
  return {};
}

Step<void> KafkaSink::run_ticks() {
  microseconds wait = config_.limits.idle_wait;
  if (transaction_.open()) {
    const microseconds left = config_.limits.commit_interval - transaction_.age();
    wait = std::clamp(left, microseconds(0), kServeEvery);
  }
  auto read = world_.stream.ticks(next_, config_.limits.read_bytes, wait);
  if (!read) return storage_trouble(read.error());
  for (const data::TickUpdates& tick : read->ticks) {
    if (!tick.errors.empty()) {
      auto errors = has_errors(tick.time);
      if (!errors) return std::unexpected(errors.error());
      if (*errors) return begin_errors(tick.time, tick.time.next());
    }
    if (transaction_.open() && tick.time <= alone_until_) {
      auto committed = commit_ticks();
      if (!committed) return committed;
    }
    auto sent = send_tick(tick);
    if (!sent) return sent;
    next_ = tick.time.next();
    bool full = transaction_.bytes() >= config_.limits.transaction_bytes ||
                transaction_.age() >= config_.limits.transaction_time;
    if (transaction_.open() && full) {
      auto committed = commit_ticks();
      if (!committed) return committed;
      auto refreshed = refresh_partitions();  // With a backlog, here only.
      if (!refreshed) return refreshed;
    }
  }
  if (read->large_tick) {
    next_ = *read->large_tick;
    if (transaction_.open()) return commit_ticks();
    auto errors = has_errors(*read->large_tick);
    if (!errors) return std::unexpected(errors.error());
    if (*errors) return begin_errors(*read->large_tick, read->large_tick->next());
    requested_bulk_ = BulkCursor{BulkKind::kTick, *read->large_tick, *read->large_tick, 0, 0};
    return {};
  }
  next_ = std::max(next_, read->next);
  if (transaction_.open()) {
    const bool due = read->ticks.empty() && transaction_.age() >= config_.limits.commit_interval;
    if (due) return commit_ticks();
    transaction_.serve();
    return {};
  }
  transaction_.pass();
  move_next(next_);  // K8: nothing to send, no transaction.
  succeed();
  return {};
}

// K6: with a proven key, a tick that changes a key more than once is not sent at all.
Step<void> KafkaSink::check_key(Timestamp time) {
  uint64_t violations = 0;
  pairing_.rewind();
  while (auto group = pairing_.next_group()) {
    if (count_changes(group->pairs) < 2) continue;
    ++violations;
    if (!encoder_.key_is_proven()) continue;
    if (transaction_.open()) return commit_ticks();  // All before it; then it is met again.
    auto row_text = [&](const std::optional<size_t>& handle) {
      std::string out;
      if (handle) encoder_.append_row(*pairing_.row(*handle).batch, pairing_.row(*handle).row, out);
      return out;
    };
    const Pair& first = group->pairs.front();
    const Pair& last = group->pairs.back();
    std::string cause =
        violation_text(group->key, time, row_text(first.after ? first.after : first.before),
                       row_text(last.after ? last.after : last.before));
    return trouble(Trouble::Kind::kHalt, "internal: " + cause,
                   "The key was proven unique, so a source must have sent two rows for it. Correct "
                   "the rows; then ALTER SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE sends what "
                   "the topic lacks.");
  }
  world_.report.count_violations(violations);
  return {};
}

Step<void> KafkaSink::send_tick(const data::TickUpdates& tick) {
  if (!transaction_.transactional()) {  // It is read as soon as it is sent.
    auto covered = transaction_.covered(tick.time, world_.stream);
    if (!covered) return covered;
  }
  sending_ = tick.time;
  partition_values_.clear();
  for (const data::BatchRef& batch : tick.rows) {
    partition_values_.push_back(encoder_.partition_values(*batch));
  }
  pairing_.load(tick.rows);
  const std::optional<std::string> refused_key = encoder_.take_refusal();
  if (refused_key && !encoder_.passes_refused()) return refused_row(*refused_key);
  keys_refused_ = refused_key.has_value();
  if (encoder_.has_group_key()) {
    bool was_open = transaction_.open();
    auto checked = check_key(tick.time);
    if (!checked) return checked;
    if (was_open && !transaction_.open()) {
      checked = check_key(tick.time);
      if (!checked) return checked;
    }
    pairing_.rewind();
  }
  while (auto group = pairing_.next_group()) {
    for (const Pair& pair : group->pairs) {
      auto sent = send_pair(pair, group->key, tick.time);
      if (!sent) return sent;
    }
  }
  sent_ = tick.time.next();
  return {};
}

Step<void> KafkaSink::send_pair(const Pair& pair, std::string_view key, Timestamp time) {
  for (const Change& change : encoder_.changes_of(pair)) {
    const TickRow& addressed = pairing_.row(change.addressed());
    const std::vector<uint64_t>& values = partition_values_[addressed.batch_index];
    SinkMessage message;
    std::optional<uint64_t> partition;
    if (!values.empty()) partition = values[addressed.row];
    encoder_.address(key, partition, key_, message);
    message.copies = pair.copies;
    headers_.clear();
    encoder_.append_headers(*addressed.batch, addressed.row, headers_);
    message.headers = headers_;
    value_.clear();
    encoder_.write_value(
        change, {.time = time},
        [&](size_t handle, std::string& out) {
          const TickRow& at = pairing_.row(handle);
          encoder_.append_row(*at.batch, at.row, out);
        },
        value_, message);
    if (encoder_.passes_refused()) {
      encoder_.judge_rows(
          change, keys_refused_, [&](size_t handle) { return pairing_.row(handle); }, message);
    } else if (auto refusal = encoder_.take_refusal()) {
      return refused_row(*refusal);
    }
    auto sent = transaction_.send(message, time);
    if (!sent) return sent;
  }
  return {};
}

Step<void> KafkaSink::commit_ticks() {
  return commit_claim({sent_, std::nullopt}, sent_.previous());
}

// K1: messages, progress, EndTxn after D; then K = R = u.
Step<void> KafkaSink::commit_claim(const ProgressClaim& claim, Timestamp durable) {
  log_debug("sink", "committing",
            {{"sink", defs::object_id_text(config_.id)},
             {"name", config_.name},
             {"frontier", std::to_string(claim.frontier.ms)}});
  auto committed = transaction_.commit(claim, lives_.back().id, durable, world_.stream);
  if (!committed) return std::unexpected(committed.error());
  world_.report.count_partition_errors(encoder_.partition_errors() - partition_errors_told_);
  partition_errors_told_ = encoder_.partition_errors();
  place_.k = *committed;
  place_.next = std::max(place_.next, claim.frontier);
  if (!claim.bulk) place_.snapshot_done();
  world_.ledger.save(place_);
  world_.report.set_frontier(place_.next);
  succeed();
  failpoint("sink.after_ledger_write");
  return {};
}

// K7. Everything before `time` is committed; from `scan` on ticks are only watched.
Step<void> KafkaSink::begin_errors(Timestamp time, Timestamp scan) {
  if (transaction_.open()) {
    auto committed = commit_ticks();
    if (!committed) return committed;
    auto again = has_errors(time);  // For the text.
    if (!again) return std::unexpected(again.error());
  }
  if (!place_.snapshot_due) move_next(time);
  errors_since_ = time;
  errors_scanned_ = scan;
  stall(last_cause_, last_remedy_);
  state_ = SinkState::kStalled;
  return {};
}

Step<void> KafkaSink::watch_errors() {
  auto read =
      world_.stream.ticks(errors_scanned_, config_.limits.read_bytes, config_.limits.idle_wait);
  if (!read) return storage_trouble(read.error());
  for (const data::TickUpdates& tick : read->ticks) {
    if (tick.errors.empty()) continue;
    auto errors = has_errors(tick.time);
    if (!errors) return std::unexpected(errors.error());
    if (!*errors) return end_errors(tick.time);
  }
  if (read->large_tick) {
    auto errors = has_errors(*read->large_tick);
    if (!errors) return std::unexpected(errors.error());
    if (!*errors) return end_errors(*read->large_tick);
    errors_scanned_ = read->large_tick->next();
    return {};
  }
  errors_scanned_ = std::max(errors_scanned_, read->next);
  return {};
}

// The errors are gone at `time`: what changed since goes out stamped with it.
Step<void> KafkaSink::end_errors(Timestamp time) {
  Timestamp since = *errors_since_;
  errors_since_.reset();
  last_cause_.clear();
  last_remedy_.clear();
  state_ = SinkState::kRunning;
  report_running();
  if (place_.snapshot_due) {
    place_.next = time;  // Its snapshot is taken here instead.
    place_.snapshot_rows.reset();
    world_.ledger.save(place_);
    expect_snapshot();
  } else if (!errors_checked_) {
    place_.next = time.next();  // Without a snapshot: its beginning moves.
    world_.ledger.save(place_);
  } else {
    requested_bulk_ = BulkCursor{BulkKind::kNetChange, since, time, 0, 0};
  }
  errors_checked_ = true;
  next_ = place_.next;
  return {};
}

}  // namespace penstock::sinks
