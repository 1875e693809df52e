// Queries as written: everything that may stand in the parentheses of a subquery.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_type.h"
#include "sql/parse/box.h"

namespace penstock::sql {

struct ShowStatement;
extern template class Box<ShowStatement>;  // Instantiated in ast.cc.

struct TableAlias {
  Identifier name;
  std::vector<Identifier> columns;
  ByteRange range;
  friend bool operator==(const TableAlias&, const TableAlias&) = default;
};

// --- FROM ---
struct TableExpr;
struct NamedTable {  // t | t AS a (x, y)
  ItemName name;
  std::optional<TableAlias> alias;
  friend bool operator==(const NamedTable&, const NamedTable&) = default;
};
struct DerivedTable {  // [LATERAL] (query) [AS a (x, y)]
  bool lateral = false;
  Box<Query> query;
  std::optional<TableAlias> alias;
  friend bool operator==(const DerivedTable&, const DerivedTable&) = default;
};
struct FunctionTable {  // [LATERAL] f(…) | ROWS FROM (f(…), g(…)), with ordinality before or after
  bool lateral = false;
  bool rows_from = false;
  std::vector<FunctionCall> calls;  // One unless rows_from.
  bool with_ordinality = false;
  std::optional<TableAlias> alias;
  friend bool operator==(const FunctionTable&, const FunctionTable&) = default;
};
enum class JoinKind { kInner, kLeft, kRight, kFull, kCross };
struct Join {  // Neither `on` nor `using_columns` nor `natural`: CROSS.
  JoinKind kind = JoinKind::kInner;
  Box<TableExpr> left;
  Box<TableExpr> right;
  bool natural = false;
  std::optional<Expr> on;
  std::vector<Identifier> using_columns;
  std::optional<Identifier> using_alias;
  friend bool operator==(const Join&, const Join&) = default;
};
struct NestedTable {  // (a JOIN b …) [AS alias]
  Box<TableExpr> inner;
  std::optional<TableAlias> alias;
  friend bool operator==(const NestedTable&, const NestedTable&) = default;
};
struct TableExpr {
  ByteRange range;
  std::variant<NamedTable, DerivedTable, FunctionTable, Join, NestedTable> kind;
  friend bool operator==(const TableExpr&, const TableExpr&) = default;
};

// --- SELECT ---
struct SelectItem {
  Expr expr;
  std::optional<Identifier> alias;
  friend bool operator==(const SelectItem&, const SelectItem&) = default;
};
struct NamedWindow {
  Identifier name;
  WindowSpec spec;
  friend bool operator==(const NamedWindow&, const NamedWindow&) = default;
};
// OPTIONS (AGGREGATE INPUT GROUP SIZE = 10, …): hints, by their upper-case names.
struct GroupSizeHint {
  std::string name;
  std::uint64_t value = 0;
  friend bool operator==(const GroupSizeHint&, const GroupSizeHint&) = default;
};
struct Select {
  bool distinct = false;          // SELECT DISTINCT …
  std::vector<Expr> distinct_on;  // … ON (these), if not empty.
  std::vector<SelectItem> items;  // May be empty.
  std::vector<TableExpr> from;    // Comma-separated.
  std::optional<Expr> where;
  std::vector<Expr> group_by;
  bool group_by_present = false;  // GROUP BY () is present and empty.
  std::optional<Expr> having;
  std::vector<NamedWindow> windows;
  std::optional<Expr> qualify;
  std::vector<GroupSizeHint> hints;
  friend bool operator==(const Select&, const Select&) = default;
};

// --- bodies of a query ---
struct QueryBody;
enum class SetOperator { kUnion, kExcept, kIntersect };
struct SetOperation {
  SetOperator op = SetOperator::kUnion;
  bool all = false;
  Box<QueryBody> left;
  Box<QueryBody> right;
  friend bool operator==(const SetOperation&, const SetOperation&) = default;
};
struct ValuesBody {  // Rows may differ in length: the binder reports it.
  std::vector<std::vector<Expr>> rows;
  friend bool operator==(const ValuesBody&, const ValuesBody&) = default;
};
struct TableBody {  // TABLE t
  ItemName name;
  friend bool operator==(const TableBody&, const TableBody&) = default;
};
struct NestedQuery {  // A parenthesised query.
  Box<Query> query;
  friend bool operator==(const NestedQuery&, const NestedQuery&) = default;
};
struct ShowBody {  // SHOW … in the place of a SELECT.
  Box<ShowStatement> show;
  friend bool operator==(const ShowBody&, const ShowBody&) = default;
};
struct QueryBody {
  ByteRange range;
  std::variant<ValuesBody, Box<Select>, SetOperation, TableBody, NestedQuery, ShowBody> kind;
  friend bool operator==(const QueryBody&, const QueryBody&) = default;
};

// --- WITH ---
struct CommonTable {  // name (columns) AS (query)
  TableAlias alias;
  Box<Query> query;
  friend bool operator==(const CommonTable&, const CommonTable&) = default;
};
struct RecursiveColumn {
  Identifier name;
  TypeName type;
  friend bool operator==(const RecursiveColumn&, const RecursiveColumn&) = default;
};
struct RecursiveTable {  // name (column type, …) AS (query)
  Identifier name;
  std::vector<RecursiveColumn> columns;
  Box<Query> query;
  ByteRange range;
  friend bool operator==(const RecursiveTable&, const RecursiveTable&) = default;
};
// WITH MUTUALLY RECURSIVE (options) …: options by upper-case name (RECURSION LIMIT, RETURN AT
// RECURSION LIMIT, ERROR AT RECURSION LIMIT); more than one is for the binder to report.
struct RecursionLimit {
  std::string name;
  std::string value;  // As written: the binder reports what is no number.
  friend bool operator==(const RecursionLimit&, const RecursionLimit&) = default;
};
struct MutualRecursion {
  std::vector<RecursionLimit> limits;
  std::vector<RecursiveTable> tables;
  friend bool operator==(const MutualRecursion&, const MutualRecursion&) = default;
};

struct Query {
  ByteRange range;
  std::vector<CommonTable> with;
  std::optional<MutualRecursion> recursion;  // Then `with` is empty.
  QueryBody body;
  std::vector<OrderItem> order_by;
  std::optional<Expr> limit;  // LIMIT ALL is absent.
  std::optional<Expr> offset;
  bool with_ties = false;  // FETCH FIRST n ROWS WITH TIES
  friend bool operator==(const Query&, const Query&) = default;
};

// AS OF [AT LEAST] t after a SELECT or SUBSCRIBE.
struct AsOf {
  bool at_least = false;
  Expr time;
  friend bool operator==(const AsOf&, const AsOf&) = default;
};

}  // namespace penstock::sql
