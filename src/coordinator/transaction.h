// One session's transaction: its flavour, what it has read at, and what it will write.
//
// A block is fixed to one flavour by its first effective statement: reads (all at one time), writes
// (gathered, one tick at COMMIT), or a single DDL statement. Owned by its session.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "storage/holds.h"
#include "storage/tick_input.h"

namespace penstock::coordinator {

enum class Flavour : uint8_t { kNone, kRead, kWrite, kDdl };

class Transaction {
 public:
  // Errors: mixing flavours (25000, 25006).
  Status enter(Flavour flavour);
  // BEGIN READ ONLY: writes and DDL are refused.
  void make_read_only() { read_only_ = true; }

  // The one DDL statement of a block: it takes effect at COMMIT.
  void defer(std::function<Status()> ddl) { deferred_ = std::move(ddl); }
  std::function<Status()> take_deferred() { return std::exchange(deferred_, nullptr); }

  // Reads: the time all of them use, fixed by the first, and holds that keep it readable.
  std::optional<Timestamp> read_time() const { return read_time_; }
  void pin(Timestamp time, std::vector<std::unique_ptr<storage::ReadHold>> holds);

  // Writes: gathered until commit. Staged parts must be discarded if the transaction is rolled
  // back.
  void add_rows(CollectionId table, std::vector<data::BatchRef> rows);
  void add_staged(storage::StagedParts parts);
  // The rows added so far, to be staged instead.
  std::vector<storage::CollectionInput> take_rows();
  bool has_writes() const { return !collections_.empty() || !staged_.empty(); }
  size_t write_bytes() const { return write_bytes_; }
  std::vector<CollectionId> written_tables() const;
  storage::TickInput take_writes();
  std::vector<storage::StagedParts> take_staged();

  Flavour flavour() const { return flavour_; }

 private:
  Flavour flavour_ = Flavour::kNone;
  bool read_only_ = false;
  std::function<Status()> deferred_;
  std::optional<Timestamp> read_time_;
  std::vector<std::unique_ptr<storage::ReadHold>> holds_;
  std::vector<storage::CollectionInput> collections_;
  std::vector<storage::StagedParts> staged_;
  size_t write_bytes_ = 0;
};

}  // namespace penstock::coordinator
