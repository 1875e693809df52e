// Holding a step's output and adding it up.
#include "dataflow/export_collector.h"

#include <algorithm>
#include <utility>

#include "data/consolidate.h"

namespace penstock::dataflow {

using data::BatchRef;
using data::DeltaBatch;

void ExportCollector::hold(Held& held, const DeltaBatch& chunk) const {
  held.batches.push_back(std::make_shared<const DeltaBatch>(chunk));
  // Shared buffers are counted for each batch that holds them: the limit comes early, never late.
  held.bytes += chunk.memory_bytes();
  held.rows += chunk.size();
  held.insert_only = held.insert_only && chunk.properties().insert_only;
}

std::vector<BatchRef> ExportCollector::take(Held& held, bool already_consolidated) const {
  Held taken = std::exchange(held, Held());
  if (taken.insert_only || already_consolidated) return std::move(taken.batches);
  return data::consolidate(taken.batches, data::ConsolidatedOrder::kFirstSeen, options_.hash_mode);
}

void ExportCollector::accept(Port, const DeltaBatch& chunk, Emitter&) {
  hold(rows_, chunk);
  if (rows_.bytes < options_.limit_bytes) return;
  for (const BatchRef& batch : take(rows_, options_.input_is_consolidated)) {
    sink_.take_rows(options_.collection, batch);
  }
}

void ExportCollector::add_errors(const DeltaBatch& errors) {
  hold(errors_, errors);
  if (errors_.bytes < options_.limit_bytes) return;
  // Few texts repeat many times: adding up is what makes room.
  for (const BatchRef& batch : take(errors_, false)) hold(errors_, *batch);
  if (errors_.bytes < options_.limit_bytes / 2) return;
  for (const BatchRef& batch : take(errors_, true)) {
    sink_.take_errors(options_.collection, batch);
  }
}

void ExportCollector::finish(const Step& step) {
  bool consolidated = options_.input_is_consolidated && !step.partial;
  for (const BatchRef& batch : take(rows_, consolidated)) {
    sink_.take_rows(options_.collection, batch);
  }
  for (const BatchRef& batch : take(errors_, false)) {
    sink_.take_errors(options_.collection, batch);
  }
}

void ExportCollector::clear() {
  rows_ = Held();
  errors_ = Held();
}

OperatorStats ExportCollector::stats() const {
  size_t bytes = rows_.bytes + errors_.bytes;
  return {.name = "export",
          .rows = rows_.rows + errors_.rows,
          .used_bytes = bytes,
          .reserved_bytes = bytes};
}

}  // namespace penstock::dataflow
