// What table commits and sources hand to the ticker, and clusters to storage: changes to
// collections, and whatever must be durable together with them (rules T3, D1).
//
// One TickInput is never split over ticks. Immutable once handed over; batches are shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "data/delta_batch.h"
#include "storage/collection.h"
#include "storage/meta_store.h"
#include "storage/staging.h"

namespace penstock::storage {

// Ticks take inputs up to this size together; a single larger input is a tick of its own. Larger
// still (kStageBytes): the producer stages it.
inline constexpr size_t kTickBytes = 8 << 20;
inline constexpr size_t kStageBytes = 8 << 20;

// `rows` have the collection's columns; `errors` one kBytes column.
struct CollectionInput {
  CollectionId collection;
  std::vector<data::BatchRef> rows;
  std::vector<data::BatchRef> errors;
};

// How far a source has been read with this input; opaque. The last one of a tick wins.
struct Binding {
  ObjectId source;
  std::string position;
};

// A durable hold: `since` of `collection` stays at or below `time` (none: released). Replaces what
// the same holder had on the collection. Effective when appended, and again after a restart.
struct HoldChange {
  std::string holder;
  CollectionId collection;
  std::optional<Timestamp> time;
};

// Facts that change with a tick or between ticks, in one batch.
struct Changes {
  std::vector<MetaChange> meta;
  std::vector<CollectionSpec> create;
  std::vector<CollectionId> drop;
  std::vector<HoldChange> holds;
};

struct TickInput {
  std::vector<CollectionInput> collections;
  std::vector<Binding> bindings;
  std::vector<StagedParts> staged;    // Become the tick's updates.
  std::vector<CollectionId> publish;  // Become readable at the tick (rule T5).
  // Of exports: the times from here up to the tick were not computed, because the history they
  // need is gone, and are not offered (rule S5). What the tick holds is their change in one.
  std::optional<Timestamp> skipped_from;
  Changes changes;  // Applied before everything else of the input.

  // Of the rows and errors in memory; staged parts count nothing.
  size_t size_bytes() const;
};

using TickInputRef = std::shared_ptr<const TickInput>;

}  // namespace penstock::storage
