// The rows of the system's relations, made when they are read: from the catalog, from what runs,
// and from what is stored. Pure functions of their sources.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "connect/kafka/client/client_metrics.h"
#include "coordinator/status_board.h"
#include "engine/engine.h"
#include "sinks/sink_activity.h"
#include "storage/collection_reader.h"
#include "storage/holds.h"
#include "types/datum.h"

namespace penstock::coordinator {

using BuiltinRow = std::vector<types::Datum>;

struct SinkCounters {
  uint64_t messages_staged = 0;
  uint64_t messages_committed = 0;
  uint64_t bytes_staged = 0;
  uint64_t bytes_committed = 0;
};
// What a running sink tells of itself, at `now_us`.
struct SinkActivity {
  uint64_t now_us = 0;
  std::optional<Timestamp> frontier;  // None: it has not begun.
  sinks::SinkTransactions transactions;
  std::map<int32_t, sinks::PartitionProgress> partitions;
  std::optional<sinks::SnapshotProgress> snapshot;
};
struct SourceCounters {
  uint64_t messages_received = 0;
  uint64_t bytes_received = 0;
  uint64_t updates_staged = 0;
  uint64_t updates_committed = 0;
  std::optional<uint64_t> snapshot_records_known;
  std::optional<uint64_t> snapshot_records_staged;
  bool snapshot_committed = false;
  std::optional<uint64_t> offset_known;
  std::optional<uint64_t> offset_committed;
};
struct SessionEntry {
  std::string id;  // A uuid in its text form.
  uint32_t connection_id = 0;
  std::string role;
  std::string client_address;
  uint64_t connected_at_us = 0;
};

// Everything a relation may be made of, gathered once a statement and only where needed.
struct IntrospectionSources {
  const catalog::CatalogState& catalog;
  const StatusBoard& statuses;
  std::string environment_id;
  std::function<std::vector<engine::FrontierInfo>()> frontiers;
  std::function<std::vector<engine::ViewStatus>()> views;
  std::function<std::vector<storage::HoldInfo>()> holds;
  std::function<std::map<ObjectId, SinkCounters>()> sink_counters;
  std::function<std::map<ObjectId, SinkActivity>()> sink_activities;
  // Changes of a collection after a time; none: it is gone.
  std::function<std::optional<storage::Backlog>(CollectionId, Timestamp)> backlog;
  std::function<std::map<ObjectId, SourceCounters>()> source_counters;
  std::function<std::map<ObjectId, connect::kafka::ClientCounts>()> kafka_clients;
  std::function<std::map<ObjectId, std::optional<uint64_t>>()> sink_frontiers;
  std::function<std::vector<SessionEntry>()> sessions;
};

// REQUIRES: `relation` has BuiltinFacts. The rows have its columns.
std::vector<BuiltinRow> builtin_rows(const catalog::CatalogItem& relation,
                                     const IntrospectionSources& sources);

// By the relation's "schema.name"; null when the file does not make it.
using RowsFunction = std::vector<BuiltinRow> (*)(const IntrospectionSources&);
RowsFunction catalog_rows(const std::string& name);  // catalog_rows.cc
RowsFunction object_rows(const std::string& name);   // object_rows.cc
RowsFunction runtime_rows(const std::string& name);  // runtime_rows.cc
RowsFunction sink_rows(const std::string& name);     // sink_rows.cc
RowsFunction pg_rows(const std::string& name);       // pg_rows.cc

}  // namespace penstock::coordinator
