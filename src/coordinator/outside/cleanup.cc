// The thread that cleans up.
#include "coordinator/outside/cleanup.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/outside/client_options.h"
#include "coordinator/outside/stored_ledger.h"
#include "sinks/sink_cleanup.h"
#include "sources/postgres/postgres_describe.h"

namespace penstock::coordinator {

Cleanup::Cleanup(storage::Storage& storage, SecretStore& secrets)
    : storage_(storage), secrets_(secrets) {}

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

Status Cleanup::drop_slot(const SlotCleanup& cleanup) {
  ASSIGN_OR_RETURN(connect::PostgresOptions options,
                   postgres_client_options(cleanup.connection, secrets_));
  return sources::drop_replication_slot(options, cleanup.slot_name, stop_);
}

Status Cleanup::leave_kafka(const SinkCleanup& cleanup) {
  sinks::SinkConfig config;
  config.id = cleanup.sink;
  config.progress_topic = cleanup.progress_topic;
  config.transactional_id = cleanup.transactional_id;
  auto kafka = connect::make_kafka_client(
      kafka_client_options(cleanup.connection, cleanup.transactional_id));
  sinks::Step<void> cleaned =
      sinks::clean_up_dropped_sink(config, cleanup.place, lives_of(storage_), *kafka, stop_);
  if (cleaned) return {};
  return fail(sql_state::kSystemError, cleaned.error().cause);
}

bool Cleanup::attempt(const CleanupTask& task) {
  failpoint("coordinator.before_cleanup");
  const auto* slot = std::get_if<SlotCleanup>(&task);
  Status done = slot != nullptr ? drop_slot(*slot) : leave_kafka(std::get<SinkCleanup>(task));
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
    std::map<std::string, CleanupTask> pending;
    {
      std::lock_guard lock(mutex_);
      pending = pending_;
    }
    bool all = true;
    for (const auto& [key, task] : pending) {
      if (stop_.stopped()) return;
      if (!attempt(task)) {
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
