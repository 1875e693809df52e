// Planning of INSERT, UPDATE, DELETE and COPY FROM: queries that produce the rows to add and to
// remove. See planner.h.
#include <algorithm>

#include "sql/bind/from_binder.h"
#include "sql/bind/select_binder.h"
#include "sql/lower/condition.h"
#include "sql/statement_planner.h"
#include "sql/table_defaults.h"

namespace penstock::sql {

using catalog::CatalogItem;
using catalog::ItemRef;
using expr::CastContext;
using types::ColumnDesc;

namespace {

// A table of the user's own, which can be written to.
Result<ItemRef> writable_table(Binder& binder, const ItemName& name, const char* action) {
  ASSIGN_OR_RETURN(ItemRef item, binder.resolve_item(name));
  if (item->kind == catalog::ItemKind::kTable &&
      std::holds_alternative<catalog::TableFacts>(item->facts)) {
    return item;
  }
  std::string kind(catalog::item_kind_name(item->kind));
  if (item->is_system()) {
    kind = "system table";
  } else if (item->kind == catalog::ItemKind::kTable) {
    kind = "non-writeable table";  // It follows a source.
  }
  return fail(positioned(
      Error(sql_state::kWrongObjectType, std::string("cannot ") + action + " " + kind + " '" +
                                             binder.catalog().full_name(*item) + "'"),
      name.range));
}

Result<size_t> column_named(const Binder& binder, const CatalogItem& table,
                            const Identifier& name) {
  const std::vector<ColumnDesc>& columns = table.relation->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name.text) return i;
  }
  return fail(positioned(Error(sql_state::kUndefinedColumn,
                               "column \"" + name.text + "\" of relation \"" +
                                   binder.catalog().full_name(table) + "\" does not exist"),
                         name.range));
}

// The columns a list names; all of them when it is empty.
Result<std::vector<size_t>> target_columns(const Binder& binder, const CatalogItem& table,
                                           const std::vector<Identifier>& names) {
  std::vector<size_t> out;
  for (const Identifier& name : names) {
    ASSIGN_OR_RETURN(const size_t column, column_named(binder, table, name));
    if (std::ranges::find(out, column) != out.end()) {
      return fail(positioned(Error(sql_state::kDuplicateColumn,
                                   "column \"" + name.text + "\" specified more than once"),
                             name.range));
    }
    out.push_back(column);
  }
  for (size_t i = 0; names.empty() && i < table.relation->columns.size(); ++i) out.push_back(i);
  return out;
}

bool is_plain_values(const Query& query) {
  return query.with.empty() && !query.recursion && query.order_by.empty() && !query.limit &&
         !query.offset && std::holds_alternative<ValuesBody>(query.body.kind);
}

Status check_width(size_t given, std::vector<size_t>& targets, bool listed) {
  if (given > targets.size()) {
    return fail(sql_state::kSyntaxError, "INSERT has more expressions than target columns");
  }
  if (given < targets.size() && listed) {
    return fail(sql_state::kSyntaxError, "INSERT has more target columns than expressions");
  }
  targets.resize(given);
  return {};
}

// The rows to insert, in the order of `targets`, which shrinks to what is given.
Result<BoundRelRef> source_rows(Binder& binder, const InsertStatement& statement,
                                const CatalogItem& table, std::vector<size_t>& targets,
                                const std::vector<BoundExprRef>& defaults) {
  const bool listed = !statement.columns.empty();
  if (!statement.source) {
    targets.clear();
    return bound_unit();
  }
  std::vector<ColumnDesc> columns;
  std::vector<BoundExprRef> target_defaults;
  auto collect = [&]() {
    for (size_t target : targets) {
      columns.push_back(table.relation->columns[target]);
      target_defaults.push_back(defaults[target]);
    }
  };
  if (is_plain_values(*statement.source)) {
    const auto& values = std::get<ValuesBody>(statement.source->body.kind);
    RETURN_IF_ERROR(check_width(values.rows.front().size(), targets, listed));
    collect();
    return binder.bind_assigned_values(values, columns, target_defaults);
  }
  std::vector<types::SqlType> wanted;
  for (size_t target : targets) wanted.push_back(table.relation->columns[target].type.type);
  binder.hint_parameters(statement.source->body, wanted);
  ASSIGN_OR_RETURN(BoundQuery query, binder.bind_query(*statement.source, nullptr));
  RETURN_IF_ERROR(check_width(query.columns.size(), targets, listed));
  collect();
  std::vector<types::SqlType> types;
  std::vector<std::string> constructs;
  for (const ColumnDesc& column : columns) {
    types.push_back(column.type.type);
    constructs.push_back("column \"" + column.name + "\"");
  }
  return binder.bind_as_types(query, types, CastContext::kAssignment, constructs);
}

// Whole rows of the table: the given columns in their places, defaults in the others.
BoundRelRef completed(BoundRelRef rel, const std::vector<size_t>& targets,
                      const std::vector<BoundExprRef>& defaults) {
  std::vector<size_t> projection;
  std::vector<BoundExprRef> computed;
  const size_t given = rel->columns.size();
  for (size_t i = 0; i < defaults.size(); ++i) {
    const auto found = std::ranges::find(targets, i);
    if (found != targets.end()) {
      projection.push_back(static_cast<size_t>(found - targets.begin()));
    } else {
      projection.push_back(given + computed.size());
      computed.push_back(defaults[i]);
    }
  }
  return bound_project(bound_map(std::move(rel), std::move(computed)), std::move(projection));
}

std::unexpected<Error> no_mz_now() {
  return fail(sql_state::kFeatureNotSupported,
              "calls to mz_now in write statements are not supported");
}

bool calls_logical_time(const BoundRelRef& rel) {
  bool found = false;
  rewrite(rel, 1, [&](const BoundExprRef& node, size_t) -> BoundExprRef {
    found |= node->kind == BoundExprKind::kCall &&
             node->function->volatility == expr::Volatility::kLogicalTime;
    return nullptr;
  });
  return found;
}

Result<WritePlan> plan_rows(WriteKind kind, const ItemRef& table, const BoundRelRef& rel,
                            const Binder& binder, const PlanContext& context) {
  if (calls_logical_time(rel)) return no_mz_now();
  RETURN_IF_ERROR(settle_parameters(binder, context));
  WritePlan plan;
  plan.kind = kind;
  plan.table = table;
  ASSIGN_OR_RETURN(plan.rows, plan_bound(rel, binder, context));
  std::vector<ColumnDesc> columns = table->relation->columns;
  if (kind == WriteKind::kUpdate) {
    columns.insert(columns.end(), table->relation->columns.begin(), table->relation->columns.end());
  }
  describe(plan.rows, columns);
  for (size_t i = 0; i < columns.size(); ++i) plan.rows.finishing.projection.push_back(i);
  plan.constant = plan.rows.reads.empty();
  return plan;
}

// RETURNING: expressions over the inserted row.
Status plan_returning(const std::vector<SelectItem>& items, const CatalogItem& table,
                      Binder& binder, const PlanContext& context, WritePlan& plan) {
  ASSIGN_OR_RETURN(const BoundTable bound, binder.bind_item(table));
  const ScopeChain scopes{&bound.scope, nullptr};
  const ExprContext where{&scopes, "RETURNING clause", false, false, nullptr};
  auto add = [&](const BoundExprRef& value, const std::string& name) -> Status {
    ASSIGN_OR_RETURN(expr::ScalarRef scalar, plan_scalar(*value, context));
    plan.returning_type.columns.push_back({name, scalar->type});
    plan.returning.push_back(std::move(scalar));
    return {};
  };
  for (const SelectItem& item : items) {
    if (std::holds_alternative<Wildcard>(item.expr.kind)) {
      for (size_t i = 0; i < bound.scope.columns.size(); ++i) {
        const ScopeColumn& column = bound.scope.columns[i];
        RETURN_IF_ERROR(add(bound_column(0, i, column.type), column.name));
      }
      continue;
    }
    ASSIGN_OR_RETURN(BoundExprRef value, binder.bind_expr(item.expr, where));
    ASSIGN_OR_RETURN(value, binder.coerce_untyped(std::move(value)));
    if (has_subquery(*value)) {
      return fail(positioned(
          Error(sql_state::kFeatureNotSupported, "RETURNING clause does not allow subqueries"),
          item.expr.range));
    }
    RETURN_IF_ERROR(add(value, item.alias ? item.alias->text : output_name(item.expr)));
  }
  return {};
}

}  // namespace

Result<WritePlan> plan_insert(const InsertStatement& statement, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(const ItemRef table, writable_table(binder, statement.table, "insert into"));
  ASSIGN_OR_RETURN(std::vector<size_t> targets, target_columns(binder, *table, statement.columns));
  ASSIGN_OR_RETURN(const std::vector<BoundExprRef> defaults, bind_defaults(binder, *table));
  ASSIGN_OR_RETURN(BoundRelRef rel, source_rows(binder, statement, *table, targets, defaults));
  rel = completed(std::move(rel), targets, defaults);
  ASSIGN_OR_RETURN(WritePlan plan, plan_rows(WriteKind::kInsert, table, rel, binder, context));
  RETURN_IF_ERROR(plan_returning(statement.returning, *table, binder, context, plan));
  return plan;
}

Result<WritePlan> plan_update(const UpdateStatement& statement, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(const ItemRef table, writable_table(binder, statement.table, "mutate"));
  ASSIGN_OR_RETURN(const std::vector<BoundExprRef> defaults, bind_defaults(binder, *table));
  ASSIGN_OR_RETURN(BoundTable bound, binder.bind_named(statement.table, statement.alias, nullptr));
  const ScopeChain scopes{&bound.scope, nullptr};
  BoundRelRef rel = bound.rel;
  if (statement.where) {
    const ExprContext where{&scopes, "WHERE clause", false, false, nullptr};
    ASSIGN_OR_RETURN(BoundExprRef predicate, binder.bind_predicate(*statement.where, where));
    rel = bound_filter(std::move(rel), {std::move(predicate)});
  }
  const size_t width = rel->columns.size();
  std::vector<size_t> projection;
  for (size_t i = 0; i < 2 * width; ++i) projection.push_back(i % width);
  std::vector<BoundExprRef> computed;
  std::vector<bool> assigned(width, false);
  for (const Assignment& assignment : statement.assignments) {
    ASSIGN_OR_RETURN(const size_t column, column_named(binder, *table, assignment.column));
    if (assigned[column]) {
      return fail(positioned(
          Error(sql_state::kSyntaxError,
                "multiple assignments to same column \"" + assignment.column.text + "\""),
          assignment.column.range));
    }
    assigned[column] = true;
    BoundExprRef value = defaults[column];
    if (!std::holds_alternative<DefaultValue>(assignment.value.kind)) {
      const std::string construct = "column \"" + assignment.column.text + "\"";
      const ExprContext set{&scopes, construct, false, false, nullptr};
      ASSIGN_OR_RETURN(
          value, binder.bind_as(assignment.value, set, table->relation->columns[column].type.type,
                                CastContext::kAssignment));
    }
    projection[width + column] = width + computed.size();
    computed.push_back(std::move(value));
  }
  rel = bound_project(bound_map(std::move(rel), std::move(computed)), std::move(projection));
  return plan_rows(WriteKind::kUpdate, table, rel, binder, context);
}

Result<WritePlan> plan_delete(const DeleteStatement& statement, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(const ItemRef table, writable_table(binder, statement.table, "mutate"));
  ASSIGN_OR_RETURN(BoundTable bound, binder.bind_named(statement.table, statement.alias, nullptr));
  const ScopeChain scopes{&bound.scope, nullptr};
  BoundRelRef rel = bound.rel;
  if (!statement.using_tables.empty()) {
    // A row goes if the tables of USING have a row with which WHERE is true.
    ASSIGN_OR_RETURN(BoundTable others,
                     binder.bind_from(statement.using_tables, std::nullopt, &scopes));
    if (statement.where) {
      const ScopeChain inner{&others.scope, &scopes};
      const ExprContext where{&inner, "WHERE clause", false, false, nullptr};
      ASSIGN_OR_RETURN(BoundExprRef predicate, binder.bind_predicate(*statement.where, where));
      others.rel = bound_filter(std::move(others.rel), {std::move(predicate)});
    }
    rel = bound_filter(std::move(rel), {bound_exists(std::move(others.rel))});
  } else if (statement.where) {
    const ExprContext where{&scopes, "WHERE clause", false, false, nullptr};
    ASSIGN_OR_RETURN(BoundExprRef predicate, binder.bind_predicate(*statement.where, where));
    rel = bound_filter(std::move(rel), {std::move(predicate)});
  }
  return plan_rows(WriteKind::kDelete, table, rel, binder, context);
}

Result<CopyPlan> plan_copy_from(const CopyTable& target, const PlanContext& context) {
  Binder binder = make_binder(context);
  CopyPlan plan;
  ASSIGN_OR_RETURN(plan.table, writable_table(binder, target.table, "insert into"));
  ASSIGN_OR_RETURN(plan.columns, target_columns(binder, *plan.table, target.columns));
  ASSIGN_OR_RETURN(const std::vector<BoundExprRef> defaults, bind_defaults(binder, *plan.table));
  for (const BoundExprRef& value : defaults) {
    if (value->kind == BoundExprKind::kLiteral && value->literal.is_null()) {
      plan.defaults.push_back(nullptr);
      continue;
    }
    ASSIGN_OR_RETURN(expr::ScalarRef scalar, plan_scalar(*value, context));
    plan.defaults.push_back(std::move(scalar));
  }
  return plan;
}

}  // namespace penstock::sql
