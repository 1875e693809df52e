// The physical plan of a circuit: nodes in topological order. The contract between sql and
// dataflow.
//
// A node's inputs have smaller indices. Expressions refer to the input's columns by position.
// Errors of any node are errors of every export downstream of it; the circuit builder collects
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "expr/aggregate.h"
#include "expr/scalar.h"
#include "plan/rel_expr.h"
#include "types/sql_type.h"

namespace penstock::plan {

// Map, filter and project in one pass: columns are appended by `map` (a later expression may use an
// earlier one), rows are kept where all `predicates` (over the input and the mapped columns) are
// true, and `projection` names the columns that go out. Predicate i is evaluated after the first
// predicate_after[i] mapped columns exist, so that a cheap test spares an expensive map.
struct MapFilterProject {
  std::vector<expr::ScalarRef> map;
  std::vector<expr::ScalarRef> predicates;
  std::vector<size_t> predicate_after;
  std::vector<size_t> projection;
};

struct ImportNode {
  CollectionId collection;  // Rows and errors come from outside the circuit.
};
struct ConstantNode {
  std::vector<ConstantRow> rows;
  std::optional<data::RowError> error;
};
struct MfpNode {
  MapFilterProject mfp;
};
// Inner equi-join of inputs 0 and 1 on column lists (no columns: cross join). Out go all columns of
// the left, then all of the right, through `residual`.
struct JoinNode {
  std::vector<size_t> left_key;
  std::vector<size_t> right_key;
  // Whether a NULL in a key matches a NULL (as IS NOT DISTINCT FROM); else it matches nothing. Set
  // where the result of a subquery is joined back to the rows it was computed for.
  bool nulls_match = false;
  MapFilterProject residual;
};
// GROUP BY key columns; out go the key columns, then one column per aggregate. No keys and an empty
// input: nothing goes out (the plan unions a default row in).
struct ReduceNode {
  std::vector<size_t> key;
  std::vector<expr::AggregateExpr> aggregates;  // Arguments and filters over the input's columns.
};
struct DistinctNode {};
struct ThresholdNode {};
struct TopKNode {
  std::vector<size_t> group;
  std::vector<SortColumn> order;  // Ties are broken by all columns, ascending.
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
  bool monotonic = false;  // The input never retracts: losers may be dropped.
};
struct NegateNode {};
struct UnionNode {};
struct FlatMapNode {
  TableFunction function = TableFunction::kGenerateSeriesInt8;
  std::vector<expr::ScalarRef> arguments;
  std::vector<types::ColumnType> columns;  // That it appends.
  bool with_ordinality = false;  // The last of them is int8: each row's results counted from 1.
};

struct PlanNode {
  std::variant<ImportNode, ConstantNode, MfpNode, JoinNode, ReduceNode, DistinctNode, ThresholdNode,
               TopKNode, NegateNode, UnionNode, FlatMapNode>
      op;
  std::vector<size_t> inputs;
  std::vector<types::ColumnType> columns;  // Of the rows that come out.
};

struct PlanExport {
  CollectionId collection;
  size_t node = 0;
};

struct DataflowPlan {
  std::vector<PlanNode> nodes;
  std::vector<PlanExport> exports;
};

// One line per node, inputs named by number: what EXPLAIN shows. `names` gives a collection's name.
using CollectionNames = std::vector<std::pair<CollectionId, std::string>>;
std::string explain(const DataflowPlan& plan, const CollectionNames& names);
std::string explain(const RelRef& plan, const CollectionNames& names);

}  // namespace penstock::plan
