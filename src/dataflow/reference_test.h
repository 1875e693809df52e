// A second, naive implementation of every operator, over whole collections, row by row: what the
// tests compare circuits with. It recomputes a plan from scratch and shares nothing with the
// operators but scalar expressions and the order-preserving bytes of values.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "data/ordered_value.h"
#include "dataflow/bag_test.h"
#include "dataflow/gathered_test.h"
#include "dataflow/operator.h"
#include "dataflow/table_function.h"
#include "expr/evaluator.h"
#include "plan/dataflow_plan.h"
#include "types/compare.h"
#include "types/numeric_sum.h"

namespace penstock::dataflow {

class Reference {
 public:
  Reference(const plan::DataflowPlan& plan, const std::map<uint64_t, Collection>& imports)
      : plan_(plan), imports_(imports) {
    for (const plan::PlanNode& node : plan_.nodes) {
      node_ = &node;
      out_ = Collection();
      std::visit([&](const auto& op) { run(op); }, node.op);
      results_.push_back(out_);
    }
  }

  // Rows of an export and the errors of everything upstream.
  Collection result(const plan::PlanExport& target) const {
    Collection out{results_[target.node].rows, {}};
    std::vector<bool> upstream(plan_.nodes.size());
    upstream[target.node] = true;
    for (size_t node = target.node + 1; node-- > 0;) {
      if (!upstream[node]) continue;
      for (const auto& [error, weight] : results_[node].errors)
        add_error(out.errors, error, weight);
      for (size_t input : plan_.nodes[node].inputs) upstream[input] = true;
    }
    return out;
  }
  const Bag& rows_of(size_t node) const { return results_[node].rows; }

 private:
  const Bag& input(size_t i) const { return results_[node_->inputs[i]].rows; }
  const Types& input_types(size_t i) const { return plan_.nodes[node_->inputs[i]].columns; }
  void emit(const Row& row, int64_t weight) { out_.rows.add(node_->columns, row, weight); }
  void fail(const data::RowError& error, int64_t weight) {
    add_error(out_.errors, error.encode(), weight);
  }
  void negative(const char* where, int64_t count) {
    if (count != 0) fail(negative_multiplicity(where), count);
  }

  static std::string canonical(const Types& types, const Row& row) {
    std::string out;
    for (size_t i = 0; i < row.size(); ++i) {
      out.push_back(row[i].is_null() ? 0 : 1);
      if (!row[i].is_null()) data::append_ordered(types[i].type, row[i], out);
    }
    return out;
  }
  static Datum canonical(const types::SqlType& type, const Datum& value) {
    if (value.is_null()) return value;
    std::string bytes;
    data::append_ordered(type, value, bytes);
    std::string_view rest = bytes;
    return data::take_ordered(type, rest);
  }
  static Row canonical_row(const Types& types, const Row& row) {
    Row out;
    for (size_t i = 0; i < row.size(); ++i) out.push_back(canonical(types[i].type, row[i]));
    return out;
  }
  template <typename Columns>
  static Row pick(const Row& row, const Columns& columns) {
    Row out;
    for (size_t column : columns) out.push_back(row[column]);
    return out;
  }
  static Types pick_types(const Types& types, const std::vector<size_t>& columns) {
    Types out;
    for (size_t column : columns) out.push_back(types[column]);
    return out;
  }

  void run(const plan::ImportNode& node) {
    auto found = imports_.find(node.collection.value);
    if (found != imports_.end()) out_ = found->second;
  }
  void run(const plan::ConstantNode& node) {
    for (const plan::ConstantRow& row : node.rows) emit(row.values, row.diff);
    if (node.error) fail(*node.error, 1);
  }
  void run(const plan::MfpNode& node) {
    for (const auto& [bytes, entry] : input(0).entries()) apply(node.mfp, entry.row, entry.weight);
  }
  void apply(const plan::MapFilterProject& mfp, Row row, int64_t weight) {
    for (size_t mapped = 0; mapped <= mfp.map.size(); ++mapped) {
      for (size_t i = 0; i < mfp.predicates.size(); ++i) {
        if (mfp.predicate_after[i] != mapped) continue;
        Result<Datum> keep = expr::evaluate_row(mfp.predicates[i], row);
        if (!keep) return fail({keep.error().state, keep.error().message}, weight);
        if (keep->is_null() || !keep->as_bool()) return;
      }
      if (mapped == mfp.map.size()) break;
      Result<Datum> value = expr::evaluate_row(mfp.map[mapped], row);
      if (!value) return fail({value.error().state, value.error().message}, weight);
      row.push_back(*value);
    }
    emit(pick(row, mfp.projection), weight);
  }
  void run(const plan::JoinNode& node) {
    Types left_types = pick_types(input_types(0), node.left_key);
    Types right_types = pick_types(input_types(1), node.right_key);
    for (const auto& [left_bytes, left] : input(0).entries()) {
      Row left_key = pick(left.row, node.left_key);
      if (!node.nulls_match && std::ranges::any_of(left_key, &Datum::is_null)) continue;
      for (const auto& [right_bytes, right] : input(1).entries()) {
        Row right_key = pick(right.row, node.right_key);
        if (!node.nulls_match && std::ranges::any_of(right_key, &Datum::is_null)) continue;
        if (canonical(left_types, left_key) != canonical(right_types, right_key)) continue;
        Row row = left.row;
        row.insert(row.end(), right.row.begin(), right.row.end());
        apply(node.residual, std::move(row), left.weight * right.weight);
      }
    }
  }

  // The row's arguments, one for each aggregate; nothing where the filter is not true.
  using Arguments = std::vector<std::optional<Datum>>;
  std::optional<Arguments> arguments_of(const plan::ReduceNode& node, const Row& row,
                                        int64_t weight) {
    std::optional<data::RowError> worst;
    auto evaluate = [&](const expr::ScalarRef& expression) {
      Result<Datum> value = expr::evaluate_row(expression, row);
      if (value) return *value;
      data::RowError error{value.error().state, value.error().message};
      if (!worst || *worst < error) worst = error;
      return Datum::null();
    };
    Arguments out;
    for (const expr::AggregateExpr& aggregate : node.aggregates) {
      bool wanted = true;
      if (aggregate.filter) {
        Datum keep = evaluate(aggregate.filter);
        wanted = !keep.is_null() && keep.as_bool();
      }
      out.push_back(wanted ? std::optional(evaluate(aggregate.argument)) : std::nullopt);
    }
    if (!worst) return out;
    fail(*worst, weight);
    return std::nullopt;
  }

  struct Values {  // Of one aggregate in one group: by canonical bytes.
    std::map<std::string, std::pair<Datum, int64_t>> by_value;
    std::vector<std::pair<Datum, int64_t>> all;
  };
  struct Group {
    Row key;
    int64_t rows = 0;
    std::vector<Values> values;
  };

  void run(const plan::ReduceNode& node) {
    std::map<std::string, Group> groups;
    Types key_types = pick_types(input_types(0), node.key);
    for (const auto& [bytes, entry] : input(0).entries()) {
      std::optional<Arguments> arguments = arguments_of(node, entry.row, entry.weight);
      if (!arguments) continue;
      Row key = pick(entry.row, node.key);
      Group& group = groups[canonical(key_types, key)];
      group.key = canonical_row(key_types, key);
      group.rows += entry.weight;
      group.values.resize(node.aggregates.size());
      for (size_t i = 0; i < arguments->size(); ++i) {
        const std::optional<Datum>& value = (*arguments)[i];
        if (!value || value->is_null()) continue;
        group.values[i].all.emplace_back(*value, entry.weight);
        std::string text;
        data::append_ordered(node.aggregates[i].argument->type.type, *value, text);
        auto& known = group.values[i].by_value[text];
        known = {*value, known.second + entry.weight};
      }
    }
    for (auto& [bytes, group] : groups) {
      for (size_t i = 0; i < node.aggregates.size(); ++i) {
        bool extreme = node.aggregates[i].kind == expr::AggregateKind::kMin ||
                       node.aggregates[i].kind == expr::AggregateKind::kMax;
        if (is_gathering(node.aggregates[i]) && !node.aggregates[i].distinct) {
          for (const auto& [record, rows] : gathered_records(group.values[i].all)) {
            negative("an aggregate", rows < 0 ? 1 : 0);
          }
        }
        if (!extreme && !node.aggregates[i].distinct) continue;
        for (const auto& [text, value] : group.values[i].by_value) {
          negative("an aggregate", value.second < 0 ? 1 : 0);
        }
      }
      negative("an aggregate", group.rows < 0 ? 1 : 0);
      if (group.rows <= 0) continue;
      Row row = group.key;
      for (size_t i = 0; i < node.aggregates.size(); ++i) {
        row.push_back(finish(node.aggregates[i], group.values[i]));
      }
      emit(row, 1);
    }
  }

  static Datum finish(const expr::AggregateExpr& aggregate, const Values& values) {
    using expr::AggregateKind;
    if (is_gathering(aggregate)) {
      if (!aggregate.distinct) return gathered_value(aggregate, gathered_records(values.all));
      std::map<std::string, int64_t> records;
      for (const auto& [text, value] : values.by_value) {
        Datum record = canonical(aggregate.argument->type.type, value.first);
        if (value.second > 0) records[record.as_bytes()] = 1;
      }
      return gathered_value(aggregate, records);
    }
    const types::SqlType& type = aggregate.argument->type.type;
    std::vector<std::pair<Datum, int64_t>> input = values.all;
    if (aggregate.distinct) {
      input.clear();
      for (const auto& [text, value] : values.by_value) {
        if (value.second > 0) input.emplace_back(value.first, 1);
      }
    }
    int64_t count = 0;
    types::NumericSum exact;
    long double floats = 0;
    int64_t trues = 0;
    std::optional<Datum> least;
    std::optional<Datum> greatest;
    for (const auto& [value, weight] : input) {
      count += weight;
      if (aggregate.kind == AggregateKind::kSumNumeric) {
        exact.add(types::Numeric::decode(value.as_bytes()), weight);
      } else if (aggregate.kind == AggregateKind::kSumFloat8) {
        floats += static_cast<long double>(value.as_double()) * static_cast<long double>(weight);
      } else if (aggregate.kind == AggregateKind::kBoolAnd ||
                 aggregate.kind == AggregateKind::kBoolOr) {
        trues += value.as_bool() ? weight : 0;
      } else if (aggregate.kind != AggregateKind::kCount && aggregate.kind != AggregateKind::kMin &&
                 aggregate.kind != AggregateKind::kMax) {
        exact.add_integer(value.as_int(), weight);
      }
    }
    for (const auto& [text, value] : values.by_value) {
      if (value.second == 0) continue;
      if (!least || types::compare_values(type, value.first, *least) < 0) least = value.first;
      if (!greatest || types::compare_values(type, value.first, *greatest) > 0) {
        greatest = value.first;
      }
    }
    switch (aggregate.kind) {
      case AggregateKind::kCount:
        return Datum::integer(count);
      case AggregateKind::kMin:
        return least ? canonical(type, *least) : Datum::null();
      case AggregateKind::kMax:
        return greatest ? canonical(type, *greatest) : Datum::null();
      case AggregateKind::kBoolAnd:
      case AggregateKind::kBoolOr: {
        int64_t falses = count - trues;
        if (trues == 0 && falses == 0) return Datum::null();
        return Datum::boolean(aggregate.kind == AggregateKind::kBoolAnd ? falses == 0 : trues != 0);
      }
      case AggregateKind::kSumInt:
        return count == 0 ? Datum::null() : Datum::integer(*exact.total().to_int64());
      case AggregateKind::kSumFloat8:
        return count == 0 ? Datum::null() : Datum::floating(static_cast<double>(floats));
      default:
        return count == 0 ? Datum::null() : Datum::bytes(exact.total().encoded());
    }
  }

  void run(const plan::DistinctNode&) {
    std::map<std::string, Bag::Entry> sums;
    for (const auto& [bytes, entry] : input(0).entries()) {
      Bag::Entry& sum = sums[canonical(input_types(0), entry.row)];
      sum.row = canonical_row(input_types(0), entry.row);
      sum.weight += entry.weight;
    }
    for (const auto& [bytes, entry] : sums) {
      negative("DISTINCT", entry.weight < 0 ? 1 : 0);
      if (entry.weight > 0) emit(entry.row, 1);
    }
  }
  void run(const plan::ThresholdNode&) {
    for (const auto& [bytes, entry] : input(0).entries()) {
      if (entry.weight > 0) emit(entry.row, entry.weight);
    }
  }
  void run(const plan::NegateNode&) {
    for (const auto& [bytes, entry] : input(0).entries()) emit(entry.row, -entry.weight);
  }
  void run(const plan::UnionNode&) {
    for (size_t i = 0; i < node_->inputs.size(); ++i) {
      for (const auto& [bytes, entry] : input(i).entries()) emit(entry.row, entry.weight);
    }
  }
  void run(const plan::FlatMapNode& node) {
    std::vector<types::SqlType> types;
    for (const expr::ScalarRef& argument : node.arguments) types.push_back(argument->type.type);
    for (const auto& [bytes, entry] : input(0).entries()) {
      Row values;
      std::optional<data::RowError> error;
      for (const expr::ScalarRef& argument : node.arguments) {
        Result<Datum> value = expr::evaluate_row(argument, entry.row);
        if (!value && !error) error = {value.error().state, value.error().message};
        values.push_back(value.value_or(Datum::null()));
      }
      int64_t number = 0;
      if (!error) {
        error =
            for_each_table_row(node.function, types, values, [&](std::span<const Datum> appended) {
              Row row = entry.row;
              row.insert(row.end(), appended.begin(), appended.end());
              if (node.with_ordinality) row.push_back(Datum::integer(++number));
              emit(row, entry.weight);
            });
      }
      if (error) fail(*error, entry.weight);
    }
  }

  int compare(const plan::TopKNode& node, const Row& a, const Row& b) const {
    auto compare_column = [&](size_t column, bool descending, bool nulls_first) {
      const Datum& x = a[column];
      const Datum& y = b[column];
      if (x.is_null() || y.is_null()) {
        if (x.is_null() && y.is_null()) return 0;
        return x.is_null() == nulls_first ? -1 : 1;
      }
      auto order = types::compare_values(input_types(0)[column].type, x, y);
      int sign = order < 0 ? -1 : order > 0 ? 1 : 0;
      return descending ? -sign : sign;
    };
    for (const plan::SortColumn& column : node.order) {
      int order = compare_column(column.column, column.descending, column.nulls_first);
      if (order != 0) return order;
    }
    for (size_t column = 0; column < a.size(); ++column) {
      int order = compare_column(column, false, false);
      if (order != 0) return order;
    }
    return 0;
  }
  void run(const plan::TopKNode& node) {
    std::map<std::string, std::vector<Bag::Entry>> groups;
    Types key_types = pick_types(input_types(0), node.group);
    for (const auto& [bytes, entry] : input(0).entries()) {
      negative("a LIMIT within groups", entry.weight < 0 ? 1 : 0);
      if (entry.weight <= 0) continue;
      groups[canonical(key_types, pick(entry.row, node.group))].push_back(entry);
    }
    for (auto& [key, entries] : groups) {
      std::ranges::sort(entries, [&](const Bag::Entry& a, const Bag::Entry& b) {
        return compare(node, a.row, b.row) < 0;
      });
      int64_t skip = static_cast<int64_t>(node.offset);
      int64_t left = node.limit ? static_cast<int64_t>(*node.limit) : INT64_MAX;
      for (const Bag::Entry& entry : entries) {
        int64_t skipped = std::min(skip, entry.weight);
        skip -= skipped;
        int64_t taken = std::min(entry.weight - skipped, left);
        left -= taken;
        if (taken > 0) emit(entry.row, taken);
      }
    }
  }

  const plan::DataflowPlan& plan_;
  const std::map<uint64_t, Collection>& imports_;
  const plan::PlanNode* node_ = nullptr;
  Collection out_;
  std::vector<Collection> results_;
};

}  // namespace penstock::dataflow
