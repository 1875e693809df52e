// Turns the messages of a replication stream into tick inputs: whole transactions, never split
// (rule T3), large ones through staged parts (T4), tables that were added later together with their
// snapshot (P2), and definite errors where they hit (P4).
//
// A table is
//   late       its copy is not finished: its transactions are kept apart and dropped as far as the
//              copy has them already, once the copy's point is known
//   published  its rows go into the next input
//   ended      a definite error is in its collection; nothing more is ingested
//
// Pure but for staging through the host. Owned by the source's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connect/postgres/lsn.h"
#include "format/pg/pgoutput.h"
#include "sources/postgres/source_position.h"
#include "sources/postgres/table_decoder.h"
#include "sources/source_host.h"

namespace penstock::sources {

class ChangeAssembler {
 public:
  enum class TableState : uint8_t { kLate, kPublished, kEnded };

  ChangeAssembler(ObjectId source, SourceHost& host);

  void add_table(CollectionId collection, const defs::SourceTableDef& def, TableState state);
  void remove_table(CollectionId collection);
  std::optional<TableState> state(CollectionId collection) const;
  // After the first snapshot. REQUIRES: the table is late and has seen no transaction.
  void set_state(CollectionId collection, TableState state);
  // All that still take rows.
  std::vector<std::pair<CollectionId, const defs::SourceTableDef*>> live_tables() const;

  // Where streaming begins: what is known to be handed over. Forgets an unfinished transaction and
  // what the server said about relations.
  void restart_at(const SourcePosition& position);
  const SourcePosition& position() const { return position_; }

  // One message. Errors: the bytes are no message, or staging failed; then nothing of the open
  // transaction has happened, and restart_at() is due.
  Status handle(std::string_view message);
  // The server has nothing for us below `lsn`. REQUIRES: not in a transaction.
  void advance(connect::Lsn lsn);
  bool in_transaction() const { return in_transaction_; }
  // When the transaction being received was committed, in microseconds since 2000.
  int64_t commit_time_us() const { return commit_time_us_; }

  // Bytes received for finished transactions since the last take().
  size_t pending_bytes() const { return pending_bytes_; }
  bool has_pending() const { return has_pending_; }
  struct Taken {
    storage::TickInput input;
    uint64_t updates = 0;
    std::vector<std::pair<CollectionId, uint64_t>> updates_of;  // By table.
    std::vector<CollectionId> published;
    bool only_position = false;  // Nothing but the binding: it can wait.
  };
  // Everything finished, with its binding; nothing when there is nothing.
  Result<std::optional<Taken>> take();
  // A binding alone, for an idle stream.
  Taken take_position();

  // --- definite errors found outside the stream ---
  // Hits the table when the stream has reached `lsn`.
  void fail_table(CollectionId collection, const std::string& reason, connect::Lsn lsn);
  void fail_all_tables(const std::string& reason, connect::Lsn lsn);
  // What the server has below `lsn` cannot be decoded: those that needed it are hit there; tables
  // that are still to be copied are copied later than that.
  void skip_to(connect::Lsn lsn, const std::string& reason);

  // --- late tables ---
  struct LateTable {
    CollectionId collection;
    uint64_t generation = 0;  // Of its copy: a truncation makes it start again.
    const TableDecoder* decoder = nullptr;
  };
  std::vector<LateTable> late_tables() const;  // Those without a finished copy.
  // The copy's consistent point. Nothing happens when the generation is not the present one.
  void set_copy_point(CollectionId collection, uint64_t generation, connect::Lsn point);
  // The copy is complete; false when its generation is not the present one (parts are discarded).
  Result<bool> finish_copy(CollectionId collection, uint64_t generation,
                           storage::StagedParts parts);

 private:
  struct Commit {
    connect::Lsn end;
    CollectedRows rows;
    std::optional<storage::StagedParts> staged;
  };
  struct Table {
    Table(CollectionId id, const defs::SourceTableDef& def)
        : collection(id), decoder(def), collector(decoder.make_collector()) {}

    CollectionId collection;
    TableDecoder decoder;
    TableState state = TableState::kLate;
    RowCollector collector;
    CollectedRows ready;                             // Of finished transactions.
    std::vector<storage::StagedParts> staged;        // Likewise.
    std::unique_ptr<storage::StagingWriter> writer;  // Made when first needed.
    bool spilled = false;                            // The open transaction is in the writer.
    std::optional<storage::StagedParts> open_parts;  // Or in these, while it is committed.
    bool touched = false;                            // By the open transaction.
    std::string ending;                              // Why the open transaction ends it.
    std::string unbound_reason;                      // Why the relation of the stream does not fit.
    bool restart_copy = false;                       // The open transaction truncated it.
    bool newly_ended = false;                        // To be written with the next input.
    bool publish_ended = false;                      // It was never readable before.
    std::string end_reason;
    // Late:
    uint64_t generation = 1;
    std::optional<connect::Lsn> copy_point;
    std::optional<connect::Lsn> unreadable_at;  // The last commit that would end it, and why: if
    std::string unreadable_reason;              // the copy has it, nothing is lost.
    std::optional<storage::StagedParts> copy;
    std::vector<Commit> commits;
    size_t commits_bytes = 0;
  };
  struct OutsideFailure {
    CollectionId collection;
    std::string reason;
    connect::Lsn lsn;
  };

  Table* find(CollectionId collection);
  std::vector<Table*>& tables_of(uint32_t oid);
  bool takes_rows(Table& table);
  void begin(const format::PgOutputMessage& message);
  Status commit(const format::PgOutputMessage& message);
  Status finish_staging(Table& table);
  void commit_table(Table& table);
  void commit_late_table(Table& table);
  void unreadable_commit(Table& table);
  void relation(const format::PgRelation& relation);
  Status change();
  void truncate(uint32_t oid);
  void end_in_transaction(Table& table, const std::string& reason);
  void end_now(Table& table, const std::string& reason);
  void forget_late(Table& table);
  void forget_open(Table& table);
  void discard(const storage::StagedParts& parts);
  Status spill();
  Status spill_table(Table& table);
  Status spill_commits(Table& table);
  Status stage_commits(Table& table);
  void drop_copied_commits(Table& table);
  Result<storage::StagingWriter*> writer_of(Table& table);
  void apply_outside_failures();
  Status take_table(Table& table, Taken& out);
  Status publish_late(Table& table, Taken& out);

  ObjectId source_;
  SourceHost& host_;
  SourcePosition position_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::unordered_map<uint32_t, std::vector<Table*>> by_oid_;
  std::unordered_map<uint32_t, format::PgRelation> relations_;
  uint32_t last_oid_ = 0;
  std::vector<Table*>* last_tables_ = nullptr;
  format::PgOutputMessage message_;
  std::vector<OutsideFailure> outside_failures_;

  bool in_transaction_ = false;
  bool skipping_ = false;  // The transaction was handed over before.
  int64_t commit_time_us_ = 0;
  size_t transaction_bytes_ = 0;
  size_t unstaged_bytes_ = 0;  // Of the transaction.
  size_t pending_bytes_ = 0;
  bool has_pending_ = false;
};

}  // namespace penstock::sources
