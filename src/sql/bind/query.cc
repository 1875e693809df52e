// Binding of whole queries: WITH, set operations, VALUES, ORDER BY, LIMIT. SELECT is in select.cc.
#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/bind/constant.h"
#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"
#include "sql/bind/select_binder.h"

namespace penstock::sql {

using expr::CastContext;
using types::ColumnDesc;
using types::ColumnType;
using types::SqlType;
using types::TypeId;

Error positioned(Error error, ByteRange range) {
  if (error.position == 0) error.position = static_cast<int>(range.begin) + 1;
  return error;
}

size_t depth_of(const ScopeChain* scopes) {
  size_t depth = 0;
  for (; scopes != nullptr; scopes = scopes->outer) ++depth;
  return depth;
}

BoundRelRef finished(const BoundQuery& query) {
  BoundRelRef rel = query.rel;
  if (query.limit || query.offset > 0) {
    rel = bound_top_k(std::move(rel), {}, query.order, query.limit, query.offset);
  }
  if (rel->columns.size() == query.columns.size()) return rel;
  std::vector<size_t> visible;
  for (size_t i = 0; i < query.columns.size(); ++i) visible.push_back(i);
  return bound_project(std::move(rel), std::move(visible));
}

uint64_t Binder::add_cte(BoundRelRef rel, std::vector<ColumnDesc> columns) {
  ctes_.push_back({std::move(rel), std::move(columns)});
  return ctes_.size() - 1;
}

// --- WITH ---

namespace {

Status rename_columns(const TableAlias& alias, std::vector<ColumnDesc>& columns) {
  if (alias.columns.size() > columns.size()) {
    return fail(positioned(
        Error(SqlState("42P10"), alias.name.text + " has " + std::to_string(columns.size()) +
                                     " columns available but " +
                                     std::to_string(alias.columns.size()) + " columns specified"),
        alias.range));
  }
  for (size_t i = 0; i < alias.columns.size(); ++i) columns[i].name = alias.columns[i].text;
  return {};
}

std::vector<ColumnDesc> columns_of(const Scope& scope) {
  std::vector<ColumnDesc> out;
  for (const ScopeColumn& column : scope.columns) out.push_back({column.name, column.type});
  return out;
}

}  // namespace

Status Binder::bind_with(const std::vector<CommonTable>& tables, const ScopeChain* outer) {
  const size_t first = with_names_.size();
  for (const CommonTable& table : tables) {
    const std::string& name = table.alias.name.text;
    for (size_t i = first; i < with_names_.size(); ++i) {
      if (with_names_[i].name != name) continue;
      return fail(positioned(
          Error(SqlState("42712"), "WITH query name \"" + name + "\" specified more than once"),
          table.alias.range));
    }
    ASSIGN_OR_RETURN(BoundTable bound, bind_relation(*table.query, outer));
    std::vector<ColumnDesc> columns = columns_of(bound.scope);
    RETURN_IF_ERROR(rename_columns(table.alias, columns));
    if (!is_correlated(*bound.rel)) {
      const uint64_t id = add_cte(bound.rel, columns);
      bound.rel = bound_cte_get(id, bound.rel->columns);
    }
    with_names_.push_back({name, bound.rel, std::move(columns), depth_of(outer)});
  }
  return {};
}

// --- queries ---

Result<BoundQuery> Binder::bind_query(const Query& query, const ScopeChain* outer) {
  if (query.recursion) {
    return fail(positioned(
        Error(sql_state::kFeatureNotSupported, "WITH MUTUALLY RECURSIVE not yet supported"),
        query.range));
  }
  if (query.with_ties) {
    return fail(
        positioned(Error(sql_state::kFeatureNotSupported, "FETCH ... WITH TIES not yet supported"),
                   query.range));
  }
  const size_t names_before = with_names_.size();
  Status with = bind_with(query.with, outer);
  if (!with) {
    with_names_.resize(names_before);
    return fail(std::move(with).error());
  }
  Result<BoundQuery> bound = [&]() -> Result<BoundQuery> {
    if (const auto* select = std::get_if<Box<Select>>(&query.body.kind)) {
      return SelectBinder(*this, **select, query.order_by, outer).bind();
    }
    ASSIGN_OR_RETURN(BoundQuery body, bind_body(query.body, outer));
    RETURN_IF_ERROR(bind_order_of_body(query, body));
    return body;
  }();
  with_names_.resize(names_before);
  if (!bound) return bound;
  RETURN_IF_ERROR(bind_limits(query, *bound));
  return bound;
}

Result<BoundQuery> Binder::bind_body(const QueryBody& body, const ScopeChain* outer) {
  if (const auto* select = std::get_if<Box<Select>>(&body.kind)) {
    const std::vector<OrderItem> no_order;
    return SelectBinder(*this, **select, no_order, outer).bind();
  }
  if (const auto* operation = std::get_if<SetOperation>(&body.kind)) {
    return bind_set_operation(*operation, outer);
  }
  if (const auto* values = std::get_if<ValuesBody>(&body.kind)) {
    return bind_values(*values, outer);
  }
  if (const auto* nested = std::get_if<NestedQuery>(&body.kind)) {
    ASSIGN_OR_RETURN(BoundQuery inner, bind_query(*nested->query, outer));
    inner.rel = finished(inner);
    inner.order.clear();
    inner.limit.reset();
    inner.offset = 0;
    return inner;
  }
  if (const auto* table = std::get_if<TableBody>(&body.kind)) {
    ASSIGN_OR_RETURN(BoundTable bound, bind_named(table->name, std::nullopt, outer));
    return BoundQuery{bound.rel, columns_of(bound.scope), {}, {}, 0};
  }
  if (options_.in_view) {
    return fail(
        positioned(Error(sql_state::kFeatureNotSupported, "SHOW commands are not allowed in views"),
                   body.range));
  }
  if (options_.show_query) {
    ASSIGN_OR_RETURN(Query shown, options_.show_query(*std::get<ShowBody>(body.kind).show));
    return bind_query(shown, nullptr);
  }
  return fail(positioned(
      Error(sql_state::kFeatureNotSupported, "SHOW in a subquery not yet supported"), body.range));
}

Result<BoundTable> Binder::bind_relation(const Query& query, const ScopeChain* outer) {
  ASSIGN_OR_RETURN(BoundQuery bound, bind_query(query, outer));
  BoundTable table{finished(bound), {}};
  for (size_t i = 0; i < bound.columns.size(); ++i) {
    table.scope.columns.push_back({bound.columns[i].name, table.rel->columns[i]});
    table.scope.star.push_back(i);
  }
  return table;
}

// --- set operations ---

namespace {

const char* operator_name(SetOperator op) {
  switch (op) {
    case SetOperator::kUnion:
      return "UNION";
    case SetOperator::kExcept:
      return "EXCEPT";
    case SetOperator::kIntersect:
      return "INTERSECT";
  }
  return "UNION";
}

}  // namespace

Result<BoundRelRef> Binder::bind_as_types(const BoundQuery& query,
                                          const std::vector<SqlType>& types, CastContext cast,
                                          const std::vector<std::string>& constructs) {
  BoundRelRef rel = finished(query);
  std::vector<BoundExprRef> casts;
  std::vector<size_t> projection;
  for (size_t i = 0; i < types.size(); ++i) {
    const bool untyped = query.columns[i].type.type.id == TypeId::kUnknown;
    BoundExprRef column = bound_column(0, i, rel->columns[i]);
    ASSIGN_OR_RETURN(
        BoundExprRef value,
        coerce(column, types[i], untyped ? CastContext::kExplicit : cast, constructs[i]));
    if (value->kind == BoundExprKind::kColumn) {
      projection.push_back(i);
    } else {
      projection.push_back(rel->columns.size() + casts.size());
      casts.push_back(std::move(value));
    }
  }
  if (casts.empty()) return rel;
  return bound_project(bound_map(std::move(rel), std::move(casts)), std::move(projection));
}

Result<BoundQuery> Binder::bind_set_operation(const SetOperation& operation,
                                              const ScopeChain* outer) {
  const std::string name = operator_name(operation.op);
  ASSIGN_OR_RETURN(BoundQuery left, bind_body(*operation.left, outer));
  std::vector<SqlType> left_types;
  for (const ColumnDesc& column : left.columns) left_types.push_back(column.type.type);
  hint_parameters(*operation.right, left_types);
  ASSIGN_OR_RETURN(BoundQuery right, bind_body(*operation.right, outer));
  if (left.columns.size() != right.columns.size()) {
    return fail(positioned(Error(sql_state::kSyntaxError,
                                 "each " + name + " query must have the same number of columns: " +
                                     std::to_string(left.columns.size()) + " vs " +
                                     std::to_string(right.columns.size())),
                           operation.right->range));
  }
  std::vector<SqlType> types;
  bool all_untyped = true;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const SqlType pair[] = {left.columns[i].type.type, right.columns[i].type.type};
    std::optional<SqlType> type = common_type(pair);
    if (!type) {
      return fail(positioned(
          Error(sql_state::kDatatypeMismatch, name + " types " + type_text(pair[0]) + " and " +
                                                  type_text(pair[1]) + " cannot be matched"),
          operation.right->range));
    }
    all_untyped &= pair[0].id == TypeId::kUnknown && pair[1].id == TypeId::kUnknown;
    types.push_back(std::move(*type));
  }
  const std::vector<std::string> constructs(types.size(), name);
  ASSIGN_OR_RETURN(BoundRelRef left_rel,
                   bind_as_types(left, types, CastContext::kImplicit, constructs));
  ASSIGN_OR_RETURN(BoundRelRef right_rel,
                   bind_as_types(right, types, CastContext::kImplicit, constructs));
  BoundQuery out;
  if (operation.op == SetOperator::kUnion) {
    out.rel = bound_union({std::move(left_rel), std::move(right_rel)});
    if (!operation.all) out.rel = bound_distinct(std::move(out.rel));
  } else {
    const BoundRelKind kind =
        operation.op == SetOperator::kExcept ? BoundRelKind::kExcept : BoundRelKind::kIntersect;
    out.rel = bound_set_difference(kind, std::move(left_rel), std::move(right_rel), operation.all);
  }
  for (size_t i = 0; i < types.size(); ++i) {
    out.columns.push_back({left.columns[i].name, {types[i], out.rel->columns[i].nullable}});
  }
  return out;
}

// --- VALUES ---

Result<BoundQuery> Binder::bind_values(const ValuesBody& values, const ScopeChain* outer) {
  const Scope empty;
  const ScopeChain scopes{&empty, outer};
  const ExprContext context{&scopes, "VALUES", false, false, nullptr};
  const size_t width = values.rows.front().size();
  std::vector<std::vector<BoundExprRef>> by_column(width);
  for (const std::vector<Expr>& row : values.rows) {
    if (row.size() != width) {
      return fail(sql_state::kSyntaxError, "VALUES lists must all be the same length");
    }
    for (size_t i = 0; i < width; ++i) {
      ASSIGN_OR_RETURN(BoundExprRef value, bind_expr(row[i], context));
      by_column[i].push_back(std::move(value));
    }
  }
  BoundQuery out;
  std::vector<ColumnType> columns;
  std::vector<std::vector<BoundExprRef>> rows(values.rows.size());
  for (size_t i = 0; i < width; ++i) {
    bool untyped = true;
    for (const BoundExprRef& value : by_column[i]) {
      untyped &=
          value->type.type.id == TypeId::kUnknown && value->kind != BoundExprKind::kParameter;
    }
    ASSIGN_OR_RETURN(std::vector<BoundExprRef> same_type,
                     coerce_to_common(std::move(by_column[i]), "VALUES"));
    bool nullable = false;
    for (size_t row = 0; row < rows.size(); ++row) {
      nullable |= same_type[row]->type.nullable;
      rows[row].push_back(same_type[row]);
    }
    columns.push_back({same_type[0]->type.type, nullable});
    columns.back().type.modifier = -1;
    ColumnDesc described{"column" + std::to_string(i + 1), columns.back()};
    if (untyped) described.type.type = SqlType::of(TypeId::kUnknown);
    out.columns.push_back(std::move(described));
  }
  out.rel = bound_values(std::move(rows), std::move(columns));
  return out;
}

Result<BoundRelRef> Binder::bind_assigned_values(const ValuesBody& values,
                                                 const std::vector<ColumnDesc>& columns,
                                                 const std::vector<BoundExprRef>& defaults) {
  const Scope empty;
  const ScopeChain scopes{&empty, nullptr};
  std::vector<std::vector<BoundExprRef>> rows;
  for (const std::vector<Expr>& row : values.rows) {
    if (row.size() != values.rows.front().size()) {
      return fail(sql_state::kSyntaxError, "VALUES lists must all be the same length");
    }
    if (row.size() > columns.size()) {
      return fail(positioned(
          Error(sql_state::kSyntaxError, "INSERT has more expressions than target columns"),
          row[columns.size()].range));
    }
    if (row.size() < columns.size()) {
      return fail(sql_state::kSyntaxError, "INSERT has more target columns than expressions");
    }
    std::vector<BoundExprRef> bound;
    for (size_t i = 0; i < row.size(); ++i) {
      if (std::holds_alternative<DefaultValue>(row[i].kind)) {
        bound.push_back(defaults[i]);
        continue;
      }
      const std::string construct = "column \"" + columns[i].name + "\"";
      const ExprContext context{&scopes, "VALUES", false, false, nullptr};
      ASSIGN_OR_RETURN(BoundExprRef value, bind_towards(row[i], context, columns[i].type.type,
                                                        CastContext::kAssignment));
      Result<BoundExprRef> assigned =
          coerce(std::move(value), columns[i].type.type, CastContext::kAssignment, construct);
      if (!assigned) return fail(positioned(std::move(assigned).error(), row[i].range));
      bound.push_back(std::move(*assigned));
    }
    rows.push_back(std::move(bound));
  }
  std::vector<ColumnType> types;
  for (size_t i = 0; i < columns.size(); ++i) {
    bool nullable = false;
    for (const auto& row : rows) nullable |= row[i]->type.nullable;
    types.push_back({columns[i].type.type, nullable});
  }
  return bound_values(std::move(rows), std::move(types));
}

// --- ORDER BY and LIMIT ---

plan::SortColumn sort_column(size_t column, const OrderItem& item) {
  const bool nulls_first =
      item.nulls == NullsOrder::kDefault ? item.descending : item.nulls == NullsOrder::kFirst;
  return {column, item.descending, nulls_first};
}

Result<std::optional<size_t>> ordinal_of(const Expr& expr, size_t count, const char* clause) {
  const auto* number = std::get_if<NumberLiteral>(&expr.kind);
  if (number == nullptr || number->text.empty() ||
      !std::ranges::all_of(number->text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::optional<size_t>();
  }
  const size_t position = number->text.size() > 9 ? 0 : std::stoul(number->text);
  if (position < 1 || position > count) {
    return fail(positioned(
        Error(SqlState("42P10"), "column reference " + number->text + " in " + clause +
                                     " clause is out of range (1 - " + std::to_string(count) + ")"),
        expr.range));
  }
  return std::optional<size_t>(position - 1);
}

// ORDER BY of a set operation or VALUES: output names, ordinals, and expressions over them.
Status Binder::bind_order_of_body(const Query& query, BoundQuery& bound) {
  Scope scope;
  for (size_t i = 0; i < bound.columns.size(); ++i) {
    scope.columns.push_back({bound.columns[i].name, bound.rel->columns[i]});
  }
  const ScopeChain scopes{&scope, nullptr};
  const ExprContext context{&scopes, "ORDER BY clause", false, false, nullptr};
  std::vector<BoundExprRef> computed;
  for (const OrderItem& item : query.order_by) {
    ASSIGN_OR_RETURN(std::optional<size_t> ordinal,
                     ordinal_of(*item.expr, bound.columns.size(), "ORDER BY"));
    if (!ordinal) {
      ASSIGN_OR_RETURN(BoundExprRef value, bind_expr(*item.expr, context));
      if (value->kind == BoundExprKind::kColumn && value->level == 0) {
        ordinal = value->column;
      } else {
        ordinal = bound.rel->columns.size() + computed.size();
        computed.push_back(std::move(value));
      }
    }
    bound.order.push_back(sort_column(*ordinal, item));
  }
  bound.rel = bound_map(std::move(bound.rel), std::move(computed));
  return {};
}

Status Binder::bind_limits(const Query& query, BoundQuery& bound) {
  if (query.limit) {
    ASSIGN_OR_RETURN(std::optional<int64_t> limit, bind_count(*query.limit, "LIMIT"));
    if (limit && *limit < 0) {
      return fail(positioned(Error(sql_state::kInvalidParameterValue, "LIMIT must not be negative"),
                             query.limit->range));
    }
    if (limit) bound.limit = static_cast<uint64_t>(*limit);
  }
  if (query.offset) {
    ASSIGN_OR_RETURN(std::optional<int64_t> offset, bind_count(*query.offset, "OFFSET"));
    if (offset && *offset < 0) {
      return fail(positioned(
          Error(sql_state::kInvalidParameterValue,
                "Invalid OFFSET clause: must not be negative, got " + std::to_string(*offset)),
          query.offset->range));
    }
    if (offset) bound.offset = static_cast<uint64_t>(*offset);
  }
  return {};
}

// The constant of a LIMIT or OFFSET; nothing for NULL, and while parameters have no values.
Result<std::optional<int64_t>> Binder::bind_count(const Expr& expr, const char* clause) {
  const Scope empty;
  const ScopeChain scopes{&empty, nullptr};
  const ExprContext context{&scopes, clause, false, false, nullptr};
  ASSIGN_OR_RETURN(BoundExprRef bound,
                   bind_as(expr, context, SqlType::of(TypeId::kInt8), CastContext::kAssignment));
  if (has_parameter(*bound)) return std::optional<int64_t>();
  Result<types::Datum> value = constant_value(*bound);
  if (!value) return fail(positioned(std::move(value).error(), expr.range));
  if (value->is_null()) return std::optional<int64_t>();
  return std::optional<int64_t>(value->as_int());
}

}  // namespace penstock::sql
