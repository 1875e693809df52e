// Who keeps which history: holds on `since`, and what each of them costs (rules S3-S5).
//
// Durable holds change through HoldChange (tick_input.h) and survive a restart; volatile ones are
// the objects below and live as long as they do. `since` is moved in the background to the least
// hold of the collection, at most to upper - 1. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace penstock::storage {

// Keeps one collection readable at time(). Movable; released when destroyed.
class ReadHold {
 public:
  virtual ~ReadHold() = default;
  virtual CollectionId collection() const = 0;
  virtual Timestamp time() const = 0;
  // Lets history before `time` go. Lower than time(): nothing happens.
  virtual void advance(Timestamp time) = 0;
};

struct HoldInfo {
  std::string holder;
  CollectionId collection;
  Timestamp time;
  bool durable = false;
  uint64_t retained_bytes = 0;  // Of log after `time`: what it keeps from being folded, also if
                                // others do so too.
};

class HoldTable {
 public:
  virtual ~HoldTable() = default;
  // A hold at `time`, or at `since` if that is later (ask time()). Error if there is no such
  // collection.
  virtual Result<std::unique_ptr<ReadHold>> acquire(CollectionId collection, std::string holder,
                                                    Timestamp time) = 0;
  virtual std::optional<Timestamp> durable_hold(const std::string& holder,
                                                CollectionId collection) const = 0;
  virtual std::vector<HoldInfo> holds() const = 0;
};

}  // namespace penstock::storage
