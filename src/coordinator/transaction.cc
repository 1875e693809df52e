// Flavours and gathered writes.
#include "coordinator/transaction.h"

#include <algorithm>
#include <utility>

namespace penstock::coordinator {

Status Transaction::enter(Flavour flavour) {
  if (read_only_ && (flavour == Flavour::kWrite || flavour == Flavour::kDdl)) {
    return fail(sql_state::kReadOnlyTransaction, "transaction in read-only mode");
  }
  if (flavour == Flavour::kNone || flavour == flavour_) {
    if (flavour == Flavour::kDdl) {
      return fail(sql_state::kInvalidTransactionState,
                  "this transaction can only execute a single statement");
    }
    return {};
  }
  switch (flavour_) {
    case Flavour::kNone:
      flavour_ = flavour;
      return {};
    case Flavour::kRead:
      return fail(Error(sql_state::kReadOnlyTransaction, "transaction in read-only mode")
                      .with_detail("SELECT queries cannot be combined with other query types, "
                                   "including SUBSCRIBE."));
    case Flavour::kWrite:
      return fail(sql_state::kInvalidTransactionState, "transaction in write-only mode");
    case Flavour::kDdl:
      return fail(sql_state::kInvalidTransactionState,
                  "this transaction can only execute a single statement");
  }
  return {};
}

void Transaction::pin(Timestamp time, std::vector<std::unique_ptr<storage::ReadHold>> holds) {
  read_time_ = time;
  for (auto& hold : holds) holds_.push_back(std::move(hold));
}

void Transaction::add_rows(CollectionId table, std::vector<data::BatchRef> rows) {
  for (const data::BatchRef& batch : rows) write_bytes_ += batch->memory_bytes();
  for (storage::CollectionInput& input : collections_) {
    if (input.collection != table) continue;
    input.rows.insert(input.rows.end(), rows.begin(), rows.end());
    return;
  }
  collections_.push_back({table, std::move(rows), {}});
}

std::vector<storage::CollectionInput> Transaction::take_rows() {
  write_bytes_ = 0;
  return std::exchange(collections_, {});
}

void Transaction::add_staged(storage::StagedParts parts) {
  staged_.push_back(std::move(parts));
}

std::vector<CollectionId> Transaction::written_tables() const {
  std::vector<CollectionId> tables;
  for (const storage::CollectionInput& input : collections_) tables.push_back(input.collection);
  for (const storage::StagedParts& parts : staged_) tables.push_back(parts.collection);
  return tables;
}

storage::TickInput Transaction::take_writes() {
  storage::TickInput input;
  input.collections = std::exchange(collections_, {});
  input.staged = std::exchange(staged_, {});
  write_bytes_ = 0;
  return input;
}

std::vector<storage::StagedParts> Transaction::take_staged() {
  return std::exchange(staged_, {});
}

}  // namespace penstock::coordinator
