// See row_nullability.h.
#include "sql/lower/row_nullability.h"

#include <algorithm>

#include "plan/predicates.h"

namespace penstock::sql {
namespace {

using expr::ScalarKind;
using expr::ScalarRef;
using Nullable = std::vector<bool>;

Nullable of_node(const plan::PlanNode& node) {
  Nullable out;
  for (const types::ColumnType& column : node.columns) out.push_back(column.nullable);
  return out;
}

// An expression says what it is for the columns it was made for; these may be NULL more often.
bool can_be_null(const expr::ScalarExpr& expression, const Nullable& input) {
  if (expression.kind == ScalarKind::kColumn) return input[expression.column];
  if (expression.type.nullable) return true;
  return expression.kind != ScalarKind::kLiteral && expression.kind != ScalarKind::kErrorLiteral &&
         std::ranges::any_of(expression.arguments, [&](const ScalarRef& argument) {
           return !argument->type.nullable && can_be_null(*argument, input);
         });
}

void pin_not_null(const ScalarRef& predicate, Nullable& columns) {
  expr::for_each_column(*predicate, [&](size_t column) {
    if (columns[column] && plan::rejects_null(*predicate, column)) columns[column] = false;
  });
}

Nullable after(const plan::MapFilterProject& mfp, Nullable columns) {
  for (const ScalarRef& mapped : mfp.map) columns.push_back(can_be_null(*mapped, columns));
  for (const ScalarRef& predicate : mfp.predicates) pin_not_null(predicate, columns);
  Nullable out;
  for (size_t column : mfp.projection) out.push_back(columns[column]);
  return out;
}

struct NullabilityOf {
  const std::vector<Nullable>& inputs;
  const plan::PlanNode& node;

  Nullable operator()(const plan::ImportNode&) const { return of_node(node); }
  Nullable operator()(const plan::ConstantNode& constant) const {
    Nullable out(node.columns.size(), false);
    for (const plan::ConstantRow& row : constant.rows) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = out[i] || row.values[i].is_null();
    }
    return out;
  }
  Nullable operator()(const plan::MfpNode& mfp) const { return after(mfp.mfp, inputs[0]); }
  Nullable operator()(const plan::JoinNode& join) const {
    Nullable columns = inputs[0];
    columns.insert(columns.end(), inputs[1].begin(), inputs[1].end());
    for (size_t i = 0; i < join.left_key.size(); ++i) {
      const size_t left = join.left_key[i];
      const size_t right = inputs[0].size() + join.right_key[i];
      const bool nullable = join.nulls_match && columns[left] && columns[right];
      columns[left] = nullable;
      columns[right] = nullable;
    }
    return after(join.residual, std::move(columns));
  }
  Nullable operator()(const plan::ReduceNode& reduce) const {
    Nullable out;
    for (size_t column : reduce.key) out.push_back(inputs[0][column]);
    for (const expr::AggregateExpr& aggregate : reduce.aggregates) {
      out.push_back(aggregate.kind != expr::AggregateKind::kCount &&
                    (aggregate.filter || can_be_null(*aggregate.argument, inputs[0])));
    }
    return out;
  }
  Nullable operator()(const plan::UnionNode&) const {
    Nullable out(node.columns.size(), false);
    for (const Nullable& input : inputs) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = out[i] || input[i];
    }
    return out;
  }
  Nullable operator()(const plan::FlatMapNode& flat_map) const {
    Nullable out = inputs[0];
    for (const types::ColumnType& column : flat_map.columns) out.push_back(column.nullable);
    return out;
  }
  template <typename PassesRowsOn>
  Nullable operator()(const PassesRowsOn&) const {
    return inputs[0];
  }
};

}  // namespace

void set_row_nullability(plan::PlanNode& node, const std::vector<plan::PlanNode>& before) {
  std::vector<Nullable> inputs;
  for (size_t input : node.inputs) inputs.push_back(of_node(before[input]));
  const Nullable nullable = std::visit(NullabilityOf{inputs, node}, node.op);
  for (size_t i = 0; i < nullable.size(); ++i) node.columns[i].nullable = nullable[i];
}

}  // namespace penstock::sql
