// The makers of logical plan nodes: each checks its shape and infers the type of its rows.
#include "plan/rel_expr.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "plan/keys.h"
#include "plan/predicates.h"

namespace penstock::plan {
namespace {

using expr::ScalarExpr;
using expr::ScalarKind;
using expr::ScalarRef;
using types::ColumnDesc;
using types::RelationType;

constexpr const char* kNoName = "?column?";

std::shared_ptr<RelExpr> node(RelKind kind, std::vector<RelRef> inputs) {
  auto out = std::make_shared<RelExpr>();
  out->kind = kind;
  out->inputs = std::move(inputs);
  return out;
}

void check_columns(const ScalarRef& expression, size_t num_columns) {
  expr::for_each_column(*expression, [&](size_t column) { CHECK_OP(<, column, num_columns); });
}

ColumnDesc column_of(const ScalarExpr& expression, const std::vector<ColumnDesc>& input) {
  const bool named = expression.kind == ScalarKind::kColumn;
  ColumnDesc out{named ? input[expression.column].name : kNoName, expression.type};
  if (named && !input[expression.column].type.nullable) out.type.nullable = false;
  return out;
}

// A column of an equivalence is not NULL if some member of it is never NULL.
void mark_joined_not_null(const std::vector<std::vector<ScalarRef>>& equivalences,
                          std::vector<ColumnDesc>& columns) {
  auto is_not_null = [&](const ScalarRef& member) {
    return member->kind == ScalarKind::kColumn ? !columns[member->column].type.nullable
                                               : !member->type.nullable;
  };
  for (const std::vector<ScalarRef>& equivalence : equivalences) {
    if (!std::ranges::any_of(equivalence, is_not_null)) continue;
    for (const ScalarRef& member : equivalence) {
      if (member->kind == ScalarKind::kColumn) columns[member->column].type.nullable = false;
    }
  }
}

// A row of positive weight is one of an input that is not negated.
void mark_added_not_null(const RelExpr& sum, std::vector<ColumnDesc>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    auto adds_null = [&](const RelRef& input) {
      return input->kind != RelKind::kNegate && input->type.columns[i].type.nullable;
    };
    if (std::ranges::none_of(sum.inputs, adds_null)) columns[i].type.nullable = false;
  }
}

}  // namespace

RelRef constant(RelationType type, std::vector<ConstantRow> rows) {
  for (const ConstantRow& row : rows) CHECK_OP(==, row.values.size(), type.columns.size());
  auto out = node(RelKind::kConstant, {});
  for (size_t i = 0; i < type.columns.size(); ++i) {
    type.columns[i].type.nullable =
        std::ranges::any_of(rows, [&](const ConstantRow& row) { return row.values[i].is_null(); });
  }
  type.keys = constant_keys(type, rows);
  out->type = std::move(type);
  out->rows = std::move(rows);
  return out;
}

RelRef constant_error(RelationType type, data::RowError error) {
  auto out = node(RelKind::kConstant, {});
  type.keys = {{}};
  out->type = std::move(type);
  out->error = std::move(error);
  return out;
}

RelRef get(CollectionId collection, RelationType type) {
  auto out = node(RelKind::kGet, {});
  out->collection = collection;
  out->type = std::move(type);
  return out;
}

RelRef local_get(uint64_t local, RelationType type) {
  auto out = node(RelKind::kLocalGet, {});
  out->local = local;
  out->type = std::move(type);
  return out;
}

RelRef let(uint64_t local, RelRef value, RelRef body) {
  RelationType type = body->type;
  auto out = node(RelKind::kLet, {std::move(value), std::move(body)});
  out->local = local;
  out->type = std::move(type);
  return out;
}

RelRef project(RelRef input, std::vector<size_t> projection) {
  RelationType type;
  for (size_t column : projection) {
    CHECK_OP(<, column, input->type.columns.size());
    type.columns.push_back(input->type.columns[column]);
  }
  type.keys = projected_keys(input->type.keys, projection);
  auto out = node(RelKind::kProject, {std::move(input)});
  out->projection = std::move(projection);
  out->type = std::move(type);
  return out;
}

RelRef map(RelRef input, std::vector<ScalarRef> expressions) {
  RelationType type = input->type;
  for (const ScalarRef& expression : expressions) {
    check_columns(expression, type.columns.size());
    type.columns.push_back(column_of(*expression, type.columns));
  }
  type.keys = mapped_keys(input->type, expressions);
  auto out = node(RelKind::kMap, {std::move(input)});
  out->expressions = std::move(expressions);
  out->type = std::move(type);
  return out;
}

RelRef filter(RelRef input, std::vector<ScalarRef> predicates) {
  RelationType type = input->type;
  for (const ScalarRef& predicate : predicates) check_columns(predicate, type.columns.size());
  mark_not_null(predicates, type.columns);
  type.keys = filtered_keys(type.keys, predicates);
  auto out = node(RelKind::kFilter, {std::move(input)});
  out->expressions = std::move(predicates);
  out->type = std::move(type);
  return out;
}

RelRef join(std::vector<RelRef> inputs, std::vector<std::vector<ScalarRef>> equivalences) {
  RelationType type;
  for (const RelRef& input : inputs) {
    type.columns.insert(type.columns.end(), input->type.columns.begin(), input->type.columns.end());
  }
  for (const std::vector<ScalarRef>& equivalence : equivalences) {
    CHECK_OP(>=, equivalence.size(), size_t{2});
    for (const ScalarRef& member : equivalence) check_columns(member, type.columns.size());
  }
  mark_joined_not_null(equivalences, type.columns);
  type.keys = joined_keys(inputs, equivalences);
  auto out = node(RelKind::kJoin, std::move(inputs));
  out->equivalences = std::move(equivalences);
  out->type = std::move(type);
  return out;
}

RelRef reduce(RelRef input, std::vector<ScalarRef> keys,
              std::vector<expr::AggregateExpr> aggregates) {
  RelationType type;
  const std::vector<ColumnDesc>& columns = input->type.columns;
  for (const ScalarRef& key : keys) {
    check_columns(key, columns.size());
    type.columns.push_back(column_of(*key, columns));
  }
  for (const expr::AggregateExpr& aggregate : aggregates) {
    check_columns(aggregate.argument, columns.size());
    if (aggregate.filter) check_columns(aggregate.filter, columns.size());
    ColumnDesc column{kNoName, aggregate.type};
    column.type.nullable = aggregate.kind != expr::AggregateKind::kCount &&
                           (aggregate.filter || aggregate.argument->type.nullable);
    type.columns.push_back(std::move(column));
  }
  type.keys = grouped_keys(input->type.keys, keys);
  auto out = node(RelKind::kReduce, {std::move(input)});
  out->expressions = std::move(keys);
  out->aggregates = std::move(aggregates);
  out->type = std::move(type);
  return out;
}

RelRef distinct(RelRef input) {
  RelationType type = input->type;
  type.keys = distinct_keys(type);
  auto out = node(RelKind::kDistinct, {std::move(input)});
  out->type = std::move(type);
  return out;
}

RelRef top_k(RelRef input, std::vector<size_t> group_columns, std::vector<SortColumn> order,
             std::optional<uint64_t> limit, uint64_t offset) {
  RelationType type = input->type;
  for (size_t column : group_columns) CHECK_OP(<, column, type.columns.size());
  for (const SortColumn& sort : order) CHECK_OP(<, sort.column, type.columns.size());
  type.keys = limited_keys(type.keys, group_columns, limit);
  auto out = node(RelKind::kTopK, {std::move(input)});
  out->group_columns = std::move(group_columns);
  out->order = std::move(order);
  out->limit = limit;
  out->offset = offset;
  out->type = std::move(type);
  return out;
}

RelRef negate(RelRef input) {
  RelationType type = input->type;
  type.keys.clear();
  auto out = node(RelKind::kNegate, {std::move(input)});
  out->type = std::move(type);
  return out;
}

RelRef threshold(RelRef input) {
  RelationType type = input->type;
  if (input->kind == RelKind::kUnion) mark_added_not_null(*input, type.columns);
  auto out = node(RelKind::kThreshold, {std::move(input)});
  out->type = std::move(type);
  return out;
}

RelRef union_all(std::vector<RelRef> inputs) {
  CHECK(!inputs.empty());
  RelationType type = inputs[0]->type;
  if (inputs.size() > 1) type.keys.clear();
  for (const RelRef& input : inputs) {
    CHECK_OP(==, input->type.columns.size(), type.columns.size());
    for (size_t i = 0; i < type.columns.size(); ++i) {
      const types::ColumnType& column = input->type.columns[i].type;
      CHECK(types::same_base_type(column.type, type.columns[i].type.type));
      if (column.nullable) type.columns[i].type.nullable = true;
      if (column.type.modifier != type.columns[i].type.type.modifier) {
        type.columns[i].type.type.modifier = -1;
      }
    }
  }
  auto out = node(RelKind::kUnion, std::move(inputs));
  out->type = std::move(type);
  return out;
}

RelRef flat_map(RelRef input, TableFunction function, std::vector<ScalarRef> arguments,
                std::vector<ColumnDesc> columns) {
  RelationType type = input->type;
  for (const ScalarRef& argument : arguments) check_columns(argument, type.columns.size());
  type.columns.insert(type.columns.end(), columns.begin(), columns.end());
  type.keys.clear();
  auto out = node(RelKind::kFlatMap, {std::move(input)});
  out->table_function = function;
  out->expressions = std::move(arguments);
  out->type = std::move(type);
  return out;
}

RelRef flat_map_with_ordinality(RelRef input, TableFunction function,
                                std::vector<ScalarRef> arguments, std::vector<ColumnDesc> columns) {
  auto out = std::make_shared<RelExpr>(
      *flat_map(std::move(input), function, std::move(arguments), std::move(columns)));
  out->with_ordinality = true;
  return out;
}

RelRef with_type(RelRef input, RelationType type) {
  CHECK_OP(==, type.columns.size(), input->type.columns.size());
  auto out = std::make_shared<RelExpr>(*input);
  out->type = std::move(type);
  return out;
}

}  // namespace penstock::plan
