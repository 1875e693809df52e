// What a DDL statement amounts to, as data: changes of the catalog and effects on what runs. A
// statement is tested by this list; apply_effects.cc alone carries it out.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret_string.h"
#include "catalog/catalog_change.h"
#include "coordinator/session_client.h"
#include "defs/sink_def.h"
#include "defs/source_def.h"
#include "engine/view.h"
#include "expr/scalar.h"
#include "sinks/progress.h"
#include "storage/collection.h"

namespace penstock::coordinator {

// --- before the changes are durable ---
struct PutSecret {
  ObjectId secret;
  SecretString value;
};
// --- in one batch with the changes ---
struct CreateCollection {
  storage::CollectionSpec spec;
  bool publish = false;  // Readable from the very tick: tables.
};
// --- once the changes are durable ---
struct RunView {
  engine::ViewSpec spec;
};
struct RunIndex {
  engine::IndexSpec spec;
};
struct StartSource {
  ObjectId source;
};
struct StartSourceTable {
  ObjectId table;
};
struct StartSink {
  ObjectId sink;
};
struct CreateClusterThreads {
  ClusterId cluster;
};
// --- drops: what runs is stopped before the changes are written ---
struct StopView {
  CollectionId view;
};
struct StopIndex {
  ObjectId index;
};
struct StopSource {  // Its slot is removed upstream, with a durable reminder until that is done.
  ObjectId source;
};
struct StopSourceTable {
  ObjectId table;
  ObjectId source;
};
struct StopSink {
  ObjectId sink;
};
struct DropCollection {
  CollectionId collection;
};
struct RemoveSecret {
  ObjectId secret;
};
struct DropClusterThreads {
  ClusterId cluster;
};
// What a sink is told to do before it goes on. REQUIRES of kRestart: the collection is readable at
// `as_of`.
struct PlaceOrder {
  sinks::SinkOrder order = sinks::SinkOrder::kAdopt;
  Timestamp as_of;
  bool as_difference = false;

  void tell(sinks::SinkPlace& place) const {
    if (order == sinks::SinkOrder::kAdopt) {
      place.be_told_to_adopt();
    } else {
      place.be_told_to_restart(as_of, as_difference);
    }
  }
};
// Its definition changed; what it has sent and its place stay, but for `order`. REQUIRES, if it
// reads another collection from now on: nothing is half sent, and the new one is readable where it
// stands.
struct RestartSink {
  ObjectId sink;
  CollectionId before;
  CollectionId after;
  std::optional<PlaceOrder> order = {};
  bool other_form = false;  // Its messages' keys or values have other columns from now on.
};
// A connection or secret changed: everything that runs over it takes the new one up.
struct RefreshConnection {
  ObjectId connection;
};

using Effect = std::variant<PutSecret, CreateCollection, RunView, RunIndex, StartSource,
                            StartSourceTable, StartSink, CreateClusterThreads, StopView, StopIndex,
                            StopSource, StopSourceTable, StopSink, DropCollection, RemoveSecret,
                            DropClusterThreads, RestartSink, RefreshConnection>;

struct Sequenced {
  std::string tag;  // "CREATE TABLE"
  std::vector<catalog::CatalogChange> changes;
  std::vector<Effect> effects;
  std::vector<Notice> notices;
};

}  // namespace penstock::coordinator
