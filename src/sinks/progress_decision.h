// What a sink may conclude from its progress topic (rules K2-K4): pure functions of the records
// read, K, and the lives of this directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sinks/progress_reader.h"

namespace penstock::sinks {

struct Verdict {
  enum class Kind { kGoOn, kAdopt, kHalt };
  Kind kind = Kind::kGoOn;
  std::optional<CommittedProgress> adopted;
  std::string cause;
  std::string remedy;
};

// Whether a committed record belongs to the history of this directory: a life stored here wrote it,
// and if a later life began since, the claim is at most one tick above the D which that one found.
// What lies beyond was written by the other branch of a copied or restored directory.
bool is_ours(const ProgressRecord& record, const std::vector<Life>& lives);

// K3, before fencing: may we disturb whoever uses this transactional id? `view` was read
// uncommitted from K on: its records may be aborted, so only who wrote them counts.
// `under_their_id`: the sink has another system's id, so that a record that names no life is that
// system's as long as there is no K.
Verdict judge_before_fencing(const ProgressView& view, const std::optional<CommittedProgress>& k,
                             const std::vector<Life>& lives, bool under_their_id);

// K3's table, after fencing. `view` was read committed from K on.
Verdict judge_at_start(const ProgressView& view, const std::optional<CommittedProgress>& k,
                       const std::vector<Life>& lives);

// K4, after fencing again in the same life. `doubt`: what the transaction claims whose outcome is
// not known, if there is one.
Verdict judge_after_fault(const ProgressView& view, const std::optional<CommittedProgress>& k,
                          const std::vector<Life>& lives,
                          const std::optional<ProgressClaim>& doubt);

// Of a sink without transactions, which fences nobody, whenever it comes back. Its own records may
// be out of order, since a request of before may have arrived late: the furthest one counts.
Verdict judge_unfenced(const ProgressView& view, const std::optional<CommittedProgress>& k,
                       const std::vector<Life>& lives);

// What an order of ALTER SINK comes to when the progress topic holds `view`, of all records.
struct OrderOutcome {
  // Why it cannot be carried out, and what can be done instead; "" if it can.
  std::string refusal;
  std::string remedy;
  // What our next record must claim; and the place then, but for K.
  ProgressClaim claim;
  SinkPlace place;
  // The time that must be durable here before that.
  Timestamp needs;
};
// REQUIRES: place.order is not kNone.
OrderOutcome outcome_of_order(const ProgressView& view, const SinkPlace& place,
                              const std::vector<Life>& lives);

}  // namespace penstock::sinks
