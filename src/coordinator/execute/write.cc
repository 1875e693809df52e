// INSERT, UPDATE and DELETE. Constant inserts are gathered in the transaction and written in one
// tick at its end; what reads stored rows holds its tables alone from before the read until its
// write has a timestamp.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "coordinator/execute/execute.h"
#include "data/rows.h"
#include "expr/evaluator.h"

namespace penstock::coordinator {
namespace {

std::unexpected<Error> not_in_block(std::string_view statement) {
  return fail(sql_state::kActiveTransaction,
              fmt::format("{} cannot be run inside a transaction block", statement));
}

// Stored tables only: what is read then written must be read at the present, and sources are not
// ours to lock.
Status check_reads(const catalog::CatalogState& catalog, const sql::QueryPlan& plan) {
  for (CollectionId read : plan.reads) {
    catalog::ItemRef item = catalog.item(ObjectId{read.value});
    bool table = item && std::holds_alternative<catalog::TableFacts>(item->facts);
    if (!table) {
      return fail(sql_state::kInvalidTransactionState,
                  "invalid selection: operation may only (transitively) refer to non-source, "
                  "non-system tables");
    }
  }
  return {};
}

data::BatchRef negated(const data::DeltaBatch& batch, std::vector<data::Column> columns) {
  std::vector<int64_t> diffs;
  for (int64_t diff : batch.diffs()) diffs.push_back(-diff);
  return std::make_shared<const data::DeltaBatch>(std::move(columns), std::move(diffs),
                                                  data::BatchProperties{});
}

// Rows of an UPDATE hold old columns, then new ones.
Result<std::vector<data::BatchRef>> changes_of(const sql::WritePlan& plan, const QueryRows& rows) {
  size_t width = plan.table->relation->columns.size();
  std::vector<data::BatchRef> out;
  for (const data::BatchRef& batch : rows.batches) {
    if (plan.kind == sql::WriteKind::kInsert) {
      RETURN_IF_ERROR(check_not_null(*plan.table, *batch));
      out.push_back(batch);
      continue;
    }
    const std::vector<data::Column>& columns = batch->columns();
    auto middle = columns.begin() + static_cast<ptrdiff_t>(width);
    out.push_back(negated(*batch, {columns.begin(), middle}));
    if (plan.kind == sql::WriteKind::kDelete) continue;
    auto added = std::make_shared<const data::DeltaBatch>(
        std::vector<data::Column>(middle, columns.end()),
        std::vector<int64_t>(batch->diffs().begin(), batch->diffs().end()),
        data::BatchProperties{});
    RETURN_IF_ERROR(check_not_null(*plan.table, *added));
    out.push_back(std::move(added));
  }
  return out;
}

Result<std::vector<data::BatchRef>> returning_rows(const sql::WritePlan& plan,
                                                   const QueryRows& rows) {
  std::vector<expr::Evaluator> evaluators;
  for (const expr::ScalarRef& expression : plan.returning) evaluators.emplace_back(expression);
  std::vector<data::BatchRef> out;
  for (const data::BatchRef& batch : rows.batches) {
    std::vector<data::Column> columns;
    for (expr::Evaluator& evaluator : evaluators) {
      expr::EvalResult result = evaluator.evaluate(*batch, data::Rows::all(batch->size()));
      if (result.errors && !result.errors->empty()) {
        std::optional<Error> first;
        result.errors->for_each([&](size_t, const data::RowError& error) {
          if (!first) first = Error(error.state, error.message);
        });
        return std::unexpected(*first);
      }
      columns.push_back(std::move(result.values));
    }
    out.push_back(std::make_shared<const data::DeltaBatch>(
        std::move(columns), std::vector<int64_t>(batch->diffs().begin(), batch->diffs().end()),
        data::BatchProperties{}));
  }
  return out;
}

// Hands the rows to the engine and waits: the tables are held until the rows have
// their timestamp, the answer waits until they are durable.
Status write_now(Session& session, CollectionId table, std::vector<data::BatchRef> rows,
                 TableLocks::Guard guard) {
  RETURN_IF_ERROR(session.check_room());
  auto input = std::make_shared<storage::TickInput>();
  size_t bytes = 0;
  for (const data::BatchRef& batch : rows) bytes += batch->memory_bytes();
  if (bytes > storage::kStageBytes) {
    ASSIGN_OR_RETURN(storage::StagedParts parts,
                     stage_rows(session.services().storage, table, rows));
    input->staged.push_back(std::move(parts));
    rows.clear();
  } else {
    input->collections.push_back({table, std::move(rows), {}});
  }
  auto held = std::make_shared<TableLocks::Guard>(std::move(guard));
  Result<Timestamp> done =
      session.services().engine.submit_and_wait(std::move(input), [held] { held->release(); });
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<ExecuteResponse> respond(const sql::WritePlan& plan, const QueryRows& rows,
                                std::vector<data::BatchRef> returned) {
  const char* word = plan.kind == sql::WriteKind::kInsert   ? "INSERT 0"
                     : plan.kind == sql::WriteKind::kUpdate ? "UPDATE"
                                                            : "DELETE";
  if (!plan.returning.empty()) {
    return rows_response(plan.returning_type, std::move(returned), word);
  }
  return CommandDone{fmt::format("{} {}", word, rows.rows)};
}

// Reads and writes under locks, in a tick of its own.
Result<ExecuteResponse> read_then_write(Session& session, const catalog::CatalogState& catalog,
                                        const sql::WritePlan& plan) {
  RETURN_IF_ERROR(check_reads(catalog, plan.rows));
  std::vector<CollectionId> tables = plan.rows.reads;
  CollectionId target{plan.table->id.value};
  tables.push_back(target);
  ASSIGN_OR_RETURN(TableLocks::Guard guard,
                   session.services().locks.lock(tables, LockMode::kAlone, session.cancelled(),
                                                 session.deadline()));
  ASSIGN_OR_RETURN(QueryRows rows, run_query(session, catalog, plan.rows, false));
  ASSIGN_OR_RETURN(std::vector<data::BatchRef> changes, changes_of(plan, rows));
  std::vector<data::BatchRef> returned;
  if (!plan.returning.empty()) {
    ASSIGN_OR_RETURN(returned, returning_rows(plan, rows));
  }
  if (rows.rows > 0) {
    RETURN_IF_ERROR(write_now(session, target, std::move(changes), std::move(guard)));
  }
  return respond(plan, rows, std::move(returned));
}

}  // namespace

Status check_not_null(const catalog::CatalogItem& table, const data::DeltaBatch& rows) {
  const std::vector<types::ColumnDesc>& columns = table.relation->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type.nullable || !rows.column(i).has_nulls()) continue;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!rows.column(i).is_null(row)) continue;
      return fail(
          sql_state::kNotNullViolation,
          fmt::format("null value in column \"{}\" violates not-null constraint", columns[i].name));
    }
  }
  return {};
}

Result<ExecuteResponse> execute_insert(Session& session, const sql::InsertStatement& statement,
                                       const Parameters& parameters) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, &parameters);
  ASSIGN_OR_RETURN(sql::WritePlan plan, sql::plan_insert(statement, context));
  if (!plan.constant) {
    if (session.in_block()) return not_in_block("INSERT ... SELECT");
    RETURN_IF_ERROR(session.commit_writes());
    return read_then_write(session, *catalog, plan);
  }
  if (session.in_block() && !plan.returning.empty()) {
    return not_in_block("INSERT ... RETURNING");
  }
  RETURN_IF_ERROR(session.transaction().enter(Flavour::kWrite));
  ASSIGN_OR_RETURN(QueryRows rows, run_query(session, *catalog, plan.rows, false));
  ASSIGN_OR_RETURN(std::vector<data::BatchRef> changes, changes_of(plan, rows));
  std::vector<data::BatchRef> returned;
  if (!plan.returning.empty()) {
    ASSIGN_OR_RETURN(returned, returning_rows(plan, rows));
  }
  RETURN_IF_ERROR(session.add_rows(CollectionId{plan.table->id.value}, std::move(changes)));
  return respond(plan, rows, std::move(returned));
}

Result<ExecuteResponse> execute_update(Session& session, const sql::UpdateStatement& statement,
                                       const Parameters& parameters) {
  if (session.in_block()) return not_in_block("UPDATE");
  RETURN_IF_ERROR(session.commit_writes());
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, &parameters);
  ASSIGN_OR_RETURN(sql::WritePlan plan, sql::plan_update(statement, context));
  return read_then_write(session, *catalog, plan);
}

Result<ExecuteResponse> execute_delete(Session& session, const sql::DeleteStatement& statement,
                                       const Parameters& parameters) {
  if (session.in_block()) return not_in_block("DELETE");
  RETURN_IF_ERROR(session.commit_writes());
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, &parameters);
  ASSIGN_OR_RETURN(sql::WritePlan plan, sql::plan_delete(statement, context));
  return read_then_write(session, *catalog, plan);
}

}  // namespace penstock::coordinator
