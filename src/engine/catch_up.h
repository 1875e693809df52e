// Brings a circuit that no cluster steps yet up to a later tick, from storage.
#pragma once

#include <functional>

#include "engine/maintained.h"

namespace penstock::engine {

// Takes what a circuit has given out so far, so that it does not pile up.
using Drain = std::function<Status(StepOutput&)>;

// Steps the circuit over the ticks it has not seen, up to and including `until`, which everything
// it reads has reached. An index takes the changes of each, `drain` those of a view. Stops where
// the circuit is abandoned.
Status catch_up(const storage::CollectionReader& reader, Maintained& item, Timestamp until,
                const Drain& drain);

}  // namespace penstock::engine
