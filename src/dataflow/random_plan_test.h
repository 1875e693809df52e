// Random plans over small domains, for tests: every operator, shared nodes, self-joins, expressions
// that fail for some rows, NULLs, values that are equal in SQL though not in bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "dataflow/reference_test.h"
#include "expr/cast_catalogue.h"
#include "expr/function_catalogue.h"
#include "types/numeric.h"
#include "types/text_io.h"

namespace penstock::dataflow {

using types::SqlType;
using types::TypeId;

inline types::ColumnType column_type(TypeId id, bool nullable) {
  return {SqlType::of(id), nullable};
}

inline Datum random_value(Rng& rng, const types::ColumnType& type) {
  if (type.nullable && rng.one_in(4)) return Datum::null();
  switch (type.type.id) {
    case TypeId::kBool:
      return Datum::boolean(rng.one_in(2));
    case TypeId::kInt4:
    case TypeId::kInt8:
      return Datum::integer(static_cast<int64_t>(rng.below(4)) - 1);
    case TypeId::kFloat8: {
      static constexpr double kValues[] = {0.0, 1.5, -2.25, 1024.0};
      return Datum::floating(kValues[rng.below(4)]);
    }
    case TypeId::kNumeric: {
      static constexpr const char* kValues[] = {"0", "1.5", "-2.25", "1e20"};
      return types::parse_text(type.type, kValues[rng.below(4)]).value();
    }
    default: {
      static constexpr const char* kValues[] = {"", "a", "b", "a text that is not inline",
                                                "a text that is not inline either"};
      return Datum::bytes(kValues[rng.below(5)]);
    }
  }
}

class RandomPlan {
 public:
  RandomPlan(Rng& rng, size_t num_imports) : rng_(rng) {
    static constexpr TypeId kTypes[] = {TypeId::kInt8, TypeId::kInt8,   TypeId::kInt4,
                                        TypeId::kText, TypeId::kFloat8, TypeId::kNumeric,
                                        TypeId::kBool};
    for (size_t i = 0; i < num_imports; ++i) {
      Types types;
      for (size_t c = 1 + rng.below(4); c > 0; --c) {
        types.push_back(column_type(kTypes[rng.below(std::size(kTypes))], rng.one_in(2)));
      }
      // Something that joins and sums.
      types.push_back(column_type(TypeId::kInt8, rng.one_in(2)));
      import_types.push_back(types);
      add(plan::ImportNode{CollectionId{i + 1}}, {}, types);
    }
    for (size_t i = 1 + rng.below(6); i > 0; --i) add_random();
    for (size_t i = 1 + rng.below(2); i > 0; --i) {
      size_t node = i == 1 ? plan.nodes.size() - 1 : rng.below(plan.nodes.size());
      plan.exports.push_back({CollectionId{100 + i}, node});
    }
  }

  plan::DataflowPlan plan;
  std::vector<Types> import_types;

 private:
  const Types& types_of(size_t node) const { return plan.nodes[node].columns; }
  size_t any_node() { return rng_.below(plan.nodes.size()); }

  template <typename Op>
  size_t add(Op op, std::vector<size_t> inputs, Types columns) {
    plan.nodes.push_back({std::move(op), std::move(inputs), std::move(columns)});
    return plan.nodes.size() - 1;
  }
  std::vector<size_t> columns_of_type(const Types& types, TypeId id) {
    std::vector<size_t> out;
    for (size_t i = 0; i < types.size(); ++i) {
      if (types[i].type.id == id) out.push_back(i);
    }
    return out;
  }
  expr::ScalarRef any_column(const Types& types) {
    size_t column = rng_.below(types.size());
    return expr::column_ref(column, types[column]);
  }
  expr::ScalarRef call(std::string_view name, std::vector<expr::ScalarRef> arguments, TypeId id) {
    bool nullable = false;
    for (const expr::ScalarRef& argument : arguments) nullable |= argument->type.nullable;
    TypeId parameter = arguments[0]->type.type.id;
    const expr::FunctionSpec& function = expr::function_of(name, {parameter, parameter});
    return expr::call(function, std::move(arguments), column_type(id, nullable));
  }
  // Of int8; fails for some rows when it divides.
  expr::ScalarRef number(const Types& types) {
    std::vector<size_t> columns = columns_of_type(types, TypeId::kInt8);
    if (columns.empty() || rng_.one_in(5)) {
      return expr::literal(Datum::integer(static_cast<int64_t>(rng_.below(3))),
                           SqlType::of(TypeId::kInt8));
    }
    size_t column = columns[rng_.below(columns.size())];
    expr::ScalarRef reference = expr::column_ref(column, types[column]);
    if (rng_.one_in(3)) return call("+", {reference, number(types)}, TypeId::kInt8);
    if (rng_.one_in(6)) return call("/", {number(types), reference}, TypeId::kInt8);
    return reference;
  }
  expr::ScalarRef predicate(const Types& types) {
    static constexpr const char* kNames[] = {"<", "=", "<>", ">="};
    return call(kNames[rng_.below(4)], {number(types), number(types)}, TypeId::kBool);
  }
  plan::MapFilterProject random_mfp(const Types& input, Types& output) {
    plan::MapFilterProject mfp;
    Types types = input;
    for (size_t i = rng_.below(3); i > 0; --i) {
      mfp.map.push_back(number(types));
      types.push_back(mfp.map.back()->type);
    }
    for (size_t i = rng_.below(3); i > 0; --i) {
      mfp.predicate_after.push_back(rng_.below(mfp.map.size() + 1));
      Types visible(types.begin(),
                    types.begin() + static_cast<long>(input.size() + mfp.predicate_after.back()));
      mfp.predicates.push_back(predicate(visible));
    }
    for (size_t column = 0; column < types.size(); ++column) {
      if (rng_.one_in(5) && types.size() > 1) continue;
      mfp.projection.push_back(column);
      output.push_back(types[column]);
    }
    if (mfp.projection.empty()) {
      mfp.projection.push_back(0);
      output.push_back(types[0]);
    }
    return mfp;
  }

  void add_random() {
    switch (rng_.below(10)) {
      case 0:
      case 1:
        return add_mfp();
      case 2:
      case 3:
        return add_join();
      case 4:
      case 5:
        return add_reduce();
      case 6:
        return add_distinct_or_threshold();
      case 7:
        return add_union();
      case 8:
        return add_top_k();
      default:
        return add_flat_map_or_constant();
    }
  }
  void add_mfp() {
    size_t input = any_node();
    Types output;
    plan::MapFilterProject mfp = random_mfp(types_of(input), output);
    add(plan::MfpNode{std::move(mfp)}, {input}, output);
  }
  void add_join() {
    size_t left = any_node();
    size_t right = rng_.one_in(4) ? left : any_node();
    plan::JoinNode join;
    for (size_t tries = rng_.below(4); tries > 0; --tries) {
      size_t a = rng_.below(types_of(left).size());
      std::vector<size_t> same = columns_of_type(types_of(right), types_of(left)[a].type.id);
      if (same.empty()) continue;
      join.left_key.push_back(a);
      join.right_key.push_back(same[rng_.below(same.size())]);
    }
    join.nulls_match = rng_.one_in(3);
    Types both = types_of(left);
    both.insert(both.end(), types_of(right).begin(), types_of(right).end());
    if (both.size() > 8) return;
    Types output;
    join.residual = random_mfp(both, output);
    add(std::move(join), {left, right}, output);
  }
  std::vector<size_t> some_columns(const Types& types) {
    std::vector<size_t> out;
    for (size_t i = 0; i < types.size(); ++i) {
      if (rng_.one_in(2)) out.push_back(i);
    }
    return out;
  }
  // Lists of a column, or maps of a column by a number's digits, in an order of other columns.
  expr::AggregateExpr gathering(expr::AggregateExpr out, const Types& types) {
    bool map = rng_.one_in(2);
    std::vector<expr::ScalarRef> fields;
    if (map) {
      fields.push_back(*expr::cast(number(types), types::SqlType::of(TypeId::kText),
                                   expr::CastContext::kExplicit));
    }
    fields.push_back(any_column(types));
    types::SqlType part = types::without_modifier(fields.back()->type.type);
    for (uint64_t i = rng_.below(3); i > 0; --i) {
      fields.push_back(any_column(types));
      out.order.push_back({rng_.one_in(2), rng_.one_in(2)});
    }
    std::vector<types::ColumnType> field_types;
    for (const expr::ScalarRef& field : fields) field_types.push_back(field->type);
    const expr::FunctionSpec& row = expr::function_of("row", {expr::kAny});
    out.argument = expr::call(row, std::move(fields), expr::result_column_type(row, field_types));
    out.kind = map ? expr::AggregateKind::kMapAgg : expr::AggregateKind::kListAgg;
    out.type = {map ? types::SqlType::map_of(part) : types::SqlType::list_of(part), true};
    return out;
  }
  expr::AggregateExpr random_aggregate(const Types& types) {
    using expr::AggregateKind;
    expr::AggregateExpr out;
    out.distinct = rng_.one_in(4);
    if (rng_.one_in(4)) out.filter = predicate(types);
    if (rng_.one_in(4)) {
      out.kind = AggregateKind::kSumInt8;
      out.argument = number(types);
      out.type = column_type(TypeId::kNumeric, true);
      return out;
    }
    if (rng_.one_in(5)) return gathering(std::move(out), types);
    out.argument = any_column(types);
    TypeId id = out.argument->type.type.id;
    out.type = out.argument->type;
    out.type.nullable = true;
    uint64_t choice = rng_.below(4);
    if (choice == 0) {
      out.kind = AggregateKind::kMin;
    } else if (choice == 1) {
      out.kind = AggregateKind::kMax;
    } else if (choice == 2 && id == TypeId::kInt4) {
      out.kind = AggregateKind::kSumInt;
      out.type = column_type(TypeId::kInt8, true);
    } else if (choice == 2 && id == TypeId::kFloat8) {
      out.kind = AggregateKind::kSumFloat8;
    } else if (choice == 2 && id == TypeId::kNumeric) {
      out.kind = AggregateKind::kSumNumeric;
    } else if (choice == 2 && id == TypeId::kBool) {
      out.kind = rng_.one_in(2) ? AggregateKind::kBoolAnd : AggregateKind::kBoolOr;
    } else {
      out.kind = AggregateKind::kCount;
      out.type = column_type(TypeId::kInt8, false);
    }
    return out;
  }
  void add_reduce() {
    size_t input = any_node();
    plan::ReduceNode reduce;
    Types output;
    reduce.key = some_columns(types_of(input));
    for (size_t column : reduce.key) output.push_back(types_of(input)[column]);
    for (size_t i = rng_.below(3) + (reduce.key.empty() ? 1 : 0); i > 0; --i) {
      reduce.aggregates.push_back(random_aggregate(types_of(input)));
      output.push_back(reduce.aggregates.back().type);
    }
    add(std::move(reduce), {input}, output);
  }
  void add_distinct_or_threshold() {
    size_t input = any_node();
    if (rng_.one_in(2)) {
      add(plan::DistinctNode{}, {input}, types_of(input));
    } else {
      add(plan::ThresholdNode{}, {input}, types_of(input));
    }
  }
  // With one input perhaps negated, as EXCEPT and outer joins have it.
  void add_union() {
    size_t first = any_node();
    std::vector<size_t> inputs = {first};
    Types types = types_of(first);
    size_t num_nodes = plan.nodes.size();
    for (size_t node = 0; node < num_nodes && inputs.size() < 3; ++node) {
      bool same = types_of(node).size() == types.size();
      for (size_t i = 0; same && i < types.size(); ++i) {
        same = types_of(node)[i].type == types[i].type;
      }
      if (!same || rng_.one_in(3)) continue;
      for (size_t i = 0; i < types.size(); ++i) types[i].nullable |= types_of(node)[i].nullable;
      inputs.push_back(node);
    }
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (rng_.one_in(2)) {
        inputs[i] = add(plan::NegateNode{}, {inputs[i]}, types_of(inputs[i]));
      }
    }
    add(plan::UnionNode{}, inputs, types);
  }
  void add_top_k() {
    size_t input = any_node();
    plan::TopKNode top_k;
    top_k.group = some_columns(types_of(input));
    for (size_t i = rng_.below(3); i > 0; --i) {
      top_k.order.push_back({rng_.below(types_of(input).size()), rng_.one_in(2), rng_.one_in(2)});
    }
    if (!rng_.one_in(4)) top_k.limit = rng_.below(4);
    if (rng_.one_in(3)) top_k.offset = rng_.below(3);
    add(std::move(top_k), {input}, types_of(input));
  }
  void add_flat_map_or_constant() {
    if (rng_.one_in(2)) {
      Types types = import_types[rng_.below(import_types.size())];
      plan::ConstantNode constant;
      for (size_t i = rng_.below(4); i > 0; --i) {
        plan::ConstantRow row{{}, 1};
        for (const types::ColumnType& type : types) row.values.push_back(random_value(rng_, type));
        constant.rows.push_back(std::move(row));
      }
      if (rng_.one_in(10)) constant.error = {sql_state::kDataException, "a constant error"};
      add(std::move(constant), {}, types);
      return;
    }
    size_t input = any_node();
    Types output = types_of(input);
    plan::FlatMapNode flat_map;
    flat_map.function = plan::TableFunction::kGenerateSeriesInt8;
    flat_map.arguments = {number(types_of(input)), number(types_of(input)),
                          number(types_of(input))};
    flat_map.columns = {column_type(TypeId::kInt8, false)};
    flat_map.with_ordinality = rng_.one_in(2);
    if (flat_map.with_ordinality) flat_map.columns.push_back(column_type(TypeId::kInt8, false));
    output.insert(output.end(), flat_map.columns.begin(), flat_map.columns.end());
    add(std::move(flat_map), {input}, output);
  }

  Rng& rng_;
};

}  // namespace penstock::dataflow
