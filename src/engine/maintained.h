// What one circuit keeps up to date: a view, whose changes go to storage, or an index, whose rows
// stay here. Owned by the cluster's thread once it is spliced in, by the hydrator's before.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "dataflow/circuit.h"
#include "engine/index_rows.h"
#include "engine/staged_contents.h"
#include "engine/view.h"
#include "storage/storage.h"

namespace penstock::engine {

// Takes what a circuit gives out in a step.
class StepOutput final : public dataflow::ExportSink {
 public:
  void take_rows(CollectionId, const data::BatchRef& rows) override {
    bytes_ += rows->memory_bytes();
    rows_.push_back(rows);
  }
  void take_errors(CollectionId, const data::BatchRef& errors) override {
    bytes_ += errors->memory_bytes();
    errors_.push_back(errors);
  }
  bool empty() const { return rows_.empty() && errors_.empty(); }
  size_t bytes() const { return bytes_; }
  std::vector<data::BatchRef>& rows() { return rows_; }
  std::vector<data::BatchRef>& errors() { return errors_; }
  // Adds up equal rows once there are many. What remains is added up again only when it has
  // doubled, so that each row is looked at a few times at most.
  void consolidate_when_large();
  void clear();

 private:
  std::vector<data::BatchRef> rows_;
  std::vector<data::BatchRef> errors_;
  size_t bytes_ = 0;
  size_t consolidate_beyond_ = storage::kStageBytes;
};

struct Maintained {
  explicit Maintained(storage::Storage& storage) : contents(storage) {}

  CollectionId id;  // Of the view, or of the index.
  ClusterId cluster;
  plan::DataflowPlan plan;
  std::shared_ptr<IndexRows> index;  // Null for a view.

  StepOutput output;
  std::unique_ptr<dataflow::Circuit> circuit;
  // Set from any thread: nobody wants it any more, and its circuit abandons the step under way.
  std::shared_ptr<std::atomic<bool>> unwanted = std::make_shared<std::atomic<bool>>(false);
  bool published = false;  // A view that can be read: its cluster does not step without it.
  std::vector<CollectionId> imports;
  // Keep the imports readable from `time` on: the next tick that the circuit has not seen is later.
  // Of a view published by an earlier process they are there from the start (rule S4).
  std::vector<std::unique_ptr<storage::ReadHold>> holds;
  Timestamp time;  // The last tick the circuit has seen.
  // Of the next tick, besides `output`: all there is in a new view, or differences that
  // rehydration found in a published one (rule S6).
  StagedContents contents;
};

// In the middle of a step: much that came out of a view goes to disk. An index keeps its rows in
// memory anyway and takes all changes of a step at once: until then they are added up here.
Status stage_output(storage::Storage& storage, Maintained& item);

}  // namespace penstock::engine
