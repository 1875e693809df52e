// What every operator of a circuit is, and how it hands on what it makes.
//
// A step is many chunks in, then one flush: linear and bilinear operators push in accept(), since
// any chunking of a step sums to the same output; the others absorb chunks, remember what they
// touched, and push new - old in flush(). Pushing is depth first and synchronous: the consumers
// have run when it returns. Operators are flushed in topological order, each after all its inputs.
//
// An operator has no Result: bad data is an error row, a bug is a CHECK. Operators of a circuit
// belong to one thread and own their state.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta_batch.h"
#include "data/row_error.h"

namespace penstock::dataflow {

class Emitter;

struct Port {
  uint32_t index = 0;
};

// The step that is being run, shared by all operators of the circuit.
struct Step {
  uint64_t number = 0;  // From 0.
  // Some operator pushed differences before its input was complete, so its output for the step is
  // more than one difference per row.
  bool partial = false;
  // Set from any thread: nobody wants the result any more.
  std::atomic<bool> abandon = false;
  // Asked between chunks, if it is there: whether to abandon the step.
  std::function<bool()> gives_up;

  // True: pushing does nothing, and what runs should come to its end.
  bool abandoned() {
    if (!abandon.load(std::memory_order_relaxed) && gives_up && gives_up()) abandon.store(true);
    return abandon.load(std::memory_order_relaxed);
  }
};

struct OperatorStats {
  std::string_view name;
  size_t rows = 0;  // Kept: rows, groups or keys.
  size_t used_bytes = 0;
  size_t reserved_bytes = 0;
  uint64_t negative_rows = 0;  // Seen with a multiplicity below zero where that cannot be.
};

class Operator {
 public:
  virtual ~Operator() = default;
  // Takes one chunk of the current step.
  virtual void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) = 0;
  // Every input of the step has arrived: pushes what accept() held back, in chunks.
  virtual void flush(Emitter& out) { static_cast<void>(out); }
  virtual OperatorStats stats() const = 0;
};

// Takes the errors of the operators upstream of one export.
class ErrorCollector {
 public:
  virtual ~ErrorCollector() = default;
  virtual void add_errors(const data::DeltaBatch& errors) = 0;
};

// An operator's way out: its consumers, and the collectors of the exports downstream of it.
class Emitter {
 public:
  explicit Emitter(Step& step) : step_(step) {}

  void push(const data::DeltaBatch& chunk);
  // `errors` has one column, see row_error.h.
  void push_errors(const data::DeltaBatch& errors);
  Step& step() { return step_; }

  void add_consumer(Operator& consumer, Port port, Emitter& its_emitter) {
    consumers_.push_back({&consumer, port, &its_emitter});
  }
  void add_collector(ErrorCollector& collector) { collectors_.push_back(&collector); }
  bool has_consumers() const { return !consumers_.empty(); }

 private:
  struct Consumer {
    Operator* target;
    Port port;
    Emitter* out;
  };
  Step& step_;
  std::vector<Consumer> consumers_;
  std::vector<ErrorCollector*> collectors_;
};

// Errors of rows on their way to the emitter.
class ErrorRows {
 public:
  ErrorRows();
  void add(const data::RowError& error, int64_t diff);
  bool empty() const { return builder_.empty(); }
  void push_to(Emitter& out);

 private:
  data::BatchBuilder builder_;
};

// Of a collection in which a row was deleted more often than inserted.
data::RowError negative_multiplicity(std::string_view where);

}  // namespace penstock::dataflow
