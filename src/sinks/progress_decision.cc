// Decisions over progress records.
#include "sinks/progress_decision.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::sinks {
namespace {

constexpr std::string_view kForeignRemedy =
    "This data directory was copied or restored from a backup, or another system writes with this "
    "sink's id. Stop the other writer, or drop this sink and create it anew.";
constexpr std::string_view kLostRemedy =
    "The progress topic was deleted, truncated or rolled back. To send everything again, drop this "
    "sink and create it anew.";

Verdict halt(std::string cause, std::string_view remedy) {
  return {Verdict::Kind::kHalt, std::nullopt, std::move(cause), std::string(remedy)};
}

std::string describe(const FoundRecord& found) {
  const ProgressRecord& record = found.record;
  std::string who = record.life ? "by life " + to_text(*record.life) : "without a life";
  return fmt::format("the progress record at offset {} (frontier {}, written {})", found.offset,
                     record.claim.frontier.ms, who);
}

Verdict lost(const CommittedProgress& k, const ProgressView& view) {
  return halt(fmt::format("committed progress at offset {} is gone: the progress topic holds "
                          "offsets {} to {}",
                          k.offset, view.low, view.high),
              kLostRemedy);
}

std::vector<FoundRecord> own_after(const ProgressView& view,
                                   const std::optional<CommittedProgress>& k) {
  std::vector<FoundRecord> out;
  for (const FoundRecord& found : view.records) {
    if (found.record.life && (!k || found.offset > k->offset)) out.push_back(found);
  }
  return out;
}

// A compatible record that no later record of ours covers was written by another system: ours
// writes its own record behind it, in the same transaction.
const FoundRecord* unaccompanied(const ProgressView& view) {
  for (size_t i = 0; i < view.records.size(); ++i) {
    const FoundRecord& found = view.records[i];
    if (found.record.life) continue;
    bool covered = std::any_of(view.records.begin() + static_cast<std::ptrdiff_t>(i),
                               view.records.end(), [&](const FoundRecord& later) {
                                 return later.record.life &&
                                        later.record.claim.frontier >= found.record.claim.frontier;
                               });
    if (!covered) return &found;
  }
  return nullptr;
}

bool holds_k(const ProgressView& view, const CommittedProgress& k) {
  return std::any_of(view.records.begin(), view.records.end(), [&](const FoundRecord& found) {
    return found.offset == k.offset && found.record.life == k.life;
  });
}

// What both tables begin with: K must be there, or superseded; nobody else may have written.
std::optional<Verdict> judge_committed(const ProgressView& view,
                                       const std::optional<CommittedProgress>& k,
                                       const std::vector<Life>& lives) {
  std::vector<FoundRecord> after = own_after(view, k);
  if (k && after.empty() && !holds_k(view, *k)) return lost(*k, view);
  if (const FoundRecord* found = unaccompanied(view)) {
    return halt("another writer committed " + describe(*found), kForeignRemedy);
  }
  Timestamp reached = k ? k->claim.frontier : Timestamp::min();
  for (const FoundRecord& found : after) {
    if (!is_ours(found.record, lives)) {
      return halt("another writer committed " + describe(found), kForeignRemedy);
    }
    if (found.record.claim.frontier < reached) {
      return halt("the frontier regressed in " + describe(found), kForeignRemedy);
    }
    reached = found.record.claim.frontier;
  }
  return std::nullopt;
}

Verdict adopt(const FoundRecord& found) {
  Verdict verdict{.kind = Verdict::Kind::kAdopt, .adopted = {}, .cause = {}, .remedy = {}};
  verdict.adopted = CommittedProgress{found.offset, *found.record.life, found.record.claim};
  return verdict;
}

}  // namespace

bool is_ours(const ProgressRecord& record, const std::vector<Life>& lives) {
  for (size_t i = 0; i < lives.size(); ++i) {
    if (lives[i].id != record.life) continue;
    if (i + 1 == lives.size()) return true;
    return record.claim.beyond() <= lives[i + 1].found.next();
  }
  return false;
}

Verdict judge_before_fencing(const ProgressView& view, const std::optional<CommittedProgress>& k,
                             const std::vector<Life>& lives) {
  std::vector<FoundRecord> after = own_after(view, k);
  for (const FoundRecord& found : after) {
    bool known = std::any_of(lives.begin(), lives.end(),
                             [&](const Life& life) { return life.id == found.record.life; });
    if (!known) return halt("another writer left " + describe(found), kForeignRemedy);
  }
  bool outside = k && (k->offset >= view.high || (k->offset < view.low && after.empty()));
  if (outside) return lost(*k, view);
  return {};
}

Verdict judge_at_start(const ProgressView& view, const std::optional<CommittedProgress>& k,
                       const std::vector<Life>& lives) {
  if (auto verdict = judge_committed(view, k, lives)) return *verdict;
  std::vector<FoundRecord> after = own_after(view, k);
  return after.empty() ? Verdict{} : adopt(after.back());
}

Verdict judge_after_fault(const ProgressView& view, const std::optional<CommittedProgress>& k,
                          const std::vector<Life>& lives,
                          const std::optional<ProgressClaim>& doubt) {
  if (auto verdict = judge_committed(view, k, lives)) return *verdict;
  std::vector<FoundRecord> after = own_after(view, k);
  if (after.empty()) return {};
  const FoundRecord& last = after.back();
  bool is_the_doubt = after.size() == 1 && doubt && last.record.claim == *doubt &&
                      last.record.life == lives.back().id;
  if (is_the_doubt) return adopt(last);
  return halt("a transaction that this process did not send committed " + describe(last),
              kForeignRemedy);
}

}  // namespace penstock::sinks
