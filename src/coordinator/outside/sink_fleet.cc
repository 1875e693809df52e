// Threads of sinks: birth, running, being refreshed, stopping.
#include "coordinator/outside/sink_fleet.h"

#include <fmt/core.h>

#include <filesystem>
#include <thread>

#include "base/backoff.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"
#include "catalog/facts_of.h"
#include "coordinator/outside/runner_set.h"
#include "coordinator/outside/sink_gauges.h"
#include "coordinator/outside/sink_setup.h"
#include "coordinator/outside/stored_ledger.h"
#include "coordinator/sequence/item_facts.h"
#include "defs/names.h"
#include "sinks/kafka_sink.h"

namespace penstock::coordinator {
namespace {

using catalog::facts_of;

constexpr std::chrono::milliseconds kPublicationPoll{5};

// One sink and its thread. Stopping is bounded: no step of a sink blocks for long.
class SinkRunner {
 public:
  SinkRunner(const FleetContext& context, LedgerBook& book, ObjectId sink)
      : context_(context),
        book_(book),
        sink_(sink),
        report_([this](const sinks::SinkStatus& status) { tell(status); }) {
    thread_ = std::thread([this] { run(); });
  }
  ~SinkRunner() {
    tell_to_stop();
    thread_.join();
  }
  SinkRunner(const SinkRunner&) = delete;
  SinkRunner& operator=(const SinkRunner&) = delete;

  void tell_to_stop() { stop_.stop(); }
  const sinks::SinkReport& report() const { return report_; }
  connect::kafka::ClientCounts kafka_counts() const { return kafka_metrics_->counts(); }
  void refresh_gauges() const { gauges_.set(report_, kafka_counts()); }

 private:
  void tell(const sinks::SinkStatus& status) {
    const char* name = status.health == sinks::SinkHealth::kStarting  ? "starting"
                       : status.health == sinks::SinkHealth::kRunning ? "running"
                                                                      : "stalled";
    // A cause begins with who it comes from: `kafka: `, or `internal: `.
    std::string cause = status.error;
    std::string from = "kafka";
    size_t colon = cause.find(": ");
    if (colon != std::string::npos &&
        (cause.starts_with("kafka") || cause.starts_with("internal"))) {
      from = cause.substr(0, colon);
      cause = cause.substr(colon + 2);
    }
    context_.statuses.set(sink_, name, from, cause,
                          status.hints.empty() ? "" : status.hints.front());
  }

  void run() {
    name_this_thread("sink " + defs::object_id_text(sink_));
    context_.statuses.set(sink_, "starting", "kafka", "", "");
    Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(10));
    while (!stop_.stopped()) {
      Status ran = live();
      if (ran || stop_.stopped()) return;
      context_.statuses.set(sink_, "stalled", "kafka", ran.error().message, ran.error().hint);
      stop_.wait_for(backoff.next());
    }
  }

  // Until stopped, or until something fails that is not the sink's own to handle.
  Status live() {
    CatalogSnapshot catalog = context_.catalog();
    catalog::ItemRef item = catalog->item(sink_);
    if (!item) return {};
    ASSIGN_OR_RETURN(sql::SinkPlan plan, sink_plan(*item, *catalog));
    const CollectionId collection = plan.def.collection();
    ASSIGN_OR_RETURN(bool born, ensure_born(collection, plan.def.with_snapshot));
    if (!born) return {};
    const SinkSetup setup{*catalog, context_.secrets, context_.environment_id};
    sinks::SinkConfig config = sink_config(sink_, item->name.item, plan.def, setup);
    config.partition_by = plan.partition_by;
    config.spill_directory = context_.spill_directory;
    ASSIGN_OR_RETURN(std::unique_ptr<data::UpdateStream> stream,
                     context_.storage.open_stream(collection));
    std::unique_ptr<sinks::SinkLedger> ledger = book_.open(sink_, collection);
    ASSIGN_OR_RETURN(connect::KafkaClientOptions options,
                     sink_client_options(sink_, plan.def, setup));
    options.metrics = kafka_metrics_;
    auto kafka = connect::make_kafka_client(options);
    ASSIGN_OR_RETURN(OwnedRegistries registries, sink_registries(plan.def, setup));
    sinks::KafkaSink sink(std::move(config), {*kafka, *stream, *ledger, report_, system_clock(),
                                              stop_, registries.view()});
    while (!stop_.stopped()) sink.step();
    sink.close();
    return {};
  }

  // A sink is born when it has its as_of: after its collection is published (rule T5). False when
  // stopped before that.
  Result<bool> ensure_born(CollectionId collection, bool with_snapshot) {
    ASSIGN_OR_RETURN(std::optional<std::string> place,
                     context_.storage.meta().get(sink_place_key(sink_)));
    if (place) return true;
    while (!stop_.stopped()) {
      ASSIGN_OR_RETURN(storage::CollectionInfo info, context_.storage.reader().info(collection));
      if (info.publication && *info.publication < info.upper) {
        return be_born(collection, with_snapshot);
      }
      stop_.wait_for(kPublicationPoll);
    }
    return false;
  }

  Result<bool> be_born(CollectionId collection, bool with_snapshot) {
    failpoint("sink.before_birth");
    ASSIGN_OR_RETURN(storage::CollectionInfo info, context_.storage.reader().info(collection));
    ASSIGN_OR_RETURN(
        std::unique_ptr<storage::ReadHold> hold,
        context_.storage.holds().acquire(collection, sink_holder(sink_), info.upper.previous()));
    // `since` may have passed that time meanwhile, and a cluster have skipped where it is now.
    Timestamp as_of = context_.storage.durability().offered_from(info.spec.timeline, hold->time());
    sinks::SinkPlace first = sinks::SinkPlace::first(as_of, with_snapshot);
    if (with_snapshot) {
      ASSIGN_OR_RETURN(first.snapshot_rows, context_.storage.reader().row_count(collection, as_of));
    }
    ASSIGN_OR_RETURN(storage::LogPosition position,
                     context_.storage.writer().append_changes(
                         place_changes(sink_, collection, first), storage::SyncUrgency::kSoon));
    while (!context_.storage.durability().wait_synced(position, std::chrono::milliseconds(100))) {
      if (std::optional<Error> failure = context_.storage.failure()) return fail(*failure);
      if (stop_.stopped()) return false;
    }
    return true;
  }

  const FleetContext& context_;
  LedgerBook& book_;
  const ObjectId sink_;
  const std::shared_ptr<connect::kafka::ClientMetrics> kafka_metrics_ =
      std::make_shared<connect::kafka::ClientMetrics>();
  StopToken stop_;
  sinks::SinkReport report_;
  const SinkGauges gauges_{sink_};
  std::thread thread_;
};

SinkActivity activity_of(const sinks::SinkReport& report) {
  SinkActivity activity;
  activity.now_us = system_clock().wall_us();
  if (report.frontier() != Timestamp::min()) activity.frontier = report.frontier();
  activity.transactions = report.transactions();
  activity.partitions = report.partitions();
  activity.snapshot = report.snapshot();
  return activity;
}

class RealSinkFleet final : public SinkFleet {
 public:
  explicit RealSinkFleet(FleetContext context)
      : context_(std::move(context)), book_(context_.storage) {
    // What an earlier process spilled is of no use to this one.
    std::error_code ignored;
    std::filesystem::remove_all(context_.spill_directory, ignored);
    std::filesystem::create_directories(context_.spill_directory, ignored);
  }

  void start(ObjectId sink) override {
    runners_.put(sink, std::make_unique<SinkRunner>(context_, book_, sink));
  }
  void tell_to_stop(ObjectId sink) override { runners_.tell_to_stop(sink); }
  void stop(ObjectId sink) override {
    runners_.stop({&sink, 1});
    book_.forget(sink);
    context_.statuses.drop_sink(sink);
    remove_metrics("sink", defs::object_id_text(sink));
    remove_metrics("sink_id", defs::object_id_text(sink));
  }
  void pause(ObjectId sink) override { runners_.stop({&sink, 1}); }
  Result<std::optional<sinks::SinkPlace>> take_place(ObjectId sink) override {
    Result<std::optional<sinks::SinkPlace>> taken = book_.place(sink);
    book_.forget(sink);
    return taken;
  }
  Result<std::optional<sinks::SinkPlace>> place(ObjectId sink) const override {
    return book_.place(sink);
  }
  Status release_history(ObjectId sink, const std::string& why) override {
    catalog::ItemRef item = context_.catalog()->item(sink);
    if (!item) return {};
    runners_.stop({&sink, 1});
    const CollectionId collection = std::get<defs::SinkDef>(item->facts).collection();
    std::unique_ptr<sinks::SinkLedger> ledger = book_.open(sink, collection);
    ASSIGN_OR_RETURN(sinks::SinkPlace place, ledger->load());
    place.halted = why;
    place.history_released = true;
    RETURN_IF_ERROR(ledger->save_durably(place));
    start(sink);
    return {};
  }
  void refresh_connection(ObjectId connection) override {
    CatalogSnapshot catalog = context_.catalog();
    std::vector<ObjectId> affected;
    for (const catalog::ItemRef& item : catalog->dependents(connection)) {
      if (item->kind == catalog::ItemKind::kSink) affected.push_back(item->id);
    }
    runners_.stop(affected);
    for (ObjectId sink : affected) start(sink);
  }
  void tell_all_to_stop() override { runners_.tell_all_to_stop(); }
  void stop_all() override {
    runners_.stop_all();
    book_.stop();
  }

  std::map<ObjectId, SinkCounters> counters() const override {
    std::map<ObjectId, SinkCounters> out;
    runners_.each([&](ObjectId sink, const SinkRunner& runner) {
      sinks::SinkStatistics s = runner.report().statistics();
      out[sink] = {s.messages_staged, s.messages_committed, s.bytes_staged, s.bytes_committed};
    });
    return out;
  }
  std::map<ObjectId, SinkActivity> activities() const override {
    std::map<ObjectId, SinkActivity> out;
    runners_.each(
        [&](ObjectId sink, const SinkRunner& runner) { out[sink] = activity_of(runner.report()); });
    return out;
  }
  std::map<ObjectId, connect::kafka::ClientCounts> kafka_clients() const override {
    std::map<ObjectId, connect::kafka::ClientCounts> out;
    runners_.each(
        [&](ObjectId sink, const SinkRunner& runner) { out[sink] = runner.kafka_counts(); });
    return out;
  }
  std::map<ObjectId, std::optional<uint64_t>> frontiers() const override {
    std::map<ObjectId, std::optional<uint64_t>> out;
    runners_.each([&](ObjectId sink, const SinkRunner& runner) {
      out[sink] = runner.report().frontier().ms;
    });
    return out;
  }

 private:
  const FleetContext context_;
  mutable LedgerBook book_;
  RunnerSet<SinkRunner> runners_;
  const MetricsRefresh metrics_refresh_{[this] {
    runners_.each([](ObjectId, const SinkRunner& runner) { runner.refresh_gauges(); });
  }};
};

}  // namespace

std::unique_ptr<SinkFleet> make_sink_fleet(const FleetContext& context) {
  return std::make_unique<RealSinkFleet>(context);
}

}  // namespace penstock::coordinator
