// See rel_rewrite.h.
#include "sql/optimize/rel_rewrite.h"

#include "base/check.h"
#include "plan/keys.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;

namespace {

// The operator of `rel` over the inputs, everything inferred anew.
RelRef remade_over(const RelExpr& rel, std::vector<RelRef> inputs) {
  auto only = [&]() { return std::move(inputs[0]); };
  switch (rel.kind) {
    case RelKind::kConstant:
    case RelKind::kGet:
    case RelKind::kLocalGet:
      return std::make_shared<RelExpr>(rel);
    case RelKind::kLet:
      return plan::let(rel.local, std::move(inputs[0]), std::move(inputs[1]));
    case RelKind::kProject:
      return plan::project(only(), rel.projection);
    case RelKind::kMap:
      return plan::map(only(), rel.expressions);
    case RelKind::kFilter:
      return plan::filter(only(), rel.expressions);
    case RelKind::kJoin:
      return plan::join(std::move(inputs), rel.equivalences);
    case RelKind::kReduce:
      return plan::reduce(only(), rel.expressions, rel.aggregates);
    case RelKind::kDistinct:
      return plan::distinct(only());
    case RelKind::kTopK:
      return plan::top_k(only(), rel.group_columns, rel.order, rel.limit, rel.offset);
    case RelKind::kNegate:
      return plan::negate(only());
    case RelKind::kThreshold:
      return plan::threshold(only());
    case RelKind::kUnion:
      return plan::union_all(std::move(inputs));
    case RelKind::kFlatMap: {
      const auto width = static_cast<std::ptrdiff_t>(rel.inputs[0]->type.columns.size());
      std::vector<types::ColumnDesc> columns(rel.type.columns.begin() + width,
                                             rel.type.columns.end());
      return rel.with_ordinality
                 ? plan::flat_map_with_ordinality(only(), rel.table_function, rel.expressions,
                                                  std::move(columns))
                 : plan::flat_map(only(), rel.table_function, rel.expressions, std::move(columns));
    }
  }
  check_failed(__FILE__, __LINE__, "a known relation", "");
}

}  // namespace

RelRef keeping_facts(RelRef rel, const types::RelationType& before) {
  types::RelationType type = rel->type;
  CHECK_OP(==, type.columns.size(), before.columns.size());
  for (size_t i = 0; i < type.columns.size(); ++i) {
    type.columns[i].name = before.columns[i].name;
    if (!before.columns[i].type.nullable) type.columns[i].type.nullable = false;
  }
  for (const plan::Key& key : before.keys) plan::add_key(type.keys, key);
  return type == rel->type ? rel : plan::with_type(std::move(rel), std::move(type));
}

RelRef remade(const RelExpr& node) {
  return remade_over(node, node.inputs);
}

RelRef remade_with_facts(const RelExpr& node, const types::RelationType& before) {
  return keeping_facts(remade(node), before);
}

RelRef with_inputs(const RelRef& rel, std::vector<RelRef> inputs) {
  if (inputs == rel->inputs) return rel;
  return keeping_facts(remade_over(*rel, std::move(inputs)), rel->type);
}

namespace {

Status rewrite_list(std::vector<ScalarRef>& expressions, const ScalarRewrite& rewrite) {
  for (ScalarRef& expression : expressions) {
    ASSIGN_OR_RETURN(expression, rewrite(expression));
  }
  return {};
}

}  // namespace

Result<RelRef> rewrite_scalars(const RelRef& rel, const ScalarRewrite& rewrite) {
  auto out = std::make_shared<RelExpr>(*rel);
  for (RelRef& input : out->inputs) {
    ASSIGN_OR_RETURN(input, rewrite_scalars(input, rewrite));
  }
  RETURN_IF_ERROR(rewrite_list(out->expressions, rewrite));
  for (std::vector<ScalarRef>& equivalence : out->equivalences) {
    RETURN_IF_ERROR(rewrite_list(equivalence, rewrite));
  }
  for (expr::AggregateExpr& aggregate : out->aggregates) {
    ASSIGN_OR_RETURN(aggregate.argument, rewrite(aggregate.argument));
    if (!aggregate.filter) continue;
    ASSIGN_OR_RETURN(aggregate.filter, rewrite(aggregate.filter));
  }
  std::vector<RelRef> inputs = out->inputs;
  return keeping_facts(remade_over(*out, std::move(inputs)), rel->type);
}

void for_each_node(const RelRef& rel, const std::function<void(const RelRef&)>& visit) {
  for (const RelRef& input : rel->inputs) for_each_node(input, visit);
  visit(rel);
}

}  // namespace penstock::sql
