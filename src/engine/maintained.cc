// What comes out of a step is kept small until the step ends.
#include "engine/maintained.h"

#include <algorithm>

#include "data/consolidate.h"

namespace penstock::engine {
namespace {

std::vector<data::BatchRef> added_up(const std::vector<data::BatchRef>& batches) {
  return data::consolidate(batches, data::ConsolidatedOrder::kFirstSeen, data::HashMode::kNormal);
}

}  // namespace

void StepOutput::consolidate_when_large() {
  if (bytes_ <= consolidate_beyond_) return;
  rows_ = added_up(rows_);
  errors_ = added_up(errors_);
  bytes_ = 0;
  for (const auto* batches : {&rows_, &errors_}) {
    for (const data::BatchRef& batch : *batches) bytes_ += batch->memory_bytes();
  }
  consolidate_beyond_ = std::max(storage::kStageBytes, 2 * bytes_);
}

void StepOutput::clear() {
  rows_.clear();
  errors_.clear();
  bytes_ = 0;
  consolidate_beyond_ = storage::kStageBytes;
}

Status stage_output(storage::Storage& storage, Maintained& item) {
  if (item.index) {
    item.output.consolidate_when_large();
    return {};
  }
  if (item.output.bytes() <= storage::kStageBytes) return {};
  ASSIGN_OR_RETURN(std::unique_ptr<storage::StagingWriter> staging, storage.stage(item.id));
  for (const data::BatchRef& batch : item.output.rows()) RETURN_IF_ERROR(staging->append(*batch));
  for (const data::BatchRef& batch : item.output.errors()) {
    RETURN_IF_ERROR(staging->append_errors(*batch));
  }
  item.output.clear();
  ASSIGN_OR_RETURN(storage::StagedParts parts, staging->finish());
  item.contents.add(std::move(parts));
  return {};
}

}  // namespace penstock::engine
