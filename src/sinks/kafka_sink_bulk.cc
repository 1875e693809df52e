// Snapshots, large ticks and net changes: one time, several transactions (K5); a snapshot's pace.
#include <algorithm>

#include "base/failpoint.h"
#include "sinks/kafka_sink.h"

namespace penstock::sinks {
namespace {

// To ask for the time costs as much as to encode a number: it is asked once for so many bytes or
// units.
constexpr uint64_t kBytesPerLook = 64 << 10;
constexpr int kUnitsPerLook = 64;

}  // namespace

// What is under way, due or asked for.
std::optional<BulkCursor> KafkaSink::wanted_bulk() const {
  if (place_.k && place_.k->claim.bulk) return place_.k->claim.bulk;
  if (place_.snapshot_due) return BulkCursor{place_.snapshot_kind(), {0}, place_.next, 0, 0};
  return requested_bulk_;
}

// What is known of it before the first row is read. Units sent by an earlier process are rows at
// least; how many exactly is known once they were passed again.
void KafkaSink::expect_snapshot() {
  if (!place_.snapshot_due) return;
  SnapshotProgress progress;
  progress.time = place_.next;
  progress.rows_total = place_.snapshot_rows;
  progress.bytes_per_second = config_.limits.snapshot_bytes_per_second;
  if (place_.k && place_.k->claim.bulk) progress.rows_done = place_.k->claim.bulk->units;
  world_.report.expect_snapshot(progress);
}

// Asked once, at its beginning: later it may be forgotten.
Step<void> KafkaSink::count_snapshot() {
  if (place_.snapshot_rows) return {};
  auto rows = world_.stream.row_count(place_.next);
  if (!rows) return storage_trouble(rows.error());
  place_.snapshot_rows = *rows;
  expect_snapshot();
  return {};
}

// With SNAPSHOT RATE LIMIT a transaction has what a second may have, and the rest of the second
// passes after it: nothing is waited for while a transaction keeps readers from going on.
bool KafkaSink::wait_for_pace(BulkKind kind) {
  const uint64_t now_us = world_.clock.monotonic_us();
  if (kind != BulkKind::kSnapshot || now_us >= part_due_us_) return false;
  const std::chrono::microseconds left(part_due_us_ - now_us);
  world_.stop.wait_for(std::min<std::chrono::microseconds>(left, config_.limits.idle_wait));
  return true;
}

// After a part of a snapshot was committed that began then.
void KafkaSink::end_part(uint64_t begun_us, uint64_t bytes) {
  world_.report.end_snapshot_part(world_.clock.wall_us(), bulk_->messages());
  const auto& limit = config_.limits.snapshot_bytes_per_second;
  if (limit) part_due_us_ = begun_us + bytes * 1'000'000 / *limit;
}

Step<void> KafkaSink::open_bulk(const BulkCursor& wanted) {
  if (!bulk_ || !bulk_->is_of(wanted)) {
    if (wanted.kind == BulkKind::kSnapshot && wanted.units == 0) {
      auto counted = count_snapshot();
      if (!counted) return counted;
    }
    bulk_ = Bulk::make(wanted, {world_.stream, world_.kafka, world_.stop, place_.changed_over},
                       encoder_, config_);
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
  if (wait_for_pace(wanted.kind)) return {};
  if (!transaction_.transactional()) {  // It is read as soon as it is sent.
    auto covered = transaction_.covered(wanted.time, world_.stream);
    if (!covered) return covered;
  }
  auto opened = open_bulk(wanted);
  if (!opened) return opened;
  const bool snapshot = wanted.kind == BulkKind::kSnapshot;
  const uint64_t begun_us = world_.clock.monotonic_us();
  if (snapshot) world_.report.begin_snapshot_part(world_.clock.wall_us(), bulk_->messages());
  auto more = send_part(wanted);
  if (!more) {
    bulk_lost_its_place_ = true;  // A stop, too, leaves a part half sent.
    return std::unexpected(more.error());
  }
  bool first_and_empty = wanted.units == 0 && !*more && !transaction_.open();
  if (first_and_empty) {  // K8
    while (!world_.stream.wait_durable(wanted.time, config_.limits.idle_wait)) {
      if (world_.stop.stopped()) return stopped();
    }
    transaction_.pass();
    place_.snapshot_done();
    move_next(wanted.time.next());
    world_.ledger.save(place_);
    succeed();
  } else {
    ProgressClaim claim{wanted.time.next(), std::nullopt};
    if (*more) claim = {place_.next, bulk_->cursor()};
    const uint64_t bytes = transaction_.bytes();
    auto committed = commit_claim(claim, wanted.time);
    if (!committed) return committed;
    if (snapshot) end_part(begun_us, bytes);
  }
  failpoint("sink.snapshot_part");
  if (*more) {
    bulk_->forget_before(bulk_->cursor());
    return {};
  }
  if (snapshot) world_.report.end_snapshot(world_.clock.wall_us());
  bulk_.reset();
  requested_bulk_.reset();
  next_ = place_.next;
  return {};
}

// Sends units until the part is full (true) or the last was sent (false).
Step<bool> KafkaSink::send_part(const BulkCursor& of) {
  size_t most_bytes = config_.limits.part_bytes;
  const auto& limit = config_.limits.snapshot_bytes_per_second;
  if (limit && of.kind == BulkKind::kSnapshot) most_bytes = std::min<size_t>(most_bytes, *limit);
  int units_to_look = 0;
  uint64_t bytes_to_look = 0;
  while (true) {
    auto more = bulk_->next(unit_);
    if (!more || !*more) return more;
    if (unit_.changes > 1 && encoder_.has_group_key()) {
      if (encoder_.key_is_proven()) {
        return trouble(Trouble::Kind::kHalt, "internal: " + unit_.violation,
                       "The key was proven unique, so a source must have sent two rows for it. "
                       "Correct the rows; then ALTER SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE "
                       "sends what the topic lacks.");
      }
      world_.report.count_violations(1);
    }
    for (const SinkMessage& message : unit_.messages) {
      auto sent = transaction_.send(message, of.time);
      if (!sent) return std::unexpected(sent.error());
    }
    if (transaction_.bytes() >= most_bytes) return true;
    if (--units_to_look <= 0 || transaction_.bytes() >= bytes_to_look) {
      if (transaction_.age() >= config_.limits.part_time) return true;
      units_to_look = kUnitsPerLook;
      bytes_to_look = transaction_.bytes() + kBytesPerLook;
    }
    if (world_.stop.stopped()) return stopped();
  }
}

}  // namespace penstock::sinks
