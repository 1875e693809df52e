// What a sink has committed, and who committed it (rules K1-K5): plain values, shared by the record
// in Kafka, the place in our storage and the state machine.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"

namespace penstock::sinks {

// One run of the process over a directory: 128 random bits.
struct LifeId {
  uint64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const LifeId&, const LifeId&) = default;
};
std::string to_text(const LifeId& life);  // 32 hexadecimal digits.
std::optional<LifeId> parse_life(std::string_view text);

// `found`: the D of the sink's collection that this life found when it began.
struct Life {
  LifeId id;
  Timestamp found;
};

// Rows that go out under one time, in more than one transaction.
enum class BulkKind {
  kSnapshot,    // Everything present at `time`.
  kTick,        // The change of the tick `time`.
  kNetChange,   // The change over [from, time], stamped `time`.
  kDifference,  // What the topic lacks, and has too much, of what is present at `time`.
};

// How far they have gone. A unit is a row of a snapshot, or all messages of a key.
struct BulkCursor {
  BulkKind kind = BulkKind::kSnapshot;
  Timestamp from;
  Timestamp time;
  uint64_t units = 0;
  uint64_t hash = 0;  // Over all messages of these units: the same rows, in the same order.
  friend bool operator==(const BulkCursor&, const BulkCursor&) = default;
};

// What a record claims: every message stamped below `frontier` is committed, and of the rows of
// `bulk`, if there, the first units.
struct ProgressClaim {
  Timestamp frontier;
  std::optional<BulkCursor> bulk;

  // The first tick about which nothing is claimed.
  Timestamp beyond() const { return bulk ? std::max(frontier, bulk->time.next()) : frontier; }
  friend bool operator==(const ProgressClaim&, const ProgressClaim&) = default;
};

// Rows present at a time, or what the topic lacks of them: what a sink may begin with.
constexpr bool is_snapshot(BulkKind kind) {
  return kind == BulkKind::kSnapshot || kind == BulkKind::kDifference;
}

// K: the last progress known to be committed in Kafka.
struct CommittedProgress {
  int64_t offset = 0;  // Of our record, in the progress topic's only partition.
  LifeId life;
  ProgressClaim claim;
  friend bool operator==(const CommittedProgress&, const CommittedProgress&) = default;
};

// What ALTER SINK has told a sink to do before it sends anything.
enum class SinkOrder : uint8_t {
  kNone,
  kAdopt,    // Go on behind what the progress topic says, whoever wrote it.
  kRestart,  // Send a snapshot, or a difference, behind what the progress topic says.
};

// When ALTER SINK ... SET FROM changed over: what is stamped before that time is the other
// relation's.
struct Changeover {
  Timestamp time;
  // Its keys or values had other columns, or another format.
  bool other_form = false;
  friend bool operator==(const Changeover&, const Changeover&) = default;
};

// K and R: all that a sink keeps, and since when.
struct SinkPlace {
  std::optional<CommittedProgress> k;
  Timestamp next;             // R: the next tick to send; the snapshot's time while it is due.
  bool snapshot_due = false;  // Also while it is under way.
  // How many rows it has, each as often as it is there. None: not known, or no snapshot is due.
  std::optional<uint64_t> snapshot_rows;
  bool as_difference = false;  // It is sent as a difference.
  SinkOrder order = SinkOrder::kNone;
  std::optional<std::string> halted;  // Why the sink must not start again until it is altered.
  bool history_released = false;      // It retained too much (rule S5): nothing is held for it.
  // The last one; none once a difference has made the topic as a whole what is read now.
  std::optional<Changeover> changed_over = {};

  // Of the snapshot that is due.
  BulkKind snapshot_kind() const {
    return as_difference ? BulkKind::kDifference : BulkKind::kSnapshot;
  }
  // A new sink's.
  static SinkPlace first(Timestamp as_of, bool with_snapshot);
  void snapshot_done() {
    snapshot_due = false;
    if (as_difference) changed_over.reset();
    as_difference = false;
    snapshot_rows.reset();
  }
  // Nothing is half sent: another collection may be read from `next` on.
  bool can_change_over() const {
    return !snapshot_due && order == SinkOrder::kNone && !(k && k->claim.bulk);
  }
  // REQUIRES: can_change_over().
  void change_over(bool other_form);
  // Takes an order of ALTER SINK; a snapshot is one at `as_of` until the sink knows better.
  void be_told_to_adopt();
  void be_told_to_restart(Timestamp as_of, bool as_a_difference);
  // The collection must stay readable at this time (rule S4, K7).
  Timestamp oldest_needed() const;

  std::string encode() const;
  static std::optional<SinkPlace> decode(std::string_view bytes);
  friend bool operator==(const SinkPlace&, const SinkPlace&) = default;
};

}  // namespace penstock::sinks
