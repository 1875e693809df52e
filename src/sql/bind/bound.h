// A query with every name, type and overload resolved, but still in the shape it was written in:
// subqueries inside expressions, references to rows of enclosing queries, outer joins. What the
// binder makes and sql/lower flattens into plan::RelExpr. Immutable, shared within one statement.
//
// Levels. A column reference of level 0 names a column of the row the expression is evaluated on
// (an operator's input; a join's condition: left then right). Level 1 is the row of the nearest
// enclosing scope, and so on. Two things open a scope: a subquery (its outer row is the row the
// expression stands on) and the right side of a join (its outer row is the left side's).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "expr/aggregate.h"
#include "expr/function_spec.h"
#include "plan/rel_expr.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::sql {

struct BoundExpr;
struct BoundRel;
using BoundExprRef = std::shared_ptr<const BoundExpr>;
using BoundRelRef = std::shared_ptr<const BoundRel>;

enum class BoundExprKind : uint8_t {
  kColumn,
  kLiteral,    // Of type kUnknown: an untyped string or NULL, not yet coerced.
  kParameter,  // $number
  kCall,
  kAnd,
  kOr,
  kCase,  // condition, value, ..., else
  kCoalesce,
  kAggregate,       // arguments[0] (and filter) over the rows before grouping.
  kScalarSubquery,  // The one value of `relation`.
  kExists,          // Whether `relation` has a row.
};

struct BoundExpr {
  BoundExprKind kind = BoundExprKind::kLiteral;
  types::ColumnType type;
  size_t level = 0;                              // kColumn; kAggregate: of the rows it aggregates.
  size_t column = 0;                             // kColumn
  types::Datum literal;                          // kLiteral
  const char* empty = nullptr;                   // kLiteral: see bound_empty().
  bool untyped = false;                          // kLiteral: a field of ROW(...), text for now.
  int parameter = 0;                             // kParameter
  const expr::FunctionSpec* function = nullptr;  // kCall
  std::vector<BoundExprRef> arguments;
  expr::AggregateKind aggregate = expr::AggregateKind::kCount;  // kAggregate
  bool distinct = false;                                        // kAggregate
  std::vector<expr::AggregateOrder> aggregate_order;            // kAggregate
  BoundExprRef filter;                                          // kAggregate; may be null.
  BoundRelRef relation;                                         // kScalarSubquery, kExists
  uint32_t position = 0;  // 1-based byte in the statement, for messages; 0 = unknown.
};

enum class BoundRelKind : uint8_t {
  kValues,  // `rows` of expressions (which see no row of their own: level 1 is the first scope).
  kGet,     // A stored collection.
  kCteGet,  // A relation bound once for the statement: WITH query or view.
  kProject,
  kMap,
  kFilter,
  kJoin,    // `join`, on `on` (null: true).
  kReduce,  // Group `expressions`, then `aggregates`. Global if `global`: always one row.
  kDistinct,
  kTopK,
  kUnion,   // UNION ALL of the inputs.
  kExcept,  // `all`: with multiplicities.
  kIntersect,
  kFlatMap,
};

enum class BoundJoinKind : uint8_t { kInner, kLeft, kRight, kFull };

struct BoundRel {
  BoundRelKind kind = BoundRelKind::kValues;
  std::vector<types::ColumnType> columns;
  std::vector<BoundRelRef> inputs;
  std::vector<std::vector<BoundExprRef>> rows;  // kValues
  CollectionId collection;                      // kGet
  types::RelationType relation;                 // kGet
  uint64_t cte = 0;                             // kCteGet
  std::vector<size_t> projection;               // kProject
  std::vector<BoundExprRef> expressions;        // kMap, kFilter, kReduce, kFlatMap
  BoundJoinKind join = BoundJoinKind::kInner;   // kJoin
  BoundExprRef on;                              // kJoin
  std::vector<BoundExprRef> aggregates;         // kReduce; all kAggregate.
  bool global = false;                          // kReduce
  std::vector<size_t> group;                    // kTopK
  std::vector<plan::SortColumn> order;          // kTopK
  std::optional<uint64_t> limit;                // kTopK
  uint64_t offset = 0;                          // kTopK
  bool all = false;                             // kExcept, kIntersect
  plan::TableFunction function = plan::TableFunction::kGenerateSeriesInt8;  // kFlatMap
  bool with_ordinality = false;                                             // kFlatMap
};

// --- makers of expressions; each computes the type ---
BoundExprRef bound_column(size_t level, size_t column, types::ColumnType type);
BoundExprRef bound_literal(types::Datum value, types::SqlType type);
BoundExprRef bound_null(types::SqlType type);
// ARRAY[], LIST[] or MAP[]: an untyped literal that only becomes of such a type. `what` is "array",
// "list" or "map"; it must live for ever.
BoundExprRef bound_empty(const char* what);
BoundExprRef bound_bool(bool value);
BoundExprRef bound_int4(int64_t value);
BoundExprRef bound_call(const expr::FunctionSpec& function, std::vector<BoundExprRef> arguments);
// A call whose result type carries a modifier: a cast.
BoundExprRef bound_cast_call(const expr::FunctionSpec& function, BoundExprRef argument,
                             types::SqlType to);
BoundExprRef bound_and(std::vector<BoundExprRef> arguments);
BoundExprRef bound_or(std::vector<BoundExprRef> arguments);
BoundExprRef bound_not(BoundExprRef argument);
BoundExprRef bound_is_null(BoundExprRef argument);
// condition, value, ..., else; values already of one type.
BoundExprRef bound_case(std::vector<BoundExprRef> arguments);
BoundExprRef bound_coalesce(std::vector<BoundExprRef> arguments);
BoundExprRef bound_exists(BoundRelRef relation);
BoundExprRef bound_scalar_subquery(BoundRelRef relation);
BoundExprRef at_position(const BoundExprRef& expression, uint32_t position);

// --- makers of relations ---
BoundRelRef bound_values(std::vector<std::vector<BoundExprRef>> rows,
                         std::vector<types::ColumnType> columns);
BoundRelRef bound_unit();  // One row without columns.
BoundRelRef bound_get(CollectionId collection, types::RelationType type);
BoundRelRef bound_cte_get(uint64_t cte, std::vector<types::ColumnType> columns);
BoundRelRef bound_project(BoundRelRef input, std::vector<size_t> projection);
BoundRelRef bound_map(BoundRelRef input, std::vector<BoundExprRef> expressions);
BoundRelRef bound_filter(BoundRelRef input, std::vector<BoundExprRef> predicates);
BoundRelRef bound_join(BoundJoinKind kind, BoundRelRef left, BoundRelRef right, BoundExprRef on);
BoundRelRef bound_reduce(BoundRelRef input, std::vector<BoundExprRef> group,
                         std::vector<BoundExprRef> aggregates, bool global);
BoundRelRef bound_distinct(BoundRelRef input);
BoundRelRef bound_top_k(BoundRelRef input, std::vector<size_t> group,
                        std::vector<plan::SortColumn> order, std::optional<uint64_t> limit,
                        uint64_t offset);
BoundRelRef bound_union(std::vector<BoundRelRef> inputs);
BoundRelRef bound_set_difference(BoundRelKind kind, BoundRelRef left, BoundRelRef right, bool all);
BoundRelRef bound_flat_map(BoundRelRef input, plan::TableFunction function,
                           std::vector<BoundExprRef> arguments,
                           std::vector<types::ColumnType> columns, bool with_ordinality);

// --- walking and rewriting ---
// Same meaning, wherever they were written.
bool same(const BoundExpr& a, const BoundExpr& b);

// Called for every expression node with the number of scopes between it and the root; returns what
// to put in its place, or null to descend into it.
using BoundRewrite = std::function<BoundExprRef(const BoundExprRef&, size_t depth)>;
BoundExprRef rewrite(const BoundExprRef& expression, size_t depth, const BoundRewrite& replace);
BoundRelRef rewrite(const BoundRelRef& relation, size_t depth, const BoundRewrite& replace);

// The same, moved `by` scopes inwards: references that leave it reach `by` levels further.
BoundExprRef shift_levels(const BoundExprRef& expression, size_t by);
BoundRelRef shift_levels(const BoundRelRef& relation, size_t by);

// Calls visit(level, column) for every reference that leaves the root: for an expression level 0 is
// its own row; for a relation level 1 is its nearest scope.
using OuterVisit = std::function<void(size_t level, size_t column)>;
void for_each_outer(const BoundExpr& expression, const OuterVisit& visit);
void for_each_outer(const BoundRel& relation, const OuterVisit& visit);
bool is_correlated(const BoundRel& relation);

// Calls visit for every aggregate over the rows that the expression itself stands on, wherever it
// is, with all its levels as they would be outside of subqueries.
void for_each_aggregate(const BoundExprRef& expression,
                        const std::function<void(const BoundExprRef&)>& visit);
// An expression `by` scopes inside that does not refer to these scopes, seen from outside of them.
// Null when it does refer to them.
BoundExprRef moved_out(const BoundExprRef& expression, size_t by);

}  // namespace penstock::sql
