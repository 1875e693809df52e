// See to_dataflow.h.
#include "sql/lower/to_dataflow.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "expr/evaluator.h"
#include "plan/predicates.h"
#include "sql/lower/join_planning.h"
#include "sql/lower/mfp_builder.h"
#include "sql/lower/node_equality.h"
#include "sql/lower/row_nullability.h"

namespace penstock::sql {
namespace {

using expr::ScalarKind;
using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;

class DataflowBuilder {
 public:
  size_t build(const RelRef& rel);
  plan::DataflowPlan finish(size_t node, CollectionId exported) {
    plan_.exports.push_back({exported, node});
    return std::move(plan_);
  }

 private:
  size_t add(plan::PlanNode node);
  size_t add_mfp(size_t input, const MfpBuilder& mfp, const types::RelationType& type);
  size_t build_base(const RelRef& rel);
  // The join, with what stands above it (a chain up to `top`) in its residual.
  size_t build_join(const RelRef& join, std::vector<const RelExpr*> above,
                    const types::RelationType& type);
  size_t build_reduce(const RelExpr& reduce);
  size_t build_union(const RelExpr& rel);
  void append_union_inputs(const RelExpr& rel, std::vector<size_t>& inputs);

  plan::DataflowPlan plan_;
  std::map<uint64_t, size_t> locals_;
};

void apply(const RelExpr& step, MfpBuilder& mfp) {
  switch (step.kind) {
    case RelKind::kMap:
      return mfp.map(step.expressions);
    case RelKind::kFilter:
      return mfp.filter(step.expressions);
    default:
      return mfp.project(step.projection);
  }
}

bool is_linear_step(RelKind kind) {
  return kind == RelKind::kMap || kind == RelKind::kFilter || kind == RelKind::kProject;
}

size_t DataflowBuilder::add(plan::PlanNode node) {
  for (size_t i = 0; i < plan_.nodes.size(); ++i) {
    if (same_node(plan_.nodes[i], node)) return i;
  }
  set_row_nullability(node, plan_.nodes);
  plan_.nodes.push_back(std::move(node));
  return plan_.nodes.size() - 1;
}

size_t DataflowBuilder::add_mfp(size_t input, const MfpBuilder& mfp,
                                const types::RelationType& type) {
  if (mfp.is_identity()) return input;
  return add({plan::MfpNode{mfp.finish()}, {input}, type.column_types()});
}

size_t DataflowBuilder::build(const RelRef& rel) {
  std::vector<const RelExpr*> above;
  RelRef base = rel;
  while (is_linear_step(base->kind)) {
    above.push_back(base.get());
    base = base->inputs[0];
  }
  std::ranges::reverse(above);
  if (base->kind == RelKind::kJoin) return build_join(base, above, rel->type);
  const size_t input = build_base(base);
  MfpBuilder mfp(base->type.columns.size());
  for (const RelExpr* step : above) apply(*step, mfp);
  return add_mfp(input, mfp, rel->type);
}

size_t DataflowBuilder::build_base(const RelRef& rel) {
  const std::vector<types::ColumnType> columns = rel->type.column_types();
  switch (rel->kind) {
    case RelKind::kConstant:
      return add({plan::ConstantNode{rel->rows, rel->error}, {}, columns});
    case RelKind::kGet:
      return add({plan::ImportNode{rel->collection}, {}, columns});
    case RelKind::kLocalGet: {
      const auto found = locals_.find(rel->local);
      CHECK(found != locals_.end());
      return found->second;
    }
    case RelKind::kLet:
      locals_[rel->local] = build(rel->inputs[0]);
      return build(rel->inputs[1]);
    case RelKind::kReduce:
      return build_reduce(*rel);
    case RelKind::kDistinct:
      return add({plan::DistinctNode{}, {build(rel->inputs[0])}, columns});
    case RelKind::kTopK:
      return add({plan::TopKNode{rel->group_columns, rel->order, rel->limit, rel->offset, false},
                  {build(rel->inputs[0])},
                  columns});
    case RelKind::kNegate:
      return add({plan::NegateNode{}, {build(rel->inputs[0])}, columns});
    case RelKind::kThreshold:
      return add({plan::ThresholdNode{}, {build(rel->inputs[0])}, columns});
    case RelKind::kUnion:
      return build_union(*rel);
    case RelKind::kFlatMap: {
      const size_t width = rel->inputs[0]->type.columns.size();
      plan::FlatMapNode node;
      node.function = rel->table_function;
      node.arguments = rel->expressions;
      node.columns.assign(columns.begin() + static_cast<std::ptrdiff_t>(width), columns.end());
      node.with_ordinality = rel->with_ordinality;
      return add({std::move(node), {build(rel->inputs[0])}, columns});
    }
    default:
      check_failed(__FILE__, __LINE__, "a relation that starts a chain", "");
  }
}

void DataflowBuilder::append_union_inputs(const RelExpr& rel, std::vector<size_t>& inputs) {
  for (const RelRef& input : rel.inputs) {
    if (input->kind == RelKind::kUnion) {
      append_union_inputs(*input, inputs);
    } else {
      inputs.push_back(build(input));
    }
  }
}

size_t DataflowBuilder::build_union(const RelExpr& rel) {
  std::vector<size_t> inputs;
  append_union_inputs(rel, inputs);
  if (inputs.size() == 1) return inputs[0];
  return add({plan::UnionNode{}, std::move(inputs), rel.type.column_types()});
}

// Keys that are no columns are computed below.
size_t DataflowBuilder::build_reduce(const RelExpr& reduce) {
  RelRef input = reduce.inputs[0];
  std::vector<ScalarRef> computed;
  plan::ReduceNode node;
  for (const ScalarRef& key : reduce.expressions) {
    if (key->kind == ScalarKind::kColumn) {
      node.key.push_back(key->column);
    } else {
      node.key.push_back(input->type.columns.size() + computed.size());
      computed.push_back(key);
    }
  }
  if (!computed.empty()) input = plan::map(input, computed);
  node.aggregates = reduce.aggregates;
  return add({std::move(node), {build(input)}, reduce.type.column_types()});
}

// --- joins ---

// Filters directly above the join become conditions of it, unless they can fail.
void take_conditions(ColumnJoin& join, std::vector<const RelExpr*>& above) {
  while (!above.empty() && above.front()->kind == RelKind::kFilter) {
    std::vector<ScalarRef> conditions;
    for (const ScalarRef& predicate : above.front()->expressions) {
      plan::append_conjuncts(expr::renumber(predicate, join.projection), conditions);
    }
    if (std::ranges::any_of(conditions, [](const auto& c) { return expr::can_fail(*c); })) return;
    join.conditions.insert(join.conditions.end(), conditions.begin(), conditions.end());
    above.erase(above.begin());
  }
}

// The columns of the concatenated inputs that are looked at above the join.
std::vector<bool> columns_wanted(const ColumnJoin& join, const std::vector<const RelExpr*>& above) {
  size_t width = 0;
  for (const RelRef& input : join.inputs) width += input->type.columns.size();
  MfpBuilder mfp(width);
  mfp.project(join.projection);
  for (const RelExpr* step : above) apply(*step, mfp);
  const plan::MapFilterProject made = mfp.finish();
  std::vector<bool> out(width, false);
  auto want = [&](size_t column) {
    if (column < width) out[column] = true;
  };
  std::ranges::for_each(made.projection, want);
  for (const ScalarRef& expression : made.map) expr::for_each_column(*expression, want);
  for (const ScalarRef& predicate : made.predicates) expr::for_each_column(*predicate, want);
  return out;
}

size_t DataflowBuilder::build_join(const RelRef& rel, std::vector<const RelExpr*> above,
                                   const types::RelationType& type) {
  ColumnJoin join = column_join(*rel);
  take_conditions(join, above);
  JoinChain chain(join, columns_wanted(join, above));
  auto finished = [&]() {
    MfpBuilder mfp = chain.last_residual();
    for (const RelExpr* step : above) apply(*step, mfp);
    return mfp;
  };
  const std::vector<size_t> order = join_order(join);
  if (order.empty()) {
    const size_t unit = add({plan::ConstantNode{{plan::ConstantRow{}}, {}}, {}, {}});
    return add_mfp(unit, finished(), type);
  }
  size_t node = build(join.inputs[order[0]]);
  chain.extend(order[0], {}, join.inputs[order[0]]->type.column_types());
  if (order.size() == 1) return add_mfp(node, finished(), type);
  for (size_t step = 1; step < order.size(); ++step) {
    const size_t right = build(join.inputs[order[step]]);
    const std::vector<types::ColumnType> left_columns = plan_.nodes[node].columns;
    const std::vector<types::ColumnType> right_columns = plan_.nodes[right].columns;
    plan::JoinNode made = chain.extend(order[step], left_columns, right_columns);
    std::vector<types::ColumnType> columns = type.column_types();
    if (step + 1 == order.size()) {
      made.residual = finished().finish();
    } else {
      made.residual = chain.residual().finish();
      std::vector<types::ColumnType> both = left_columns;
      both.insert(both.end(), right_columns.begin(), right_columns.end());
      columns.clear();
      for (size_t column : made.residual.projection) columns.push_back(both[column]);
    }
    node = add({std::move(made), {node, right}, std::move(columns)});
  }
  return node;
}

}  // namespace

plan::DataflowPlan to_dataflow(const RelRef& rel, CollectionId exported) {
  DataflowBuilder builder;
  const size_t node = builder.build(rel);
  return builder.finish(node, exported);
}

}  // namespace penstock::sql
