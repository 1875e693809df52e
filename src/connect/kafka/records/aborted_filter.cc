// The rule is that of KIP-98, "Consumer".
#include "connect/kafka/records/aborted_filter.h"

#include <algorithm>

#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/control_marker.h"

namespace penstock::connect::kafka {

void AbortedFilter::reset(std::span<const AbortedTransaction> aborted) {
  to_come_.assign(aborted.begin(), aborted.end());
  std::ranges::sort(to_come_, std::ranges::greater(), &AbortedTransaction::first_offset);
  open_producers_.clear();
}

bool AbortedFilter::is_open(int64_t producer) const {
  return std::ranges::find(open_producers_, producer) != open_producers_.end();
}

bool AbortedFilter::skips(const BatchHeader& batch) {
  // The last offset, not the first: a transaction may begin before what was fetched, or compaction
  // may have moved the start of the batch that it began with.
  for (; !to_come_.empty() && to_come_.back().first_offset <= batch.last_offset;
       to_come_.pop_back()) {
    const int64_t producer = to_come_.back().producer_id;
    if (!is_open(producer)) open_producers_.push_back(producer);
  }
  if (batch.control) return true;
  return batch.transactional && is_open(batch.producer_id);
}

void AbortedFilter::see_marker(const BatchHeader& batch, const ControlMarker& marker) {
  if (marker.type == ControlType::kAbort) std::erase(open_producers_, batch.producer_id);
}

}  // namespace penstock::connect::kafka
