// From a plan to wired operators.
#include <map>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "dataflow/circuit.h"
#include "dataflow/flat_map_operator.h"
#include "dataflow/hash_arrangement.h"
#include "dataflow/join_operator.h"
#include "dataflow/map_filter_project.h"
#include "dataflow/reduce_operator.h"
#include "dataflow/simple_operators.h"
#include "dataflow/top_k_operator.h"
#include "dataflow/weight_operators.h"

namespace penstock::dataflow {

class CircuitBuilder {
 public:
  CircuitBuilder(const plan::DataflowPlan& plan, const CircuitOptions& options, ExportSink& sink)
      : plan_(plan), options_(options), sink_(sink), circuit_(new Circuit(options)) {}

  std::unique_ptr<Circuit> build() {
    circuit_->nowhere_ = std::make_unique<Emitter>(circuit_->step_);
    for (size_t i = 0; i < plan_.nodes.size(); ++i) {
      for (size_t input : plan_.nodes[i].inputs) CHECK_OP(<, input, i);
      std::visit([&](const auto& node) { add(i, node); }, plan_.nodes[i].op);
    }
    for (const plan::PlanExport& target : plan_.exports) add_export(target);
    return std::move(circuit_);
  }

 private:
  const plan::PlanNode& plan_node(size_t node) const { return plan_.nodes[node]; }
  const std::vector<types::ColumnType>& input_types(size_t node, size_t input) const {
    return plan_node(plan_node(node).inputs.at(input)).columns;
  }

  // Appends an operator to the circuit; gives its place.
  size_t append(std::unique_ptr<Operator> op) {
    circuit_->nodes_.push_back({std::move(op), std::make_unique<Emitter>(circuit_->step_)});
    return circuit_->nodes_.size() - 1;
  }
  void connect(size_t from, size_t to, uint32_t port) {
    Circuit::Node& target = circuit_->nodes_[to];
    circuit_->nodes_[from].out->add_consumer(*target.op, Port{port}, *target.out);
  }
  // The operator of a plan node: it reads all the node's inputs.
  void append_for(size_t node, std::unique_ptr<Operator> op) {
    places_.push_back(append(std::move(op)));
    uint32_t port = 0;
    for (size_t input : plan_node(node).inputs) connect(places_[input], places_.back(), port++);
  }

  void add(size_t node, const plan::ImportNode& import) {
    append_for(node, std::make_unique<ImportOperator>());
    circuit_->imports_.push_back({import.collection, places_.back()});
  }
  void add(size_t node, const plan::ConstantNode& constant) {
    append_for(node, std::make_unique<ConstantOperator>(
                         constant, data::physical_kinds(plan_node(node).columns)));
  }
  void add(size_t node, const plan::MfpNode& mfp) {
    append_for(node, std::make_unique<MfpOperator>(mfp.mfp, input_types(node, 0).size()));
  }
  void add(size_t node, const plan::ReduceNode& reduce) {
    append_for(node, std::make_unique<ReduceOperator>(reduce, input_types(node, 0),
                                                      plan_node(node).columns, options_.state));
  }
  void add(size_t node, const plan::DistinctNode&) {
    append_for(node, std::make_unique<WeightOperator>(WeightRule::kDistinct, input_types(node, 0),
                                                      options_.state));
  }
  void add(size_t node, const plan::ThresholdNode&) {
    append_for(node, std::make_unique<WeightOperator>(WeightRule::kThreshold, input_types(node, 0),
                                                      options_.state));
  }
  void add(size_t node, const plan::TopKNode& top_k) {
    append_for(node, std::make_unique<TopKOperator>(top_k, input_types(node, 0), options_.state));
  }
  void add(size_t node, const plan::NegateNode&) {
    append_for(node, std::make_unique<NegateOperator>());
  }
  void add(size_t node, const plan::UnionNode&) {
    append_for(node, std::make_unique<UnionOperator>());
  }
  void add(size_t node, const plan::FlatMapNode& flat_map) {
    append_for(node, std::make_unique<FlatMapOperator>(flat_map, input_types(node, 0)));
  }
  void add(size_t node, const plan::JoinNode& join) {
    CHECK_OP(==, join.left_key.size(), join.right_key.size());
    check_keys(node, join);
    size_t left = plan_node(node).inputs.at(0);
    size_t right = plan_node(node).inputs.at(1);
    NullKeys null_keys = join.nulls_match ? NullKeys::kMatchEachOther : NullKeys::kMatchNothing;
    size_t left_place = arrangement_of(left, join.left_key, null_keys);
    size_t right_place = arrangement_of(right, join.right_key, null_keys);
    places_.push_back(append(std::make_unique<JoinOperator>(
        side_of(left, left_place), side_of(right, right_place), join.residual)));
    connect(left_place, places_.back(), 0);
    connect(right_place, places_.back(), 1);
  }

  // Keys meet as bytes, so both sides must write them alike.
  void check_keys(size_t node, const plan::JoinNode& join) const {
    for (size_t i = 0; i < join.left_key.size(); ++i) {
      const types::SqlType& left = input_types(node, 0).at(join.left_key[i]).type;
      const types::SqlType& right = input_types(node, 1).at(join.right_key[i]).type;
      CHECK(types::physical_kind(left) == types::physical_kind(right));
      CHECK_OP(==, left.id == types::TypeId::kBpchar, right.id == types::TypeId::kBpchar);
    }
  }

  size_t arrangement_of(size_t node, const std::vector<size_t>& key, NullKeys null_keys) {
    auto [found, added] = arrangements_.try_emplace({node, key, null_keys}, 0);
    if (added) {
      found->second = append(std::make_unique<ArrangeOperator>(std::make_unique<HashArrangement>(
          plan_node(node).columns, key, null_keys, options_.state)));
      connect(places_[node], found->second, 0);
    }
    return found->second;
  }
  JoinOperator::Side side_of(size_t node, size_t place) const {
    const auto& arrange = static_cast<const ArrangeOperator&>(*circuit_->nodes_[place].op);
    return {&arrange.arrangement(), data::physical_kinds(plan_node(node).columns)};
  }

  // Whether the node pushes at most one difference per row and step.
  bool is_consolidated(size_t node) const {
    const plan::PlanNode& spec = plan_node(node);
    if (std::holds_alternative<plan::ReduceNode>(spec.op) ||
        std::holds_alternative<plan::DistinctNode>(spec.op) ||
        std::holds_alternative<plan::ThresholdNode>(spec.op) ||
        std::holds_alternative<plan::TopKNode>(spec.op)) {
      return true;
    }
    if (std::holds_alternative<plan::NegateNode>(spec.op)) return is_consolidated(spec.inputs[0]);
    const auto* mfp = std::get_if<plan::MfpNode>(&spec.op);
    if (mfp == nullptr || !is_consolidated(spec.inputs[0])) return false;
    // Different rows stay different as long as every column goes out.
    std::vector<bool> seen(input_types(node, 0).size());
    for (size_t column : mfp->mfp.projection) {
      if (column < seen.size()) seen[column] = true;
    }
    return std::find(seen.begin(), seen.end(), false) == seen.end();
  }

  void add_export(const plan::PlanExport& target) {
    circuit_->exports_.push_back(std::make_unique<ExportCollector>(
        ExportCollector::Options{.collection = target.collection,
                                 .input_is_consolidated = is_consolidated(target.node),
                                 .limit_bytes = options_.export_limit_bytes,
                                 .hash_mode = options_.state.hash_mode},
        sink_));
    ExportCollector& collector = *circuit_->exports_.back();
    Circuit::Node& from = circuit_->nodes_[places_[target.node]];
    from.out->add_consumer(collector, Port{0}, *circuit_->nowhere_);
    std::vector<bool> upstream(plan_.nodes.size());
    upstream[target.node] = true;
    for (size_t node = target.node + 1; node-- > 0;) {
      if (!upstream[node]) continue;
      circuit_->nodes_[places_[node]].out->add_collector(collector);
      for (size_t input : plan_node(node).inputs) upstream[input] = true;
    }
  }

  const plan::DataflowPlan& plan_;
  const CircuitOptions& options_;
  ExportSink& sink_;
  std::unique_ptr<Circuit> circuit_;
  std::vector<size_t> places_;  // Of each plan node's operator in the circuit.
  std::map<std::tuple<size_t, std::vector<size_t>, NullKeys>, size_t> arrangements_;
};

std::unique_ptr<Circuit> Circuit::build(const plan::DataflowPlan& plan,
                                        const CircuitOptions& options, ExportSink& sink) {
  return CircuitBuilder(plan, options, sink).build();
}

}  // namespace penstock::dataflow
