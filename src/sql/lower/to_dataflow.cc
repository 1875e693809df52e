// See to_dataflow.h.
#include "sql/lower/to_dataflow.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"
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
  size_t build_join(const RelRef& join, const std::vector<const RelExpr*>& above,
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

// The state of a chain of binary joins: the node so far, and where the columns of the concatenated
// inputs are in it.
struct Chain {
  size_t node = 0;
  std::vector<types::ColumnType> columns;
  std::vector<size_t> position;
};

size_t DataflowBuilder::build_join(const RelRef& rel, const std::vector<const RelExpr*>& above,
                                   const types::RelationType& type) {
  const ColumnJoin join = column_join(*rel);
  const std::vector<size_t> order = join_order(join);
  std::vector<size_t> offsets = {0};
  for (const RelRef& input : join.inputs) {
    offsets.push_back(offsets.back() + input->type.columns.size());
  }
  constexpr size_t kNowhere = SIZE_MAX;
  Chain chain;
  chain.position.assign(offsets.back(), kNowhere);
  auto finish = [&](MfpBuilder& mfp) {
    // Back into the order of the inputs, then the conditions and the steps above.
    mfp.project(chain.position);
    mfp.filter(join.conditions);
    mfp.project(join.projection);
    for (const RelExpr* step : above) apply(*step, mfp);
  };
  for (size_t step = 0; step < order.size(); ++step) {
    const size_t input = order[step];
    const RelRef& right = join.inputs[input];
    const size_t node = build(right);
    plan::JoinNode made;
    for (const std::vector<size_t>& columns : join.classes) {
      size_t left_key = kNowhere;
      size_t right_key = kNowhere;
      for (size_t column : columns) {
        if (chain.position[column] != kNowhere && left_key == kNowhere) {
          left_key = chain.position[column];
        }
        if (column >= offsets[input] && column < offsets[input + 1]) {
          right_key = column - offsets[input];
        }
      }
      if (left_key == kNowhere || right_key == kNowhere) continue;
      made.left_key.push_back(left_key);
      made.right_key.push_back(right_key);
      made.nulls_match |=
          chain.columns[left_key].nullable && right->type.columns[right_key].type.nullable;
    }
    for (size_t i = 0; i < right->type.columns.size(); ++i) {
      chain.position[offsets[input] + i] = chain.columns.size() + i;
    }
    const std::vector<types::ColumnType> right_columns = right->type.column_types();
    chain.columns.insert(chain.columns.end(), right_columns.begin(), right_columns.end());
    if (step == 0) {
      chain.node = node;
      continue;
    }
    MfpBuilder residual(chain.columns.size());
    const bool last = step + 1 == order.size();
    if (last) finish(residual);
    made.residual = residual.finish();
    chain.node =
        add({std::move(made), {chain.node, node}, last ? type.column_types() : chain.columns});
  }
  if (order.size() > 1) return chain.node;
  if (order.empty()) chain.node = add({plan::ConstantNode{{plan::ConstantRow{}}, {}}, {}, {}});
  MfpBuilder mfp(chain.columns.size());
  finish(mfp);
  return add_mfp(chain.node, mfp, type);
}

}  // namespace

plan::DataflowPlan to_dataflow(const RelRef& rel, CollectionId exported) {
  DataflowBuilder builder;
  const size_t node = builder.build(rel);
  return builder.finish(node, exported);
}

}  // namespace penstock::sql
