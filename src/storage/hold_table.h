// HoldTable over the state in memory.
#pragma once

#include "storage/holds.h"
#include "storage/store_state.h"

namespace penstock::storage {

class StateHoldTable : public HoldTable {
 public:
  explicit StateHoldTable(StoreState& state) : state_(state) {}

  Result<std::unique_ptr<ReadHold>> acquire(CollectionId collection, std::string holder,
                                            Timestamp time) override;
  std::optional<Timestamp> durable_hold(const std::string& holder,
                                        CollectionId collection) const override;
  std::vector<HoldInfo> holds() const override;

 private:
  uint64_t retained_bytes(const CollectionState& collection, uint64_t hold_id) const;

  StoreState& state_;
};

}  // namespace penstock::storage
