// A circuit: the operators of a DataflowPlan, wired. Changes of imported collections go in, one
// step after another; each step's consolidated changes of the exports come out.
//
//   feed(), feed_errors() any number of times, then finish_step(): that is a step.
//
// The first step is hydration: feed the imports' snapshots, chunk by chunk; peak memory is the
// state and a few chunks. Nothing reaches the sink but through feed(), feed_errors() and
// finish_step(). Arrangements are shared by everybody who wants the same node by the same columns.
// Errors of an export are those of every operator upstream of it, and of the imports among them.
//
// State is a cache: abandon() leaves the circuit unusable, build another. One owner thread, but
// abandon() may be called from any.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "dataflow/export_collector.h"
#include "dataflow/operator.h"
#include "dataflow/state_options.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

struct CircuitOptions {
  StateOptions state;
  // Chunks fed are cut to this many rows.
  size_t chunk_rows = data::kChunkRows;
  // A step's output beyond this is handed over in parts (ExportCollector).
  size_t export_limit_bytes = 64 << 20;
  // Asked between chunks, on the circuit's thread: true = abandon(). May be empty.
  std::function<bool()> gives_up;
};

class Circuit {
 public:
  // `sink` must outlive the circuit.
  static std::unique_ptr<Circuit> build(const plan::DataflowPlan& plan,
                                        const CircuitOptions& options, ExportSink& sink);
  ~Circuit();

  // Rows or errors of an imported collection; of any other: nothing happens.
  void feed(CollectionId collection, const data::DeltaBatch& rows);
  void feed_errors(CollectionId collection, const data::DeltaBatch& errors);
  void finish_step();

  // From any thread: whatever runs stops pushing soon; what came out of the step means nothing.
  void abandon() { step_.abandon.store(true, std::memory_order_relaxed); }
  bool abandoned() const { return step_.abandon.load(std::memory_order_relaxed); }

  // The collections it reads, each once.
  std::vector<CollectionId> imports() const;
  uint64_t steps() const { return step_.number; }
  std::vector<OperatorStats> stats() const;
  size_t used_bytes() const;
  size_t reserved_bytes() const;

 private:
  friend class CircuitBuilder;
  struct Node {
    std::unique_ptr<Operator> op;
    std::unique_ptr<Emitter> out;
  };
  struct Import {
    CollectionId collection;
    size_t node;
  };

  explicit Circuit(const CircuitOptions& options) : options_(options) {
    step_.gives_up = options.gives_up;
  }

  CircuitOptions options_;
  Step step_;
  std::vector<Node> nodes_;  // In topological order.
  std::vector<std::unique_ptr<ExportCollector>> exports_;
  std::unique_ptr<Emitter> nowhere_;  // Of the collectors: nothing follows them.
  std::vector<Import> imports_;
};

}  // namespace penstock::dataflow
