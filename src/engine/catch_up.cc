// Steps from storage, for circuits apart from their cluster.
#include "engine/catch_up.h"

#include "engine/tick_feeder.h"

namespace penstock::engine {

std::set<storage::Timeline> timelines_of(storage::Storage& storage, const Maintained& item) {
  std::set<storage::Timeline> out;
  for (CollectionId import : item.imports) {
    Result<storage::CollectionInfo> info = storage.reader().info(import);
    if (info) out.insert(info->spec.timeline);
  }
  return out;
}

Timestamp offered_from(storage::Durability& durability,
                       const std::set<storage::Timeline>& timelines, Timestamp time) {
  while (true) {
    Timestamp offered = time;
    for (storage::Timeline timeline : timelines) {
      offered = durability.offered_from(timeline, offered);
    }
    if (offered == time) return time;
    time = offered;
  }
}

// Ticks that are not offered may be many before a step ends, and one may be as large as a copied
// table.
Status catch_up(storage::Storage& storage, Maintained& item, Timestamp until, const Drain& drain) {
  const storage::CollectionReader& reader = storage.reader();
  const std::set<storage::Timeline> timelines = timelines_of(storage, item);
  ASSIGN_OR_RETURN(std::vector<Timestamp> ticks,
                   changed_ticks(reader, item.imports, item.time.next(), until.next()));
  if (ticks.empty() || ticks.back() < until) ticks.push_back(until);
  auto make_room = [&]() -> Status {
    if (item.index) item.output.consolidate_when_large();
    bool drains = !item.index && item.output.bytes() > storage::kStageBytes;
    return drains ? drain(item.output) : Status();
  };
  for (Timestamp tick : ticks) {
    for (CollectionId import : item.imports) {
      RETURN_IF_ERROR(feed_tick(reader, import, tick, *item.circuit, make_room));
      if (item.circuit->abandoned()) return {};
    }
    if (offered_from(storage.durability(), timelines, tick) != tick) continue;
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

Status go_over(storage::Storage& storage, Maintained& item, std::span<const CollectionId> imports,
               Timestamp until, const Drain& drain) {
  Timestamp at = item.time;
  while (at < until) {
    ASSIGN_OR_RETURN(at, feed_round(storage.reader(), imports, at, until, *item.circuit,
                                    [&] { return drain(item.output); }));
    if (at == until || item.circuit->abandoned()) return {};
    item.circuit->finish_step();
    RETURN_IF_ERROR(drain(item.output));
  }
  return {};
}

}  // namespace penstock::engine
