// Binds one expression node: a visitor over the kinds of ast_expression.h. Used by Binder alone;
// lives for one node.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "expr/aggregate_catalogue.h"
#include "sql/bind/binder.h"
#include "sql/parse/ast_expression.h"

namespace penstock::sql {

class ExpressionBinder {
 public:
  ExpressionBinder(Binder& binder, const ExprContext& context, ByteRange range)
      : binder_(binder), context_(context), range_(range) {}

  using Bound = Result<BoundExprRef>;

  // expression_binder.cc: literals, names, logic, conditionals, casts
  Bound operator()(const NullLiteral&);
  Bound operator()(const BoolLiteral& literal);
  Bound operator()(const NumberLiteral& literal);
  Bound operator()(const StringLiteral& literal);
  Bound operator()(const IntervalLiteral& literal);
  Bound operator()(const Parameter& parameter);
  Bound operator()(const DefaultValue&);
  Bound operator()(const ColumnRef& reference);
  Bound operator()(const Wildcard&);
  Bound operator()(const NotOp& node);
  Bound operator()(const LogicalOp& node);
  Bound operator()(const IsTest& node);
  Bound operator()(const Cast& node);
  Bound operator()(const Collate&);
  Bound operator()(const CaseExpr& node);
  Bound operator()(const Conditional& node);

  // expression_nested.cc: values made of values
  Bound operator()(const RowExpr& node);
  Bound operator()(const ArrayExpr& node);
  Bound operator()(const ListExpr& node);
  Bound operator()(const MapExpr& node);
  Bound operator()(const FieldAccess& access);
  Bound operator()(const FieldWildcard&);
  Bound operator()(const Subscript& subscript);

  // See Binder::bind_towards.
  Bound bind_towards(const Expr& expr, const types::SqlType& type, expr::CastContext cast);

  // expression_operator.cc: operators and comparisons
  Bound operator()(const UnaryOp& node);
  Bound operator()(const BinaryOp& node);
  Bound operator()(const DistinctTest& node);
  Bound operator()(const LikeTest& node);
  Bound operator()(const BetweenTest& node);
  Bound operator()(const InList& node);
  Bound operator()(const QuantifiedExpr& node);

  // expression_subquery.cc
  Bound operator()(const InSubquery& node);
  Bound operator()(const QuantifiedSubquery& node);
  Bound operator()(const SubqueryExpr& node);

  // expression_call.cc
  Bound operator()(const Box<FunctionCall>& call);

 private:
  Bound bind(const Expr& expr);
  Bound bind_boolean(const Expr& expr, std::string_view construct);
  Result<std::vector<BoundExprRef>> bind_all(const std::vector<Expr>& exprs);
  Bound compare(std::string_view op, const Expr& left, const Expr& right);
  Bound compare_rows(std::string_view op, const std::vector<Expr>& left,
                     const std::vector<Expr>& right);
  Bound any_of_subquery(const Expr& left, std::string_view op, const Query& query,
                        bool negated_comparison);
  Bound bind_aggregate(const FunctionCall& call, const std::string& name);
  // expression_gather.cc: list_agg, map_agg, LIST(query), MAP(query)
  Bound bind_gathering(const FunctionCall& call, const expr::AggregateSpec& spec);
  Bound gather_query(const SubqueryExpr& node, const expr::AggregateSpec& spec);
  Bound bind_map_as(const MapExpr& map, const types::SqlType& type, expr::CastContext cast);
  Bound bind_part_as(const Expr& expr, const types::SqlType& type, expr::CastContext cast);
  Bound bind_whole_row(const FoundTable& table);
  Bound subscripted(const BoundExprRef& operand, std::span<const SubscriptPart* const> parts);
  Result<std::optional<BoundExprRef>> bind_reg_literal(const Cast& node);  // reg_literal.cc
  Bound bind_select_list_call(const FunctionCall& call);
  Bound bind_description_call(const std::string& name,
                              const BoundExpr& call);  // description_call.cc
  std::unexpected<Error> not_supported(const std::string& what) const;

  Binder& binder_;
  const ExprContext& context_;
  ByteRange range_;
};

// Whether an aggregate's argument refers to rows of enclosing queries, and to no other.
bool looks_only_outside(const BoundExpr& expression);
// The field of a record, by its position.
BoundExprRef bound_field(const BoundExprRef& record, size_t position);

// The name a function is called by, or an error: `function "s.f" does not exist` for a schema that
// has no functions.
Result<std::string> function_name(const ItemName& name);

// obj_description and its like.
bool is_description_function(std::string_view name);

// --- what FROM and SELECT lists do with functions that return sets ---
bool is_table_function(std::string_view name);

Result<TableCall> resolve_table_call(Binder& binder, const std::string& name,
                                     std::vector<BoundExprRef> arguments);

}  // namespace penstock::sql
