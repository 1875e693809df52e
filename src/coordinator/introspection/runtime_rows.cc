// Rows about what runs: statuses, statistics, frontiers, and who holds history back.
#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/introspection/cells.h"
#include "coordinator/system_parameters.h"
#include "types/uuid.h"

namespace penstock::coordinator {
namespace {

using catalog::ItemKind;
using types::Datum;
using Rows = std::vector<BuiltinRow>;

BuiltinRow status_row(const catalog::CatalogItem& item, const std::string& type,
                      const std::optional<StatusEntry>& entry) {
  if (!entry) {
    return {id(item.id), text(item.name.item), text(type), null(), text("created"), null(), null()};
  }
  return {id(item.id),
          text(item.name.item),
          text(type),
          number(entry->occurred_at_us),
          text(entry->status),
          text_or_null(entry->error),
          text_or_null(entry->details_json)};
}

Rows source_statuses(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    if (item->kind == ItemKind::kSource) {
      rows.push_back(status_row(*item, "postgres", s.statuses.current(item_id)));
    } else if (const auto* table = std::get_if<defs::SourceTableDef>(&item->facts)) {
      std::optional<StatusEntry> own = s.statuses.current(item_id);
      std::optional<StatusEntry> parent = s.statuses.current(table->source);
      bool inherits = !own || (parent && parent->status == "stalled");
      rows.push_back(status_row(*item, "table", inherits ? parent : own));
    }
  }
  return rows;
}

Rows sink_statuses(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    if (item->kind != ItemKind::kSink) continue;
    rows.push_back(status_row(*item, "kafka", s.statuses.current(item_id)));
  }
  return rows;
}

Rows history(const IntrospectionSources& s, bool sinks) {
  Rows rows;
  for (const StatusEntry& entry : s.statuses.history()) {
    catalog::ItemRef item = s.catalog.item(entry.object);
    const bool of_sink =
        item ? item->kind == ItemKind::kSink : s.statuses.is_dropped_sink(entry.object);
    if ((!item && !of_sink) || of_sink != sinks) continue;
    rows.push_back({number(entry.occurred_at_us), id(entry.object), text(entry.status),
                    text_or_null(entry.error), text_or_null(entry.details_json), null()});
  }
  return rows;
}
Rows source_history(const IntrospectionSources& s) {
  return history(s, false);
}
Rows sink_history(const IntrospectionSources& s) {
  return history(s, true);
}

Rows source_statistics(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [object, c] : s.source_counters()) {
    rows.push_back({id(object), null(), number(c.messages_received), number(c.bytes_received),
                    number(c.updates_staged), number(c.updates_committed), number(0), number(0),
                    null(), number_or_null(c.snapshot_records_known),
                    number_or_null(c.snapshot_records_staged), flag(c.snapshot_committed),
                    number_or_null(c.offset_known), number_or_null(c.offset_committed)});
  }
  return rows;
}

Rows source_slots(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [object, c] : s.source_counters()) {
    catalog::ItemRef item = s.catalog.item(object);
    const auto* source = item ? std::get_if<defs::PostgresSourceDef>(&item->facts) : nullptr;
    if (!source) continue;
    std::optional<uint64_t> retained;
    if (c.offset_known && c.offset_committed && *c.offset_known >= *c.offset_committed) {
      retained = *c.offset_known - *c.offset_committed;
    }
    rows.push_back({id(object), text(source->slot_name), number_or_null(c.offset_committed),
                    number_or_null(c.offset_committed), number_or_null(c.offset_known),
                    number_or_null(retained)});
  }
  return rows;
}

Rows sink_statistics(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [object, c] : s.sink_counters()) {
    rows.push_back({id(object), null(), number(c.messages_staged), number(c.messages_committed),
                    number(c.bytes_staged), number(c.bytes_committed)});
  }
  return rows;
}

Rows kafka_clients(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [object, c] : s.kafka_clients()) {
    uint64_t in_flight = 0;
    for (const auto& api : c.apis) in_flight += api.in_flight();
    rows.push_back({id(object), number(c.connects), number(c.disconnects), number(c.sent_bytes),
                    number(c.received_bytes), number(in_flight),
                    number(static_cast<uint64_t>(c.throttled.count())), number(c.batches),
                    number(c.batch_records), number(c.record_bytes), number(c.batch_bytes),
                    number(c.batches_sent_again)});
  }
  return rows;
}

Rows kafka_requests(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [object, c] : s.kafka_clients()) {
    for (const auto& api : c.apis) {
      rows.push_back({id(object), text(api.api), number(api.requests), number(api.answered),
                      number(api.lost), number(api.in_flight()),
                      number(static_cast<uint64_t>(api.latency_total.count())),
                      number(static_cast<uint64_t>(api.latency_most.count()))});
    }
  }
  return rows;
}

// Nothing is to come after the last time there is.
Datum frontier_or_null(const std::optional<uint64_t>& time) {
  return time && *time != Timestamp::max().ms ? number(*time) : null();
}

// The sink whose key is resolved in the collection; none of any other.
std::optional<ObjectId> sink_resolved_in(CollectionId collection, const IntrospectionSources& s) {
  if (s.catalog.item(ObjectId{collection.value})) return std::nullopt;
  for (const auto& [item_id, item] : s.catalog.items()) {
    const auto* sink = std::get_if<defs::SinkDef>(&item->facts);
    if (sink == nullptr) continue;
    if (sink->resolved == collection || sink->pending == collection) return item_id;
  }
  return std::nullopt;
}

Rows frontiers(const IntrospectionSources& s) {
  Rows rows;
  for (const engine::FrontierInfo& info : s.frontiers()) {
    if (sink_resolved_in(info.collection, s)) continue;  // It is told of the sink.
    rows.push_back({id(ObjectId{info.collection.value}), number(info.since.ms),
                    frontier_or_null(info.upper.ms)});
  }
  for (const auto& [sink, frontier] : s.sink_frontiers()) {
    rows.push_back({id(sink), frontier_or_null(frontier), frontier_or_null(frontier)});
  }
  return rows;
}

// Of what a cluster keeps up to date. Its replicas are one here, and so are their frontiers.
Rows replica_frontiers(const IntrospectionSources& s) {
  std::map<ObjectId, Datum> known;
  for (const engine::FrontierInfo& info : s.frontiers()) {
    known.emplace(ObjectId{info.collection.value}, frontier_or_null(info.upper.ms));
  }
  for (const auto& [sink, frontier] : s.sink_frontiers()) {
    known.emplace(sink, frontier_or_null(frontier));
  }
  Rows rows;
  for (const auto& [object, frontier] : known) {
    catalog::ItemRef item = s.catalog.item(object);
    auto cluster = item ? s.catalog.clusters().find(item->cluster) : s.catalog.clusters().end();
    if (cluster == s.catalog.clusters().end()) continue;
    for (uint32_t i = 1; i <= cluster->second.replication_factor; ++i) {
      rows.push_back({id(object), text(replica_text(cluster->first, i)), frontier});
    }
  }
  return rows;
}

// A sink is when it runs and has a frontier: what a view's contents are to others.
Rows hydration(const IntrospectionSources& s) {
  Rows rows;
  for (const engine::ViewStatus& view : s.views()) {
    if (sink_resolved_in(view.collection, s)) continue;  // The sink waits for it.
    rows.push_back({id(ObjectId{view.collection.value}), null(),
                    flag(view.state == engine::ViewState::kRunning)});
  }
  for (const auto& [sink, frontier] : s.sink_frontiers()) {
    const std::optional<StatusEntry> status = s.statuses.current(sink);
    const bool running = status && status->status == "running";
    rows.push_back({id(sink), null(), flag(running && frontier.value_or(0) > 0)});
  }
  return rows;
}

Rows retention(const IntrospectionSources& s) {
  Rows rows;
  for (const storage::HoldInfo& hold : s.holds()) {
    const ObjectId object =
        sink_resolved_in(hold.collection, s).value_or(ObjectId{hold.collection.value});
    rows.push_back({id(object), id(object), text(hold.holder), number(hold.time.ms),
                    number(hold.retained_bytes), number(value_of(kMaxRetainedBytes, s.catalog))});
  }
  return rows;
}

Rows sessions(const IntrospectionSources& s) {
  Rows rows;
  for (const SessionEntry& session : s.sessions()) {
    rows.push_back({Datum::fixed16(types::parse_uuid(session.id).value()),
                    number(session.connection_id), owner(session.role),
                    text(session.client_address), number(session.connected_at_us)});
  }
  return rows;
}

}  // namespace

RowsFunction runtime_rows(const std::string& name) {
  static const std::map<std::string, RowsFunction> makers = {
      {"mz_internal.mz_source_statuses", source_statuses},
      {"mz_internal.mz_sink_statuses", sink_statuses},
      {"mz_internal.mz_source_status_history", source_history},
      {"mz_internal.mz_sink_status_history", sink_history},
      {"mz_internal.mz_source_statistics", source_statistics},
      {"mz_internal.mz_sink_statistics", sink_statistics},
      {"mz_internal.mz_sink_statistics_raw", sink_statistics},
      {"mz_catalog.mz_cluster_replica_frontiers", replica_frontiers},
      {"mz_internal.mz_kafka_client_statistics", kafka_clients},
      {"mz_internal.mz_kafka_request_statistics", kafka_requests},
      {"mz_internal.mz_source_slots", source_slots},
      {"mz_internal.mz_frontiers", frontiers},
      {"mz_internal.mz_hydration_statuses", hydration},
      {"mz_internal.mz_retention_holders", retention},
      {"mz_internal.mz_sessions", sessions},
  };
  auto found = makers.find(name);
  return found == makers.end() ? nullptr : found->second;
}

}  // namespace penstock::coordinator
