// Wiring, from the floor up; and down again in the other order.
#include "main/server_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <filesystem>

#include "base/clock.h"
#include "base/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/startup.h"
#include "engine/engine.h"
#include "server/server.h"
#include "storage/storage.h"

namespace penstock {
namespace {

constexpr const char* kEnvironmentKey = "environment-id";

// Signals are waited for, never handled in the middle of something.
class SignalWaiter {
 public:
  SignalWaiter() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    // Before any thread is made: all of them inherit the mask.
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  // Waits up to `ms` for one; its number, or 0.
  int wait(int ms) const {
    timespec time{.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1'000'000L};
    int signal = sigtimedwait(&set_, nullptr, &time);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_;
};

// Given, stored at an earlier start, or minted now: it names topics and transactions, so it must
// survive this process.
Result<std::string> environment_id(const ServerOptions& options, storage::Storage& storage) {
  ASSIGN_OR_RETURN(std::optional<std::string> stored, storage.meta().get(kEnvironmentKey));
  std::string id = options.environment_id;
  if (id.empty()) id = stored.value_or("penstock-local-" + coordinator::random_uuid() + "-0");
  if (stored && *stored != id) {
    return fail(
        Error(sql_state::kObjectNotInState,
              fmt::format("the data directory belongs to environment {}, not {}", *stored, id))
            .with_hint("Transactional ids and the progress topic depend on it."));
  }
  if (!stored) {
    storage::Changes changes;
    changes.meta.push_back({kEnvironmentKey, id});
    ASSIGN_OR_RETURN([[maybe_unused]] storage::LogPosition position,
                     storage.writer().append_changes(changes, storage::SyncUrgency::kSoon));
    RETURN_IF_ERROR(storage.sync_now());
  }
  return id;
}

Status run_until_told(const SignalWaiter& signals, const engine::Engine& engine) {
  while (true) {
    if (int signal = signals.wait(200)) {
      log_info("main", "stopping", {{"signal", std::to_string(signal)}});
      return {};
    }
    if (std::optional<Error> failure = engine.failure()) return fail(*failure);
  }
}

}  // namespace

Status serve(const ServerOptions& options) {
  SignalWaiter signals;
  const Clock& clock = system_clock();
  std::error_code made;
  std::filesystem::create_directories(options.data_directory, made);
  if (made) {
    return fail(sql_state::kIoError, fmt::format("cannot use data directory {}: {}",
                                                 options.data_directory, made.message()));
  }
  // Health is answered from the start; ready comes last.
  ASSIGN_OR_RETURN(std::unique_ptr<server::Server> server,
                   server::Server::create({.sql = options.sql_address,
                                           .internal_sql = options.internal_sql_address,
                                           .http = options.http_address}));
  storage::StorageOptions storage_options;
  storage_options.directory = options.data_directory;
  ASSIGN_OR_RETURN(std::unique_ptr<storage::Storage> storage,
                   storage::Storage::open(storage_options));
  std::unique_ptr<engine::Engine> engine =
      engine::Engine::create(engine::EngineOptions{}, *storage, clock);
  coordinator::CoordinatorOptions coordinator_options;
  coordinator_options.directory = options.data_directory;
  coordinator_options.system_parameters = options.system_parameters;
  coordinator_options.identity = {.version = options.version,
                                  .environment_id = {},
                                  .bootstrap_database = options.bootstrap_database,
                                  .bootstrap_role = options.bootstrap_role,
                                  .started_at_us = clock.wall_us()};
  ASSIGN_OR_RETURN(coordinator_options.identity.environment_id, environment_id(options, *storage));
  ASSIGN_OR_RETURN(
      std::unique_ptr<coordinator::Coordinator> coordinator,
      coordinator::Coordinator::create(std::move(coordinator_options), *storage, *engine, clock));
  RETURN_IF_ERROR(coordinator->start());
  server->serve(*coordinator);
  const server::Addresses& addresses = server->addresses();
  log_info(
      "main", "ready",
      {{"sql", addresses.sql}, {"internal_sql", addresses.internal_sql}, {"http", addresses.http}});
  Status served = run_until_told(signals, *engine);
  server->stop();
  coordinator->stop();
  engine->stop();
  return served;
}

}  // namespace penstock
