// Puts ticker and clusters together.
#include "engine/engine.h"

#include <condition_variable>
#include <map>
#include <mutex>

#include "base/check.h"
#include "base/log.h"
#include "engine/cluster.h"
#include "engine/engine_reads.h"
#include "engine/ticker.h"

namespace penstock::engine {
namespace {

class RunningEngine final : public Engine {
 public:
  RunningEngine(const EngineOptions& options, storage::Storage& storage, const Clock& clock)
      : options_(options),
        storage_(storage),
        clock_(clock),
        ticker_(
            storage, clock, options.input_queue_bytes,
            [this](const TickRef& tick) { deliver(tick); },
            [this](const Tick& tick) { return will_export(tick); }) {}
  ~RunningEngine() override { stop(); }

  Status start() override;
  void stop() override;
  std::optional<Error> failure() const override;

  bool submit(storage::TickInputRef input, SubmitCallbacks callbacks) override {
    return ticker_.submit(std::move(input), std::move(callbacks));
  }
  bool try_submit(storage::TickInputRef input, SubmitCallbacks callbacks) override {
    return ticker_.try_submit(std::move(input), std::move(callbacks));
  }
  Result<Timestamp> submit_and_wait(storage::TickInputRef input,
                                    std::function<void()> appended) override;

  void create_cluster(ClusterId cluster) override;
  void drop_cluster(ClusterId cluster) override;
  Status run_view(ViewSpec spec) override;
  void tell_to_stop(CollectionId id) override;
  void stop_view(CollectionId view) override { remove(view); }
  Status run_index(IndexSpec spec) override;
  void stop_index(ObjectId index) override { remove(CollectionId{index.value}); }
  void release_history(ClusterId cluster) override;
  std::vector<ViewStatus> views() const override;
  std::vector<FrontierInfo> frontiers() const override;

  Timestamp read_timestamp() override {
    return storage_.durability().upper(storage::kInputs).previous();
  }
  Result<PeekResult> peek(const PeekRequest& request, const StopToken& cancelled) override;

 private:
  void deliver(const TickRef& tick);
  bool will_export(const Tick& tick) const;
  void fail_with(const Error& error);
  void remove(CollectionId id);
  std::unique_ptr<Maintained> make(CollectionId id, ClusterId cluster, plan::DataflowPlan plan);

  const EngineOptions options_;
  storage::Storage& storage_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // Guards the maps; clusters themselves are thread-safe where needed.
  std::map<ClusterId, std::shared_ptr<Cluster>> clusters_;
  std::map<CollectionId, ClusterId> home_;
  std::optional<Error> failure_;
  bool started_ = false;
  Ticker ticker_;
};

Status RunningEngine::start() {
  RETURN_IF_ERROR(ticker_.start());
  std::lock_guard lock(mutex_);
  started_ = true;
  for (auto& [id, cluster] : clusters_) cluster->start();
  return {};
}

void RunningEngine::stop() {
  ticker_.stop();
  // The holds of the clusters go with their views; the next start needs what they held (rule S4).
  storage_.stop_maintenance();
  std::map<ClusterId, std::shared_ptr<Cluster>> clusters;
  {
    std::lock_guard lock(mutex_);
    clusters = clusters_;
  }
  for (auto& [id, cluster] : clusters) cluster->stop();
}

void RunningEngine::fail_with(const Error& error) {
  std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
}

std::optional<Error> RunningEngine::failure() const {
  if (std::optional<Error> failure = storage_.failure()) return failure;
  if (std::optional<Error> failure = ticker_.failure()) return failure;
  std::lock_guard lock(mutex_);
  return failure_;
}

void RunningEngine::deliver(const TickRef& tick) {
  std::lock_guard lock(mutex_);
  for (auto& [id, cluster] : clusters_) cluster->deliver(tick);
}

bool RunningEngine::will_export(const Tick& tick) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, cluster] : clusters_) {
    if (cluster->reads_any_of(tick)) return true;
  }
  return false;
}

Result<Timestamp> RunningEngine::submit_and_wait(storage::TickInputRef input,
                                                 std::function<void()> appended) {
  struct Outcome {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Timestamp> time;
  };
  auto outcome = std::make_shared<Outcome>();
  SubmitCallbacks callbacks;
  if (appended) callbacks.appended = [appended](const Appended&) { appended(); };
  callbacks.durable = [outcome](const Appended& at) {
    std::lock_guard lock(outcome->mutex);
    outcome->time = at.time;
    outcome->changed.notify_all();
  };
  bool taken = submit(std::move(input), std::move(callbacks));
  if (!taken) return fail(sql_state::kAdminShutdown, "the server is shutting down");
  std::unique_lock lock(outcome->mutex);
  while (!outcome->time) {
    outcome->changed.wait_for(lock, std::chrono::milliseconds(100));
    if (outcome->time) break;
    if (std::optional<Error> failure = this->failure()) return fail(*failure);
    if (ticker_.stopping()) return fail(sql_state::kAdminShutdown, "the server is shutting down");
  }
  return *outcome->time;
}

void RunningEngine::create_cluster(ClusterId id) {
  auto cluster = std::make_shared<Cluster>(
      storage_, clock_, id, options_.cluster_queue_bytes,
      [this] { ticker_.try_submit(std::make_shared<storage::TickInput>(), {}); },
      [this](const Error& error) { fail_with(error); });
  std::lock_guard lock(mutex_);
  if (started_) cluster->start();
  clusters_[id] = std::move(cluster);
}

void RunningEngine::drop_cluster(ClusterId id) {
  std::shared_ptr<Cluster> cluster;
  {
    std::lock_guard lock(mutex_);
    auto found = clusters_.find(id);
    if (found == clusters_.end()) return;
    cluster = std::move(found->second);
    clusters_.erase(found);
  }
  cluster->stop();
}

std::unique_ptr<Maintained> RunningEngine::make(CollectionId id, ClusterId cluster,
                                                plan::DataflowPlan plan) {
  auto item = std::make_unique<Maintained>(storage_);
  item->id = id;
  item->cluster = cluster;
  item->plan = std::move(plan);
  for (const plan::PlanNode& node : item->plan.nodes) {
    const auto* import = std::get_if<plan::ImportNode>(&node.op);
    if (import == nullptr) continue;
    bool known = false;
    for (CollectionId other : item->imports) known = known || other == import->collection;
    if (!known) item->imports.push_back(import->collection);
  }
  return item;
}

Status RunningEngine::run_view(ViewSpec spec) {
  ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(spec.collection));
  std::unique_ptr<Maintained> item = make(spec.collection, spec.cluster, std::move(spec.plan));
  // Held now: nothing is folded before the holds of all views are back (rule S4).
  if (info.publication) {
    RETURN_IF_ERROR(hold_imports_at(storage_, *item, info.upper.previous()));
  }
  std::lock_guard lock(mutex_);
  home_[spec.collection] = spec.cluster;
  clusters_.at(spec.cluster)->add(std::move(item), info.publication.has_value());
  return {};
}

Status RunningEngine::run_index(IndexSpec spec) {
  CollectionId id{spec.index.value};
  CHECK_OP(==, spec.plan.exports.size(), size_t{1});
  std::vector<types::ColumnType> columns = spec.plan.nodes[spec.plan.exports[0].node].columns;
  std::unique_ptr<Maintained> item = make(id, spec.cluster, std::move(spec.plan));
  item->index = std::make_shared<IndexRows>(std::move(columns), std::move(spec.key));
  std::lock_guard lock(mutex_);
  home_[id] = spec.cluster;
  clusters_.at(spec.cluster)->add(std::move(item), false);
  return {};
}

void RunningEngine::tell_to_stop(CollectionId id) {
  std::lock_guard lock(mutex_);
  auto home = home_.find(id);
  if (home != home_.end()) clusters_.at(home->second)->tell_to_stop(id);
}

void RunningEngine::remove(CollectionId id) {
  std::shared_ptr<Cluster> cluster;
  {
    std::lock_guard lock(mutex_);
    auto home = home_.find(id);
    if (home == home_.end()) return;
    cluster = clusters_.at(home->second);
    home_.erase(home);
  }
  cluster->remove(id);
}

void RunningEngine::release_history(ClusterId id) {
  std::lock_guard lock(mutex_);
  auto found = clusters_.find(id);
  if (found != clusters_.end()) found->second->release_history();
}

std::vector<ViewStatus> RunningEngine::views() const {
  std::lock_guard lock(mutex_);
  std::vector<ViewStatus> out;
  for (const auto& [id, cluster] : clusters_) {
    std::vector<ViewStatus> statuses = cluster->statuses();
    out.insert(out.end(), statuses.begin(), statuses.end());
  }
  return out;
}

std::vector<FrontierInfo> RunningEngine::frontiers() const {
  std::vector<FrontierInfo> out;
  for (const storage::CollectionInfo& info : storage_.reader().all()) {
    out.push_back(
        {info.spec.id, info.since, info.upper, storage_.durability().durable(info.spec.timeline)});
  }
  return out;
}

Result<PeekResult> RunningEngine::peek(const PeekRequest& request, const StopToken& cancelled) {
  std::shared_ptr<const IndexRows> index;
  if (request.lookup) {
    std::lock_guard lock(mutex_);
    auto home = home_.find(CollectionId{request.lookup->index.value});
    if (home != home_.end()) index = clusters_.at(home->second)->index(request.lookup->index);
  }
  return engine::peek(storage_, request, index.get(), cancelled);
}

}  // namespace

std::unique_ptr<Engine> Engine::create(const EngineOptions& options, storage::Storage& storage,
                                       const Clock& clock) {
  return std::make_unique<RunningEngine>(options, storage, clock);
}

}  // namespace penstock::engine
