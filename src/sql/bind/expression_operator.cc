// Binding of operators and comparisons: see expression_binder.h.
#include "expr/function_catalogue.h"
#include "sql/bind/expression_binder.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

Bound ExpressionBinder::operator()(const UnaryOp& node) {
  ASSIGN_OR_RETURN(BoundExprRef operand, bind(*node.operand));
  return binder_.call_operator(node.op, {std::move(operand)});
}

Bound ExpressionBinder::operator()(const BinaryOp& node) {
  return compare(node.op, *node.left, *node.right);
}

// Any binary operator; rows of equal length are compared field by field.
Bound ExpressionBinder::compare(std::string_view op, const Expr& left, const Expr& right) {
  const auto* left_row = std::get_if<RowExpr>(&left.kind);
  const auto* right_row = std::get_if<RowExpr>(&right.kind);
  if (left_row != nullptr && right_row != nullptr) {
    return compare_rows(op, left_row->fields, right_row->fields);
  }
  ASSIGN_OR_RETURN(BoundExprRef bound_left, bind(left));
  ASSIGN_OR_RETURN(BoundExprRef bound_right, bind(right));
  return binder_.call_operator(op, {std::move(bound_left), std::move(bound_right)});
}

// (a, b) < (c, d) is a < c OR (a = c AND b < d).
Bound ExpressionBinder::compare_rows(std::string_view op, const std::vector<Expr>& left,
                                     const std::vector<Expr>& right) {
  if (left.size() != right.size()) {
    return fail(sql_state::kSyntaxError, "unequal number of entries in row expressions");
  }
  if (op == "=" || op == "<>") {
    std::vector<BoundExprRef> fields;
    for (size_t i = 0; i < left.size(); ++i) {
      ASSIGN_OR_RETURN(BoundExprRef field, compare(op, left[i], right[i]));
      fields.push_back(std::move(field));
    }
    return op == "=" ? bound_and(std::move(fields)) : bound_or(std::move(fields));
  }
  if (op != "<" && op != "<=" && op != ">" && op != ">=") {
    return fail(sql_state::kUndefinedFunction,
                "operator does not exist: record " + std::string(op) + " record");
  }
  const std::string_view strict = op.substr(0, 1);
  ASSIGN_OR_RETURN(BoundExprRef result, compare(op, left.back(), right.back()));
  for (size_t i = left.size() - 1; i-- > 0;) {
    ASSIGN_OR_RETURN(BoundExprRef before, compare(strict, left[i], right[i]));
    ASSIGN_OR_RETURN(BoundExprRef equal, compare("=", left[i], right[i]));
    result = bound_or({std::move(before), bound_and({std::move(equal), std::move(result)})});
  }
  return result;
}

Bound ExpressionBinder::operator()(const DistinctTest& node) {
  ASSIGN_OR_RETURN(BoundExprRef left, bind(*node.left));
  ASSIGN_OR_RETURN(BoundExprRef right, bind(*node.right));
  ASSIGN_OR_RETURN(
      std::vector<BoundExprRef> sides,
      binder_.coerce_to_common({std::move(left), std::move(right)}, "IS DISTINCT FROM"));
  ASSIGN_OR_RETURN(BoundExprRef test, binder_.call_function("is_distinct_from", std::move(sides)));
  return node.negated ? bound_not(std::move(test)) : test;
}

Bound ExpressionBinder::operator()(const LikeTest& node) {
  ASSIGN_OR_RETURN(BoundExprRef operand, bind(*node.operand));
  ASSIGN_OR_RETURN(BoundExprRef pattern, bind(*node.pattern));
  if (node.escape) {
    ASSIGN_OR_RETURN(BoundExprRef escape, bind(**node.escape));
    ASSIGN_OR_RETURN(pattern,
                     binder_.call_function("like_escape", {std::move(pattern), std::move(escape)}));
  }
  const std::string op =
      std::string(node.negated ? "!" : "") + "~~" + (node.case_insensitive ? "*" : "");
  return binder_.call_operator(op, {std::move(operand), std::move(pattern)});
}

Bound ExpressionBinder::operator()(const BetweenTest& node) {
  ASSIGN_OR_RETURN(BoundExprRef low, compare(">=", *node.operand, *node.low));
  ASSIGN_OR_RETURN(BoundExprRef high, compare("<=", *node.operand, *node.high));
  BoundExprRef test = bound_and({std::move(low), std::move(high)});
  return node.negated ? bound_not(std::move(test)) : test;
}

Bound ExpressionBinder::operator()(const InList& node) {
  std::vector<BoundExprRef> tests;
  const bool rows = std::holds_alternative<RowExpr>(node.operand->kind);
  if (rows) {
    for (const Expr& item : node.list) {
      ASSIGN_OR_RETURN(BoundExprRef test, compare("=", *node.operand, item));
      tests.push_back(std::move(test));
    }
  } else {
    ASSIGN_OR_RETURN(BoundExprRef operand, bind(*node.operand));
    ASSIGN_OR_RETURN(std::vector<BoundExprRef> values, bind_all(node.list));
    values.push_back(operand);
    ASSIGN_OR_RETURN(values, binder_.coerce_to_common(std::move(values), "IN"));
    operand = values.back();
    values.pop_back();
    for (BoundExprRef& value : values) {
      ASSIGN_OR_RETURN(BoundExprRef test, binder_.call_operator("=", {operand, std::move(value)}));
      tests.push_back(std::move(test));
    }
  }
  BoundExprRef any = bound_or(std::move(tests));
  return node.negated ? bound_not(std::move(any)) : any;
}

namespace {

// The function behind `x op ANY (array)`.
std::string quantified_name(std::string_view op, bool all) {
  const std::string prefix = all ? "all_" : "any_";
  if (op == "=") return prefix + "eq";
  if (op == "<>") return prefix + "ne";
  if (op == "<") return prefix + "lt";
  if (op == "<=") return prefix + "le";
  if (op == ">") return prefix + "gt";
  if (op == ">=") return prefix + "ge";
  return "";
}

}  // namespace

Bound ExpressionBinder::operator()(const QuantifiedExpr& node) {
  ASSIGN_OR_RETURN(BoundExprRef left, bind(*node.left));
  ASSIGN_OR_RETURN(BoundExprRef right, bind(*node.right));
  const std::string name = quantified_name(node.op, node.all);
  if (name.empty()) return not_supported(node.op + (node.all ? " ALL" : " ANY") + " over arrays");
  if (right->type.type.id == TypeId::kUnknown && left->type.type.id != TypeId::kUnknown) {
    // `x = ANY ('{1,2}')`: the untyped side is an array of the other's type.
    ASSIGN_OR_RETURN(right, binder_.coerce(std::move(right), SqlType::array_of(left->type.type),
                                           expr::CastContext::kImplicit, "ANY"));
  }
  return binder_.call_function(name, {std::move(left), std::move(right)});
}

}  // namespace penstock::sql
