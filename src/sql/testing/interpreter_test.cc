// See interpreter_test.h.
#include "sql/testing/interpreter_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/check.h"
#include "expr/evaluator.h"
#include "expr/function_catalogue.h"
#include "types/array_value.h"
#include "types/compare.h"
#include "types/nested_value.h"
#include "types/text_io.h"

namespace penstock::sql {

using expr::AggregateExpr;
using expr::AggregateKind;
using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;
using types::ColumnType;
using types::Datum;
using types::SqlType;
using types::TypeId;

std::string row_text(const DatumRow& row, const ColumnTypes& columns) {
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ",";
    if (row[i].is_null()) {
      out += "NULL";
    } else {
      types::append_text(columns[i].type, row[i], out);
    }
  }
  return out;
}

void Bag::add(const DatumRow& row, int64_t diff) {
  CHECK_OP(==, row.size(), columns.size());
  Entry& entry = rows[row_text(row, columns)];
  entry.row = row;
  entry.diff += diff;
  if (entry.diff == 0) rows.erase(row_text(row, columns));
}

bool comes_before(const DatumRow& a, const DatumRow& b, const ColumnTypes& columns,
                  const std::vector<plan::SortColumn>& order) {
  auto compare = [&](size_t i, bool descending, bool nulls_first) {
    if (a[i].is_null() || b[i].is_null()) {
      if (a[i].is_null() == b[i].is_null()) return 0;
      return a[i].is_null() == nulls_first ? -1 : 1;
    }
    const auto order_of = types::compare_values(columns[i].type, a[i], b[i]);
    const int sign = order_of < 0 ? -1 : (order_of > 0 ? 1 : 0);
    return descending ? -sign : sign;
  };
  for (const plan::SortColumn& sort : order) {
    const int sign = compare(sort.column, sort.descending, sort.nulls_first);
    if (sign != 0) return sign < 0;
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const int sign = compare(i, false, false);
    if (sign != 0) return sign < 0;
  }
  return false;
}

namespace {

// NULLs are where the columns say.
void check_nulls(const Bag& bag) {
  for (const auto& [text, entry] : bag.rows) {
    for (size_t i = 0; i < entry.row.size(); ++i) {
      if (!entry.row[i].is_null() || bag.columns[i].nullable) continue;
      ADD_FAILURE() << "column " << i << " is said to be not NULL: " << text;
    }
  }
}

Contents empty(ColumnTypes columns) {
  Contents out;
  out.rows.columns = std::move(columns);
  return out;
}

void add_errors(const Contents& from, Contents& to) {
  for (const auto& [message, diff] : from.errors) to.errors[message] += diff;
}

template <typename Visit>
void each(const Bag& bag, const Visit& visit) {
  for (const auto& [text, entry] : bag.rows) visit(entry.row, entry.diff);
}

// The value, or nothing and an error of the row's weight.
std::optional<Datum> value_of(const ScalarRef& expression, const DatumRow& row, int64_t diff,
                              Contents& out) {
  Result<Datum> value = expr::evaluate_row(expression, row);
  if (value) return *value;
  out.errors[value.error().message] += diff;
  return std::nullopt;
}

bool is_true(const Datum& value) {
  return !value.is_null() && value.as_bool();
}

DatumRow picked(const DatumRow& row, const std::vector<size_t>& columns) {
  DatumRow out;
  for (size_t column : columns) out.push_back(row[column]);
  return out;
}

// All predicates as one AND, so that false beside an error is false.
std::optional<bool> passes(const std::vector<ScalarRef>& predicates, const DatumRow& row,
                           int64_t diff, Contents& out) {
  if (predicates.empty()) return true;
  const std::optional<Datum> value = value_of(expr::conjunction(predicates), row, diff, out);
  if (!value) return std::nullopt;
  return is_true(*value);
}

// --- aggregates ---

Datum plus(const Datum& a, const Datum& b, TypeId type) {
  const SqlType sql = SqlType::of(type);
  const ScalarRef sum = expr::call(expr::function_of("+", {type, type}),
                                   {expr::literal(a, sql), expr::literal(b, sql)}, {sql, true});
  return *expr::evaluate_row(sum, {});
}

Datum widened(const Datum& value, const SqlType& from, const SqlType& to) {
  if (from == to) return value;
  std::string text;
  types::append_text(from, value, text);
  return *types::parse_text(SqlType::of(to.id), text);
}

// NULLs greatest unless the order says otherwise.
int compared(const SqlType& type, const Datum& a, const Datum& b, expr::AggregateOrder order) {
  if (a.is_null() || b.is_null()) {
    const int nulls = static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
    return order.nulls_first ? -nulls : nulls;
  }
  const auto values = types::compare_values(type, a, b);
  const int sign = values < 0 ? -1 : values > 0 ? 1 : 0;
  return order.descending ? -sign : sign;
}

// What array_agg, list_agg and map_agg make of a group's records.
Datum gathered_value(const AggregateExpr& aggregate,
                     const std::vector<std::pair<Datum, int64_t>>& values) {
  const types::RecordFields& fields = *aggregate.argument->type.type.fields;
  const size_t num_gathered = expr::gathered_fields(aggregate.kind);
  std::vector<DatumRow> rows;
  for (const auto& [value, diff] : values) {
    const int64_t times = aggregate.distinct ? std::min<int64_t>(diff, 1) : diff;
    for (int64_t i = 0; i < times; ++i) {
      rows.push_back(types::decode_record(fields, value.as_bytes()));
    }
  }
  if (rows.empty()) return Datum::null();
  std::ranges::sort(rows, [&](const DatumRow& a, const DatumRow& b) {
    for (size_t i = 0; i < fields.size(); ++i) {
      const bool ordering = i < aggregate.order.size();
      const size_t field = ordering ? num_gathered + i : i - aggregate.order.size();
      const int sign = compared(fields[field].type.type, a[field], b[field],
                                ordering ? aggregate.order[i] : expr::AggregateOrder());
      if (sign != 0) return sign < 0;
    }
    return false;
  });
  const SqlType& part = *aggregate.type.type.element;
  std::vector<Datum> elements;
  std::vector<types::MapEntry> entries;
  for (const DatumRow& row : rows) {
    elements.push_back(row[0]);
    if (num_gathered == 2 && !row[0].is_null()) entries.emplace_back(row[0].as_bytes(), row[1]);
  }
  if (num_gathered == 2) return Datum::bytes(types::encode_map(part, std::move(entries)));
  if (aggregate.kind == AggregateKind::kListAgg) {
    return Datum::bytes(types::encode_list(part, elements));
  }
  return Datum::bytes(
      types::encode_array(part, types::ArrayValue::one_dimensional(std::move(elements))));
}

Datum aggregate_value(const AggregateExpr& aggregate,
                      const std::vector<std::pair<Datum, int64_t>>& values) {
  if (expr::gathered_fields(aggregate.kind) > 0) return gathered_value(aggregate, values);
  const SqlType from = aggregate.argument->type.type;
  int64_t count = 0;
  std::optional<Datum> result;
  for (const auto& [value, diff] : values) {
    if (value.is_null()) continue;
    const int64_t times = aggregate.distinct ? 1 : diff;
    count += times;
    if (aggregate.kind == AggregateKind::kCount) continue;
    if (!result) {
      const bool extreme =
          aggregate.kind == AggregateKind::kMin || aggregate.kind == AggregateKind::kMax ||
          aggregate.kind == AggregateKind::kBoolAnd || aggregate.kind == AggregateKind::kBoolOr;
      result = extreme ? value : widened(value, from, aggregate.type.type);
      if (extreme) continue;
      for (int64_t i = 1; i < times; ++i) {
        result = plus(*result, widened(value, from, aggregate.type.type), aggregate.type.type.id);
      }
      continue;
    }
    switch (aggregate.kind) {
      case AggregateKind::kMin:
        if (types::compare_values(from, value, *result) < 0) result = value;
        break;
      case AggregateKind::kMax:
        if (types::compare_values(from, value, *result) > 0) result = value;
        break;
      case AggregateKind::kBoolAnd:
        result = Datum::boolean(result->as_bool() && value.as_bool());
        break;
      case AggregateKind::kBoolOr:
        result = Datum::boolean(result->as_bool() || value.as_bool());
        break;
      default:
        for (int64_t i = 0; i < times; ++i) {
          result = plus(*result, widened(value, from, aggregate.type.type), aggregate.type.type.id);
        }
    }
  }
  if (aggregate.kind == AggregateKind::kCount) return Datum::integer(count);
  return result.value_or(Datum::null());
}

struct Group {
  DatumRow key;
  int64_t size = 0;
  // Per aggregate, by text.
  std::vector<std::map<std::string, std::pair<Datum, int64_t>>> values;
};

Contents reduced(const Contents& input, const std::vector<ScalarRef>& keys,
                 const std::vector<AggregateExpr>& aggregates, const ColumnTypes& columns) {
  Contents out = empty(columns);
  add_errors(input, out);
  std::map<std::string, Group> groups;
  each(input.rows, [&](const DatumRow& row, int64_t diff) {
    DatumRow key;
    for (const ScalarRef& expression : keys) {
      std::optional<Datum> value = value_of(expression, row, diff, out);
      if (!value) return;
      key.push_back(std::move(*value));
    }
    const ColumnTypes key_types(columns.begin(),
                                columns.begin() + static_cast<std::ptrdiff_t>(keys.size()));
    Group& group = groups[row_text(key, key_types)];
    group.key = std::move(key);
    group.values.resize(aggregates.size());
    group.size += diff;
    for (size_t i = 0; i < aggregates.size(); ++i) {
      const AggregateExpr& aggregate = aggregates[i];
      if (aggregate.filter) {
        const std::optional<Datum> kept = value_of(aggregate.filter, row, diff, out);
        if (!kept || !is_true(*kept)) continue;
      }
      std::optional<Datum> value = value_of(aggregate.argument, row, diff, out);
      if (!value) continue;
      auto& entry = group.values[i][row_text({*value}, {aggregate.argument->type})];
      entry.first = *value;
      entry.second += diff;
    }
  });
  for (const auto& [text, group] : groups) {
    if (group.size == 0) continue;
    DatumRow row = group.key;
    for (size_t i = 0; i < aggregates.size(); ++i) {
      std::vector<std::pair<Datum, int64_t>> values;
      for (const auto& [value_text, value] : group.values[i]) values.push_back(value);
      row.push_back(aggregate_value(aggregates[i], values));
    }
    out.rows.add(row, 1);
  }
  return out;
}

// --- other operators ---

Contents limited(const Contents& input, const std::vector<size_t>& group,
                 const std::vector<plan::SortColumn>& order, std::optional<uint64_t> limit,
                 uint64_t offset, const ColumnTypes& columns) {
  Contents out = empty(columns);
  add_errors(input, out);
  std::map<std::string, std::vector<DatumRow>> groups;
  each(input.rows, [&](const DatumRow& row, int64_t diff) {
    ColumnTypes types;
    for (size_t column : group) types.push_back(columns[column]);
    for (int64_t i = 0; i < diff; ++i) groups[row_text(picked(row, group), types)].push_back(row);
  });
  for (auto& [key, rows] : groups) {
    std::ranges::sort(rows, [&](const DatumRow& a, const DatumRow& b) {
      return comes_before(a, b, columns, order);
    });
    for (size_t i = offset; i < rows.size() && (!limit || i < offset + *limit); ++i) {
      out.rows.add(rows[i], 1);
    }
  }
  return out;
}

std::vector<DatumRow> table_rows(plan::TableFunction function, const DatumRow& arguments,
                                 const std::vector<ScalarRef>& expressions) {
  std::vector<DatumRow> out;
  for (const Datum& argument : arguments) {
    if (argument.is_null()) return out;
  }
  if (function == plan::TableFunction::kUnnestArray) {
    const SqlType& array = expressions[0]->type.type;
    const auto value = types::decode_array(*array.element, arguments[0].as_bytes());
    for (const Datum& element : value.elements) out.push_back({element});
    return out;
  }
  if (function == plan::TableFunction::kUnnestList) {
    const SqlType& list = expressions[0]->type.type;
    for (const Datum& element : types::decode_list(*list.element, arguments[0].as_bytes())) {
      out.push_back({element});
    }
    return out;
  }
  CHECK(function == plan::TableFunction::kGenerateSeriesInt4 ||
        function == plan::TableFunction::kGenerateSeriesInt8);
  const int64_t step = arguments[2].as_int();
  for (int64_t i = arguments[0].as_int();
       step > 0 ? i <= arguments[1].as_int() : i >= arguments[1].as_int(); i += step) {
    out.push_back({Datum::integer(i)});
  }
  return out;
}

Contents flat_mapped(const Contents& input, plan::TableFunction function,
                     const std::vector<ScalarRef>& arguments, bool ordinality,
                     const ColumnTypes& columns) {
  Contents out = empty(columns);
  add_errors(input, out);
  each(input.rows, [&](const DatumRow& row, int64_t diff) {
    DatumRow values;
    for (const ScalarRef& argument : arguments) {
      std::optional<Datum> value = value_of(argument, row, diff, out);
      if (!value) return;
      values.push_back(std::move(*value));
    }
    int64_t number = 0;
    for (const DatumRow& made : table_rows(function, values, arguments)) {
      DatumRow whole = row;
      whole.insert(whole.end(), made.begin(), made.end());
      if (ordinality) whole.push_back(Datum::integer(++number));
      out.rows.add(whole, diff);
    }
  });
  return out;
}

Contents with_weights(const Contents& input, const ColumnTypes& columns,
                      const std::function<int64_t(int64_t)>& weight) {
  Contents out = empty(columns);
  add_errors(input, out);
  each(input.rows, [&](const DatumRow& row, int64_t diff) {
    if (weight(diff) != 0) out.rows.add(row, weight(diff));
  });
  return out;
}

Contents constant_rows(const std::vector<plan::ConstantRow>& rows,
                       const std::optional<data::RowError>& error, const ColumnTypes& columns) {
  Contents out = empty(columns);
  for (const plan::ConstantRow& row : rows) out.rows.add(row.values, row.diff);
  if (error) out.errors[error->message] += 1;
  return out;
}

Contents mapped(const Contents& input, const plan::MapFilterProject& mfp,
                const ColumnTypes& columns) {
  Contents out = empty(columns);
  add_errors(input, out);
  each(input.rows, [&](const DatumRow& input_row, int64_t diff) {
    DatumRow row = input_row;
    for (size_t mapped_columns = 0;; ++mapped_columns) {
      for (size_t i = 0; i < mfp.predicates.size(); ++i) {
        if (mfp.predicate_after[i] != mapped_columns) continue;
        const std::optional<Datum> value = value_of(mfp.predicates[i], row, diff, out);
        if (!value || !is_true(*value)) return;
      }
      if (mapped_columns == mfp.map.size()) break;
      std::optional<Datum> value = value_of(mfp.map[mapped_columns], row, diff, out);
      if (!value) return;
      row.push_back(std::move(*value));
    }
    out.rows.add(picked(row, mfp.projection), diff);
  });
  return out;
}

// --- logical plans ---

class RelInterpreter {
 public:
  explicit RelInterpreter(const Database& database) : database_(database) {}

  // What a plan says of its rows need not hold beside an error: some rows are missing.
  Contents run(const RelRef& rel) {
    Contents out = run_operator(rel);
    if (out.errors.empty()) check_nulls(out.rows);
    return out;
  }

 private:
  Contents run_operator(const RelRef& rel) {
    const ColumnTypes columns = rel->type.column_types();
    if (rel->kind == RelKind::kLet) {
      locals_[rel->local] = run(rel->inputs[0]);
      return run(rel->inputs[1]);
    }
    std::vector<Contents> inputs;
    for (const RelRef& input : rel->inputs) inputs.push_back(run(input));
    switch (rel->kind) {
      case RelKind::kConstant:
        return constant_rows(rel->rows, rel->error, columns);
      case RelKind::kGet: {
        Contents out = empty(columns);
        each(database_.at(rel->collection),
             [&](const DatumRow& row, int64_t diff) { out.rows.add(row, diff); });
        return out;
      }
      case RelKind::kLocalGet:
        return with_weights(locals_.at(rel->local), columns, [](int64_t d) { return d; });
      case RelKind::kProject:
      case RelKind::kMap:
      case RelKind::kFilter:
        return linear(*rel, inputs[0], columns);
      case RelKind::kJoin:
        return joined(*rel, inputs, columns);
      case RelKind::kReduce:
        return reduced(inputs[0], rel->expressions, rel->aggregates, columns);
      case RelKind::kDistinct:
        return with_weights(inputs[0], columns, [](int64_t d) -> int64_t { return d > 0; });
      case RelKind::kThreshold:
        return with_weights(inputs[0], columns, [](int64_t d) { return d > 0 ? d : 0; });
      case RelKind::kNegate: {
        Contents out = with_weights(inputs[0], columns, [](int64_t d) { return -d; });
        return out;
      }
      case RelKind::kTopK:
        return limited(inputs[0], rel->group_columns, rel->order, rel->limit, rel->offset, columns);
      case RelKind::kUnion: {
        // Of a logical plan nullability speaks of the sum: rows are added up before they are seen.
        Contents sum = empty(columns);
        ColumnTypes loose = columns;
        for (ColumnType& column : loose) column.nullable = true;
        sum.rows.columns = loose;
        for (const Contents& input : inputs) {
          add_errors(input, sum);
          each(input.rows, [&](const DatumRow& row, int64_t diff) { sum.rows.add(row, diff); });
        }
        return with_weights(sum, columns, [](int64_t d) { return d; });
      }
      case RelKind::kFlatMap:
        return flat_mapped(inputs[0], rel->table_function, rel->expressions, rel->with_ordinality,
                           columns);
      default:
        check_failed(__FILE__, __LINE__, "a known relation", "");
    }
  }

  static Contents linear(const RelExpr& rel, const Contents& input, const ColumnTypes& columns) {
    Contents out = empty(columns);
    add_errors(input, out);
    each(input.rows, [&](const DatumRow& input_row, int64_t diff) {
      if (rel.kind == RelKind::kProject) {
        out.rows.add(picked(input_row, rel.projection), diff);
        return;
      }
      if (rel.kind == RelKind::kFilter) {
        const std::optional<bool> kept = passes(rel.expressions, input_row, diff, out);
        if (kept && *kept) out.rows.add(input_row, diff);
        return;
      }
      DatumRow row = input_row;
      for (const ScalarRef& expression : rel.expressions) {
        std::optional<Datum> value = value_of(expression, row, diff, out);
        if (!value) return;
        row.push_back(std::move(*value));
      }
      out.rows.add(row, diff);
    });
    return out;
  }

  static Contents joined(const RelExpr& rel, const std::vector<Contents>& inputs,
                         const ColumnTypes& columns) {
    Contents out = empty(columns);
    for (const Contents& input : inputs) add_errors(input, out);
    const std::function<void(size_t, const DatumRow&, int64_t)> extend =
        [&](size_t next, const DatumRow& row, int64_t diff) {
          if (next == inputs.size()) {
            if (agree(rel, row, diff, out)) out.rows.add(row, diff);
            return;
          }
          each(inputs[next].rows, [&](const DatumRow& more, int64_t more_diff) {
            DatumRow whole = row;
            whole.insert(whole.end(), more.begin(), more.end());
            extend(next + 1, whole, diff * more_diff);
          });
        };
    extend(0, {}, 1);
    return out;
  }

  static bool agree(const RelExpr& rel, const DatumRow& row, int64_t diff, Contents& out) {
    for (const std::vector<ScalarRef>& equivalence : rel.equivalences) {
      std::optional<std::string> first;
      for (const ScalarRef& member : equivalence) {
        const std::optional<Datum> value = value_of(member, row, diff, out);
        if (!value) return false;
        const std::string text = row_text({*value}, {member->type});
        if (first && *first != text) return false;
        first = text;
      }
    }
    return true;
  }

  const Database& database_;
  std::map<uint64_t, Contents> locals_;
};

// --- dataflow plans ---

struct NodeInterpreter {
  const plan::PlanNode& node;
  std::vector<Contents> inputs;
  const Database& database;

  Contents operator()(const plan::ImportNode& import) const {
    Contents out = empty(node.columns);
    each(database.at(import.collection),
         [&](const DatumRow& row, int64_t diff) { out.rows.add(row, diff); });
    return out;
  }
  Contents operator()(const plan::ConstantNode& constant) const {
    return constant_rows(constant.rows, constant.error, node.columns);
  }
  Contents operator()(const plan::MfpNode& mfp) const {
    return mapped(inputs[0], mfp.mfp, node.columns);
  }
  Contents operator()(const plan::JoinNode& join) const {
    ColumnTypes both = inputs[0].rows.columns;
    const ColumnTypes& right = inputs[1].rows.columns;
    both.insert(both.end(), right.begin(), right.end());
    Contents pairs = empty(both);
    for (const Contents& input : inputs) add_errors(input, pairs);
    each(inputs[0].rows, [&](const DatumRow& left_row, int64_t left_diff) {
      each(inputs[1].rows, [&](const DatumRow& right_row, int64_t right_diff) {
        for (size_t i = 0; i < join.left_key.size(); ++i) {
          const Datum& a = left_row[join.left_key[i]];
          const Datum& b = right_row[join.right_key[i]];
          if ((a.is_null() || b.is_null()) && !join.nulls_match) return;
          if (row_text({a}, {both[join.left_key[i]]}) !=
              row_text({b}, {right[join.right_key[i]]})) {
            return;
          }
        }
        DatumRow whole = left_row;
        whole.insert(whole.end(), right_row.begin(), right_row.end());
        pairs.rows.add(whole, left_diff * right_diff);
      });
    });
    return mapped(pairs, join.residual, node.columns);
  }
  Contents operator()(const plan::ReduceNode& reduce) const {
    std::vector<ScalarRef> keys;
    for (size_t column : reduce.key) {
      keys.push_back(expr::column_ref(column, inputs[0].rows.columns[column]));
    }
    return reduced(inputs[0], keys, reduce.aggregates, node.columns);
  }
  Contents operator()(const plan::DistinctNode&) const {
    return with_weights(inputs[0], node.columns, [](int64_t d) -> int64_t { return d > 0; });
  }
  Contents operator()(const plan::ThresholdNode&) const {
    return with_weights(inputs[0], node.columns, [](int64_t d) { return d > 0 ? d : 0; });
  }
  Contents operator()(const plan::TopKNode& top_k) const {
    return limited(inputs[0], top_k.group, top_k.order, top_k.limit, top_k.offset, node.columns);
  }
  Contents operator()(const plan::NegateNode&) const {
    return with_weights(inputs[0], node.columns, [](int64_t d) { return -d; });
  }
  Contents operator()(const plan::UnionNode&) const {
    Contents sum = empty(node.columns);
    for (const Contents& input : inputs) {
      add_errors(input, sum);
      each(input.rows, [&](const DatumRow& row, int64_t diff) { sum.rows.add(row, diff); });
    }
    return sum;
  }
  Contents operator()(const plan::FlatMapNode& flat_map) const {
    return flat_mapped(inputs[0], flat_map.function, flat_map.arguments, flat_map.with_ordinality,
                       node.columns);
  }
};

}  // namespace

Contents interpret(const RelRef& rel, const Database& database) {
  return RelInterpreter(database).run(rel);
}

Contents interpret(const plan::DataflowPlan& plan, const Database& database) {
  std::vector<Contents> done;
  for (const plan::PlanNode& node : plan.nodes) {
    std::vector<Contents> inputs;
    for (size_t input : node.inputs) {
      inputs.push_back(done.at(input));
      // A node of a dataflow speaks of each row that flows, also of those that will be taken back.
      if (std::holds_alternative<plan::UnionNode>(node.op)) {
        check_nulls({node.columns, inputs.back().rows.rows});
      }
    }
    done.push_back(std::visit(NodeInterpreter{node, std::move(inputs), database}, node.op));
    check_nulls(done.back().rows);
  }
  return done.at(plan.exports.at(0).node);
}

}  // namespace penstock::sql
