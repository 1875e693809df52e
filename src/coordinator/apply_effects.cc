// The order in which effects happen, and why a crash between any two steps is harmless: before the
// batch nothing has changed but what is stopped, and that starts again; after it, the start of the
// process does what is left.
#include "coordinator/apply_effects.h"

#include <algorithm>

#include "base/check.h"
#include "coordinator/outside/stored_ledger.h"

namespace penstock::coordinator {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

Status store_secrets(const Sequenced& sequenced, const EffectTargets& targets) {
  for (const Effect& effect : sequenced.effects) {
    const auto* put = std::get_if<PutSecret>(&effect);
    if (put != nullptr) RETURN_IF_ERROR(targets.secrets.put(put->secret, put->value));
  }
  return {};
}

void stop_running(const Sequenced& sequenced, const EffectTargets& targets) {
  for (const Effect& effect : sequenced.effects) {
    std::visit(
        Overloaded{
            [&](const StopView& e) { targets.engine.stop_view(e.view); },
            [&](const StopIndex& e) { targets.engine.stop_index(e.index); },
            [&](const StopSource& e) { targets.sources.stop(e.source); },
            [&](const StopSourceTable& e) { targets.sources.remove_table(e.table, e.source); },
            [&](const StopSink& e) { targets.sinks.stop(e.sink); }, [](const auto&) {}},
        effect);
  }
}

const defs::PostgresConnectionDef& connection_of(const catalog::CatalogState& catalog,
                                                 const defs::PostgresSourceDef& source) {
  catalog::ItemRef item = catalog.item(source.connection);
  CHECK(item != nullptr);
  const auto* connection = std::get_if<defs::PostgresConnectionDef>(&item->facts);
  CHECK(connection != nullptr);
  return *connection;
}

std::vector<SlotCleanup> slot_cleanups(const Sequenced& sequenced,
                                       const catalog::CatalogState& catalog) {
  std::vector<SlotCleanup> out;
  for (const Effect& effect : sequenced.effects) {
    const auto* stop = std::get_if<StopSource>(&effect);
    if (stop == nullptr) continue;
    const auto& source = std::get<defs::PostgresSourceDef>(catalog.item(stop->source)->facts);
    out.push_back({stop->source, source.slot_name, connection_of(catalog, source)});
  }
  return out;
}

storage::TickInput batch_of(const Sequenced& sequenced, const EffectTargets& targets,
                            const std::vector<SlotCleanup>& cleanups) {
  storage::TickInput input;
  input.changes.meta = targets.catalog.encode(sequenced.changes);
  for (const SlotCleanup& cleanup : cleanups) input.changes.meta.push_back(Cleanup::row(cleanup));
  CatalogSnapshot catalog = targets.catalog.snapshot();
  for (const Effect& effect : sequenced.effects) {
    std::visit(
        Overloaded{[&](const CreateCollection& e) {
                     input.changes.create.push_back(e.spec);
                     if (e.publish) input.publish.push_back(e.spec.id);
                   },
                   [&](const DropCollection& e) { input.changes.drop.push_back(e.collection); },
                   [&](const StopSource& e) {
                     input.changes.meta.push_back(
                         {storage::binding_key(e.source.value), std::nullopt});
                   },
                   [&](const StopSink& e) {
                     const auto& sink = std::get<defs::SinkDef>(catalog->item(e.sink)->facts);
                     input.changes.meta.push_back({sink_place_key(e.sink), std::nullopt});
                     input.changes.holds.push_back(
                         {sink_holder(e.sink), CollectionId{sink.from.value}, std::nullopt});
                   },
                   [](const auto&) {}},
        effect);
  }
  return input;
}

Status start_new(const Sequenced& sequenced, const EffectTargets& targets) {
  for (const Effect& effect : sequenced.effects) {
    Status status =
        std::visit(Overloaded{[&](const CreateClusterThreads& e) -> Status {
                                targets.engine.create_cluster(e.cluster);
                                return {};
                              },
                              [&](const RunView& e) { return targets.engine.run_view(e.spec); },
                              [&](const RunIndex& e) { return targets.engine.run_index(e.spec); },
                              [&](const StartSource& e) -> Status {
                                targets.sources.start(e.source);
                                return {};
                              },
                              [&](const StartSourceTable& e) -> Status {
                                targets.sources.add_table(e.table);
                                return {};
                              },
                              [&](const StartSink& e) -> Status {
                                targets.sinks.start(e.sink);
                                return {};
                              },
                              [&](const DropClusterThreads& e) -> Status {
                                targets.engine.drop_cluster(e.cluster);
                                return {};
                              },
                              [&](const RefreshConnection& e) -> Status {
                                targets.sources.refresh_connection(e.connection);
                                targets.sinks.refresh_connection(e.connection);
                                return {};
                              },
                              [&](const RemoveSecret& e) -> Status {
                                if (targets.cleanup.keeps_secret(e.secret)) return {};
                                return targets.secrets.remove(e.secret);
                              },
                              [](const auto&) -> Status { return {}; }},
                   effect);
    RETURN_IF_ERROR(status);
  }
  return {};
}

// Nobody may be writing to a table that goes: its writers are waited for, and later ones find it
// gone.
Result<TableLocks::Guard> lock_dropped(const Sequenced& sequenced, const EffectTargets& targets,
                                       const StopToken& never) {
  std::vector<CollectionId> tables;
  for (const Effect& effect : sequenced.effects) {
    if (const auto* drop = std::get_if<DropCollection>(&effect)) tables.push_back(drop->collection);
  }
  return targets.locks.lock(std::move(tables), LockMode::kAlone, never);
}

}  // namespace

Status apply_effects(const Sequenced& sequenced, const EffectTargets& targets) {
  if (sequenced.changes.empty() && sequenced.effects.empty()) return {};
  StopToken never;
  ASSIGN_OR_RETURN(TableLocks::Guard guard, lock_dropped(sequenced, targets, never));
  std::vector<SlotCleanup> cleanups = slot_cleanups(sequenced, *targets.catalog.snapshot());
  RETURN_IF_ERROR(store_secrets(sequenced, targets));
  stop_running(sequenced, targets);
  if (!sequenced.changes.empty()) {
    auto input = std::make_shared<storage::TickInput>(batch_of(sequenced, targets, cleanups));
    Result<Timestamp> done = targets.engine.submit_and_wait(std::move(input), {});
    if (!done) return std::unexpected(done.error());
    targets.catalog.apply(sequenced.changes);
  }
  guard.release();
  for (const SlotCleanup& cleanup : cleanups) targets.cleanup.begin(cleanup);
  return start_new(sequenced, targets);
}

}  // namespace penstock::coordinator
