// Hands a source's inputs to the ticker in order, knows how far they are durable, and counts.
//
// submit() from the source's thread; the rest from any thread. What is shared with callbacks of the
// sync thread outlives this object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stop_token.h"
#include "sources/postgres/change_assembler.h"
#include "sources/postgres/source_fault.h"
#include "sources/source_host.h"

namespace penstock::sources {

class HandOver {
 public:
  // `position`: of the binding found at start, durable already.
  HandOver(ObjectId source, SourceHost& host, const StopToken& stop,
           const std::optional<SourcePosition>& position);

  // Waits while there is no room, calling `while_waiting` about once a second (to keep a
  // connection alive); its fault is returned once the input is handed over. Only a stop ends the
  // wait without that. A table that was forgotten meanwhile is taken out.
  SourceResult<void> submit(ChangeAssembler::Taken taken, const SourcePosition& position,
                            const std::function<SourceResult<void>()>& while_waiting);

  // End of what was handed over, and of what of it is durable (D_in).
  std::optional<SourcePosition> handed_over() const;
  connect::Lsn durable() const;

  // After this nothing of the table is handed over any more.
  void forget_table(CollectionId collection);
  // What was forgotten since the last call.
  std::vector<CollectionId> take_forgotten();

  // --- counting ---
  void count_received(uint64_t messages, uint64_t bytes);
  void count_copied(CollectionId table, uint64_t rows, std::optional<uint64_t> estimate);
  void restart_copied(CollectionId table);
  void note_server_end(connect::Lsn end);
  SourceStatistics statistics() const;
  std::vector<std::pair<CollectionId, SourceStatistics>> table_statistics() const;

 private:
  struct Shared {
    mutable std::mutex mutex;
    connect::Lsn durable;
    SourceStatistics total;
    std::map<CollectionId, SourceStatistics> tables;
  };
  void take_out_forgotten(storage::TickInput& input);

  ObjectId source_;
  SourceHost& host_;
  const StopToken& stop_;
  std::shared_ptr<Shared> shared_;

  mutable std::mutex mutex_;  // Held while an input is offered.
  std::optional<SourcePosition> handed_over_;
  std::vector<CollectionId> forgotten_;
  std::vector<CollectionId> unseen_forgotten_;
};

}  // namespace penstock::sources
