// ChangeAssembler: tables that are still being copied, and handing over what is finished.
#include <algorithm>

#include "base/check.h"
#include "sources/postgres/change_assembler.h"

namespace penstock::sources {

using connect::Lsn;

// A late table's transactions are kept one by one until the copy's point is known, because those
// that end at or below it must go (rule P2).
void ChangeAssembler::commit_late_table(Table& table) {
  if (!table.ending.empty()) return unreadable_commit(table);
  if (table.restart_copy) {
    table.restart_copy = false;
    table.collector.take();
    forget_open(table);
    forget_late(table);
    ++table.generation;
    return;
  }
  Commit commit{position_.lsn, table.collector.take(), std::move(table.open_parts)};
  table.open_parts.reset();
  bool copied = table.copy_point && commit.end <= *table.copy_point;
  if (copied) {
    if (commit.staged) discard(*commit.staged);
    return;
  }
  table.commits_bytes += commit.rows.size_bytes;
  table.commits.push_back(std::move(commit));
}

// The table may have been altered to what it is here after this commit; then the copy has it.
void ChangeAssembler::unreadable_commit(Table& table) {
  std::string reason = std::exchange(table.ending, {});
  table.collector.take();
  forget_open(table);
  if (!table.copy_point) {
    table.unreadable_at = position_.lsn;
    table.unreadable_reason = std::move(reason);
  } else if (position_.lsn > *table.copy_point) {
    forget_late(table);
    end_now(table, reason);
  }
}

// What fails leaves in memory what is not staged.
Status ChangeAssembler::spill_commits(Table& table) {
  Status staged = stage_commits(table);
  if (!staged) table.writer.reset();
  return staged;
}

// With the copy's point known, commits need not be told apart any more: they become few parts.
Status ChangeAssembler::stage_commits(Table& table) {
  ASSIGN_OR_RETURN(storage::StagingWriter * writer, writer_of(table));
  bool together = table.copy_point.has_value();
  for (Commit& commit : table.commits) {
    if (commit.staged) continue;
    for (const data::BatchRef& batch : commit.rows.rows) RETURN_IF_ERROR(writer->append(*batch));
    for (const data::BatchRef& batch : commit.rows.errors) {
      RETURN_IF_ERROR(writer->append_errors(*batch));
    }
    if (together) continue;
    ASSIGN_OR_RETURN(commit.staged, writer->finish());
    table.commits_bytes -= commit.rows.size_bytes;
    commit.rows = {};
  }
  if (!together) return {};
  ASSIGN_OR_RETURN(storage::StagedParts parts, writer->finish());
  std::erase_if(table.commits, [](const Commit& commit) { return !commit.staged; });
  table.commits.push_back({position_.lsn, {}, std::move(parts)});
  table.commits_bytes = 0;
  return {};
}

// What cannot be discarded now is discarded when the process starts again.
void ChangeAssembler::discard(const storage::StagedParts& parts) {
  static_cast<void>(host_.discard(parts));
}

// What the open transaction has on disk.
void ChangeAssembler::forget_open(Table& table) {
  if (table.spilled) table.writer.reset();  // Discards what was not finished.
  table.spilled = false;
  if (table.open_parts) discard(*table.open_parts);
  table.open_parts.reset();
}

void ChangeAssembler::forget_late(Table& table) {
  for (const Commit& commit : table.commits) {
    if (commit.staged) discard(*commit.staged);
  }
  if (table.copy) discard(*table.copy);
  table.commits.clear();
  table.commits_bytes = 0;
  table.copy.reset();
  table.copy_point.reset();
}

std::vector<ChangeAssembler::LateTable> ChangeAssembler::late_tables() const {
  std::vector<LateTable> out;
  for (const auto& table : tables_) {
    if (table->state == TableState::kLate && !table->copy) {
      out.push_back({table->collection, table->generation, &table->decoder});
    }
  }
  return out;
}

void ChangeAssembler::drop_copied_commits(Table& table) {
  std::vector<Commit> kept;
  table.commits_bytes = 0;
  for (Commit& commit : table.commits) {
    if (commit.end <= *table.copy_point) {
      if (commit.staged) discard(*commit.staged);
      continue;
    }
    table.commits_bytes += commit.rows.size_bytes;
    kept.push_back(std::move(commit));
  }
  table.commits = std::move(kept);
}

void ChangeAssembler::set_copy_point(CollectionId collection, uint64_t generation, Lsn point) {
  Table* table = find(collection);
  bool present =
      table != nullptr && table->state == TableState::kLate && table->generation == generation;
  if (!present) return;
  table->copy_point = point;
  drop_copied_commits(*table);
  if (table->unreadable_at && *table->unreadable_at > point) {
    outside_failures_.push_back({collection, table->unreadable_reason, position_.lsn});
    apply_outside_failures();
  }
  table->unreadable_at.reset();
}

Result<bool> ChangeAssembler::finish_copy(CollectionId collection, uint64_t generation,
                                          storage::StagedParts parts) {
  Table* table = find(collection);
  bool present = table != nullptr && table->state == TableState::kLate &&
                 table->generation == generation && table->copy_point;
  if (!present) {
    RETURN_IF_ERROR(host_.discard(parts));
    return false;
  }
  table->copy = std::move(parts);
  has_pending_ = true;
  return true;
}

void ChangeAssembler::apply_outside_failures() {
  if (in_transaction_) return;
  std::erase_if(outside_failures_, [&](const OutsideFailure& failure) {
    if (failure.lsn > position_.lsn) return false;
    Table* table = find(failure.collection);
    if (table != nullptr && table->state != TableState::kEnded) {
      if (table->state == TableState::kLate) forget_late(*table);
      end_now(*table, failure.reason);
    }
    return true;
  });
}

// The copy, what was committed behind it, and the publication: one tick (rules T4, P2).
Status ChangeAssembler::publish_late(Table& table, Taken& out) {
  CHECK(table.copy.has_value());
  out.updates += table.copy->updates;
  out.input.staged.push_back(std::move(*table.copy));
  table.copy.reset();
  for (Commit& commit : table.commits) {
    table.ready.append(std::move(commit.rows));
    if (commit.staged) table.staged.push_back(std::move(*commit.staged));
  }
  table.commits.clear();
  table.commits_bytes = 0;
  table.state = TableState::kPublished;
  out.input.publish.push_back(table.collection);
  out.published.push_back(table.collection);
  return {};
}

Status ChangeAssembler::take_table(Table& table, Taken& out) {
  bool publishes = table.state == TableState::kLate && table.copy &&
                   position_.lsn >= *table.copy_point && !in_transaction_;
  if (publishes) RETURN_IF_ERROR(publish_late(table, out));
  if (table.state == TableState::kLate) return {};
  table.ready.append(table.collector.take_marked());
  uint64_t updates = table.ready.updates;
  if (!table.ready.empty()) {
    out.input.collections.push_back(
        {table.collection, std::move(table.ready.rows), std::move(table.ready.errors)});
  }
  table.ready = {};
  for (storage::StagedParts& parts : table.staged) {
    updates += parts.updates;
    out.input.staged.push_back(std::move(parts));
  }
  table.staged.clear();
  if (table.newly_ended) {
    table.newly_ended = false;
    // One that was never readable becomes so with nothing but its error in it.
    if (table.publish_ended) out.input.publish.push_back(table.collection);
    out.input.changes.meta.push_back(
        {ended_table_key(source_, table.collection), table.end_reason});
  }
  if (updates > 0) out.updates_of.emplace_back(table.collection, updates);
  out.updates += updates;
  return {};
}

ChangeAssembler::Taken ChangeAssembler::take_position() {
  Taken out;
  out.only_position = true;
  out.input.bindings.push_back({source_, encode_position(position_)});
  return out;
}

Result<std::optional<ChangeAssembler::Taken>> ChangeAssembler::take() {
  // Inside a transaction the position still is the end of the one before.
  if (!has_pending_) return std::nullopt;
  Taken out = take_position();
  for (const auto& table : tables_) RETURN_IF_ERROR(take_table(*table, out));
  pending_bytes_ = 0;
  // A copy that waits for the stream to pass its point stays pending.
  has_pending_ = std::ranges::any_of(tables_, [](const auto& table) {
    return table->state == TableState::kLate && table->copy.has_value();
  });
  out.only_position = out.input.collections.empty() && out.input.staged.empty() &&
                      out.input.publish.empty() && out.input.changes.meta.empty();
  if (out.only_position && has_pending_) return std::nullopt;
  return out;
}

}  // namespace penstock::sources
