// The thread that cleans up.
#include "coordinator/outside/cleanup.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/outside/client_options.h"
#include "coordinator/outside/stored_ledger.h"
#include "defs/names.h"
#include "sinks/sink_cleanup.h"
#include "sources/postgres/postgres_describe.h"

namespace penstock::coordinator {

namespace {

Status drop_slot(const SlotCleanup& cleanup, const SecretStore& secrets, const StopToken& stop) {
  ASSIGN_OR_RETURN(connect::PostgresOptions options,
                   postgres_client_options(cleanup.connection, secrets));
  return sources::drop_replication_slot(options, cleanup.slot_name, stop);
}

Status leave_kafka(const SinkCleanup& cleanup, const OutsideAccess& access, const StopToken& stop) {
  sinks::SinkConfig config;
  config.id = cleanup.sink;
  config.progress_topic = cleanup.progress_topic;
  config.transactional_id = cleanup.transactional_id;
  config.def.progress_id = cleanup.progress_id;
  ASSIGN_OR_RETURN(connect::KafkaClientOptions options,
                   kafka_client_options({cleanup.connection, cleanup.aws},
                                        defs::client_identity(access.environment_id,
                                                              cleanup.connection_id, cleanup.sink),
                                        access.secrets, *access.catalog()));
  auto kafka = connect::make_kafka_client(options);
  sinks::Step<void> cleaned =
      sinks::clean_up_dropped_sink(config, cleanup.place, lives_of(access.storage), *kafka, stop);
  if (cleaned) return {};
  return fail(sql_state::kSystemError, cleaned.error().cause);
}

}  // namespace

CleanUpOutside clean_up_outside(OutsideAccess access) {
  return [access = std::move(access)](const CleanupTask& task, const StopToken& stop) {
    const auto* slot = std::get_if<SlotCleanup>(&task);
    if (slot != nullptr) return drop_slot(*slot, access.secrets, stop);
    return leave_kafka(std::get<SinkCleanup>(task), access, stop);
  };
}

Cleanup::Cleanup(storage::Storage& storage, SecretStore& secrets,
                 std::function<CatalogSnapshot()> catalog, CleanUpOutside clean_up)
    : storage_(storage),
      secrets_(secrets),
      catalog_(std::move(catalog)),
      clean_up_(std::move(clean_up)) {}

Status Cleanup::start() {
  ASSIGN_OR_RETURN(auto rows, storage_.meta().scan(std::string(kCleanupPrefix)));
  for (const auto& [key, value] : rows) {
    ASSIGN_OR_RETURN(CleanupTask task, decode_cleanup(key, value));
    pending_.emplace(key, std::move(task));
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void Cleanup::stop() {
  tell_to_stop();
  if (thread_.joinable()) thread_.join();
}

void Cleanup::begin(const CleanupTask& task) {
  std::lock_guard lock(mutex_);
  pending_.insert_or_assign(cleanup_key(task), task);
}

bool Cleanup::keeps_secret(ObjectId secret) {
  std::lock_guard lock(mutex_);
  bool used = std::ranges::any_of(
      pending_, [&](const auto& entry) { return uses_secret(entry.second, secret); });
  if (used) orphaned_secrets_.push_back(secret);
  return used;
}

// What the connection leads to now is kept, in case it is dropped before the clean-up is done.
CleanupTask Cleanup::renewed(const std::string& key) {
  CleanupTask task;
  {
    // The catalog is looked at under the lock: a DROP of connection and secret either finds the
    // secret used here, or its connection is gone before it could be taken over.
    std::lock_guard lock(mutex_);
    CleanupTask& kept = pending_.at(key);
    if (!renew_connection(kept, *catalog_())) return kept;
    task = kept;
  }
  storage::Changes changes;
  changes.meta.push_back({key, encode_cleanup(task)});
  auto written = storage_.writer().append_changes(changes, storage::SyncUrgency::kWithNext);
  if (!written) {
    log_warn("coordinator", "a clean-up could not be written again",
             {{"row", key}, {"error", written.error().message}});
  }
  return task;
}

bool Cleanup::attempt(const CleanupTask& task) {
  failpoint("coordinator.before_cleanup");
  Status done = clean_up_(task, stop_);
  if (!done) {
    log_warn("coordinator", "what a DROP left outside could not be removed yet",
             {{"row", cleanup_key(task)}, {"error", done.error().message}});
    return false;
  }
  storage::Changes changes;
  changes.meta.push_back({cleanup_key(task), std::nullopt});
  return storage_.writer().append_changes(changes, storage::SyncUrgency::kWithNext).has_value();
}

// REQUIRES: mutex_ is held.
void Cleanup::remove_orphaned_secrets() {
  std::erase_if(orphaned_secrets_, [&](ObjectId secret) {
    bool used = std::ranges::any_of(
        pending_, [&](const auto& entry) { return uses_secret(entry.second, secret); });
    return !used && secrets_.remove(secret).has_value();
  });
}

void Cleanup::run() {
  name_this_thread("cleanup");
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(30));
  std::chrono::milliseconds wait(50);
  while (!stop_.wait_for(wait)) {
    std::vector<std::string> pending;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [key, task] : pending_) pending.push_back(key);
    }
    bool all = true;
    for (const std::string& key : pending) {
      if (stop_.stopped()) return;
      if (!attempt(renewed(key))) {
        all = false;
        continue;
      }
      std::lock_guard lock(mutex_);
      pending_.erase(key);
      remove_orphaned_secrets();
    }
    if (all) backoff.reset();
    wait = all ? std::chrono::milliseconds(50) : backoff.next();
  }
}

}  // namespace penstock::coordinator
