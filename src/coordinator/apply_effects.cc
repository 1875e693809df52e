// The order in which effects happen, and why a crash between any two steps is harmless: before the
// batch nothing has changed but what is stopped, and that starts again; after it, the start of the
// process does what is left.
#include "coordinator/apply_effects.h"

#include <algorithm>
#include <map>

#include "catalog/facts_of.h"
#include "coordinator/outside/client_options.h"
#include "coordinator/outside/stored_ledger.h"
#include "defs/names.h"
#include "sources/postgres/source_position.h"

namespace penstock::coordinator {
namespace {

using catalog::facts_of;

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

// All are told before one is waited for. Views and indexes come last: their cluster goes on without
// them, and a process that dies before the batch has to find out what they missed.
void stop_running(const Sequenced& sequenced, const EffectTargets& targets) {
  auto each = [&](const auto&... cases) {
    for (const Effect& effect : sequenced.effects) {
      std::visit(Overloaded{cases..., [](const auto&) {}}, effect);
    }
  };
  each([&](const StopSource& e) { targets.sources.tell_to_stop(e.source); },
       [&](const StopSink& e) { targets.sinks.tell_to_stop(e.sink); },
       [&](const RestartSink& e) { targets.sinks.tell_to_stop(e.sink); });
  each([&](const StopSource& e) { targets.sources.stop(e.source); },
       [&](const StopSourceTable& e) { targets.sources.remove_table(e.table, e.source); },
       [&](const StopSink& e) { targets.sinks.stop(e.sink); },
       [&](const RestartSink& e) { targets.sinks.pause(e.sink); });
  each([&](const StopView& e) { targets.engine.tell_to_stop(e.view); },
       [&](const StopIndex& e) { targets.engine.tell_to_stop(CollectionId{e.index.value}); });
  each([&](const StopView& e) { targets.engine.stop_view(e.view); },
       [&](const StopIndex& e) { targets.engine.stop_index(e.index); });
}

CleanupTask slot_cleanup(ObjectId id, const catalog::CatalogState& catalog) {
  const auto& source = facts_of<defs::PostgresSourceDef>(catalog, id);
  return SlotCleanup{id, source.slot_name, source.connection,
                     facts_of<defs::PostgresConnectionDef>(catalog, source.connection)};
}

// Nothing for a sink that was never born: it has not been at the broker.
Result<std::optional<CleanupTask>> sink_cleanup(ObjectId id, const catalog::CatalogState& catalog,
                                                const EffectTargets& targets) {
  ASSIGN_OR_RETURN(std::optional<sinks::SinkPlace> place, targets.sinks.place(id));
  if (!place) return std::nullopt;
  const auto& sink = facts_of<defs::SinkDef>(catalog, id);
  SinkCleanup out;
  out.sink = id;
  out.connection_id = sink.connection;
  out.connection = facts_of<defs::KafkaConnectionDef>(catalog, sink.connection);
  out.aws = kafka_endpoint(out.connection, catalog).aws;
  out.progress_topic =
      defs::progress_topic(out.connection, targets.environment_id, sink.connection);
  if (sink.delivery == defs::DeliveryGuarantee::kExactlyOnce) {
    out.transactional_id = defs::transactional_id(sink, targets.environment_id, id);
  }
  out.progress_id = sink.progress_id;
  out.place = *place;
  return out;
}

// REQUIRES: what is dropped has been stopped.
Result<std::vector<CleanupTask>> cleanups_of(const Sequenced& sequenced,
                                             const EffectTargets& targets) {
  CatalogSnapshot catalog = targets.catalog.snapshot();
  std::vector<CleanupTask> out;
  for (const Effect& effect : sequenced.effects) {
    if (const auto* source = std::get_if<StopSource>(&effect)) {
      out.push_back(slot_cleanup(source->source, *catalog));
    } else if (const auto* sink = std::get_if<StopSink>(&effect)) {
      ASSIGN_OR_RETURN(std::optional<CleanupTask> task,
                       sink_cleanup(sink->sink, *catalog, targets));
      if (task) out.push_back(std::move(*task));
    }
  }
  return out;
}

// Places of sinks that read another collection from now on, or are told where to go on.
using MovedSinks = std::map<ObjectId, sinks::SinkPlace>;

// REQUIRES: they are paused. Error 40001: one is in the middle of something that is only half sent.
Result<MovedSinks> moved_sinks(const Sequenced& sequenced, const EffectTargets& targets) {
  MovedSinks out;
  for (const Effect& effect : sequenced.effects) {
    const auto* restart = std::get_if<RestartSink>(&effect);
    if (restart == nullptr) continue;
    if (restart->before == restart->after && !restart->order) continue;
    ASSIGN_OR_RETURN(std::optional<sinks::SinkPlace> place, targets.sinks.place(restart->sink));
    if (!place) continue;
    if (!restart->order && !place->can_change_over()) {
      return fail(
          Error(sql_state::kSerializationFailure, kLargeChangeBegun).with_hint("Try again."));
    }
    ASSIGN_OR_RETURN(place, targets.sinks.take_place(restart->sink));
    if (restart->before != restart->after) place->change_over(restart->other_form);
    if (restart->order) restart->order->tell(*place);
    out.emplace(restart->sink, *std::move(place));
  }
  return out;
}

// The place with its hold on the new collection, and none on the old one.
void move_sink(const RestartSink& restart, const MovedSinks& moved, storage::Changes& changes) {
  auto found = moved.find(restart.sink);
  if (found == moved.end()) return;
  storage::Changes place = place_changes(restart.sink, restart.after, found->second);
  changes.meta.insert(changes.meta.end(), place.meta.begin(), place.meta.end());
  if (restart.before != restart.after) {
    changes.holds.push_back({sink_holder(restart.sink), restart.before, std::nullopt});
  }
  changes.holds.insert(changes.holds.end(), place.holds.begin(), place.holds.end());
}

void start_paused(const Sequenced& sequenced, const EffectTargets& targets) {
  for (const Effect& effect : sequenced.effects) {
    const auto* restart = std::get_if<RestartSink>(&effect);
    if (restart != nullptr) targets.sinks.start(restart->sink);
  }
}

storage::TickInput batch_of(const Sequenced& sequenced, const EffectTargets& targets,
                            const std::vector<CleanupTask>& cleanups, const MovedSinks& moved) {
  storage::TickInput input;
  input.changes.meta = targets.catalog.encode(sequenced.changes);
  for (const CleanupTask& task : cleanups) {
    input.changes.meta.push_back({cleanup_key(task), encode_cleanup(task)});
  }
  CatalogSnapshot catalog = targets.catalog.snapshot();
  for (const Effect& effect : sequenced.effects) {
    std::visit(
        Overloaded{
            [&](const CreateCollection& e) {
              input.changes.create.push_back(e.spec);
              if (e.publish) input.publish.push_back(e.spec.id);
            },
            [&](const DropCollection& e) { input.changes.drop.push_back(e.collection); },
            [&](const StopSourceTable& e) {
              input.changes.meta.push_back(
                  {sources::ended_table_key(e.source, CollectionId{e.table.value}), std::nullopt});
            },
            [&](const StopSource& e) {
              input.changes.meta.push_back({storage::binding_key(e.source.value), std::nullopt});
            },
            [&](const StopSink& e) {
              const auto& sink = facts_of<defs::SinkDef>(*catalog, e.sink);
              input.changes.meta.push_back({sink_place_key(e.sink), std::nullopt});
              input.changes.holds.push_back({sink_holder(e.sink), sink.collection(), std::nullopt});
            },
            [&](const RestartSink& e) { move_sink(e, moved, input.changes); }, [](const auto&) {}},
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
                              [&](const RestartSink& e) -> Status {
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

}  // namespace

std::vector<CollectionId> dropped_collections(const Sequenced& sequenced) {
  std::vector<CollectionId> dropped;
  for (const Effect& effect : sequenced.effects) {
    const auto* drop = std::get_if<DropCollection>(&effect);
    if (drop != nullptr) dropped.push_back(drop->collection);
  }
  return dropped;
}

Status apply_effects(const Sequenced& sequenced, const EffectTargets& targets,
                     TableLocks::Guard dropped) {
  if (sequenced.changes.empty() && sequenced.effects.empty()) return {};
  RETURN_IF_ERROR(store_secrets(sequenced, targets));
  stop_running(sequenced, targets);
  ASSIGN_OR_RETURN(std::vector<CleanupTask> cleanups, cleanups_of(sequenced, targets));
  Result<MovedSinks> moved = moved_sinks(sequenced, targets);
  if (!moved) {
    start_paused(sequenced, targets);
    return std::unexpected(std::move(moved).error());
  }
  if (!sequenced.changes.empty()) {
    auto input =
        std::make_shared<storage::TickInput>(batch_of(sequenced, targets, cleanups, *moved));
    Result<Timestamp> done = targets.engine.submit_and_wait(std::move(input), {});
    if (!done) return std::unexpected(done.error());
    targets.catalog.apply(sequenced.changes);
  }
  dropped.release();
  for (const CleanupTask& task : cleanups) targets.cleanup.begin(task);
  return start_new(sequenced, targets);
}

}  // namespace penstock::coordinator
