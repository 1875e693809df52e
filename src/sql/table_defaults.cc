// See table_defaults.h.
#include "sql/table_defaults.h"

#include "sql/lower/condition.h"
#include "sql/parse/parse.h"

namespace penstock::sql {

Result<BoundExprRef> bind_default(Binder& binder, const Expr& expr,
                                  const types::ColumnDesc& column) {
  const Scope empty;
  const ScopeChain scopes{&empty, nullptr};
  const std::string construct = "column \"" + column.name + "\"";
  const ExprContext context{&scopes, "DEFAULT expressions", false, false, nullptr};
  ASSIGN_OR_RETURN(BoundExprRef bound, binder.bind_towards(expr, context, column.type.type,
                                                           expr::CastContext::kAssignment));
  if (has_subquery(*bound)) {
    return fail(positioned(
        Error(sql_state::kFeatureNotSupported, "DEFAULT expressions do not allow subqueries"),
        expr.range));
  }
  return binder.coerce(std::move(bound), column.type.type, expr::CastContext::kAssignment,
                       construct);
}

Result<std::vector<BoundExprRef>> bind_defaults(Binder& binder, const catalog::CatalogItem& table) {
  const auto& facts = std::get<catalog::TableFacts>(table.facts);
  std::vector<BoundExprRef> out;
  for (size_t i = 0; i < table.relation->columns.size(); ++i) {
    const types::ColumnDesc& column = table.relation->columns[i];
    if (i >= facts.defaults.size() || facts.defaults[i].empty()) {
      out.push_back(bound_null(column.type.type));
      continue;
    }
    ASSIGN_OR_RETURN(Expr expr, parse_expression(facts.defaults[i]));
    ASSIGN_OR_RETURN(BoundExprRef value, bind_default(binder, expr, column));
    out.push_back(std::move(value));
  }
  return out;
}

}  // namespace penstock::sql
