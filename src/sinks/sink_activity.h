// What a sink is doing, as it tells it: its transactions, the partitions it writes, its snapshot.
// Since it was last started, and not durable. Plain values; instants in microseconds since 1970.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/timestamp.h"

namespace penstock::sinks {

// Of a transaction that is not ended. Messages and bytes (of keys and values) without progress
// records, in all of these.
struct OpenTransaction {
  enum class State { kOpen, kCommitting, kInDoubt };
  State state = State::kOpen;
  uint64_t begun_at_us = 0;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  std::optional<Timestamp> first;  // Stamped on its first message.
  std::string doubt;               // Why it is not known whether it was committed.
};

struct CommittedTransaction {
  uint64_t at_us = 0;
  uint64_t took_us = 0;  // From asking for the commit to knowing of it.
  uint64_t messages = 0;
  uint64_t bytes = 0;
  Timestamp frontier;  // All ticks below it are committed.
};

struct AbortedTransaction {
  uint64_t at_us = 0;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  std::string cause;
};

struct SinkTransactions {
  std::optional<OpenTransaction> open;
  uint64_t committed = 0;
  std::optional<CommittedTransaction> last_commit;
  uint64_t aborted = 0;
  std::optional<AbortedTransaction> last_abort;
  uint64_t refused = 0;  // Messages that were passed over for good.
};

// What a sink has committed in a partition of its topic.
struct PartitionProgress {
  std::optional<int64_t> last_offset;  // Of its last message; none: the broker did not say it.
  uint64_t messages = 0;
  uint64_t at_us = 0;  // Of the last commit with a message for it.
};

// How the progress topic is read: offsets to go, and records read so far, whoever's they are.
struct ProgressReading {
  int64_t outstanding = 0;
  uint64_t consumed = 0;
};

// A snapshot that is due, under way, or (finished_at_us) done. Only what is committed counts.
struct SnapshotProgress {
  Timestamp time;
  std::optional<uint64_t> rows_total;  // Each row as often as it is there. None: not known.
  uint64_t rows_done = 0;
  uint64_t transactions = 0;
  std::optional<uint64_t> begun_at_us;  // Of its first transaction since the start.
  std::optional<uint64_t> finished_at_us;
  std::optional<uint64_t> bytes_per_second;  // The limit that is set.

  struct Sample {
    uint64_t at_us = 0;
    uint64_t rows = 0;
  };
  std::deque<Sample> samples;  // After the last transactions, the oldest one first.

  // Over the time of the samples and since then; 0: none yet.
  double rows_per_second(uint64_t now_us) const;
  // None: not known, or never at this rate.
  std::optional<uint64_t> left_ms(uint64_t now_us) const;
};

}  // namespace penstock::sinks
