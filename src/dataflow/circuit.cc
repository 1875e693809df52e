// Running steps.
#include "dataflow/circuit.h"

#include <algorithm>

namespace penstock::dataflow {

Circuit::~Circuit() = default;

void Circuit::feed(CollectionId collection, const data::DeltaBatch& rows) {
  for (const Import& import : imports_) {
    if (import.collection != collection) continue;
    Node& node = nodes_[import.node];
    for (size_t begin = 0; begin < rows.size(); begin += options_.chunk_rows) {
      if (step_.abandoned()) return;
      size_t end = std::min(begin + options_.chunk_rows, rows.size());
      bool whole = begin == 0 && end == rows.size();
      node.op->accept(Port{0}, whole ? rows : rows.slice(begin, end), *node.out);
    }
  }
}

void Circuit::feed_errors(CollectionId collection, const data::DeltaBatch& errors) {
  for (const Import& import : imports_) {
    if (import.collection == collection) nodes_[import.node].out->push_errors(errors);
  }
}

void Circuit::finish_step() {
  for (Node& node : nodes_) {
    if (step_.abandoned()) break;
    node.op->flush(*node.out);
  }
  for (const std::unique_ptr<ExportCollector>& collector : exports_) {
    if (step_.abandoned()) {
      collector->clear();
    } else {
      collector->finish(step_);
    }
  }
  ++step_.number;
  step_.partial = false;
}

std::vector<CollectionId> Circuit::imports() const {
  std::vector<CollectionId> out;
  for (const Import& import : imports_) out.push_back(import.collection);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<OperatorStats> Circuit::stats() const {
  std::vector<OperatorStats> out;
  for (const Node& node : nodes_) out.push_back(node.op->stats());
  for (const std::unique_ptr<ExportCollector>& collector : exports_) {
    out.push_back(collector->stats());
  }
  return out;
}

size_t Circuit::used_bytes() const {
  size_t bytes = 0;
  for (const OperatorStats& stats : stats()) bytes += stats.used_bytes;
  return bytes;
}

size_t Circuit::reserved_bytes() const {
  size_t bytes = 0;
  for (const OperatorStats& stats : stats()) bytes += stats.reserved_bytes;
  return bytes;
}

}  // namespace penstock::dataflow
