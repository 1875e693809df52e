// Replication messages into tick inputs: tables, transactions, rows. What is late or taken is in
// change_assembler_late.cc.
#include "sources/postgres/change_assembler.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using format::PgOutputKind;

// True when the columns that matter are the same bytes: such an update changes nothing here.
bool same_values(const format::PgTuple& before, const format::PgTuple& after) {
  if (before.size() != after.size()) return false;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].kind == format::PgValueKind::kUnchangedToast) continue;
    if (before[i].kind != after[i].kind || before[i].bytes != after[i].bytes) return false;
  }
  return true;
}

}  // namespace

ChangeAssembler::ChangeAssembler(ObjectId source, SourceHost& host)
    : source_(source), host_(host) {}

void ChangeAssembler::add_table(CollectionId collection, const defs::SourceTableDef& def,
                                TableState state) {
  CHECK(find(collection) == nullptr);
  auto table = std::make_unique<Table>(collection, def);
  table->state = state;
  auto known = relations_.find(def.upstream.oid);
  if (known != relations_.end() && state != TableState::kEnded) {
    // One that does not fit may be old: the server tells the next one before the next change.
    table->unbound_reason = table->decoder.bind(known->second).value_or("");
  }
  by_oid_[def.upstream.oid].push_back(table.get());
  tables_.push_back(std::move(table));
  last_tables_ = nullptr;
}

void ChangeAssembler::remove_table(CollectionId collection) {
  Table* table = find(collection);
  if (table == nullptr) return;
  forget_late(*table);
  forget_open(*table);
  for (const storage::StagedParts& parts : table->staged) discard(parts);
  std::erase(by_oid_[table->decoder.def().upstream.oid], table);
  std::erase_if(tables_, [&](const auto& owned) { return owned.get() == table; });
  last_tables_ = nullptr;
}

ChangeAssembler::Table* ChangeAssembler::find(CollectionId collection) {
  for (const auto& table : tables_) {
    if (table->collection == collection) return table.get();
  }
  return nullptr;
}

std::optional<ChangeAssembler::TableState> ChangeAssembler::state(CollectionId collection) const {
  for (const auto& table : tables_) {
    if (table->collection == collection) return table->state;
  }
  return std::nullopt;
}

void ChangeAssembler::set_state(CollectionId collection, TableState state) {
  // A table that was removed meanwhile is no longer here.
  if (Table* table = find(collection)) table->state = state;
}

std::vector<std::pair<CollectionId, const defs::SourceTableDef*>> ChangeAssembler::live_tables()
    const {
  std::vector<std::pair<CollectionId, const defs::SourceTableDef*>> out;
  for (const auto& table : tables_) {
    if (table->state == TableState::kEnded) continue;
    out.emplace_back(table->collection, &table->decoder.def());
  }
  return out;
}

std::vector<ChangeAssembler::Table*>& ChangeAssembler::tables_of(uint32_t oid) {
  if (last_tables_ == nullptr || last_oid_ != oid) {
    last_tables_ = &by_oid_[oid];
    last_oid_ = oid;
  }
  return *last_tables_;
}

void ChangeAssembler::restart_at(const SourcePosition& position) {
  position_ = position;
  relations_.clear();
  for (const auto& table : tables_) {
    table->decoder.unbind();
    table->collector.drop_unmarked();
    forget_open(*table);
    table->touched = false;
    table->ending.clear();
    table->unbound_reason.clear();
    table->restart_copy = false;
  }
  in_transaction_ = false;
  skipping_ = false;
  transaction_bytes_ = 0;
  unstaged_bytes_ = 0;
}

Status ChangeAssembler::handle(std::string_view bytes) {
  RETURN_IF_ERROR(format::decode_pgoutput(bytes, message_));
  switch (message_.kind) {
    case PgOutputKind::kBegin:
      begin(message_);
      return {};
    case PgOutputKind::kCommit:
      return commit(message_);
    case PgOutputKind::kRelation:
      relation(message_.relation);
      return {};
    case PgOutputKind::kInsert:
    case PgOutputKind::kUpdate:
    case PgOutputKind::kDelete:
      if (skipping_) return {};
      transaction_bytes_ += bytes.size();
      unstaged_bytes_ += bytes.size();
      RETURN_IF_ERROR(change());
      if (unstaged_bytes_ >= storage::kStageBytes) return spill();
      return {};
    case PgOutputKind::kTruncate:
      if (skipping_) return {};
      for (uint32_t oid : message_.truncated) truncate(oid);
      return {};
    case PgOutputKind::kOrigin:
    case PgOutputKind::kType:
    case PgOutputKind::kMessage:
      return {};
  }
  return {};
}

void ChangeAssembler::begin(const format::PgOutputMessage& message) {
  in_transaction_ = true;
  // A commit record that begins below our position was handed over before.
  skipping_ = Lsn{message.lsn} < position_.lsn;
  commit_time_us_ = message.time_us;
  transaction_bytes_ = 0;
  unstaged_bytes_ = 0;
}

Status ChangeAssembler::commit(const format::PgOutputMessage& message) {
  if (skipping_) {
    in_transaction_ = false;
    skipping_ = false;
    return {};
  }
  // What can fail comes first: the position may pass the transaction only with all of its rows.
  for (const auto& table : tables_) {
    if (table->touched) RETURN_IF_ERROR(finish_staging(*table));
  }
  in_transaction_ = false;
  position_.lsn = Lsn{message.end_lsn};
  for (const auto& table : tables_) {
    if (table->touched) commit_table(*table);
  }
  pending_bytes_ += transaction_bytes_;
  has_pending_ = true;
  apply_outside_failures();
  for (const auto& table : tables_) {
    if (table->commits_bytes >= storage::kStageBytes) RETURN_IF_ERROR(spill_commits(*table));
  }
  return {};
}

Status ChangeAssembler::finish_staging(Table& table) {
  if (!table.spilled) return {};
  RETURN_IF_ERROR(spill_table(table));
  ASSIGN_OR_RETURN(table.open_parts, table.writer->finish());
  table.spilled = false;
  return {};
}

void ChangeAssembler::commit_table(Table& table) {
  table.touched = false;
  if (table.state == TableState::kLate) return commit_late_table(table);
  if (table.open_parts) {
    table.staged.push_back(std::move(*table.open_parts));
    table.open_parts.reset();
  }
  if (!table.ending.empty()) {
    end_now(table, table.ending);
    table.ending.clear();
  }
  table.collector.mark();
}

void ChangeAssembler::relation(const format::PgRelation& relation) {
  for (Table* table : tables_of(relation.oid)) {
    if (table->state == TableState::kEnded || !table->ending.empty()) continue;
    table->unbound_reason = table->decoder.bind(relation).value_or("");
    bool ends = !table->unbound_reason.empty() && table->state == TableState::kPublished;
    if (ends && !skipping_) end_in_transaction(*table, table->unbound_reason);
  }
  relations_[relation.oid] = relation;
}

void ChangeAssembler::end_in_transaction(Table& table, const std::string& reason) {
  table.touched = true;
  table.ending = reason;
}

// The error goes into the collection with everything that is pending.
void ChangeAssembler::end_now(Table& table, const std::string& reason) {
  table.publish_ended = table.state == TableState::kLate;
  table.state = TableState::kEnded;
  table.collector.append_error(definite_error_text(reason), 1);
  table.collector.mark();
  table.newly_ended = true;
  table.end_reason = reason;
  has_pending_ = true;
}

bool ChangeAssembler::takes_rows(Table& table) {
  return table.state != TableState::kEnded && table.ending.empty() && !table.restart_copy;
}

Status ChangeAssembler::change() {
  for (Table* table : tables_of(message_.relation_oid)) {
    if (!takes_rows(*table)) continue;
    if (!table->unbound_reason.empty()) {
      end_in_transaction(*table, table->unbound_reason);
      continue;
    }
    if (!table->decoder.is_bound()) {
      return fail(sql_state::kProtocolViolation,
                  "a change in the replication stream came before its relation");
    }
    bool has_old = message_.kind != PgOutputKind::kInsert;
    if (has_old && message_.old_row_kind != format::PgOldRow::kFull) {
      end_in_transaction(*table,
                         "old row missing from replication stream. Did you forget to set REPLICA "
                         "IDENTITY to FULL for your table?");
      continue;
    }
    bool update = message_.kind == PgOutputKind::kUpdate;
    if (update && same_values(message_.old_row, message_.new_row)) continue;
    table->touched = true;
    std::optional<std::string> reason;
    if (has_old) {
      reason = table->decoder.append(message_.old_row, nullptr, -1, table->collector);
    }
    if (!reason && message_.kind != PgOutputKind::kDelete) {
      const format::PgTuple* old = update ? &message_.old_row : nullptr;
      reason = table->decoder.append(message_.new_row, old, 1, table->collector);
    }
    if (reason) end_in_transaction(*table, *reason);
  }
  return {};
}

void ChangeAssembler::truncate(uint32_t oid) {
  for (Table* table : tables_of(oid)) {
    if (table->state == TableState::kEnded || !table->ending.empty()) continue;
    if (table->state == TableState::kLate) {
      // Nobody has seen it yet: its copy simply begins again.
      table->touched = true;
      table->restart_copy = true;
    } else {
      end_in_transaction(*table, "table was truncated");
    }
  }
}

// Moves what the open transaction brought so far to disk.
Status ChangeAssembler::spill() {
  for (const auto& table : tables_) {
    if (table->touched) RETURN_IF_ERROR(spill_table(*table));
  }
  unstaged_bytes_ = 0;
  return {};
}

Result<storage::StagingWriter*> ChangeAssembler::writer_of(Table& table) {
  if (!table.writer) {
    ASSIGN_OR_RETURN(table.writer, host_.stage(table.collection));
  }
  return table.writer.get();
}

Status ChangeAssembler::spill_table(Table& table) {
  table.ready.append(table.collector.take_marked());
  CollectedRows open = table.collector.take();
  ASSIGN_OR_RETURN(storage::StagingWriter * writer, writer_of(table));
  table.spilled = true;  // Also when it fails half-way.
  for (const data::BatchRef& batch : open.rows) RETURN_IF_ERROR(writer->append(*batch));
  for (const data::BatchRef& batch : open.errors) RETURN_IF_ERROR(writer->append_errors(*batch));
  return {};
}

void ChangeAssembler::advance(Lsn lsn) {
  CHECK(!in_transaction_);
  position_.lsn = std::max(position_.lsn, lsn);
  apply_outside_failures();
}

void ChangeAssembler::fail_table(CollectionId collection, const std::string& reason, Lsn lsn) {
  auto known = std::ranges::find(outside_failures_, collection, &OutsideFailure::collection);
  if (known == outside_failures_.end()) outside_failures_.push_back({collection, reason, lsn});
}

void ChangeAssembler::fail_all_tables(const std::string& reason, Lsn lsn) {
  for (const auto& table : tables_) {
    if (table->state != TableState::kEnded) fail_table(table->collection, reason, lsn);
  }
}

void ChangeAssembler::skip_to(Lsn lsn, const std::string& reason) {
  for (const auto& table : tables_) {
    if (table->state == TableState::kPublished) {
      fail_table(table->collection, reason, position_.lsn);
    } else if (table->state == TableState::kLate) {
      forget_late(*table);
      ++table->generation;
    }
  }
  advance(position_.lsn);
  position_.lsn = std::max(position_.lsn, lsn);
}

}  // namespace penstock::sources
