// Statements that read and write rows: SELECT, SUBSCRIBE, EXPLAIN, COPY, INSERT, UPDATE, DELETE,
// cursors and prepared statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_option.h"
#include "sql/parse/ast_query.h"
#include "sql/parse/ast_show.h"
#include "sql/parse/ast_type.h"
#include "sql/parse/box.h"

namespace penstock::sql {

struct Statement;
extern template class Box<Statement>;  // Instantiated in ast.cc.

struct SelectStatement {
  Query query;
  std::optional<AsOf> as_of;
  friend bool operator==(const SelectStatement&, const SelectStatement&) = default;
};

enum class SubscribeOutput { kDiffs, kWithinTimestampOrderBy, kUpsert, kDebezium };
struct SubscribeStatement {
  std::variant<ItemName, Query> relation;
  SubscribeOutput output = SubscribeOutput::kDiffs;
  std::vector<Identifier> key;      // Of the envelopes.
  std::vector<OrderItem> order_by;  // Of WITHIN TIMESTAMP ORDER BY.
  std::vector<Option> options;      // SNAPSHOT, PROGRESS
  std::optional<AsOf> as_of;
  std::optional<Expr> up_to;
  friend bool operator==(const SubscribeStatement&, const SubscribeStatement&) = default;
};

struct InsertStatement {
  ItemName table;
  std::vector<Identifier> columns;
  std::optional<Query> source;  // Absent: DEFAULT VALUES.
  std::vector<SelectItem> returning;
  friend bool operator==(const InsertStatement&, const InsertStatement&) = default;
};
struct Assignment {
  Identifier column;
  Expr value;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};
struct UpdateStatement {
  ItemName table;
  std::optional<TableAlias> alias;
  std::vector<Assignment> assignments;
  std::optional<Expr> where;
  friend bool operator==(const UpdateStatement&, const UpdateStatement&) = default;
};
struct DeleteStatement {
  ItemName table;
  std::optional<TableAlias> alias;
  std::vector<TableExpr> using_tables;
  std::optional<Expr> where;
  friend bool operator==(const DeleteStatement&, const DeleteStatement&) = default;
};

struct CopyTable {  // COPY [INTO] t [(columns)]
  ItemName table;
  std::vector<Identifier> columns;
  friend bool operator==(const CopyTable&, const CopyTable&) = default;
};
enum class CopyDirection { kFromStdin, kToStdout, kFromExpr, kToExpr };
struct CopyStatement {
  std::variant<CopyTable, SelectStatement, SubscribeStatement> relation;
  CopyDirection direction = CopyDirection::kToStdout;
  std::optional<Expr> target;   // Of kFromExpr, kToExpr: a URL.
  std::vector<Option> options;  // FORMAT, DELIMITER, NULL, QUOTE, ESCAPE, HEADER, AWS CONNECTION, …
  friend bool operator==(const CopyStatement&, const CopyStatement&) = default;
};

// --- EXPLAIN ---
enum class ExplainStage {
  kDefault,  // None was named.
  kRaw,
  kDecorrelated,
  kLocallyOptimized,
  kOptimized,
  kPhysical
};
enum class ExplainFormat { kDefault, kText, kVerboseText, kJson, kDot };
enum class ExplainObjectKind { kView, kMaterializedView, kIndex };
struct ExplainObject {  // [REPLAN] VIEW v | MATERIALIZED VIEW v | INDEX i
  ExplainObjectKind kind = ExplainObjectKind::kView;
  bool replan = false;
  ItemName name;
  friend bool operator==(const ExplainObject&, const ExplainObject&) = default;
};
struct ExplainPlan {
  ExplainStage stage = ExplainStage::kDefault;
  std::vector<Option> options;
  ExplainFormat format = ExplainFormat::kDefault;
  std::variant<Box<Statement>, ExplainObject> subject;
  friend bool operator==(const ExplainPlan&, const ExplainPlan&) = default;
};
enum class ExplainSchemaSide { kDefault, kKey, kValue };
struct ExplainSchema {  // EXPLAIN [KEY | VALUE] SCHEMA [AS JSON] FOR CREATE SINK …
  ExplainSchemaSide side = ExplainSchemaSide::kDefault;
  Box<Statement> sink;
  friend bool operator==(const ExplainSchema&, const ExplainSchema&) = default;
};
struct ExplainTimestamp {
  ExplainFormat format = ExplainFormat::kDefault;
  SelectStatement select;
  friend bool operator==(const ExplainTimestamp&, const ExplainTimestamp&) = default;
};
struct ExplainFilterPushdown {
  std::variant<SelectStatement, ExplainObject> subject;
  friend bool operator==(const ExplainFilterPushdown&, const ExplainFilterPushdown&) = default;
};
struct ExplainAnalyze {  // EXPLAIN ANALYZE MEMORY | CPU | HINTS … FOR INDEX | MATERIALIZED VIEW n
  std::vector<std::string> properties;  // Upper case.
  ExplainObject object;
  friend bool operator==(const ExplainAnalyze&, const ExplainAnalyze&) = default;
};
struct ExplainAlter {  // EXPLAIN ALTER SINK …
  Box<Statement> statement;
  friend bool operator==(const ExplainAlter&, const ExplainAlter&) = default;
};
struct ExplainStatement {
  std::variant<ExplainPlan, ExplainSchema, ExplainTimestamp, ExplainFilterPushdown, ExplainAnalyze,
               ExplainAlter>
      kind;
  friend bool operator==(const ExplainStatement&, const ExplainStatement&) = default;
};

// --- cursors and prepared statements ---
struct DeclareStatement {
  Identifier name;
  bool with_hold = false;
  Box<Statement> statement;
  friend bool operator==(const DeclareStatement&, const DeclareStatement&) = default;
};
struct FetchStatement {
  Identifier cursor;
  bool all = false;
  std::optional<std::uint64_t> count;  // Neither all nor count: one row.
  std::vector<Option> options;         // TIMEOUT
  friend bool operator==(const FetchStatement&, const FetchStatement&) = default;
};
struct CloseStatement {
  Identifier cursor;
  friend bool operator==(const CloseStatement&, const CloseStatement&) = default;
};
struct PrepareStatement {
  Identifier name;
  std::vector<TypeName> parameter_types;
  Box<Statement> statement;
  friend bool operator==(const PrepareStatement&, const PrepareStatement&) = default;
};
struct ExecuteStatement {
  Identifier name;
  std::vector<Expr> arguments;
  friend bool operator==(const ExecuteStatement&, const ExecuteStatement&) = default;
};
struct DeallocateStatement {
  std::optional<Identifier> name;  // Absent: ALL.
  friend bool operator==(const DeallocateStatement&, const DeallocateStatement&) = default;
};

}  // namespace penstock::sql
