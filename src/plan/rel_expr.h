// The logical plan: an immutable tree of relational operators over bags with signed multiplicities.
// The binder and sql/lower build it, sql/optimize rewrites it, sql/lower turns it into a
// DataflowPlan.
//
// Every node knows the type of its rows. Expressions of a node refer to the columns of its input by
// position (a join's: the concatenation of its inputs' columns).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "expr/aggregate.h"
#include "expr/scalar.h"
#include "types/sql_type.h"

namespace penstock::plan {

struct RelExpr;
using RelRef = std::shared_ptr<const RelExpr>;

enum class RelKind : uint8_t {
  kConstant,   // `rows` with their diffs, or an error for everybody who reads it.
  kGet,        // A stored collection, `collection`.
  kLocalGet,   // A Let binding, `local`.
  kLet,        // inputs: value, body; binds `local` in body.
  kProject,    // Keeps columns `projection`, in that order.
  kMap,        // Appends one column per expression; later ones may use earlier ones.
  kFilter,     // Rows where every predicate is true.
  kJoin,       // Inner join of all inputs on `equivalences`: each a list of expressions over the
               // concatenated columns that are pairwise equal, where NULL equals NULL (as IS NOT
               // DISTINCT FROM). An SQL `a = b` is an equivalence and a filter on IS NOT NULL.
  kReduce,     // GROUP BY `expressions`, then the aggregates. No expressions: one global group that
               // exists even when the input is empty only through plan shapes the lowering makes
               // (union with a default row), so kReduce itself emits nothing for an empty input.
  kDistinct,   // Each row once.
  kTopK,       // Per group of `group_columns`: by `order`, skip `offset`, keep `limit`.
  kNegate,     // Weights negated. Stands directly below a kUnion.
  kThreshold,  // Rows of positive weight, with that weight.
  kUnion,      // Bag sum of all inputs.
  kFlatMap,    // Appends the columns of a table function of each row.
};

struct SortColumn {
  size_t column = 0;
  bool descending = false;
  bool nulls_first = false;
  friend bool operator==(const SortColumn&, const SortColumn&) = default;
};

enum class TableFunction : uint8_t {
  kGenerateSeriesInt8,  // (start, stop, step) int8
  kGenerateSeriesInt4,
  kGenerateSeriesTimestamp,  // (start, stop, step interval)
  kGenerateSeriesTimestampTz,
  kJsonbArrayElements,
  kJsonbArrayElementsText,
  kJsonbEach,
  kJsonbEachText,
  kJsonbObjectKeys,
  kUnnestArray,
  kUnnestList,
  kUnnestMap,  // Key and value.
};

struct ConstantRow {
  std::vector<types::Datum> values;
  int64_t diff = 1;
};

struct RelExpr {
  RelKind kind = RelKind::kConstant;
  types::RelationType type;  // Of the rows that come out, with inferred keys and nullability.
  std::vector<RelRef> inputs;

  std::vector<ConstantRow> rows;             // kConstant
  std::optional<data::RowError> error;       // kConstant
  CollectionId collection;                   // kGet
  uint64_t local = 0;                        // kLet, kLocalGet
  std::vector<size_t> projection;            // kProject
  std::vector<expr::ScalarRef> expressions;  // kMap, kFilter, kReduce (keys), kFlatMap (arguments)
  std::vector<std::vector<expr::ScalarRef>> equivalences;             // kJoin
  std::vector<expr::AggregateExpr> aggregates;                        // kReduce
  std::vector<size_t> group_columns;                                  // kTopK
  std::vector<SortColumn> order;                                      // kTopK
  std::optional<uint64_t> limit;                                      // kTopK
  uint64_t offset = 0;                                                // kTopK
  TableFunction table_function = TableFunction::kGenerateSeriesInt8;  // kFlatMap
  bool with_ordinality = false;                                       // kFlatMap
};

// Makers; each computes `type` (names, nullability, keys by the rules of docs/internals/keys.md).
RelRef constant(types::RelationType type, std::vector<ConstantRow> rows);
RelRef constant_error(types::RelationType type, data::RowError error);
RelRef get(CollectionId collection, types::RelationType type);
RelRef local_get(uint64_t local, types::RelationType type);
RelRef let(uint64_t local, RelRef value, RelRef body);
RelRef project(RelRef input, std::vector<size_t> projection);
RelRef map(RelRef input, std::vector<expr::ScalarRef> expressions);
RelRef filter(RelRef input, std::vector<expr::ScalarRef> predicates);
RelRef join(std::vector<RelRef> inputs, std::vector<std::vector<expr::ScalarRef>> equivalences);
RelRef reduce(RelRef input, std::vector<expr::ScalarRef> keys,
              std::vector<expr::AggregateExpr> aggregates);
RelRef distinct(RelRef input);
RelRef top_k(RelRef input, std::vector<size_t> group_columns, std::vector<SortColumn> order,
             std::optional<uint64_t> limit, uint64_t offset);
RelRef negate(RelRef input);
RelRef threshold(RelRef input);
RelRef union_all(std::vector<RelRef> inputs);
RelRef flat_map(RelRef input, TableFunction function, std::vector<expr::ScalarRef> arguments,
                std::vector<types::ColumnDesc> columns);
// As flat_map; the last of `columns` is an int8 that counts the results of each row from 1.
RelRef flat_map_with_ordinality(RelRef input, TableFunction function,
                                std::vector<expr::ScalarRef> arguments,
                                std::vector<types::ColumnDesc> columns);
// The same rows under other column names, or with other known keys or nullability.
RelRef with_type(RelRef input, types::RelationType type);

}  // namespace penstock::plan
