// Plans made by hand over rows of (id int8, text text), for the tests of this room.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expr/function_catalogue.h"
#include "plan/dataflow_plan.h"
#include "storage/storage_fixture_test.h"

namespace penstock::engine {

inline types::ColumnType column_of(types::TypeId id, bool nullable) {
  return {types::SqlType::of(id), nullable};
}

class PlanMaker {
 public:
  static constexpr types::TypeId kId = types::TypeId::kInt8;

  size_t import(uint64_t collection) {
    return add(plan::ImportNode{CollectionId{collection}}, {}, row_columns());
  }
  // Rows with id >= `least`.
  size_t at_least(size_t input, int64_t least) {
    plan::MapFilterProject mfp;
    expr::ScalarRef id = expr::column_ref(0, column_of(kId, false));
    expr::ScalarRef limit = expr::literal(types::Datum::integer(least), types::SqlType::of(kId));
    mfp.predicates = {expr::call(expr::function_of(">=", {kId, kId}), {id, limit},
                                 column_of(types::TypeId::kBool, false))};
    mfp.predicate_after = {0};
    mfp.projection = {0, 1};
    return add(plan::MfpNode{mfp}, {input}, row_columns());
  }
  // (1000 / id, text): an error where id is 0.
  size_t divided(size_t input) {
    plan::MapFilterProject mfp;
    expr::ScalarRef id = expr::column_ref(0, column_of(kId, false));
    expr::ScalarRef top = expr::literal(types::Datum::integer(1000), types::SqlType::of(kId));
    mfp.map = {expr::call(expr::function_of("/", {kId, kId}), {top, id}, column_of(kId, false))};
    mfp.projection = {2, 1};
    return add(plan::MfpNode{mfp}, {input}, row_columns());
  }
  // (count(*), text) per text.
  size_t counted(size_t input) {
    plan::ReduceNode reduce;
    reduce.key = {1};
    reduce.aggregates = {count()};
    std::vector<types::ColumnType> columns = {row_columns()[1], row_columns()[0]};
    size_t node = add(std::move(reduce), {input}, columns);
    plan::MapFilterProject turn;
    turn.projection = {1, 0};
    return add(plan::MfpNode{turn}, {node}, row_columns());
  }
  size_t both(size_t left, size_t right) {
    return add(plan::UnionNode{}, {left, right}, row_columns());
  }
  // count(*) of every row beside every row, which takes its time.
  size_t counted_pairs(size_t left, size_t right) {
    plan::JoinNode join;
    join.residual.projection = {0, 1, 2, 3};
    std::vector<types::ColumnType> columns = row_columns();
    columns.insert(columns.end(), columns.begin(), columns.begin() + 2);
    size_t node = add(std::move(join), {left, right}, columns);
    plan::ReduceNode reduce;
    reduce.key = {1};
    reduce.aggregates = {count()};
    node = add(std::move(reduce), {node}, {row_columns()[1], row_columns()[0]});
    plan::MapFilterProject turn;
    turn.projection = {1, 0};
    return add(plan::MfpNode{turn}, {node}, row_columns());
  }
  plan::DataflowPlan to(uint64_t collection) {
    plan_.exports = {{CollectionId{collection}, plan_.nodes.size() - 1}};
    return std::move(plan_);
  }

 private:
  static std::vector<types::ColumnType> row_columns() {
    return {column_of(kId, false), column_of(types::TypeId::kText, true)};
  }
  static expr::AggregateExpr count() {
    expr::AggregateExpr out;
    out.argument =
        expr::literal(types::Datum::boolean(true), types::SqlType::of(types::TypeId::kBool));
    out.type = column_of(kId, false);
    return out;
  }
  template <typename Op>
  size_t add(Op op, std::vector<size_t> inputs, std::vector<types::ColumnType> columns) {
    plan_.nodes.push_back({std::move(op), std::move(inputs), std::move(columns)});
    return plan_.nodes.size() - 1;
  }

  plan::DataflowPlan plan_;
};

inline plan::DataflowPlan copy_plan(uint64_t from, uint64_t to) {
  PlanMaker maker;
  maker.import(from);
  return maker.to(to);
}
inline plan::DataflowPlan count_plan(uint64_t from, uint64_t to) {
  PlanMaker maker;
  maker.counted(maker.import(from));
  return maker.to(to);
}
inline plan::DataflowPlan both_plan(uint64_t left, uint64_t right, uint64_t to) {
  PlanMaker maker;
  size_t first = maker.import(left);
  maker.both(first, maker.import(right));
  return maker.to(to);
}
inline plan::DataflowPlan pairs_plan(uint64_t from, uint64_t to) {
  PlanMaker maker;
  size_t input = maker.import(from);
  maker.counted_pairs(input, input);
  return maker.to(to);
}

}  // namespace penstock::engine
