// obj_description, shobj_description, col_description: comments are rows of the catalog, so a call
// is bound as the query for the one row.
#include "sql/bind/expression_binder.h"
#include "sql/parse/parse.h"

namespace penstock::sql {

using types::Datum;
using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

namespace {

constexpr const char* kDescriptions =
    "SELECT d.description, d.objoid, d.objsubid, c.relname FROM pg_catalog.pg_description d "
    "JOIN pg_catalog.pg_class c ON c.oid = d.classoid";
constexpr const char* kSharedDescriptions =
    "SELECT d.description, d.objoid, 0 AS objsubid, c.relname FROM pg_catalog.pg_shdescription d "
    "JOIN pg_catalog.pg_class c ON c.oid = d.classoid";
// Columns of both.
enum Column : size_t { kDescription, kObject, kPosition, kClass };

}  // namespace

bool is_description_function(std::string_view name) {
  return name == "obj_description" || name == "shobj_description" || name == "col_description";
}

Bound ExpressionBinder::bind_description_call(const std::string& name, const BoundExpr& call) {
  const char* text = name == "shobj_description" ? kSharedDescriptions : kDescriptions;
  ASSIGN_OR_RETURN(const Statement statement, parse_statement(text));
  const Query& query = std::get<SelectStatement>(statement.kind).query;
  ASSIGN_OR_RETURN(BoundTable table, binder_.bind_relation(query, context_.scopes));
  std::vector<BoundExprRef> predicates;
  auto require = [&](Column column, BoundExprRef value) -> Status {
    BoundExprRef reference = bound_column(0, column, table.rel->columns[column]);
    ASSIGN_OR_RETURN(BoundExprRef equal,
                     binder_.call_operator("=", {std::move(reference), std::move(value)}));
    predicates.push_back(std::move(equal));
    return {};
  };
  const std::vector<BoundExprRef>& arguments = call.arguments;
  RETURN_IF_ERROR(require(kObject, shift_levels(arguments[0], 1)));
  if (name == "col_description") {
    RETURN_IF_ERROR(require(kPosition, shift_levels(arguments[1], 1)));
    RETURN_IF_ERROR(require(
        kClass, bound_literal(Datum::bytes(std::string("pg_class")), SqlType::of(TypeId::kText))));
  } else {
    RETURN_IF_ERROR(require(kPosition, bound_int4(0)));
    if (arguments.size() == 2) RETURN_IF_ERROR(require(kClass, shift_levels(arguments[1], 1)));
  }
  return bound_scalar_subquery(
      bound_project(bound_filter(table.rel, std::move(predicates)), {kDescription}));
}

}  // namespace penstock::sql
