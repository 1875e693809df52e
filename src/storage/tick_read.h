// Reading tick by tick: how far one read goes, and sorting what it finds by time.
#pragma once

#include <map>
#include <vector>

#include "storage/entry_source.h"
#include "storage/store_state.h"

namespace penstock::storage {

// What a read of [from, end) takes: everything before `stop`. See data::TickRead.
struct TickReadPlan {
  Timestamp stop;
  std::optional<Timestamp> large_tick;
  bool empty = true;  // Nothing changed in [from, stop).
};
// Takes whole log entries while they fit `limit_bytes`. A merged part is always taken whole, so a
// read may exceed the limit by one (8 MiB). REQUIRES: the mutex of the state.
TickReadPlan plan_tick_read(const CollectionState& collection, Timestamp from, Timestamp end,
                            size_t limit_bytes);

class TickCollector {
 public:
  Status add_block(const RowFormat& format, Stream stream, std::string_view block, Timestamp time,
                   TimeRange times);
  Status add_source(const RowFormat& format, Stream stream, EntrySource& source);
  std::vector<data::TickUpdates> finish();

 private:
  struct Open {
    std::optional<data::BatchBuilder> builder;
    std::vector<data::BatchRef> done;
  };
  struct Tick {
    Open streams[2];
  };
  Status add(const RowFormat& format, Stream stream, const Entry& entry);
  static void close(Open& open);

  std::map<Timestamp, Tick> ticks_;
};

}  // namespace penstock::storage
