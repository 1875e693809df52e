// SinkLedger over storage: a sink's K and R in the meta store, its hold on the collection beside
// them, written together.
//
// LedgerBook gathers the places of all sinks and appends those that changed, at most a second after
// they did: together, in one batch, without asking for a sync of their own.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/ids.h"
#include "base/stop_token.h"
#include "sinks/sink_ledger.h"
#include "storage/storage.h"

namespace penstock::coordinator {

// Meta key of a sink's place, and the name of its hold.
std::string sink_place_key(ObjectId sink);
std::string sink_holder(ObjectId sink);
sinks::LifeId life_id(const std::array<char, 16>& id);
// The lives of the directory, as sinks see them.
std::vector<sinks::Life> lives_of(const storage::Storage& storage);

// Thread-safe.
class LedgerBook {
 public:
  explicit LedgerBook(storage::Storage& storage);
  ~LedgerBook() { stop(); }
  LedgerBook(const LedgerBook&) = delete;
  LedgerBook& operator=(const LedgerBook&) = delete;

  // Writes what waits and ends the thread.
  void stop();

  std::unique_ptr<sinks::SinkLedger> open(ObjectId sink, CollectionId collection);
  // Where a sink stands now, written or not; nothing when it was never born.
  Result<std::optional<sinks::SinkPlace>> place(ObjectId sink);
  // A place that waits to be written is forgotten: the sink is being dropped, or another is
  // written.
  void forget(ObjectId sink);

 private:
  friend class StoredLedger;
  struct Waiting {
    CollectionId collection;
    sinks::SinkPlace place;
  };
  std::optional<sinks::SinkPlace> waiting(ObjectId sink);
  void put(ObjectId sink, CollectionId collection, const sinks::SinkPlace& place);
  Status write_durably(ObjectId sink, CollectionId collection, const sinks::SinkPlace& place);
  void run();
  Status write_waiting();

  storage::Storage& storage_;
  std::mutex mutex_;
  std::mutex append_mutex_;  // Places of one sink are appended in the order they were put.
  std::map<ObjectId, Waiting> waiting_;
  StopToken stop_;
  std::thread thread_;
};

// The changes that make `place` the sink's, with its hold.
storage::Changes place_changes(ObjectId sink, CollectionId collection,
                               const sinks::SinkPlace& place);

}  // namespace penstock::coordinator
