// FROM: see from_binder.h.
#include "sql/bind/from_binder.h"

#include <algorithm>

#include "expr/function_catalogue.h"
#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

Status apply_alias(const TableAlias& alias, BoundTable& table) {
  Scope& scope = table.scope;
  if (alias.columns.size() > scope.star.size()) {
    return fail(positioned(
        Error(SqlState("42P10"), alias.name.text + " has " + std::to_string(scope.star.size()) +
                                     " columns available but " +
                                     std::to_string(alias.columns.size()) + " columns specified"),
        alias.range));
  }
  scope.tables = {{{alias.name.text}}};
  for (ScopeColumn& column : scope.columns) {
    column.table = kNoTable;
    column.using_alias = kNoTable;
    column.merged_away = true;
  }
  for (size_t i = 0; i < scope.star.size(); ++i) {
    ScopeColumn& column = scope.columns[scope.star[i]];
    column.table = 0;
    column.merged_away = false;
    if (i < alias.columns.size()) column.name = alias.columns[i].text;
  }
  return {};
}

Result<BoundTable> Binder::bind_from(const std::vector<TableExpr>& items,
                                     std::optional<BoundTable> left, const ScopeChain* outer) {
  for (const TableExpr& item : items) {
    if (!left) {
      ASSIGN_OR_RETURN(left, FromBinder(*this).bind(item, outer));
      continue;
    }
    const ScopeChain scopes{&left->scope, outer, Visibility::kLateral, false};
    ASSIGN_OR_RETURN(BoundTable right, FromBinder(*this).bind(item, &scopes));
    Result<Scope> scope = joined_scope(left->scope, right.scope);
    if (!scope) return fail(positioned(std::move(scope).error(), item.range));
    left = BoundTable{
        bound_join(BoundJoinKind::kInner, std::move(left->rel), std::move(right.rel), nullptr),
        std::move(*scope)};
  }
  return std::move(*left);
}

Result<BoundTable> FromBinder::bind(const TableExpr& item, const ScopeChain* outer) {
  outer_ = outer;
  Result<BoundTable> bound = std::visit(*this, item.kind);
  if (!bound) return fail(positioned(std::move(bound).error(), item.range));
  return bound;
}

Result<BoundTable> FromBinder::operator()(const NamedTable& table) {
  ASSIGN_OR_RETURN(BoundTable bound, binder_.bind_named(table.name, table.alias, outer_));
  return bound;
}

Result<BoundTable> FromBinder::operator()(const DerivedTable& table) {
  ScopeStorage storage;
  const Visibility visibility = table.lateral ? Visibility::kVisible : Visibility::kHidden;
  const ScopeChain* scopes = resolve_lateral(outer_, visibility, storage);
  ASSIGN_OR_RETURN(BoundTable bound, binder_.bind_relation(*table.query, scopes));
  if (table.alias) {
    RETURN_IF_ERROR(apply_alias(*table.alias, bound));
  }
  return bound;
}

Result<BoundTable> FromBinder::operator()(const NestedTable& table) {
  ASSIGN_OR_RETURN(BoundTable bound, bind(*table.inner, outer_));
  if (table.alias) {
    RETURN_IF_ERROR(apply_alias(*table.alias, bound));
  }
  return bound;
}

// --- table functions ---

// One call as rows over a single empty row, whose scope is the head of `scopes`.
Result<BoundTable> FromBinder::bind_call(const FunctionCall& call, const ScopeChain* scopes,
                                         bool with_ordinality) {
  ASSIGN_OR_RETURN(const std::string name, function_name(call.name));
  BoundTable out;
  out.scope.tables = {{{name}}};
  auto add_column = [&](const std::string& column, types::ColumnType type) {
    out.scope.star.push_back(out.scope.columns.size());
    out.scope.columns.push_back({column, std::move(type), 0});
  };
  const std::string clause = "FROM clause";
  const ExprContext context{scopes, clause, false, false, nullptr};
  if (!is_table_function(name)) {
    // Any other function is a table of one row.
    Expr expr{call.name.range, Box<FunctionCall>(call)};
    ASSIGN_OR_RETURN(BoundExprRef value, binder_.bind_expr(expr, context));
    ASSIGN_OR_RETURN(value, binder_.coerce_untyped(std::move(value)));
    add_column(name, value->type);
    out.rel = bound_map(bound_unit(), {std::move(value)});
    if (with_ordinality) {
      add_column("ordinality", {SqlType::of(TypeId::kInt8), false});
      out.rel = bound_map(std::move(out.rel),
                          {bound_literal(types::Datum::integer(1), SqlType::of(TypeId::kInt8))});
    }
    return out;
  }
  std::vector<BoundExprRef> arguments;
  for (const Expr& argument : call.arguments) {
    ASSIGN_OR_RETURN(BoundExprRef bound, binder_.bind_expr(argument, context));
    arguments.push_back(std::move(bound));
  }
  ASSIGN_OR_RETURN(TableCall resolved, resolve_table_call(binder_, name, std::move(arguments)));
  std::vector<types::ColumnType> columns;
  for (const types::ColumnDesc& column : resolved.columns) {
    add_column(column.name, column.type);
    columns.push_back(column.type);
  }
  if (with_ordinality) add_column("ordinality", {SqlType::of(TypeId::kInt8), false});
  out.rel = bound_flat_map(bound_unit(), resolved.function, std::move(resolved.arguments),
                           std::move(columns), with_ordinality);
  return out;
}

namespace {

// The two tables joined on their last columns, the ordinalities; the last column is the greater.
BoundRelRef zip_pair(const BoundRelRef& left, const BoundRelRef& right, BoundExprRef equal) {
  const size_t left_width = left->columns.size();
  const size_t width = left_width + right->columns.size();
  BoundRelRef joined =
      bound_join(BoundJoinKind::kFull, left, shift_levels(right, 1), std::move(equal));
  BoundExprRef ordinality =
      bound_coalesce({bound_column(0, left_width - 1, joined->columns[left_width - 1]),
                      bound_column(0, width - 1, joined->columns[width - 1])});
  std::vector<size_t> kept;
  for (size_t i = 0; i < width; ++i) {
    if (i != left_width - 1 && i != width - 1) kept.push_back(i);
  }
  kept.push_back(width);
  return bound_project(bound_map(std::move(joined), {std::move(ordinality)}), std::move(kept));
}

BoundExprRef equal_ordinalities(size_t left, size_t right) {
  const types::ColumnType int8{SqlType::of(TypeId::kInt8), false};
  return bound_call(expr::function_of("=", {TypeId::kInt8, TypeId::kInt8}),
                    {bound_column(0, left, int8), bound_column(0, right, int8)});
}

BoundRelRef zip_all(const std::vector<BoundRelRef>& tables) {
  BoundRelRef out = tables[0];
  for (size_t i = 1; i < tables.size(); ++i) {
    const size_t left = out->columns.size() - 1;
    const size_t right = out->columns.size() + tables[i]->columns.size() - 1;
    out = zip_pair(out, tables[i], equal_ordinalities(left, right));
  }
  return out;
}

}  // namespace

BoundRelRef zipped(const std::vector<TableCall>& calls) {
  std::vector<BoundRelRef> tables;
  for (const TableCall& call : calls) {
    std::vector<types::ColumnType> columns;
    for (const types::ColumnDesc& column : call.columns) columns.push_back(column.type);
    tables.push_back(
        bound_flat_map(bound_unit(), call.function, call.arguments, std::move(columns), true));
  }
  return zip_all(tables);
}

Result<BoundTable> FromBinder::bind_rows_from(const FunctionTable& table,
                                              const ScopeChain* scopes) {
  std::vector<BoundRelRef> tables;
  BoundTable out;
  out.scope.tables = {{{table.calls[0].name.parts.back().text}}};
  for (const FunctionCall& call : table.calls) {
    ASSIGN_OR_RETURN(BoundTable bound, bind_call(call, scopes, true));
    for (size_t i = 0; i + 1 < bound.scope.columns.size(); ++i) {
      out.scope.columns.push_back(bound.scope.columns[i]);
    }
    tables.push_back(std::move(bound.rel));
  }
  out.rel = zip_all(tables);
  const size_t width = out.scope.columns.size();
  if (table.with_ordinality) {
    out.scope.columns.push_back({"ordinality", {SqlType::of(TypeId::kInt8), false}, 0});
  } else {
    std::vector<size_t> kept;
    for (size_t i = 0; i < width; ++i) kept.push_back(i);
    out.rel = bound_project(std::move(out.rel), std::move(kept));
  }
  for (size_t i = 0; i < out.scope.columns.size(); ++i) {
    out.scope.columns[i].type = out.rel->columns[i];
    out.scope.star.push_back(i);
  }
  return out;
}

// Table functions see what stands left of them without LATERAL.
Result<BoundTable> FromBinder::operator()(const FunctionTable& table) {
  ScopeStorage storage;
  const Scope empty;
  const ScopeChain scopes{&empty, resolve_lateral(outer_, Visibility::kVisible, storage)};
  BoundTable bound;
  if (table.calls.size() == 1) {
    ASSIGN_OR_RETURN(bound, bind_call(table.calls[0], &scopes, table.with_ordinality));
  } else {
    ASSIGN_OR_RETURN(bound, bind_rows_from(table, &scopes));
  }
  if (!table.alias) return bound;
  const bool single = bound.scope.columns.size() == (table.with_ordinality ? 2u : 1u);
  if (single && table.calls.size() == 1) bound.scope.columns[0].name = table.alias->name.text;
  RETURN_IF_ERROR(apply_alias(*table.alias, bound));
  return bound;
}

// --- joins ---

namespace {

BoundJoinKind bound_kind(JoinKind kind) {
  switch (kind) {
    case JoinKind::kLeft:
      return BoundJoinKind::kLeft;
    case JoinKind::kRight:
      return BoundJoinKind::kRight;
    case JoinKind::kFull:
      return BoundJoinKind::kFull;
    default:
      return BoundJoinKind::kInner;
  }
}

void refresh_types(Scope& scope, const BoundRelRef& rel) {
  for (size_t i = 0; i < scope.columns.size(); ++i) scope.columns[i].type = rel->columns[i];
}

// The column of one side of USING.
Result<size_t> using_column(const Scope& scope, const std::string& name, const char* side) {
  std::optional<size_t> found;
  for (size_t i : scope.star) {
    if (scope.columns[i].name != name) continue;
    if (found) {
      return fail(
          sql_state::kAmbiguousColumn,
          "common column name \"" + name + "\" appears more than once in " + side + " table");
    }
    found = i;
  }
  if (!found) {
    return fail(
        sql_state::kUndefinedColumn,
        "column \"" + name + "\" specified in USING clause does not exist in " + side + " table");
  }
  return *found;
}

std::vector<std::string> common_names(const Scope& left, const Scope& right) {
  std::vector<std::string> out;
  for (size_t column : left.star) {
    const std::string& name = left.columns[column].name;
    auto has_name = [&](size_t other) { return right.columns[other].name == name; };
    if (std::ranges::any_of(right.star, has_name) && std::ranges::find(out, name) == out.end()) {
      out.push_back(name);
    }
  }
  return out;
}

}  // namespace

Result<BoundTable> FromBinder::operator()(const Join& join) {
  const ScopeChain* outer = outer_;
  ASSIGN_OR_RETURN(BoundTable left, bind(*join.left, outer));
  const bool forbidden = join.kind == JoinKind::kRight || join.kind == JoinKind::kFull;
  const ScopeChain scopes{&left.scope, outer, Visibility::kLateral, forbidden};
  ASSIGN_OR_RETURN(BoundTable right, bind(*join.right, &scopes));
  outer_ = outer;
  if (join.natural) {
    std::vector<std::string> names = common_names(left.scope, right.scope);
    return join_using(join, std::move(left), std::move(right), names);
  }
  if (!join.using_columns.empty()) {
    std::vector<std::string> names;
    for (const Identifier& column : join.using_columns) names.push_back(column.text);
    return join_using(join, std::move(left), std::move(right), names);
  }
  return join_on(join, std::move(left), std::move(right));
}

Result<BoundTable> FromBinder::join_on(const Join& join, BoundTable left, BoundTable right) {
  BoundTable out;
  ASSIGN_OR_RETURN(out.scope, joined_scope(left.scope, right.scope));
  BoundExprRef on;
  if (join.on) {
    ScopeStorage storage;
    const ScopeChain scopes{&out.scope, resolve_lateral(outer_, Visibility::kHidden, storage)};
    const ExprContext context{&scopes, "ON clause", false, false, nullptr};
    ASSIGN_OR_RETURN(on, binder_.bind_predicate(*join.on, context));
  }
  out.rel =
      bound_join(bound_kind(join.kind), std::move(left.rel), std::move(right.rel), std::move(on));
  refresh_types(out.scope, out.rel);
  return out;
}

namespace {

// Two columns that USING makes one.
struct Merge {
  std::string name;
  size_t left = 0;
  size_t right = 0;
  SqlType type;
};

Result<Merge> merge_of(const std::string& name, const Scope& left, const Scope& right) {
  Merge merge{name, 0, 0, {}};
  ASSIGN_OR_RETURN(merge.left, using_column(left, name, "left"));
  ASSIGN_OR_RETURN(merge.right, using_column(right, name, "right"));
  const SqlType pair[] = {left.columns[merge.left].type.type, right.columns[merge.right].type.type};
  const std::optional<SqlType> type = common_type(pair);
  if (!type) {
    return fail(sql_state::kDatatypeMismatch, "NATURAL/USING join column \"" + name + "\" types " +
                                                  type_text(pair[0]) + " and " +
                                                  type_text(pair[1]) + " cannot be matched");
  }
  merge.type = *type;
  merge.right += left.columns.size();
  return merge;
}

// What a merged column shows: the side that is never missing, or whichever is there.
BoundExprRef merged_value(JoinKind kind, const BoundExprRef& left, const BoundExprRef& right) {
  if (kind == JoinKind::kRight) return right;
  if (kind == JoinKind::kFull) return bound_coalesce({left, right});
  return left;
}

// `*` shows the merged columns first, then what is left of both sides.
std::vector<size_t> merged_star(const Scope& scope, const std::vector<Merge>& merges,
                                std::vector<size_t> shown) {
  for (size_t column : scope.star) {
    const bool merged = std::ranges::any_of(
        merges, [&](const Merge& merge) { return merge.left == column || merge.right == column; });
    if (!merged) shown.push_back(column);
  }
  return shown;
}

}  // namespace

Result<BoundTable> FromBinder::join_using(const Join& join, BoundTable left, BoundTable right,
                                          const std::vector<std::string>& names) {
  BoundTable out;
  ASSIGN_OR_RETURN(out.scope, joined_scope(left.scope, right.scope));
  std::vector<ScopeColumn>& columns = out.scope.columns;
  auto column = [&](size_t i) { return bound_column(0, i, columns[i].type); };
  std::vector<Merge> merges;
  std::vector<BoundExprRef> equal;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(Merge merge, merge_of(name, left.scope, right.scope));
    ASSIGN_OR_RETURN(BoundExprRef test,
                     binder_.call_operator("=", {column(merge.left), column(merge.right)}));
    equal.push_back(std::move(test));
    merges.push_back(std::move(merge));
  }
  out.rel = bound_join(bound_kind(join.kind), std::move(left.rel), std::move(right.rel),
                       equal.empty() ? nullptr : bound_and(std::move(equal)));
  refresh_types(out.scope, out.rel);

  size_t alias_table = kNoTable;
  if (join.using_alias) {
    alias_table = out.scope.tables.size();
    out.scope.tables.push_back({{join.using_alias->text}});
  }
  std::vector<size_t> shown_columns;
  std::vector<BoundExprRef> computed;
  for (const Merge& merge : merges) {
    auto side = [&](size_t i) {
      return binder_.coerce(column(i), merge.type, expr::CastContext::kImplicit, "USING");
    };
    ASSIGN_OR_RETURN(BoundExprRef left_value, side(merge.left));
    ASSIGN_OR_RETURN(BoundExprRef right_value, side(merge.right));
    BoundExprRef value = merged_value(join.kind, left_value, right_value);
    columns[merge.left].merged_away = true;
    columns[merge.right].merged_away = true;
    size_t shown = value->column;
    if (value->kind == BoundExprKind::kColumn) {
      columns[shown].merged_away = false;
    } else {
      shown = columns.size();
      columns.push_back({merge.name, value->type});
      computed.push_back(std::move(value));
    }
    columns[shown].using_alias = alias_table;
    shown_columns.push_back(shown);
  }
  out.rel = bound_map(std::move(out.rel), std::move(computed));
  out.scope.star = merged_star(out.scope, merges, std::move(shown_columns));
  return out;
}

}  // namespace penstock::sql
