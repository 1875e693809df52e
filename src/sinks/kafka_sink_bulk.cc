// Snapshots, large ticks and net changes: one time, several transactions (K5).
#include "base/failpoint.h"
#include "sinks/kafka_sink.h"

namespace penstock::sinks {

// What is under way, due or asked for.
std::optional<BulkCursor> KafkaSink::wanted_bulk() const {
  if (place_.k && place_.k->claim.bulk) return place_.k->claim.bulk;
  if (place_.snapshot_due) return BulkCursor{BulkKind::kSnapshot, {0}, place_.next, 0, 0};
  return requested_bulk_;
}

Step<void> KafkaSink::open_bulk(const BulkCursor& wanted) {
  if (!bulk_ || !bulk_->is_of(wanted)) {
    bulk_ = Bulk::make(wanted, world_.stream, encoder_, config_, world_.stop);
  } else if (!bulk_lost_its_place_) {
    return {};
  }
  auto found = bulk_->seek(wanted);
  if (!found) return found;
  bulk_lost_its_place_ = false;
  return {};
}

Step<void> KafkaSink::run_bulk() {
  const BulkCursor wanted = *wanted_bulk();
  auto opened = open_bulk(wanted);
  if (!opened) return opened;
  auto more = send_part(wanted.time);
  if (!more) {
    bulk_lost_its_place_ = true;  // A stop, too, leaves a part half sent.
    return std::unexpected(more.error());
  }
  bool first_and_empty = wanted.units == 0 && !*more && !transaction_.open();
  if (first_and_empty) {  // K8
    while (!world_.stream.wait_durable(wanted.time, config_.limits.idle_wait)) {
      if (world_.stop.stopped()) return stopped();
    }
    place_.snapshot_due = false;
    move_next(wanted.time.next());
    world_.ledger.save(place_);
    succeed();
  } else {
    ProgressClaim claim{wanted.time.next(), std::nullopt};
    if (*more) claim = {place_.next, bulk_->cursor()};
    auto committed = commit_claim(claim, wanted.time);
    if (!committed) return committed;
  }
  failpoint("sink.snapshot_part");
  if (*more) {
    bulk_->forget_before(bulk_->cursor());
    return {};
  }
  bulk_.reset();
  requested_bulk_.reset();
  next_ = place_.next;
  return {};
}

// Sends units until the part is full (true) or the last was sent (false).
Step<bool> KafkaSink::send_part(Timestamp time) {
  while (true) {
    auto more = bulk_->next(unit_);
    if (!more || !*more) return more;
    if (!unit_.violation.empty()) {
      if (encoder_.key_is_proven()) {
        return trouble(Trouble::Kind::kHalt, "internal: " + unit_.violation,
                       "The key was proven unique, so a source must have sent two rows for it. "
                       "Create the sink anew, with a KEY that is unique or NOT ENFORCED.");
      }
      world_.report.count_violations(1);
    }
    for (const SinkMessage& message : unit_.messages) {
      auto sent = transaction_.send(message, time);
      if (!sent) return std::unexpected(sent.error());
    }
    bool full = transaction_.bytes() >= config_.limits.part_bytes ||
                transaction_.age() >= config_.limits.part_time;
    if (full) return true;
    if (world_.stop.stopped()) return stopped();
  }
}

}  // namespace penstock::sinks
