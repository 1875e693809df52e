// Places and holds of sinks in the log.
#include "coordinator/outside/stored_ledger.h"

#include <fmt/core.h>

#include <cstring>

#include "base/log.h"
#include "base/thread_name.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

constexpr std::chrono::milliseconds kWriteEvery{250};

}  // namespace

std::string sink_place_key(ObjectId sink) {
  return fmt::format("sink/{}/place", sink.value);
}
std::string sink_holder(ObjectId sink) {
  return "sink " + defs::object_id_text(sink);
}

sinks::LifeId life_id(const std::array<char, 16>& id) {
  sinks::LifeId out;
  for (size_t i = 0; i < 8; ++i) {
    out.high = out.high << 8 | static_cast<unsigned char>(id[i]);
    out.low = out.low << 8 | static_cast<unsigned char>(id[i + 8]);
  }
  return out;
}

std::vector<sinks::Life> lives_of(const storage::Storage& storage) {
  std::vector<sinks::Life> out;
  for (const storage::Life& life : storage.lives()) out.push_back({life_id(life.id), life.found});
  return out;
}

storage::Changes place_changes(ObjectId sink, CollectionId collection,
                               const sinks::SinkPlace& place) {
  storage::Changes changes;
  changes.meta.push_back({sink_place_key(sink), place.encode()});
  changes.holds.push_back(
      {sink_holder(sink), collection,
       place.history_released ? std::nullopt : std::optional(place.oldest_needed())});
  return changes;
}

class StoredLedger final : public sinks::SinkLedger {
 public:
  StoredLedger(LedgerBook& book, ObjectId sink, CollectionId collection)
      : book_(book), sink_(sink), collection_(collection) {}

  Result<sinks::SinkPlace> load() override {
    ASSIGN_OR_RETURN(std::optional<sinks::SinkPlace> place, book_.place(sink_));
    if (!place) {
      return fail(
          sql_state::kInternalError,
          fmt::format("the stored place of sink {} cannot be read", defs::object_id_text(sink_)));
    }
    return *place;
  }
  void save(const sinks::SinkPlace& place) override { book_.put(sink_, collection_, place); }
  Status save_durably(const sinks::SinkPlace& place) override {
    return book_.write_durably(sink_, collection_, place);
  }
  std::vector<sinks::Life> lives() const override { return lives_of(book_.storage_); }

 private:
  LedgerBook& book_;
  ObjectId sink_;
  CollectionId collection_;
};

LedgerBook::LedgerBook(storage::Storage& storage) : storage_(storage), thread_([this] { run(); }) {}

void LedgerBook::stop() {
  stop_.stop();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<sinks::SinkLedger> LedgerBook::open(ObjectId sink, CollectionId collection) {
  return std::make_unique<StoredLedger>(*this, sink, collection);
}

void LedgerBook::forget(ObjectId sink) {
  std::lock_guard appending(append_mutex_);
  std::lock_guard lock(mutex_);
  waiting_.erase(sink);
}

std::optional<sinks::SinkPlace> LedgerBook::waiting(ObjectId sink) {
  // Behind an append that is under way: what it takes is then found in the store.
  std::lock_guard appending(append_mutex_);
  std::lock_guard lock(mutex_);
  auto found = waiting_.find(sink);
  return found == waiting_.end() ? std::nullopt : std::optional(found->second.place);
}

Result<std::optional<sinks::SinkPlace>> LedgerBook::place(ObjectId sink) {
  // What the sink said before it was stopped for a new connection may not be written yet.
  if (std::optional<sinks::SinkPlace> waits = waiting(sink)) return waits;
  ASSIGN_OR_RETURN(std::optional<std::string> stored, storage_.meta().get(sink_place_key(sink)));
  return stored ? sinks::SinkPlace::decode(*stored) : std::nullopt;
}

void LedgerBook::put(ObjectId sink, CollectionId collection, const sinks::SinkPlace& place) {
  std::lock_guard lock(mutex_);
  waiting_[sink] = {collection, place};
}

Status LedgerBook::write_durably(ObjectId sink, CollectionId collection,
                                 const sinks::SinkPlace& place) {
  storage::LogPosition position;
  {
    std::lock_guard appending(append_mutex_);
    {
      std::lock_guard lock(mutex_);
      waiting_.erase(sink);
    }
    ASSIGN_OR_RETURN(position,
                     storage_.writer().append_changes(place_changes(sink, collection, place),
                                                      storage::SyncUrgency::kSoon));
  }
  while (!storage_.durability().wait_synced(position, std::chrono::milliseconds(100))) {
    if (std::optional<Error> failure = storage_.failure()) return fail(*failure);
    if (stop_.stopped()) return fail(sql_state::kAdminShutdown, "the server is shutting down");
  }
  return {};
}

Status LedgerBook::write_waiting() {
  std::lock_guard appending(append_mutex_);
  std::map<ObjectId, Waiting> waiting;
  {
    std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
  }
  storage::Changes all;
  for (const auto& [sink, entry] : waiting) {
    storage::Changes one = place_changes(sink, entry.collection, entry.place);
    all.meta.insert(all.meta.end(), one.meta.begin(), one.meta.end());
    all.holds.insert(all.holds.end(), one.holds.begin(), one.holds.end());
  }
  if (all.meta.empty()) return {};
  RETURN_IF_ERROR(storage_.writer().append_changes(all, storage::SyncUrgency::kWithNext));
  return {};
}

void LedgerBook::run() {
  name_this_thread("ledger");
  bool stopped = false;
  while (!stopped) {
    stopped = stop_.wait_for(kWriteEvery);
    Status written = write_waiting();
    if (!written) {
      log_error("coordinator", "places of sinks could not be written",
                {{"error", written.error().message}});
    }
  }
}

}  // namespace penstock::coordinator
