// Blocks gathered into batches.
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

constexpr size_t kWriteBytes = 1 << 20;

}  // namespace

PartWriter::PartWriter(Database& database, StoreState& state, PartLogging logging)
    : database_(database), logging_(logging) {
  std::lock_guard lock(state.mutex);
  part_.id = state.next_part++;
}

void PartWriter::add(std::string_view block) {
  batch_.put(Family::kLog, part_key(part_.id, part_.blocks++), block);
  if (batch_.size_bytes() >= kWriteBytes) write();
}

void PartWriter::write() {
  if (!status_ || batch_.empty()) return;
  status_ =
      logging_ == PartLogging::kLogged ? database_.write(batch_) : database_.write_unlogged(batch_);
  batch_.clear();
}

Result<PartRef> PartWriter::finish(const RunBuilder::Totals& totals) {
  write();
  RETURN_IF_ERROR(status_);
  part_.updates = totals.updates;
  part_.bytes = totals.bytes;
  return part_;
}

Result<PartRef> write_part(Database& database, StoreState& state, RunBuilder& run,
                           PartLogging logging) {
  PartWriter writer(database, state, logging);
  return writer.finish(run.finish([&](std::string_view block) { writer.add(block); }));
}

void remove_part(uint64_t part, WriteBatch& batch) {
  batch.remove_range(Family::kLog, part_key(part, 0), part_key(part + 1, 0));
}

}  // namespace penstock::storage
