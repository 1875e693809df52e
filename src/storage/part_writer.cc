// Parts go to the database in batches of about a megabyte, so that no tick waits long behind one.
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

constexpr size_t kWriteBytes = 1 << 20;

}  // namespace

Result<PartRef> write_part(Database& database, StoreState& state, RunBuilder& run,
                           PartLogging logging) {
  PartRef part;
  {
    std::lock_guard lock(state.mutex);
    part.id = state.next_part++;
  }
  WriteBatch batch;
  Status status;
  auto write = [&] {
    if (!status || batch.empty()) return;
    status =
        logging == PartLogging::kLogged ? database.write(batch) : database.write_unlogged(batch);
    batch.clear();
  };
  RunBuilder::Totals totals = run.finish([&](std::string_view block) {
    batch.put(Family::kLog, part_key(part.id, part.blocks++), block);
    if (batch.size_bytes() >= kWriteBytes) write();
  });
  write();
  RETURN_IF_ERROR(status);
  part.updates = totals.updates;
  part.bytes = totals.bytes;
  return part;
}

void remove_part(uint64_t part, WriteBatch& batch) {
  batch.remove_range(Family::kLog, part_key(part, 0), part_key(part + 1, 0));
}

}  // namespace penstock::storage
