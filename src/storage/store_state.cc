// Lookups and updates of the state in memory.
#include "storage/store_state.h"

#include <algorithm>

namespace penstock::storage {

CollectionState* StoreState::find(CollectionId collection) {
  auto found = collections.find(collection);
  return found == collections.end() ? nullptr : &found->second;
}

const CollectionState* StoreState::find(CollectionId collection) const {
  auto found = collections.find(collection);
  return found == collections.end() ? nullptr : &found->second;
}

void StoreState::add(const CollectionSpec& spec) {
  CollectionState state;
  state.spec = spec;
  state.formats[0] = std::make_shared<const RowFormat>(RowFormat::of_rows(spec.type));
  state.formats[1] = std::make_shared<const RowFormat>(RowFormat::of_errors());
  state.rows.set(Timestamp::min(), 0);
  collections[spec.id] = std::move(state);
}

void StoreState::set_durable_hold(const std::string& holder, CollectionId collection,
                                  std::optional<Timestamp> time) {
  for (auto hold = holds.begin(); hold != holds.end(); ++hold) {
    Hold& existing = hold->second;
    if (!existing.durable || existing.collection != collection || existing.holder != holder) {
      continue;
    }
    if (time) {
      existing.time = *time;
    } else {
      holds.erase(hold);
    }
    return;
  }
  if (time) holds[next_hold++] = {holder, collection, *time, true};
}

std::optional<Timestamp> StoreState::least_hold(CollectionId collection) const {
  std::optional<Timestamp> least;
  for (const auto& [id, hold] : holds) {
    if (hold.collection == collection && (!least || hold.time < *least)) least = hold.time;
  }
  return least;
}

OpenSnapshot::OpenSnapshot(StoreState& state, CollectionId collection)
    : state_(state), collection_(collection) {
  std::lock_guard lock(state_.mutex);
  if (CollectionState* known = state_.find(collection_)) ++known->open_snapshots;
}

OpenSnapshot::~OpenSnapshot() {
  std::lock_guard lock(state_.mutex);
  if (CollectionState* known = state_.find(collection_)) --known->open_snapshots;
}

Error no_such_collection(CollectionId collection) {
  return Error(sql_state::kUndefinedObject,
               "collection " + std::to_string(collection.value) + " does not exist");
}

}  // namespace penstock::storage
