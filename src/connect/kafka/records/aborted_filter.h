// Which batches read_committed does not show: those of transactions that were aborted.
//
// A Fetch response lists, for what it holds of a partition, the aborted transactions by their
// producer and the first offset they wrote there. One is open from that offset up to the abort
// marker of its producer, and a producer has one open transaction at a time: so a transactional
// batch is aborted exactly if a transaction of its producer is open. Responses end below the first
// offset whose fate is open (the last stable offset), hence nothing undecided is met.
//
// One filter is used for one partition's part of one response. One owner thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::connect::kafka {

struct BatchHeader;
struct ControlMarker;

struct AbortedTransaction {
  int64_t producer_id = -1;
  int64_t first_offset = -1;
};

class AbortedFilter {
 public:
  // Begins anew. The transactions may come in any order: the protocol promises none.
  void reset(std::span<const AbortedTransaction> aborted);

  // Whether the batch has nothing to show: it is aborted, or it is a control batch.
  // REQUIRES: called for every batch, in order of offsets.
  bool skips(const BatchHeader& batch);
  // The marker in a control batch, told after skips() was asked about the batch.
  void see_marker(const BatchHeader& batch, const ControlMarker& marker);

 private:
  bool is_open(int64_t producer) const;

  std::vector<AbortedTransaction> to_come_;  // By first offset, the next one last.
  std::vector<int64_t> open_producers_;      // Few: those that abort at the same time.
};

}  // namespace penstock::connect::kafka
