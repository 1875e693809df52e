// The coordinator's thread, sessions, and the start of everything.
#include "coordinator/coordinator.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <random>
#include <thread>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/apply_effects.h"
#include "coordinator/outside/contacts.h"
#include "coordinator/outside/retention_watch.h"
#include "coordinator/outside/status_keeper.h"
#include "coordinator/outside/stored_ledger.h"
#include "coordinator/sequence/item_facts.h"
#include "coordinator/session_handle.h"
#include "coordinator/startup.h"
#include "coordinator/system_parameters.h"

namespace penstock::coordinator {
namespace {

constexpr size_t kMaxStatementThreads = 256;
constexpr size_t kStatusHistory = 50;

// A statement that drops what somebody is writing to has no effect yet: it comes again when it is
// alone on these.
struct AwaitsWriters {
  std::vector<CollectionId> of;
};
using Decision = std::variant<Sequenced, AwaitsWriters>;

class CoordinatorThread final : public Coordinator {
 public:
  CoordinatorThread(CoordinatorOptions options, storage::Storage& storage, engine::Engine& engine,
                    const Clock& clock, std::unique_ptr<CatalogKeeper> catalog,
                    storage::SecretFile secrets)
      : options_(std::move(options)),
        storage_(storage),
        engine_(engine),
        catalog_(std::move(catalog)),
        secrets_(std::move(secrets)),
        statuses_(clock, kStatusHistory),
        status_keeper_(storage, statuses_, [this] { return catalog_->snapshot(); }),
        cleanup_(
            storage, secrets_, [this] { return catalog_->snapshot(); },
            clean_up_outside({storage, secrets_, options_.identity.environment_id,
                              [this] { return catalog_->snapshot(); }})),
        contacts_(make_outside_contacts(secrets_, options_.identity.environment_id)),
        auditor_(make_sink_auditor(storage, secrets_, options_.identity.environment_id,
                                   spill_directory())),
        pool_(kMaxStatementThreads),
        commands_(64 << 20),
        services_{
            .identity = options_.identity,
            .clock = clock,
            .engine = engine,
            .storage = storage,
            .catalog = *catalog_,
            .pool = pool_,
            .locks = locks_,
            .statuses = statuses_,
            .contacts = *contacts_,
            .auditor = *auditor_,
            .run_ddl = [this](
                           const SessionView& session, const DdlFunction& ddl,
                           const StopToken& cancelled) { return run_ddl(session, ddl, cancelled); },
            .introspect =
                [this](const catalog::CatalogState& state) { return introspection(state); },
            .sink_place = [this](ObjectId sink) { return sinks_->place(sink); }} {
    FleetContext context{.storage = storage,
                         .engine = engine,
                         .statuses = statuses_,
                         .secrets = secrets_,
                         .environment_id = options_.identity.environment_id,
                         .spill_directory = spill_directory(),
                         .catalog = [this] { return catalog_->snapshot(); }};
    sources_ = make_source_fleet(context);
    sinks_ = make_sink_fleet(context);
    retention_ = std::make_unique<RetentionWatch>(storage, context.catalog, retention_actions());
  }
  ~CoordinatorThread() override { stop(); }

  Status start() override;
  void stop() override;
  Result<std::unique_ptr<SessionClient>> open(StartupRequest request) override;
  void cancel(uint32_t connection_id, uint32_t secret) override;

 private:
  Result<Sequenced> run_ddl(const SessionView& session, const DdlFunction& ddl,
                            const StopToken& cancelled);
  Result<Decision> take_turn(const SessionView& session, const DdlFunction& ddl,
                             TableLocks::Guard locked, const StopToken& cancelled);
  Result<Decision> decide(const SessionView& session, const DdlFunction& ddl,
                          TableLocks::Guard locked, const StopToken& cancelled);
  // Of what is too large for memory; emptied at the start.
  std::string spill_directory() const { return options_.directory + "/spill"; }
  IntrospectionSources introspection(const catalog::CatalogState& catalog);
  std::vector<SessionEntry> session_entries();
  RetentionWatch::Actions retention_actions();
  void release_history(const Retention& retention);
  Status bootstrap();
  Status ensure_role(const std::string& role);
  Status check_connection_limit() const;

  CoordinatorOptions options_;
  storage::Storage& storage_;
  engine::Engine& engine_;
  std::unique_ptr<CatalogKeeper> catalog_;
  SecretStore secrets_;
  StatusBoard statuses_;
  StatusKeeper status_keeper_;
  TableLocks locks_;
  Cleanup cleanup_;
  std::unique_ptr<OutsideContacts> contacts_;
  std::unique_ptr<SinkAuditor> auditor_;
  std::unique_ptr<SourceFleet> sources_;
  std::unique_ptr<SinkFleet> sinks_;
  std::unique_ptr<RetentionWatch> retention_;
  TaskPool pool_;
  BoundedQueue<std::function<void()>> commands_;
  std::thread thread_;
  Services services_;

  std::mutex sessions_mutex_;
  struct Connected {
    std::weak_ptr<Session> session;
    SessionEntry entry;
    bool is_superuser = false;
  };
  std::map<uint32_t, Connected> sessions_;
  uint32_t next_connection_ = 1;
  bool stopped_ = false;
};

// --- DDL ---

Result<Decision> CoordinatorThread::decide(const SessionView& session, const DdlFunction& ddl,
                                           TableLocks::Guard locked, const StopToken& cancelled) {
  if (cancelled.stopped()) {
    return fail(sql_state::kQueryCanceled, "canceling statement due to user request");
  }
  CatalogSnapshot catalog = catalog_->snapshot();
  SequenceContext context{
      *catalog,        session.names,    session.role, session.cluster_name, session.is_superuser,
      catalog_->ids(), session.statement};
  ASSIGN_OR_RETURN(Sequenced sequenced, ddl(context));
  std::vector<CollectionId> dropped = dropped_collections(sequenced);
  if (!locked.holds(dropped)) {
    locked.release();
    std::optional<TableLocks::Guard> free = locks_.try_lock(dropped, LockMode::kAlone);
    if (!free) return AwaitsWriters{std::move(dropped)};
    locked = std::move(*free);
  }
  RETURN_IF_ERROR(apply_effects(sequenced,
                                {*catalog_, engine_, secrets_, *sources_, *sinks_, cleanup_,
                                 options_.identity.environment_id},
                                std::move(locked)));
  return sequenced;
}

Result<Decision> CoordinatorThread::take_turn(const SessionView& session, const DdlFunction& ddl,
                                              TableLocks::Guard locked,
                                              const StopToken& cancelled) {
  auto promise = std::make_shared<std::promise<Result<Decision>>>();
  std::future<Result<Decision>> result = promise->get_future();
  bool taken = commands_.push(
      [&, promise] { promise->set_value(decide(session, ddl, std::move(locked), cancelled)); }, 1);
  if (!taken) return fail(sql_state::kAdminShutdown, "the server is shutting down");
  return result.get();
}

// Writers may take long. They are waited for here, in the session's thread, while other DDL has its
// turns; what the statement amounts to is decided anew after it.
Result<Sequenced> CoordinatorThread::run_ddl(const SessionView& session, const DdlFunction& ddl,
                                             const StopToken& cancelled) {
  TableLocks::Guard locked;
  while (true) {
    ASSIGN_OR_RETURN(Decision decision, take_turn(session, ddl, std::move(locked), cancelled));
    if (auto* done = std::get_if<Sequenced>(&decision)) return std::move(*done);
    ASSIGN_OR_RETURN(
        locked, locks_.lock(std::get<AwaitsWriters>(decision).of, LockMode::kAlone, cancelled));
  }
}

// --- introspection ---

std::vector<SessionEntry> CoordinatorThread::session_entries() {
  std::lock_guard lock(sessions_mutex_);
  std::vector<SessionEntry> out;
  for (const auto& [id, connected] : sessions_) {
    if (!connected.session.expired()) out.push_back(connected.entry);
  }
  return out;
}

IntrospectionSources CoordinatorThread::introspection(const catalog::CatalogState& catalog) {
  return {.catalog = catalog,
          .statuses = statuses_,
          .environment_id = options_.identity.environment_id,
          .frontiers = [this] { return engine_.frontiers(); },
          .views = [this] { return engine_.views(); },
          .holds = [this] { return storage_.holds().holds(); },
          .sink_counters = [this] { return sinks_->counters(); },
          .sink_activities = [this] { return sinks_->activities(); },
          .backlog = [this](CollectionId collection,
                            Timestamp time) -> std::optional<storage::Backlog> {
            Result<storage::Backlog> backlog = storage_.reader().backlog(collection, time);
            return backlog ? std::optional(*backlog) : std::nullopt;
          },
          .source_counters = [this] { return sources_->counters(); },
          .kafka_clients = [this] { return sinks_->kafka_clients(); },
          .sink_frontiers = [this] { return sinks_->frontiers(); },
          .sessions = [this] { return session_entries(); }};
}

// --- history that is held back ---

// Nothing for a holder that is no sink.
std::optional<ObjectId> sink_of(const std::string& holder, const catalog::CatalogState& catalog) {
  for (const auto& [id, item] : catalog.items()) {
    if (item->kind == catalog::ItemKind::kSink && sink_holder(id) == holder) return id;
  }
  return std::nullopt;
}

RetentionWatch::Actions CoordinatorThread::retention_actions() {
  return {.warn =
              [this](const Retention& retention) {
                log_warn("coordinator", "much history is retained",
                         {{"holder", retention.holder},
                          {"bytes", std::to_string(retention.bytes)},
                          {"max_retained_bytes", std::to_string(retention.limit)}});
                std::optional<ObjectId> sink = sink_of(retention.holder, *catalog_->snapshot());
                if (!sink) return;
                statuses_.warn(*sink, fmt::format("It retains {} bytes of history; at {} they are "
                                                  "released and the sink stalls.",
                                                  retention.bytes, retention.limit));
              },
          .calm =
              [this](const std::string& holder) {
                std::optional<ObjectId> sink = sink_of(holder, *catalog_->snapshot());
                if (sink) statuses_.warn(*sink, "");
              },
          .release =
              [this](const Retention& retention) {
                commands_.push([this, retention] { release_history(retention); }, 1);
              }};
}

// Rule S5. Queries hold history too, but end by themselves.
void CoordinatorThread::release_history(const Retention& retention) {
  CatalogSnapshot catalog = catalog_->snapshot();
  if (std::optional<ObjectId> sink = sink_of(retention.holder, *catalog)) {
    Status released = sinks_->release_history(
        *sink,
        fmt::format("internal: history released: the sink retained {} bytes, more than "
                    "max_retained_bytes ({}). ALTER SINK ... RESTART WITH SNAPSHOT AS "
                    "DIFFERENCE sends what the topic lacks, without AS DIFFERENCE everything "
                    "again",
                    retention.bytes, retention.limit));
    if (!released) {
      log_error("coordinator", "history of a sink could not be released",
                {{"error", released.error().message}});
    }
    return;
  }
  for (const auto& [id, cluster] : catalog->clusters()) {
    if (engine::cluster_holder(id) == retention.holder) engine_.release_history(id);
  }
}

// --- start and stop ---

Status CoordinatorThread::bootstrap() {
  std::vector<catalog::CatalogChange> changes;
  if (catalog_->is_fresh()) {
    changes = first_changes(options_.identity, catalog_->ids());
  }
  for (const auto& [name, value] : options_.system_parameters) {
    RETURN_IF_ERROR(check_system_parameter(name, value));
    changes.push_back(catalog::SetSystemParameter{name, value});
  }
  if (changes.empty()) return {};
  storage::Changes batch;
  batch.meta = catalog_->encode(changes);
  ASSIGN_OR_RETURN([[maybe_unused]] storage::LogPosition position,
                   storage_.writer().append_changes(batch, storage::SyncUrgency::kSoon));
  RETURN_IF_ERROR(storage_.sync_now());
  catalog_->apply(changes);
  return {};
}

Status CoordinatorThread::start() {
  RETURN_IF_ERROR(bootstrap());
  CatalogSnapshot catalog = catalog_->snapshot();
  RETURN_IF_ERROR(drop_unowned_collections(*catalog, storage_));
  RETURN_IF_ERROR(run_maintained(*catalog, engine_));
  RETURN_IF_ERROR(forget_unneeded_lives(*catalog, storage_));
  storage_.start_maintenance();
  RETURN_IF_ERROR(engine_.start());
  thread_ = std::thread([this] {
    name_this_thread("coordinator");
    while (std::optional<std::function<void()>> command = commands_.pop()) (*command)();
  });
  RETURN_IF_ERROR(cleanup_.start());
  RETURN_IF_ERROR(status_keeper_.start());
  retention_->start();
  RETURN_IF_ERROR(forget_dropped_secrets(*catalog, cleanup_, secrets_));
  for (const auto& [id, item] : catalog->items()) {
    if (item->kind == catalog::ItemKind::kSource) sources_->start(id);
  }
  for (const auto& [id, item] : catalog->items()) {
    if (item->kind == catalog::ItemKind::kSink) sinks_->start(id);
  }
  return {};
}

void CoordinatorThread::stop() {
  if (std::exchange(stopped_, true)) return;
  {
    std::lock_guard lock(sessions_mutex_);
    for (auto& [id, connected] : sessions_) {
      if (std::shared_ptr<Session> session = connected.session.lock()) session->close();
    }
  }
  retention_->stop();
  commands_.close();
  // Told before anybody is waited for: each may take its seconds when its outside is away.
  sinks_->tell_all_to_stop();
  sources_->tell_all_to_stop();
  cleanup_.tell_to_stop();
  if (thread_.joinable()) thread_.join();
  sinks_->stop_all();
  sources_->stop_all();
  status_keeper_.stop();
  cleanup_.stop();
  engine_.stop();  // Whoever waits for a write to become durable is answered.
  pool_.stop();
}

// --- sessions ---

Status CoordinatorThread::ensure_role(const std::string& role) {
  if (catalog_->snapshot()->roles().contains(role)) return {};
  SessionView view;
  view.role = role;
  auto create = [&](SequenceContext& context) -> Result<Sequenced> {
    Sequenced out;
    if (!context.catalog.roles().contains(role)) {
      RETURN_IF_ERROR(check_unreserved(role, "role"));
      out.changes.push_back(catalog::CreateRole{role});
    }
    return out;
  };
  StopToken never;
  Result<Sequenced> made = run_ddl(view, create, never);
  if (!made) return std::unexpected(made.error());
  return {};
}

// Under sessions_mutex_. The superuser gets in when all others are kept out.
Status CoordinatorThread::check_connection_limit() const {
  const uint64_t limit = value_of(kMaxConnections, *catalog_->snapshot());
  const auto current = static_cast<uint64_t>(std::ranges::count_if(
      sessions_, [](const auto& entry) { return !entry.second.is_superuser; }));
  if (current < limit) return {};
  return fail(sql_state::kInsufficientResources,
              fmt::format("creating connection would violate max_connections limit (desired: {}, "
                          "limit: {}, current: {})",
                          current + 1, limit, current));
}

Result<std::unique_ptr<SessionClient>> CoordinatorThread::open(StartupRequest request) {
  ASSIGN_OR_RETURN(OpenedSession opened, read_startup(request, options_.identity));
  if (!opened.is_superuser) RETURN_IF_ERROR(ensure_role(opened.role));
  std::random_device random;
  uint32_t secret = random();
  std::string id = random_uuid();
  std::lock_guard lock(sessions_mutex_);
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.session.expired(); });
  if (!opened.is_superuser) RETURN_IF_ERROR(check_connection_limit());
  uint32_t connection = next_connection_++;
  auto session = std::make_shared<Session>(services_, std::move(opened.variables), opened.role,
                                           opened.is_superuser, connection, secret, id);
  for (Notice& notice : opened.notices) session->add_notice(std::move(notice));
  greet(*session, options_.identity, *catalog_->snapshot());
  sessions_[connection] = {
      session,
      {id, connection, opened.role, request.client_address, services_.clock.wall_us()},
      opened.is_superuser};
  return make_session_handle(std::move(session), pool_);
}

void CoordinatorThread::cancel(uint32_t connection_id, uint32_t secret) {
  std::lock_guard lock(sessions_mutex_);
  auto found = sessions_.find(connection_id);
  if (found == sessions_.end()) return;
  std::shared_ptr<Session> session = found->second.session.lock();
  if (session && session->cancel_secret() == secret) session->cancel();
}

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::create(CoordinatorOptions options,
                                                         storage::Storage& storage,
                                                         engine::Engine& engine,
                                                         const Clock& clock) {
  ASSIGN_OR_RETURN(storage::SecretFile secrets, storage::SecretFile::open(options.directory));
  ASSIGN_OR_RETURN(std::unique_ptr<CatalogKeeper> catalog, CatalogKeeper::load(storage.meta()));
  return std::make_unique<CoordinatorThread>(std::move(options), storage, engine, clock,
                                             std::move(catalog), std::move(secrets));
}

}  // namespace penstock::coordinator
