// Merged updates into blocks.
#include "storage/compaction.h"

namespace penstock::storage {

Compaction::Compaction(Database& database, StoreState& state, CompactionTarget target,
                       std::unique_ptr<EntrySource> updates)
    : database_(database),
      target_(std::move(target)),
      updates_(std::move(updates)),
      part_(database, state, PartLogging::kUnlogged),
      blocks_(false, [this](std::string_view block) { part_.add(block); }) {}

Result<bool> Compaction::step(uint64_t bytes) {
  for (uint64_t written = 0; written < bytes;) {
    ASSIGN_OR_RETURN(bool more, updates_->next());
    if (more) {
      const Entry& entry = updates_->entry();
      blocks_.add(entry);
      written += entry.sort_key.size() + entry.payload.size();
      continue;
    }
    blocks_.finish();
    ASSIGN_OR_RETURN(PartRef part, part_.finish(blocks_.totals()));
    RETURN_IF_ERROR(database_.flush(Family::kLog));
    result_ = {.first = target_.entries.back().last,
               .part = part.id,
               .first_block = 0,
               .blocks = part.blocks,
               .updates = part.updates,
               .bytes = part.bytes,
               .timed = false,
               .base = target_.base};
    return true;
  }
  RETURN_IF_ERROR(part_.status());
  return false;
}

Status Compaction::discard() {
  WriteBatch batch;
  remove_part(part_.part(), batch);
  return database_.write(batch);
}

}  // namespace penstock::storage
