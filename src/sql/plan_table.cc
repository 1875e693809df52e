// Planning of CREATE TABLE and CREATE INDEX. See planner.h.
#include <algorithm>
#include <set>

#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"
#include "sql/statement_planner.h"
#include "sql/table_defaults.h"

namespace penstock::sql {

using types::ColumnDesc;

namespace {

std::unexpected<Error> no_constraint(const char* what, ByteRange range) {
  return fail(positioned(Error(sql_state::kFeatureNotSupported,
                               std::string(what) + " constraints on tables not yet supported"),
                         range));
}

std::unexpected<Error> refuse(ConstraintKind kind, ByteRange range) {
  switch (kind) {
    case ConstraintKind::kPrimaryKey:
      return no_constraint("PRIMARY KEY", range);
    case ConstraintKind::kUnique:
      return no_constraint("UNIQUE", range);
    case ConstraintKind::kCheck:
      return no_constraint("CHECK", range);
    default:
      return no_constraint("REFERENCES", range);
  }
}

Status read_constraints(const ColumnDefinition& definition, const PlanContext& context,
                        ColumnDesc& column, std::string& default_sql) {
  for (const ColumnConstraint& constraint : definition.constraints) {
    switch (constraint.kind) {
      case ConstraintKind::kNotNull:
        column.type.nullable = false;
        break;
      case ConstraintKind::kNull:
        break;
      case ConstraintKind::kDefault: {
        default_sql = print(*constraint.expr);
        Binder binder = make_binder(context);
        RETURN_IF_ERROR(bind_default(binder, *constraint.expr, column));
        break;
      }
      default:
        return refuse(constraint.kind, constraint.range);
    }
  }
  return {};
}

}  // namespace

Result<TablePlan> plan_create_table(const CreateTable& statement, const PlanContext& context) {
  if (!statement.constraints.empty()) {
    return refuse(statement.constraints[0].kind, statement.constraints[0].range);
  }
  TablePlan plan;
  std::set<std::string> names;
  for (const ColumnDefinition& definition : statement.columns) {
    if (!names.insert(definition.name.text).second) {
      return fail(positioned(Error(sql_state::kDuplicateColumn, "column \"" + definition.name.text +
                                                                    "\" specified more than once"),
                             definition.range));
    }
    if (!definition.type) {
      return fail(positioned(Error(sql_state::kSyntaxError,
                                   "column \"" + definition.name.text + "\" must have a type"),
                             definition.range));
    }
    if (definition.collation) {
      return fail(positioned(Error(sql_state::kFeatureNotSupported, "COLLATE not yet supported"),
                             definition.range));
    }
    ASSIGN_OR_RETURN(types::SqlType type, resolve_type(*definition.type, context));
    ColumnDesc column{definition.name.text, {std::move(type), true}};
    std::string default_sql;
    RETURN_IF_ERROR(read_constraints(definition, context, column, default_sql));
    plan.relation.columns.push_back(std::move(column));
    plan.defaults.push_back(std::move(default_sql));
  }
  return plan;
}

// --- indexes ---

namespace {

std::string index_name(const catalog::CatalogItem& on, const CreateIndex& statement,
                       const std::vector<size_t>& key) {
  if (statement.name) return statement.name->text;
  if (statement.is_default) return on.name.item + "_primary_idx";
  std::string name = on.name.item;
  for (size_t column : key) name += "_" + on.relation->columns[column].name;
  return name + "_idx";
}

// A default index is on the first known key, else on all columns.
std::vector<size_t> default_key(const types::RelationType& relation) {
  if (!relation.keys.empty() && !relation.keys[0].empty()) return relation.keys[0];
  std::vector<size_t> all;
  for (size_t i = 0; i < relation.columns.size(); ++i) all.push_back(i);
  return all;
}

}  // namespace

Result<IndexPlan> plan_create_index(const CreateIndex& statement, const PlanContext& context) {
  IndexPlan plan;
  ASSIGN_OR_RETURN(plan.on, lookup_item(statement.on, context.catalog, context.names));
  const catalog::CatalogItem& on = *plan.on;
  const bool indexable =
      on.relation &&
      (on.kind == catalog::ItemKind::kTable || on.kind == catalog::ItemKind::kSource ||
       on.kind == catalog::ItemKind::kView || on.kind == catalog::ItemKind::kMaterializedView);
  if (!indexable) {
    return fail(positioned(
        Error(sql_state::kWrongObjectType,
              "index cannot be created on " + context.catalog.minimal_name(on, context.names) +
                  " because it is a " + std::string(catalog::item_kind_name(on.kind))),
        statement.on.range));
  }
  if (statement.is_default) {
    plan.key = default_key(*on.relation);
  }
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundTable table, binder.bind_item(on));
  const ScopeChain scopes{&table.scope, nullptr};
  const ExprContext where{&scopes, "CREATE INDEX", false, false, nullptr};
  for (const Expr& expr : statement.key) {
    ASSIGN_OR_RETURN(BoundExprRef key, binder.bind_expr(expr, where));
    if (key->kind != BoundExprKind::kColumn) {
      return fail(positioned(
          Error(sql_state::kFeatureNotSupported, "indexes on expressions not yet supported"),
          expr.range));
    }
    plan.key.push_back(key->column);
  }
  plan.name = index_name(on, statement, plan.key);
  return plan;
}

}  // namespace penstock::sql
