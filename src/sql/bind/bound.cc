// Makers of bound expressions and relations: see bound.h.
#include "sql/bind/bound.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "expr/function_catalogue.h"

namespace penstock::sql {
namespace {

using types::ColumnType;
using types::Datum;
using types::SqlType;
using types::TypeId;

std::shared_ptr<BoundExpr> expression_of(BoundExprKind kind, std::vector<BoundExprRef> arguments) {
  auto out = std::make_shared<BoundExpr>();
  out->kind = kind;
  out->arguments = std::move(arguments);
  return out;
}

bool any_nullable(const std::vector<BoundExprRef>& arguments) {
  return std::ranges::any_of(arguments,
                             [](const BoundExprRef& argument) { return argument->type.nullable; });
}

std::shared_ptr<BoundRel> relation_of(BoundRelKind kind, std::vector<BoundRelRef> inputs) {
  auto out = std::make_shared<BoundRel>();
  out->kind = kind;
  if (!inputs.empty()) out->columns = inputs[0]->columns;
  out->inputs = std::move(inputs);
  return out;
}

void set_nullable(std::vector<ColumnType>& columns, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) columns[i].nullable = true;
}

}  // namespace

BoundExprRef bound_column(size_t level, size_t column, ColumnType type) {
  auto out = expression_of(BoundExprKind::kColumn, {});
  out->level = level;
  out->column = column;
  out->type = std::move(type);
  return out;
}

BoundExprRef bound_literal(Datum value, SqlType type) {
  auto out = expression_of(BoundExprKind::kLiteral, {});
  out->type = {std::move(type), value.is_null()};
  out->literal = std::move(value);
  return out;
}

BoundExprRef bound_null(SqlType type) {
  return bound_literal(Datum::null(), std::move(type));
}

BoundExprRef bound_empty(const char* what) {
  auto out = expression_of(BoundExprKind::kLiteral, {});
  out->type = {SqlType::of(TypeId::kUnknown), false};
  out->literal = Datum::bytes("{}");
  out->empty = what;
  return out;
}

BoundExprRef bound_bool(bool value) {
  return bound_literal(Datum::boolean(value), SqlType::of(TypeId::kBool));
}

BoundExprRef bound_int4(int64_t value) {
  return bound_literal(Datum::integer(value), SqlType::of(TypeId::kInt4));
}

BoundExprRef bound_call(const expr::FunctionSpec& function, std::vector<BoundExprRef> arguments) {
  std::vector<ColumnType> argument_types;
  for (const BoundExprRef& argument : arguments) argument_types.push_back(argument->type);
  auto out = expression_of(BoundExprKind::kCall, std::move(arguments));
  out->function = &function;
  out->type = expr::result_column_type(function, argument_types);
  return out;
}

BoundExprRef bound_cast_call(const expr::FunctionSpec& function, BoundExprRef argument,
                             SqlType to) {
  auto out = std::make_shared<BoundExpr>(*bound_call(function, {std::move(argument)}));
  out->type.type = std::move(to);
  return out;
}

BoundExprRef bound_and(std::vector<BoundExprRef> arguments) {
  if (arguments.size() == 1) return arguments[0];
  if (arguments.empty()) return bound_bool(true);
  const bool nullable = any_nullable(arguments);
  auto out = expression_of(BoundExprKind::kAnd, std::move(arguments));
  out->type = {SqlType::of(TypeId::kBool), nullable};
  return out;
}

BoundExprRef bound_or(std::vector<BoundExprRef> arguments) {
  if (arguments.size() == 1) return arguments[0];
  if (arguments.empty()) return bound_bool(false);
  const bool nullable = any_nullable(arguments);
  auto out = expression_of(BoundExprKind::kOr, std::move(arguments));
  out->type = {SqlType::of(TypeId::kBool), nullable};
  return out;
}

BoundExprRef bound_not(BoundExprRef argument) {
  return bound_call(expr::function_of("not", {TypeId::kBool}), {std::move(argument)});
}

BoundExprRef bound_is_null(BoundExprRef argument) {
  // A call that is never NULL may still fail, so only what cannot is known without looking.
  const bool is_value = argument->kind == BoundExprKind::kColumn ||
                        (argument->kind == BoundExprKind::kLiteral && !argument->literal.is_null());
  if (is_value && !argument->type.nullable) return bound_bool(false);
  return bound_call(expr::function_of("is_null", {expr::kAny}), {std::move(argument)});
}

BoundExprRef bound_case(std::vector<BoundExprRef> arguments) {
  CHECK(arguments.size() % 2 == 1);
  bool nullable = arguments.back()->type.nullable;
  for (size_t i = 1; i < arguments.size(); i += 2) nullable |= arguments[i]->type.nullable;
  SqlType type = arguments.back()->type.type;
  auto out = expression_of(BoundExprKind::kCase, std::move(arguments));
  out->type = {std::move(type), nullable};
  return out;
}

BoundExprRef bound_coalesce(std::vector<BoundExprRef> arguments) {
  const bool nullable =
      std::ranges::all_of(arguments, [](const BoundExprRef& a) { return a->type.nullable; });
  SqlType type = arguments[0]->type.type;
  auto out = expression_of(BoundExprKind::kCoalesce, std::move(arguments));
  out->type = {std::move(type), nullable};
  return out;
}

BoundExprRef bound_exists(BoundRelRef relation) {
  auto out = expression_of(BoundExprKind::kExists, {});
  out->relation = std::move(relation);
  out->type = {SqlType::of(TypeId::kBool), false};
  return out;
}

BoundExprRef bound_scalar_subquery(BoundRelRef relation) {
  auto out = expression_of(BoundExprKind::kScalarSubquery, {});
  out->type = {relation->columns[0].type, true};
  out->relation = std::move(relation);
  return out;
}

BoundExprRef at_position(const BoundExprRef& expression, uint32_t position) {
  auto out = std::make_shared<BoundExpr>(*expression);
  out->position = position;
  return out;
}

BoundRelRef bound_values(std::vector<std::vector<BoundExprRef>> rows,
                         std::vector<ColumnType> columns) {
  auto out = relation_of(BoundRelKind::kValues, {});
  out->rows = std::move(rows);
  out->columns = std::move(columns);
  return out;
}

BoundRelRef bound_unit() {
  return bound_values({{}}, {});
}

BoundRelRef bound_get(CollectionId collection, types::RelationType type) {
  auto out = relation_of(BoundRelKind::kGet, {});
  out->collection = collection;
  out->columns = type.column_types();
  out->relation = std::move(type);
  return out;
}

BoundRelRef bound_cte_get(uint64_t cte, std::vector<ColumnType> columns) {
  auto out = relation_of(BoundRelKind::kCteGet, {});
  out->cte = cte;
  out->columns = std::move(columns);
  return out;
}

BoundRelRef bound_project(BoundRelRef input, std::vector<size_t> projection) {
  auto out = relation_of(BoundRelKind::kProject, {std::move(input)});
  std::vector<ColumnType> columns;
  for (size_t column : projection) columns.push_back(out->columns[column]);
  out->columns = std::move(columns);
  out->projection = std::move(projection);
  return out;
}

BoundRelRef bound_map(BoundRelRef input, std::vector<BoundExprRef> expressions) {
  if (expressions.empty()) return input;
  auto out = relation_of(BoundRelKind::kMap, {std::move(input)});
  for (const BoundExprRef& expression : expressions) out->columns.push_back(expression->type);
  out->expressions = std::move(expressions);
  return out;
}

BoundRelRef bound_filter(BoundRelRef input, std::vector<BoundExprRef> predicates) {
  if (predicates.empty()) return input;
  auto out = relation_of(BoundRelKind::kFilter, {std::move(input)});
  out->expressions = std::move(predicates);
  return out;
}

BoundRelRef bound_join(BoundJoinKind kind, BoundRelRef left, BoundRelRef right, BoundExprRef on) {
  const size_t left_size = left->columns.size();
  auto out = relation_of(BoundRelKind::kJoin, {left, right});
  out->columns.insert(out->columns.end(), right->columns.begin(), right->columns.end());
  if (kind == BoundJoinKind::kLeft || kind == BoundJoinKind::kFull) {
    set_nullable(out->columns, left_size, out->columns.size());
  }
  if (kind == BoundJoinKind::kRight || kind == BoundJoinKind::kFull) {
    set_nullable(out->columns, 0, left_size);
  }
  out->join = kind;
  out->on = std::move(on);
  return out;
}

BoundRelRef bound_reduce(BoundRelRef input, std::vector<BoundExprRef> group,
                         std::vector<BoundExprRef> aggregates, bool global) {
  auto out = relation_of(BoundRelKind::kReduce, {std::move(input)});
  out->columns.clear();
  for (const BoundExprRef& key : group) out->columns.push_back(key->type);
  for (const BoundExprRef& aggregate : aggregates) out->columns.push_back(aggregate->type);
  out->expressions = std::move(group);
  out->aggregates = std::move(aggregates);
  out->global = global;
  return out;
}

BoundRelRef bound_distinct(BoundRelRef input) {
  return relation_of(BoundRelKind::kDistinct, {std::move(input)});
}

BoundRelRef bound_top_k(BoundRelRef input, std::vector<size_t> group,
                        std::vector<plan::SortColumn> order, std::optional<uint64_t> limit,
                        uint64_t offset) {
  auto out = relation_of(BoundRelKind::kTopK, {std::move(input)});
  out->group = std::move(group);
  out->order = std::move(order);
  out->limit = limit;
  out->offset = offset;
  return out;
}

BoundRelRef bound_union(std::vector<BoundRelRef> inputs) {
  auto out = relation_of(BoundRelKind::kUnion, std::move(inputs));
  for (const BoundRelRef& input : out->inputs) {
    for (size_t i = 0; i < out->columns.size(); ++i) {
      out->columns[i].nullable |= input->columns[i].nullable;
    }
  }
  return out;
}

BoundRelRef bound_set_difference(BoundRelKind kind, BoundRelRef left, BoundRelRef right, bool all) {
  auto out = relation_of(kind, {std::move(left), std::move(right)});
  out->all = all;
  return out;
}

BoundRelRef bound_flat_map(BoundRelRef input, plan::TableFunction function,
                           std::vector<BoundExprRef> arguments, std::vector<ColumnType> columns,
                           bool with_ordinality) {
  auto out = relation_of(BoundRelKind::kFlatMap, {std::move(input)});
  out->columns.insert(out->columns.end(), columns.begin(), columns.end());
  if (with_ordinality) out->columns.push_back({SqlType::of(TypeId::kInt8), false});
  out->function = function;
  out->expressions = std::move(arguments);
  out->with_ordinality = with_ordinality;
  return out;
}

}  // namespace penstock::sql
