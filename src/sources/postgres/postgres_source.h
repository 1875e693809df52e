// A PostgreSQL source: the thread that copies its tables, follows its slot, and hands over ticks.
//
//   no binding   make the slot, copy all tables inside its snapshot, publish them with the binding
//                in one tick (P1); a crash before that starts over
//   binding      check that this is the server and the slot (P4), stream from the binding
//   table added  stage its commits, copy it beside the stream, publish both together (P2)
//
// start(), stop() and the rest from any one thread at a time (the coordinator's); tell_to_stop()
// and statistics from any. Outlived by its host.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/stop_token.h"
#include "sources/postgres/change_assembler.h"
#include "sources/postgres/change_pump.h"
#include "sources/postgres/hand_over.h"
#include "sources/postgres/postgres_describe.h"
#include "sources/postgres/snapshot_copy.h"
#include "sources/source_host.h"

namespace penstock::sources {

// A table as the source is told of it.
struct SourceTable {
  CollectionId collection;
  defs::SourceTableDef def;
  bool published = false;  // Its collection is readable already.
};

class PostgresSource {
 public:
  // `tables`: all that exist now; those that come with the source share its first snapshot.
  PostgresSource(ObjectId id, defs::PostgresSourceDef def, std::vector<SourceTable> tables,
                 SourceHost& host, const Clock& clock);
  ~PostgresSource();

  // Reads the binding and begins. Error: the binding or a fact cannot be read.
  Status start();
  // Returns at once; the thread ends soon.
  void tell_to_stop();
  // Returns when the thread has ended; nothing is handed over afterwards.
  void stop();

  void add_table(SourceTable table);
  // After this nothing of the table is handed over any more (what was, may still be on its way).
  void remove_table(CollectionId collection);
  // The connection or one of its secrets changed: connects anew with what holds now.
  void refresh_connection();

  SourceStatistics statistics() const { return hand_over_->statistics(); }
  std::vector<std::pair<CollectionId, SourceStatistics>> table_statistics() const {
    return hand_over_->table_statistics();
  }

 private:
  void run();
  SourceFault attempt();
  SourceResult<std::unique_ptr<connect::PostgresConnection>> open(bool replication);
  SourceResult<void> check_identity(connect::PostgresConnection& connection);
  SourceResult<void> first_snapshot(connect::PostgresConnection& connection);
  SourceResult<void> publish_first(std::vector<CopiedTable> tables, connect::Lsn point);
  SourceResult<void> stream(std::unique_ptr<connect::PostgresConnection> connection);
  SourceResult<void> stream_turn(ChangePump& pump);
  SourceResult<void> take_up_tables();
  SourceResult<void> tend_late_copy();
  SourceResult<void> finish_late_copy(std::vector<CopiedTable> tables);
  SourceResult<void> validate_tables();
  SourceResult<void> hand_over_rest();
  SourceResult<void> leave_dead_stream();
  SourceResult<void> wait_durable(connect::Lsn lsn);
  SourceFault explain_stream_end(const SourceFault& fault);
  CopyProgress progress_counter();

  void report(SourceState state, const std::string& cause, const std::string& hint);
  void report_fault(const SourceFault& fault);
  void report_streaming();
  bool wait_before_retry(std::chrono::milliseconds time);
  std::vector<SourceTable> take_added();

  const ObjectId id_;
  const defs::PostgresSourceDef def_;
  SourceHost& host_;
  const Clock& clock_;
  StopToken stop_;
  std::unique_ptr<HandOver> hand_over_;
  std::thread thread_;

  std::mutex mutex_;
  std::vector<SourceTable> added_;  // Not yet taken up by the thread.
  std::atomic<bool> refresh_{false};

  // --- the thread's own ---
  ChangeAssembler assembler_;
  ServerIdentity server_;
  std::unique_ptr<LateCopy> late_copy_;
  uint64_t late_copy_after_us_ = 0;  // Not before: the last one failed.
  Backoff late_copy_backoff_;
  std::optional<SourceFault> late_copy_fault_;          // Somebody must act before it can succeed.
  std::unique_ptr<connect::PostgresConnection> watch_;  // For validation.
  uint64_t validate_after_us_ = 0;
  SourceStatus reported_;
  uint64_t failing_since_us_ = 0;  // 0 = not failing.
  bool was_running_ = false;
};

}  // namespace penstock::sources
