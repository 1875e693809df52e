// Steps from storage, for circuits apart from their cluster.
#include "engine/catch_up.h"

#include "engine/tick_feeder.h"

namespace penstock::engine {

Status catch_up(const storage::CollectionReader& reader, Maintained& item, Timestamp until,
                const Drain& drain) {
  ASSIGN_OR_RETURN(std::vector<Timestamp> ticks,
                   changed_ticks(reader, item.imports, item.time.next(), until.next()));
  for (Timestamp tick : ticks) {
    for (CollectionId import : item.imports) {
      RETURN_IF_ERROR(feed_tick(reader, import, tick, *item.circuit));
    }
    item.circuit->finish_step();
    if (item.circuit->abandoned()) return {};
    if (item.index) {
      item.index->apply(item.output.rows(), item.output.errors(), tick);
      item.output.clear();
    } else {
      RETURN_IF_ERROR(drain(item.output));
    }
  }
  item.time = until;
  return {};
}

}  // namespace penstock::engine
