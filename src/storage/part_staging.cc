// Full parts bypass the log: nothing refers to them yet, and finish() makes them durable before
// anything can. The last, small part of a set goes through the log, which spares the flush.
#include "storage/part_staging.h"

#include "base/failpoint.h"

namespace penstock::storage {

PartStaging::PartStaging(Database& database, StoreState& state, const CollectionState& collection)
    : database_(database),
      state_(state),
      collection_(collection.spec.id),
      formats_{collection.formats[0], collection.formats[1]} {
  staged_.collection = collection_;
}

PartStaging::~PartStaging() {
  WriteBatch batch;
  for (const PartRef& part : staged_.parts) remove_part(part.id, batch);
  // Refused by the disk, the next start discards them.
  if (!batch.empty()) static_cast<void>(database_.write(batch));
}

Status PartStaging::append(const data::DeltaBatch& rows) {
  rows_.add(*formats_[0], rows, Timestamp::min());
  if (rows_.memory_bytes() < kPartBytes) return {};
  return write_run(rows_, false, PartLogging::kUnlogged);
}

Status PartStaging::append_errors(const data::DeltaBatch& errors) {
  errors_.add(*formats_[1], errors, Timestamp::min());
  if (errors_.memory_bytes() < kPartBytes) return {};
  return write_run(errors_, true, PartLogging::kUnlogged);
}

Status PartStaging::write_run(RunBuilder& run, bool errors, PartLogging logging) {
  if (run.empty()) return {};
  staged_.hash.add(run.hash());
  if (!errors) staged_.rows += run.weight();
  ASSIGN_OR_RETURN(PartRef part, write_part(database_, state_, run, logging));
  if (part.blocks == 0) return {};  // All added up to nothing.
  part.errors = errors;
  staged_.updates += part.updates;
  staged_.bytes += part.bytes;
  staged_.parts.push_back(part);
  unlogged_ = unlogged_ || logging == PartLogging::kUnlogged;
  failpoint("storage.part_staged");
  return {};
}

Result<StagedParts> PartStaging::finish() {
  RETURN_IF_ERROR(write_run(rows_, false, PartLogging::kLogged));
  RETURN_IF_ERROR(write_run(errors_, true, PartLogging::kLogged));
  if (unlogged_) RETURN_IF_ERROR(database_.flush(Family::kLog));
  unlogged_ = false;
  StagedParts done = std::move(staged_);
  staged_ = {};
  staged_.collection = collection_;
  return done;
}

uint64_t PartStaging::bytes_in_memory() const {
  return rows_.memory_bytes() + errors_.memory_bytes();
}

}  // namespace penstock::storage
