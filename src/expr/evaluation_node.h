// The compiled form of an expression: a tree of nodes, each evaluating one subexpression over the
// rows that need it. Internal to the evaluator.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "data/column.h"
#include "data/rows.h"
#include "expr/evaluator.h"

namespace penstock::expr {

struct EvaluationInput {
  std::span<const data::Column> columns;
  size_t size = 0;
};

class Evaluator::Node {
 public:
  explicit Node(types::SqlType type) : type_(std::move(type)) {}
  virtual ~Node() = default;
  // REQUIRES: `active` is not none.
  virtual EvalResult evaluate(const EvaluationInput& input, const data::Rows& active) = 0;

  const types::SqlType& type() const { return type_; }
  types::PhysicalKind kind() const { return types::physical_kind(type_); }

 private:
  types::SqlType type_;
};

using NodeRef = std::unique_ptr<Evaluator::Node>;
NodeRef compile(const ScalarExpr& expression);

NodeRef make_logic_node(bool conjunction, std::vector<NodeRef> arguments);
NodeRef make_case_node(types::SqlType type, std::vector<NodeRef> arguments);
NodeRef make_coalesce_node(types::SqlType type, std::vector<NodeRef> arguments);

}  // namespace penstock::expr
