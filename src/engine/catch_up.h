// Brings a circuit that no cluster steps yet up to a later tick, from storage.
#pragma once

#include <functional>
#include <set>
#include <span>

#include "engine/maintained.h"

namespace penstock::engine {

// Takes what a circuit has given out so far, so that it does not pile up.
using Drain = std::function<Status(StepOutput&)>;

// Whose uppers an item's imports share.
std::set<storage::Timeline> timelines_of(storage::Storage& storage, const Maintained& item);
// The first time from `time` on that all of them offer, as far as their uppers tell (rule S5).
Timestamp offered_from(storage::Durability& durability,
                       const std::set<storage::Timeline>& timelines, Timestamp time);

// Steps the circuit over the ticks it has not seen, up to and including `until`, which everything
// it reads has reached and offers. A tick that is not offered is one step with those that follow.
// An index takes the changes of each step. `drain` takes those of a view, also in the middle of a
// step when they are many: nobody may have seen the view yet. Stops where the circuit is abandoned.
Status catch_up(storage::Storage& storage, Maintained& item, Timestamp until, const Drain& drain);

// Feeds what changed in `imports` up to and including `until`, over ticks that nobody will be
// offered: in steps of bounded bytes, `drain` takes what comes out on the way. The last step is not
// finished.
Status go_over(storage::Storage& storage, Maintained& item, std::span<const CollectionId> imports,
               Timestamp until, const Drain& drain);

}  // namespace penstock::engine
