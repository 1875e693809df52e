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
Verdict judge_before_fencing(const ProgressView& view, const std::optional<CommittedProgress>& k,
                             const std::vector<Life>& lives);

// K3's table, after fencing. `view` was read committed from K on.
Verdict judge_at_start(const ProgressView& view, const std::optional<CommittedProgress>& k,
                       const std::vector<Life>& lives);

// K4, after fencing again in the same life. `doubt`: what the transaction claims whose outcome is
// not known, if there is one.
Verdict judge_after_fault(const ProgressView& view, const std::optional<CommittedProgress>& k,
                          const std::vector<Life>& lives,
                          const std::optional<ProgressClaim>& doubt);

}  // namespace penstock::sinks
