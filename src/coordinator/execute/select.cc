// SELECT: plan, choose a time, keep it readable, peek, finish.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "coordinator/execute/execute.h"
#include "coordinator/execute/index_choice.h"
#include "engine/finishing.h"

namespace penstock::coordinator {
namespace {

using Holds = std::vector<std::unique_ptr<storage::ReadHold>>;

// Rows that are all here already; handed out batch by batch.
class GatheredRows final : public RowStream {
 public:
  explicit GatheredRows(std::vector<data::BatchRef> batches) : batches_(std::move(batches)) {}
  void next(Done<data::BatchRef> done) override {
    if (at_ == batches_.size()) return done(data::BatchRef());
    done(std::exchange(batches_[at_++], nullptr));
  }

 private:
  std::vector<data::BatchRef> batches_;
  size_t at_ = 0;
};

// Imports of the system's relations become constants with the rows they have right now.
void fill_in_builtins(Session& session, const catalog::CatalogState& catalog,
                      plan::DataflowPlan& plan) {
  std::optional<IntrospectionSources> sources;
  for (plan::PlanNode& node : plan.nodes) {
    const auto* import = std::get_if<plan::ImportNode>(&node.op);
    if (import == nullptr) continue;
    catalog::ItemRef item = catalog.item(ObjectId{import->collection.value});
    if (!item || !std::holds_alternative<catalog::BuiltinFacts>(item->facts)) continue;
    if (!sources) sources.emplace(session.services().introspect(catalog));
    plan::ConstantNode constant;
    for (BuiltinRow& row : builtin_rows(*item, *sources)) {
      constant.rows.push_back({std::move(row), 1});
    }
    node.op = std::move(constant);
  }
}

// The progress of a source as a relation of one row.
void fill_in_progress(Session& session, const catalog::CatalogState& catalog,
                      plan::DataflowPlan& plan) {
  for (plan::PlanNode& node : plan.nodes) {
    const auto* import = std::get_if<plan::ImportNode>(&node.op);
    if (import == nullptr) continue;
    ObjectId object{import->collection.value};
    catalog::ItemRef item = catalog.item(object);
    if (!item || item->kind != catalog::ItemKind::kSource) continue;
    auto counters = session.services().introspect(catalog).source_counters();
    plan::ConstantNode constant;
    auto found = counters.find(object);
    if (found != counters.end() && found->second.offset_committed) {
      auto lsn = static_cast<int64_t>(*found->second.offset_committed);
      constant.rows.push_back({{types::Datum::integer(lsn)}, 1});
    }
    node.op = std::move(constant);
  }
}

std::vector<CollectionId> stored_imports(const plan::DataflowPlan& plan) {
  std::vector<CollectionId> out;
  for (const plan::PlanNode& node : plan.nodes) {
    if (const auto* import = std::get_if<plan::ImportNode>(&node.op)) {
      out.push_back(import->collection);
    }
  }
  return out;
}

// A table of a source, or a view, may not have been published yet: its readers wait.
Status wait_until_published(Session& session, const std::vector<CollectionId>& collections) {
  const Services& services = session.services();
  for (CollectionId collection : collections) {
    while (true) {
      ASSIGN_OR_RETURN(storage::CollectionInfo info, services.storage.reader().info(collection));
      if (info.publication && *info.publication < info.upper) break;
      RETURN_IF_ERROR(session.wait_a_moment(std::chrono::milliseconds(5)));
    }
  }
  return {};
}

// A time that sees everything, with holds that keep it readable. since may run past the time while
// the holds are taken: then the time is chosen again.
Result<std::pair<Timestamp, Holds>> choose_time(Session& session,
                                                const std::vector<CollectionId>& collections) {
  const Services& services = session.services();
  RETURN_IF_ERROR(wait_until_published(session, collections));
  while (true) {
    Timestamp time = services.engine.read_timestamp();
    Holds holds;
    bool held = true;
    for (CollectionId collection : collections) {
      ASSIGN_OR_RETURN(auto hold, services.storage.holds().acquire(
                                      collection, fmt::format("query {}", session.id()), time));
      ASSIGN_OR_RETURN(storage::CollectionInfo info, services.storage.reader().info(collection));
      held = held && hold->time() <= time && info.publication && *info.publication <= time;
      holds.push_back(std::move(hold));
    }
    if (held) return std::pair(time, std::move(holds));
    RETURN_IF_ERROR(session.wait_a_moment(std::chrono::milliseconds(1)));
  }
}

// What can be read now, `reads` first.
std::vector<CollectionId> readable_collections(Session& session,
                                               const catalog::CatalogState& catalog,
                                               const std::vector<CollectionId>& reads) {
  std::vector<CollectionId> all = reads;
  for (const storage::CollectionInfo& info : session.services().storage.reader().all()) {
    bool known = std::ranges::find(reads, info.spec.id) != reads.end();
    if (!known && info.publication && catalog.item(ObjectId{info.spec.id.value})) {
      all.push_back(info.spec.id);
    }
  }
  return all;
}

// Later reads of the block may be of anything: everything that can be read is held.
Status pin_transaction(Session& session, const catalog::CatalogState& catalog,
                       const std::vector<CollectionId>& reads) {
  const storage::CollectionReader& reader = session.services().storage.reader();
  auto exists = [&](CollectionId collection) { return reader.info(collection).has_value(); };
  while (true) {
    std::vector<CollectionId> all = readable_collections(session, catalog, reads);
    Result<std::pair<Timestamp, Holds>> chosen = choose_time(session, all);
    if (chosen) {
      session.transaction().pin(chosen->first, std::move(chosen->second));
      return {};
    }
    // What is not read here may have been dropped while the holds were taken.
    bool others_gone = std::ranges::all_of(reads, exists) && !std::ranges::all_of(all, exists);
    if (!others_gone) return std::unexpected(std::move(chosen).error());
  }
}

// The error of a query, told as what it comes from: that something it reads has been dropped.
Error explained(Session& session, const catalog::CatalogState& catalog,
                const std::vector<CollectionId>& reads, Error error) {
  CatalogSnapshot now = session.services().catalog.snapshot();
  for (CollectionId read : reads) {
    catalog::ItemRef item = catalog.item(ObjectId{read.value});
    if (!item || now->item(item->id)) continue;
    return {sql_state::kUndefinedObject,
            fmt::format("query could not complete because relation \"{}\" was dropped",
                        catalog.full_name(*item))};
  }
  return error;
}

engine::Finishing engine_finishing(const sql::RowFinishing& finishing) {
  return {finishing.order, finishing.offset, finishing.limit, finishing.projection};
}

bool is_identity(const sql::RowFinishing& finishing, size_t columns) {
  if (!finishing.order.empty() || finishing.offset != 0 || finishing.limit) return false;
  if (finishing.projection.size() != columns) return false;
  for (size_t i = 0; i < columns; ++i) {
    if (finishing.projection[i] != i) return false;
  }
  return true;
}

std::vector<data::BatchRef> finished(const engine::PeekResult& result, const sql::QueryPlan& plan) {
  std::vector<types::ColumnType> columns = plan.logical->type.column_types();
  if (is_identity(plan.finishing, columns.size())) return result.batches;
  return engine::finish_rows(result.batches, columns, engine_finishing(plan.finishing));
}

uint64_t count_rows(const std::vector<data::BatchRef>& batches) {
  uint64_t rows = 0;
  for (const data::BatchRef& batch : batches) {
    for (int64_t diff : batch->diffs()) rows += static_cast<uint64_t>(diff);
  }
  return rows;
}

}  // namespace

std::vector<ResultColumn> result_columns(const types::RelationType& relation) {
  std::vector<ResultColumn> out;
  for (const types::ColumnDesc& column : relation.columns) {
    out.push_back({column.name, column.type.type});
  }
  return out;
}

ExecuteResponse rows_response(const types::RelationType& relation,
                              std::vector<data::BatchRef> batches, std::string tag) {
  RowsResult result;
  result.columns = result_columns(relation);
  result.rows = std::make_unique<GatheredRows>(std::move(batches));
  result.tag = std::move(tag);
  return result;
}

namespace {

// Of statement_timeout; 0 = without end.
uint64_t milliseconds_left(const Session& session) {
  if (!session.deadline()) return 0;
  auto left = *session.deadline() - std::chrono::steady_clock::now();
  auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return static_cast<uint64_t>(std::max<int64_t>(whole, 1));
}

Result<QueryRows> peek_rows(Session& session, const catalog::CatalogState& catalog,
                            const sql::QueryPlan& plan, engine::PeekRequest& request,
                            bool in_transaction) {
  std::vector<CollectionId> reads = stored_imports(request.plan);
  Holds holds;
  bool pins = in_transaction && session.in_block() && !reads.empty();
  if (pins) {
    request.exact_time = session.transaction().read_time().has_value();
    if (!request.exact_time) RETURN_IF_ERROR(pin_transaction(session, catalog, reads));
    request.time = *session.transaction().read_time();
  } else {
    ASSIGN_OR_RETURN(auto chosen, choose_time(session, reads));
    request.time = chosen.first;
    holds = std::move(chosen.second);
    choose_index(catalog, session.variables().get("cluster"), session.services().engine, request);
  }
  request.timeout_ms = milliseconds_left(session);
  ASSIGN_OR_RETURN(engine::PeekResult peeked,
                   session.services().engine.peek(request, session.cancelled()));
  // The first read of a block may have been answered later than at the time chosen (rule S5).
  if (pins) session.transaction().pin(peeked.time, {});
  QueryRows out;
  out.time = peeked.time;
  out.batches = finished(peeked, plan);
  out.rows = count_rows(out.batches);
  return out;
}

}  // namespace

Result<QueryRows> run_query(Session& session, const catalog::CatalogState& catalog,
                            const sql::QueryPlan& plan, bool in_transaction) {
  engine::PeekRequest request;
  request.plan = plan.dataflow;
  CHECK_OP(==, request.plan.exports.size(), size_t{1});
  fill_in_builtins(session, catalog, request.plan);
  fill_in_progress(session, catalog, request.plan);
  const std::vector<CollectionId> reads = stored_imports(request.plan);
  Result<QueryRows> rows = peek_rows(session, catalog, plan, request, in_transaction);
  if (rows) return rows;
  return fail(explained(session, catalog, reads, std::move(rows).error()));
}

Result<ExecuteResponse> execute_select(Session& session, const sql::Query& query,
                                       const std::optional<sql::AsOf>& as_of,
                                       const Parameters& parameters) {
  if (as_of) {
    return fail(sql_state::kFeatureNotSupported, "AS OF not yet supported");
  }
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  view.statement.logical_time_ms = session.services().engine.read_timestamp().ms;
  sql::PlanContext context = session.plan_context(*catalog, view.statement, &parameters);
  sql::Query expanded = query;
  RETURN_IF_ERROR(expand_shows(session, *catalog, expanded));
  ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_select(expanded, context));
  bool stored = false;
  for (CollectionId read : plan.reads) {
    catalog::ItemRef item = catalog->item(ObjectId{read.value});
    stored = stored || !item || !item->is_system();
  }
  if (stored) RETURN_IF_ERROR(session.transaction().enter(Flavour::kRead));
  ASSIGN_OR_RETURN(QueryRows rows, run_query(session, *catalog, plan, true));
  return rows_response(plan.relation, std::move(rows.batches), "SELECT");
}

}  // namespace penstock::coordinator
