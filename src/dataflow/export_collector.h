// The end of a circuit: gathers the rows of one export's node and the errors of everything upstream
// of it, and hands each step's consolidated difference to the sink.
//
// Rows need no adding up when nothing was retracted, or when the last operator shows each change of
// a row once a step. A step whose output exceeds the limit (hydration) is handed on as it comes:
// each part is consolidated, but parts may hold rows that cancel each other; their sum is the
// difference.
#pragma once

#include <vector>

#include "base/ids.h"
#include "dataflow/operator.h"
#include "dataflow/state_options.h"

namespace penstock::dataflow {

// Takes a step's difference, chunk by chunk, on the circuit's thread.
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  virtual void take_rows(CollectionId collection, const data::BatchRef& rows) = 0;
  virtual void take_errors(CollectionId collection, const data::BatchRef& errors) = 0;
};

class ExportCollector final : public Operator, public ErrorCollector {
 public:
  struct Options {
    CollectionId collection;
    // The node before pushes at most one difference per row and step.
    bool input_is_consolidated = false;
    size_t limit_bytes = 0;
    data::HashMode hash_mode = data::HashMode::kNormal;
  };
  ExportCollector(const Options& options, ExportSink& sink) : options_(options), sink_(sink) {}

  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  void add_errors(const data::DeltaBatch& errors) override;
  // The step is over: hands over what is left.
  void finish(const Step& step);
  // Forgets what an abandoned step left.
  void clear();
  OperatorStats stats() const override;

 private:
  struct Held {
    std::vector<data::BatchRef> batches;
    size_t bytes = 0;
    size_t rows = 0;
    bool insert_only = true;
  };
  void hold(Held& held, const data::DeltaBatch& chunk) const;
  std::vector<data::BatchRef> take(Held& held, bool already_consolidated) const;

  Options options_;
  ExportSink& sink_;
  Held rows_;
  Held errors_;
};

}  // namespace penstock::dataflow
