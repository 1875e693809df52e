// Sources and what they need of the house: ticks, staging, facts, connections, statuses.
#include "coordinator/outside/source_fleet.h"

#include <fmt/core.h>

#include <set>

#include "base/check.h"
#include "base/log.h"
#include "catalog/facts_of.h"
#include "coordinator/outside/client_options.h"
#include "coordinator/outside/runner_set.h"
#include "sources/postgres/postgres_source.h"
#include "sources/source_host.h"

namespace penstock::coordinator {
namespace {

using catalog::facts_of;

class StoredHost final : public sources::SourceHost {
 public:
  explicit StoredHost(const FleetContext& context) : context_(context) {}

  bool try_submit(storage::TickInputRef input, std::function<void()> durable) override {
    engine::SubmitCallbacks callbacks;
    if (durable) {
      callbacks.durable = [durable = std::move(durable)](const engine::Appended&) { durable(); };
    }
    return context_.engine.try_submit(std::move(input), std::move(callbacks));
  }
  Result<std::unique_ptr<storage::StagingWriter>> stage(CollectionId collection) override {
    return context_.storage.stage(collection);
  }
  Status discard(const storage::StagedParts& parts) override {
    return context_.storage.discard(parts);
  }
  Result<std::optional<std::string>> fact(std::string_view key) override {
    return context_.storage.meta().get(key);
  }
  Result<connect::PostgresOptions> postgres_options(ObjectId connection) override {
    CatalogSnapshot catalog = context_.catalog();
    const auto* def = catalog::find_facts<defs::PostgresConnectionDef>(*catalog, connection);
    if (def == nullptr) {
      return fail(sql_state::kUndefinedObject, "the source's connection is gone");
    }
    return postgres_client_options(*def, context_.secrets);
  }
  std::string ingestion_pause() override {
    return context_.storage.disk_low() ? "less than 5 % of the disk is free" : "";
  }
  void set_status(ObjectId source, const sources::SourceStatus& status) override {
    const char* name = "starting";
    switch (status.state) {
      case sources::SourceState::kStarting:
        name = "starting";
        break;
      case sources::SourceState::kRunning:
        name = "running";
        break;
      case sources::SourceState::kStalled:
        name = "stalled";
        break;
      case sources::SourceState::kPaused:
        name = "paused";
        break;
    }
    context_.statuses.set(source, name, "postgres", status.cause, status.hint);
  }

 private:
  const FleetContext& context_;
};

class RealSourceFleet final : public SourceFleet {
 public:
  explicit RealSourceFleet(FleetContext context) : context_(std::move(context)), host_(context_) {}

  void start(ObjectId source) override {
    CatalogSnapshot catalog = context_.catalog();
    std::vector<sources::SourceTable> tables;
    for (const catalog::ItemRef& table : catalog->dependents(source)) {
      const auto* def = std::get_if<defs::SourceTableDef>(&table->facts);
      if (def != nullptr) tables.push_back(source_table(table->id, *def));
    }
    auto made = std::make_unique<sources::PostgresSource>(
        source, facts_of<defs::PostgresSourceDef>(*catalog, source), std::move(tables), host_,
        system_clock());
    context_.statuses.set(source, "starting", "postgres", "", "");
    if (Status started = made->start(); !started) {
      context_.statuses.set(source, "stalled", "postgres", started.error().message, "");
    }
    sources_.put(source, std::move(made));
  }

  void add_table(ObjectId table) override {
    CatalogSnapshot catalog = context_.catalog();
    const auto& def = facts_of<defs::SourceTableDef>(*catalog, table);
    // CREATE SOURCE ... FOR ALL TABLES starts the source with its tables already.
    if (known_tables_.contains(CollectionId{table.value})) return;
    sources::SourceTable added = source_table(table, def);
    CHECK(sources_.look(def.source, [&](auto& source) { source.add_table(std::move(added)); }));
  }
  void remove_table(ObjectId table, ObjectId source) override {
    const CollectionId collection{table.value};
    known_tables_.erase(collection);
    sources_.look(source, [&](auto& running) { running.remove_table(collection); });
  }
  void tell_to_stop(ObjectId source) override { sources_.tell_to_stop(source); }
  void stop(ObjectId source) override { sources_.stop({&source, 1}); }
  void refresh_connection(ObjectId connection) override {
    CatalogSnapshot catalog = context_.catalog();
    for (const catalog::ItemRef& item : catalog->dependents(connection)) {
      sources_.look(item->id, [](auto& source) { source.refresh_connection(); });
    }
  }
  void tell_all_to_stop() override { sources_.tell_all_to_stop(); }
  void stop_all() override { sources_.stop_all(); }

  std::map<ObjectId, SourceCounters> counters() const override {
    std::map<ObjectId, SourceCounters> out;
    sources_.each([&](ObjectId id, const sources::PostgresSource& source) {
      out[id] = counters_of(source.statistics());
      for (const auto& [table, statistics] : source.table_statistics()) {
        out[ObjectId{table.value}] = counters_of(statistics);
      }
    });
    return out;
  }

 private:
  static SourceCounters counters_of(const sources::SourceStatistics& s) {
    return {s.messages_received,  s.bytes_received,         s.updates_staged,
            s.updates_committed,  s.snapshot_records_known, s.snapshot_records_staged,
            s.snapshot_committed, s.offset_known,           s.offset_committed};
  }

  sources::SourceTable source_table(ObjectId table, const defs::SourceTableDef& def) {
    CollectionId collection{table.value};
    Result<storage::CollectionInfo> info = context_.storage.reader().info(collection);
    known_tables_.insert(collection);
    return {collection, def, info && info->publication.has_value()};
  }

  const FleetContext context_;
  StoredHost host_;
  std::set<CollectionId> known_tables_;  // The coordinator's thread only.
  RunnerSet<sources::PostgresSource> sources_;
};

}  // namespace

std::unique_ptr<SourceFleet> make_source_fleet(const FleetContext& context) {
  return std::make_unique<RealSourceFleet>(context);
}

}  // namespace penstock::coordinator
