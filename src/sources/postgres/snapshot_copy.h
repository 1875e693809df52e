// Copying tables inside the snapshot of a replication slot into staged parts (rules T4, P1, P2).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "connect/postgres/lsn.h"
#include "connect/postgres/postgres_connection.h"
#include "defs/source_def.h"
#include "sources/postgres/source_fault.h"
#include "sources/source_host.h"

namespace penstock::sources {

struct CopyJob {
  CollectionId collection;
  uint64_t generation = 0;
  defs::SourceTableDef def;
};

// What became of one table.
struct CopiedTable {
  CollectionId collection;
  uint64_t generation = 0;
  storage::StagedParts parts;
  std::string ended;  // Not empty: no longer what it was; nothing was copied.
};

// Told after every batch of rows: how many more are staged, and of how many the table has (an
// estimate, with the first batch).
using CopyProgress =
    std::function<void(CollectionId, uint64_t rows, std::optional<uint64_t> estimate)>;

// Begins a transaction and makes a slot whose snapshot it sees; the consistent point.
SourceResult<connect::Lsn> begin_at_slot(connect::PostgresConnection& replication,
                                         const std::string& slot, bool temporary);

// Copies the tables inside that transaction and ends it. On a fault nothing stays staged.
SourceResult<std::vector<CopiedTable>> copy_tables(connect::PostgresConnection& replication,
                                                   const std::string& publication,
                                                   const std::vector<CopyJob>& jobs,
                                                   SourceHost& host, const CopyProgress& progress);

// The copy of tables that were added while the stream runs, in a thread of its own. The owner asks
// how far it is; destruction stops it.
class LateCopy {
 public:
  LateCopy(ObjectId source, const defs::PostgresSourceDef& def, std::vector<CopyJob> jobs,
           SourceHost& host, CopyProgress progress);
  ~LateCopy();

  const std::vector<CopyJob>& jobs() const { return jobs_; }
  // The consistent point, once known.
  std::optional<connect::Lsn> point() const;
  // The outcome, once; nothing while it runs.
  std::optional<SourceResult<std::vector<CopiedTable>>> take_outcome();

 private:
  void run();
  SourceResult<std::vector<CopiedTable>> copy();

  ObjectId source_;
  defs::PostgresSourceDef def_;
  std::vector<CopyJob> jobs_;
  SourceHost& host_;
  CopyProgress progress_;
  StopToken stop_;
  std::atomic<uint64_t> point_{0};
  std::mutex mutex_;
  std::optional<SourceResult<std::vector<CopiedTable>>> outcome_;
  std::thread thread_;
};

}  // namespace penstock::sources
