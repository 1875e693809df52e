// From a parsed statement and the catalog to plans. Pure functions: no I/O, no threads, and the
// same inputs give the same plan. DDL over connections, sources and secrets is in sql/ddl.
//
// Names in a statement may be names or ids, `[u7 AS db.schema.t]`; both resolve. Plain views are
// planned in place, from their stored query. Errors carry SQLSTATE and, where known, position.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "catalog/catalog_view.h"
#include "defs/sink_def.h"
#include "expr/scalar.h"
#include "expr/statement_context.h"
#include "plan/dataflow_plan.h"
#include "plan/rel_expr.h"
#include "sql/parse/ast_statement.h"
#include "types/sql_type.h"

namespace penstock::sql {

// What $1, $2, ... of a statement to be executed are: as many types as values, all known.
struct ParameterValues {
  std::vector<types::SqlType> types;
  std::vector<types::Datum> values;
};

// What planning may look at, beside the statement.
struct PlanContext {
  const catalog::CatalogView& catalog;
  catalog::NameContext names;
  // While a statement is only described: the types of $1, $2, ... that the client said (kUnknown =
  // infer). Planning fills in what it infers; parameters are planned as NULLs of their type.
  std::vector<types::SqlType>* parameters = nullptr;
  // When it is executed: types and values. Without either there are no parameters.
  const ParameterValues* parameter_values = nullptr;
  // now(), current_user and their like become literals of these. Null for what is maintained: then
  // they are refused, `cannot materialize call to now`.
  const expr::StatementContext* statement = nullptr;
  // A statement of ours, from the catalog: it may say what users may not.
  bool is_stored = false;
};

// The end of a SELECT, done by whoever gathers the rows: order, offset, limit, then the projection
// that drops columns only ORDER BY needed.
struct RowFinishing {
  std::vector<plan::SortColumn> order;
  uint64_t offset = 0;
  std::optional<uint64_t> limit;
  std::vector<size_t> projection;
};

struct QueryPlan {
  plan::RelRef logical;         // Optimised; before finishing.
  plan::DataflowPlan dataflow;  // The same; its one export is CollectionId{} until set.
  RowFinishing finishing;
  types::RelationType relation;     // Of the result, after finishing: names, types, inferred keys.
  std::vector<ObjectId> uses;       // Items named, plain views included, each once.
  std::vector<CollectionId> reads;  // Stored collections and builtin relations that are imported.
};

// A SELECT at one time.
Result<QueryPlan> plan_select(const Query& query, const PlanContext& context);
// The definition of a view or index: ORDER BY without LIMIT means nothing, with LIMIT it is a
// maintained top-k; finishing is empty. REQUIRES for what is maintained: context.statement is null.
Result<QueryPlan> plan_view(const Query& query, const std::vector<Identifier>& column_names,
                            const PlanContext& context);
// The rows of one relation: what an index on it holds, and what a sink or COPY of it reads.
Result<QueryPlan> plan_relation(const catalog::CatalogItem& relation, const PlanContext& context);

struct TablePlan {
  types::RelationType relation;
  std::vector<std::string> defaults;  // Canonical SQL of each DEFAULT; "" = none.
};
Result<TablePlan> plan_create_table(const CreateTable& statement, const PlanContext& context);

struct TypePlan {
  types::SqlType type;  // Not yet named.
};
Result<TypePlan> plan_create_type(const CreateType& statement, const PlanContext& context);

struct IndexPlan {
  catalog::ItemRef on;
  std::string name;         // As given or made up, not yet made unique.
  std::vector<size_t> key;  // Columns of the relation.
};
Result<IndexPlan> plan_create_index(const CreateIndex& statement, const PlanContext& context);

struct SinkPlan {
  defs::SinkDef def;
  expr::ScalarRef partition_by;  // uint8 over the relation's columns; null = hash of the key.
  std::optional<Error> notice;   // `upsert key not validated to be unique`
  bool validate = false;         // WITH (VALIDATE): check it before it is created.
  // KEY VIOLATIONS 'resolve' of a key that is not unique: plan_resolved() says what the sink reads.
  bool resolves_key = false;
  std::vector<ObjectId> uses;
};
Result<SinkPlan> plan_create_sink(const CreateSink& statement, const PlanContext& context);

// Of the rows of `relation` that have the same key the least, by the order of its columns: a key.
Result<QueryPlan> plan_resolved(const catalog::CatalogItem& relation,
                                const std::vector<size_t>& key, const PlanContext& context);

struct AuditPlan {
  catalog::ItemRef sink;
  std::optional<Timestamp> at;
};
// Errors: 42809, it is no sink; those of evaluating AT.
Result<AuditPlan> plan_audit_sink(const AuditSink& statement, const PlanContext& context);

// A change of one table. `rows` gives, for INSERT, the complete rows to add; for DELETE and UPDATE
// the rows to remove, and for UPDATE behind them (so twice as many columns) the rows to put in
// their place. NOT NULL is checked by the executor on the new rows: error 23502.
enum class WriteKind { kInsert, kUpdate, kDelete };
struct WritePlan {
  WriteKind kind = WriteKind::kInsert;
  catalog::ItemRef table;
  QueryPlan rows;
  // Reads nothing stored: may run in a write transaction and needs no lock alone.
  bool constant = false;
  // INSERT ... RETURNING: expressions over the inserted row.
  std::vector<expr::ScalarRef> returning;
  types::RelationType returning_type;
};
Result<WritePlan> plan_insert(const InsertStatement& statement, const PlanContext& context);
Result<WritePlan> plan_update(const UpdateStatement& statement, const PlanContext& context);
Result<WritePlan> plan_delete(const DeleteStatement& statement, const PlanContext& context);

// COPY t (columns) FROM STDIN: which columns arrive, and what the others get.
struct CopyPlan {
  catalog::ItemRef table;
  std::vector<size_t> columns;            // Of the table, in the order they arrive.
  std::vector<expr::ScalarRef> defaults;  // One for each column of the table; null = NULL.
};
Result<CopyPlan> plan_copy_from(const CopyTable& target, const PlanContext& context);

// A type by its name. Error 42704: type "x" does not exist.
Result<types::SqlType> resolve_type(const TypeName& name, const PlanContext& context);

// A scalar expression without columns, e.g. of CREATE SECRET; cast (explicitly) to `type`.
Result<types::Datum> evaluate_constant(const Expr& expression, const types::SqlType& type,
                                       const PlanContext& context);

}  // namespace penstock::sql
