// Decisions over progress records.
#include "sinks/progress_decision.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::sinks {
namespace {

constexpr std::string_view kForeignRemedy =
    "This data directory was copied or restored from a backup, or another system writes with this "
    "sink's id. Stop the other writer. Then ALTER SINK ... ADOPT PROGRESS goes on behind it, ALTER "
    "SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE sends what the topic lacks; EXPLAIN in front of "
    "either tells what it would do.";
constexpr std::string_view kLostRemedy =
    "The progress topic was deleted, truncated or rolled back. ALTER SINK ... ADOPT PROGRESS goes "
    "on where this directory knows the sink to be, ALTER SINK ... RESTART WITH SNAPSHOT [AS "
    "DIFFERENCE] sends everything again, or what the topic lacks; EXPLAIN in front of either tells "
    "what it would do.";
constexpr std::string_view kInsteadOfAdopting =
    "ALTER SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE sends what the topic lacks.";

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

// A compatible record that no record of ours covers was written by another system: ours writes its
// own record in the same transaction, or, without transactions, before it.
const FoundRecord* unaccompanied(const ProgressView& view,
                                 const std::optional<CommittedProgress>& k) {
  Timestamp covered = k ? k->claim.frontier : Timestamp::min();
  for (const FoundRecord& found : view.records) {
    if (found.record.life) covered = std::max(covered, found.record.claim.frontier);
  }
  for (const FoundRecord& found : view.records) {
    if (found.record.life || (k && found.offset <= k->offset)) continue;
    if (found.record.claim.frontier > covered) return &found;
  }
  return nullptr;
}

bool holds_k(const ProgressView& view, const CommittedProgress& k) {
  return std::any_of(view.records.begin(), view.records.end(), [&](const FoundRecord& found) {
    return found.offset == k.offset && found.record.life == k.life;
  });
}

enum class Order { kKept, kMayBeLost };

// What all tables begin with: K must be there, or superseded; nobody else may have written.
std::optional<Verdict> judge_committed(const ProgressView& view,
                                       const std::optional<CommittedProgress>& k,
                                       const std::vector<Life>& lives, Order order) {
  std::vector<FoundRecord> after = own_after(view, k);
  if (k && after.empty() && !holds_k(view, *k)) return lost(*k, view);
  if (const FoundRecord* found = unaccompanied(view, k)) {
    return halt("another writer committed " + describe(*found), kForeignRemedy);
  }
  Timestamp reached = k ? k->claim.frontier : Timestamp::min();
  for (const FoundRecord& found : after) {
    if (!is_ours(found.record, lives)) {
      return halt("another writer committed " + describe(found), kForeignRemedy);
    }
    if (order == Order::kKept && found.record.claim.frontier < reached) {
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

bool is_further(const ProgressClaim& a, const ProgressClaim& b) {
  const auto units = [](const ProgressClaim& claim) { return claim.bulk ? claim.bulk->units : 0; };
  return a.frontier != b.frontier ? a.frontier > b.frontier : units(a) > units(b);
}

OrderOutcome refuse(std::string refusal, std::string_view remedy) {
  OrderOutcome out;
  out.refusal = std::move(refusal);
  out.remedy = remedy;
  return out;
}

OrderOutcome go_on_from(const SinkPlace& place, const ProgressClaim& claim) {
  OrderOutcome out;
  out.claim = claim;
  out.place = place;
  out.place.order = SinkOrder::kNone;
  out.place.halted.reset();
  out.place.next = claim.frontier;
  out.place.snapshot_due = claim.bulk && is_snapshot(claim.bulk->kind);
  out.place.as_difference = claim.bulk && claim.bulk->kind == BulkKind::kDifference;
  if (claim.frontier > Timestamp::min()) out.needs = claim.frontier.previous();
  return out;
}

OrderOutcome adopting(const std::optional<FoundRecord>& last, const SinkPlace& place,
                      const std::vector<Life>& lives) {
  if (place.history_released) {
    return refuse("the history that would have to be sent has been released", kInsteadOfAdopting);
  }
  const bool has_sent = place.k && !place.snapshot_due;
  if (!last && !place.k) return refuse("there is no progress to adopt", kInsteadOfAdopting);
  if (!last && place.k->claim.bulk) return go_on_from(place, place.k->claim);
  if (!last && !has_sent) return refuse("there is no progress to adopt", kInsteadOfAdopting);
  if (!last) return go_on_from(place, {place.next, std::nullopt});
  if (last->record.claim.bulk) {
    if (last->record.life && is_ours(last->record, lives)) {
      return go_on_from(place, last->record.claim);
    }
    return refuse("a part of " + describe(*last) + " was sent only, of rows that are not ours",
                  kInsteadOfAdopting);
  }
  const Timestamp frontier = last->record.claim.frontier;
  if (frontier > place.oldest_needed()) return go_on_from(place, {frontier, std::nullopt});
  // Whoever wrote it knew less than this directory does.
  if (has_sent && !place.k->claim.bulk) return go_on_from(place, {place.next, std::nullopt});
  return refuse(fmt::format("what changed between {} and {} would never be sent: it is no longer "
                            "known here",
                            frontier.ms, place.oldest_needed().ms),
                kInsteadOfAdopting);
}

// Our record repeats what was claimed, so that whoever else writes sees us. The snapshot is stamped
// later than everything in the topic.
OrderOutcome restarting(const std::optional<FoundRecord>& last, const SinkPlace& place) {
  OrderOutcome out;
  out.place = place;
  out.place.order = SinkOrder::kNone;
  out.place.halted.reset();
  out.place.k.reset();
  if (last) {
    out.claim.frontier = last->record.claim.frontier;
    out.place.next = std::max(place.next, last->record.claim.beyond());
  }
  out.needs = out.place.next;
  return out;
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
                             const std::vector<Life>& lives, bool under_their_id) {
  std::vector<FoundRecord> after = own_after(view, k);
  const FoundRecord* theirs = k || !under_their_id ? nullptr : unaccompanied(view, k);
  if (theirs) return halt("another writer left " + describe(*theirs), kForeignRemedy);
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
  if (auto verdict = judge_committed(view, k, lives, Order::kKept)) return *verdict;
  std::vector<FoundRecord> after = own_after(view, k);
  return after.empty() ? Verdict{} : adopt(after.back());
}

Verdict judge_after_fault(const ProgressView& view, const std::optional<CommittedProgress>& k,
                          const std::vector<Life>& lives,
                          const std::optional<ProgressClaim>& doubt) {
  if (auto verdict = judge_committed(view, k, lives, Order::kKept)) return *verdict;
  std::vector<FoundRecord> after = own_after(view, k);
  if (after.empty()) return {};
  const FoundRecord& last = after.back();
  bool is_the_doubt = after.size() == 1 && doubt && last.record.claim == *doubt &&
                      last.record.life == lives.back().id;
  if (is_the_doubt) return adopt(last);
  return halt("a transaction that this process did not send committed " + describe(last),
              kForeignRemedy);
}

Verdict judge_unfenced(const ProgressView& view, const std::optional<CommittedProgress>& k,
                       const std::vector<Life>& lives) {
  if (auto verdict = judge_committed(view, k, lives, Order::kMayBeLost)) return *verdict;
  std::vector<FoundRecord> after = own_after(view, k);
  const FoundRecord* furthest = nullptr;
  for (const FoundRecord& found : after) {
    if (!furthest || is_further(found.record.claim, furthest->record.claim)) furthest = &found;
  }
  if (!furthest || (k && !is_further(furthest->record.claim, k->claim))) return {};
  // The last one is there to be found again.
  Verdict verdict = adopt(after.back());
  verdict.adopted->claim = furthest->record.claim;
  return verdict;
}

OrderOutcome outcome_of_order(const ProgressView& view, const SinkPlace& place,
                              const std::vector<Life>& lives) {
  const std::optional<FoundRecord> last =
      view.records.empty() ? std::nullopt : std::optional(view.records.back());
  if (last && last->record.claim.frontier == Timestamp::max()) {
    return refuse(describe(*last) + " says that the sink has sent all there will ever be",
                  "Drop the sink and create it anew.");
  }
  return place.order == SinkOrder::kAdopt ? adopting(last, place, lives) : restarting(last, place);
}

}  // namespace penstock::sinks
