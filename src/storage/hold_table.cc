// Holds and what they cost.
#include "storage/hold_table.h"

#include <algorithm>

namespace penstock::storage {

namespace {

class StateReadHold : public ReadHold {
 public:
  StateReadHold(StoreState& state, uint64_t id, CollectionId collection)
      : state_(state), id_(id), collection_(collection) {}
  ~StateReadHold() override {
    std::lock_guard lock(state_.mutex);
    state_.holds.erase(id_);
  }
  StateReadHold(const StateReadHold&) = delete;
  StateReadHold& operator=(const StateReadHold&) = delete;

  CollectionId collection() const override { return collection_; }
  Timestamp time() const override {
    std::lock_guard lock(state_.mutex);
    auto found = state_.holds.find(id_);  // Gone with a dropped collection.
    return found == state_.holds.end() ? Timestamp::max() : found->second.time;
  }
  void advance(Timestamp time) override {
    std::lock_guard lock(state_.mutex);
    auto found = state_.holds.find(id_);
    if (found != state_.holds.end()) found->second.time = std::max(found->second.time, time);
  }

 private:
  StoreState& state_;
  uint64_t id_;
  CollectionId collection_;
};

}  // namespace

Result<std::unique_ptr<ReadHold>> StateHoldTable::acquire(CollectionId collection,
                                                          std::string holder, Timestamp time) {
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  uint64_t id = state_.next_hold++;
  state_.holds[id] = {std::move(holder), collection, std::max(time, known->since), false};
  return std::make_unique<StateReadHold>(state_, id, collection);
}

std::optional<Timestamp> StateHoldTable::durable_hold(const std::string& holder,
                                                      CollectionId collection) const {
  std::lock_guard lock(state_.mutex);
  for (const auto& [id, hold] : state_.holds) {
    if (hold.durable && hold.collection == collection && hold.holder == holder) return hold.time;
  }
  return std::nullopt;
}

uint64_t StateHoldTable::retained_bytes(const CollectionState& collection, uint64_t hold_id) const {
  Timestamp own = state_.holds.at(hold_id).time;
  uint64_t bytes = 0;
  for (const StreamState& stream : collection.streams) {
    for (auto entry = stream.log.rbegin(); entry != stream.log.rend(); ++entry) {
      if (entry->last <= own) break;
      bytes += entry->bytes;
    }
  }
  return bytes;
}

std::vector<HoldInfo> StateHoldTable::holds() const {
  std::lock_guard lock(state_.mutex);
  std::vector<HoldInfo> out;
  for (const auto& [id, hold] : state_.holds) {
    const CollectionState* known = state_.find(hold.collection);
    uint64_t retained = known == nullptr ? 0 : retained_bytes(*known, id);
    out.push_back({hold.holder, hold.collection, hold.time, hold.durable, retained});
  }
  return out;
}

}  // namespace penstock::storage
