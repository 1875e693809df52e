// Feeds ticks from storage into circuits: for a circuit that catches up, a cluster that lags, views
// of another cluster, and ticks too large for memory.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataflow/circuit.h"
#include "storage/storage.h"

namespace penstock::engine {

// Called after each chunk: linear plans give out at once what they are fed.
using Fed = std::function<Status()>;

// Feeds everything present at `time`, rows and errors, chunk by chunk, until the circuit is
// abandoned. The step is not finished.
Status feed_snapshot(const storage::CollectionReader& reader, CollectionId collection,
                     Timestamp time, dataflow::Circuit& circuit, const Fed& fed);

// Feeds what changed at the one tick `time`, however large. The step is not finished.
Status feed_tick(const storage::CollectionReader& reader, CollectionId collection, Timestamp time,
                 dataflow::Circuit& circuit, const Fed& fed = {});

// Feeds what changed after `after` as if it were one tick: up to `until`, or as much as fits some
// MiB, at least one tick. Returns the time to which that is everything. The step is not finished.
// REQUIRES: the uppers of all are above `until`.
Result<Timestamp> feed_round(const storage::CollectionReader& reader,
                             std::span<const CollectionId> collections, Timestamp after,
                             Timestamp until, dataflow::Circuit& circuit, const Fed& fed);

// Feeds rows or errors of the collection as they come. The step is not finished.
Status feed_ordered(data::OrderedRows& rows, storage::Stream stream, CollectionId collection,
                    dataflow::Circuit& circuit, const Fed& fed = {});

// The ticks in [from, until) at which one of the collections changed, ascending. Reads ahead at
// most `limit` of them.
Result<std::vector<Timestamp>> changed_ticks(const storage::CollectionReader& reader,
                                             std::span<const CollectionId> collections,
                                             Timestamp from, Timestamp until);

}  // namespace penstock::engine
