// A sink's many lives on the whole Kafka client and a simulated cluster that fails: processes that
// die between any two things that happen to them, brokers and networks that do what they do
// (connect/kafka/simulation). What is read committed in the end is every change once, in order,
// stamped with its tick, and each transaction holds its own progress.
//
// Everything is real but the network, the brokers, time, and the data directory. All in one thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/log.h"
#include "connect/kafka/simulation/fault_coverage_test.h"
#include "connect/kafka/simulation/simulated_client.h"
#include "sinks/kafka_sink.h"
#include "sinks/progress_record.h"
#include "sinks/simulated_directory_test.h"

namespace penstock::sinks {
namespace {

using connect::kafka::CommittedRecord;
using connect::kafka::FaultTable;
using connect::kafka::ProtocolStep;
using connect::kafka::SimulatedClient;
using connect::kafka::SimulatedCluster;
using connect::kafka::SimulatedLoop;
using connect::kafka::SimulatedProcess;
using simulated::Content;
using simulated::Directory;
using std::chrono::milliseconds;

constexpr int32_t kPartitions = 3;
constexpr char kOwnKey[] = "penstock-sink-";

struct Scenario {
  const char* name;
  const char* preset;
  bool lies_about_durability = false;
  size_t turns = 500;
};

class NetworkClock final : public Clock {
 public:
  explicit NetworkClock(const SimulatedLoop& loop) : loop_(loop) {}
  uint64_t wall_ms() const override { return static_cast<uint64_t>(loop_.unix_ms()); }
  uint64_t wall_us() const override { return wall_ms() * 1'000; }
  uint64_t monotonic_us() const override {
    const auto since = loop_.now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(since).count());
  }

 private:
  const SimulatedLoop& loop_;
};

size_t number_of(std::string_view key) {
  // {"k":"000017"}
  return std::stoul(std::string(key.substr(6, 6)));
}

class World {
 public:
  World(uint64_t seed, const Scenario& scenario)
      : scenario_(scenario), loop_(seed), rng_(seed * 5 + 2), cluster_(loop_, options(scenario)) {
    let_fail(seed, loop_, cluster_);
    directory_.lies_about_durability = scenario.lies_about_durability;
    directory_.tick_limit_rows = rng_.one_in(3) ? 1 : 1'000;
    directory_.while_waiting = [this] {
      if (rng_.one_in(3) && !directory_.dead) directory_.sync();
      if (!healed_ && rng_.one_in(150)) life_->stop.stop();
    };
    const bool with_snapshot = rng_.one_in(2);
    const size_t rows = rng_.below(6);
    source_end_ = rows;
    first_ = with_snapshot ? 1 : rows + 1;
    tick(1, rows);
    directory_.memory.place = SinkPlace::first({1}, with_snapshot);
    boot();
  }

  // What a reader would complain about; empty: nothing.
  std::string walk() {
    loop_.at(loop_.now() + std::chrono::hours(5), [this] {
      differ("no end of it");
      life_->stop.stop();
    });
    for (size_t i = 0; i < scenario_.turns && wrong_.empty(); ++i) act();
    if (wrong_.empty()) heal();
    return wrong_;
  }

  const FaultTable& faults() const { return loop_.fault_counts; }
  size_t num_committed() const {
    return static_cast<size_t>(std::ranges::count_if(
        cluster_.decided_transactions(), [](const auto& decided) { return decided.committed; }));
  }
  size_t num_lives() const { return num_lives_; }

 private:
  struct Life {
    explicit Life(SimulatedLoop& loop) : process(loop), report(nullptr) {}
    SimulatedProcess process;
    StopToken stop;
    SinkReport report;
    std::unique_ptr<SimulatedClient> client;
    std::unique_ptr<KafkaSink> sink;
  };
  struct Found {
    size_t number;
    uint64_t stamp;
  };

  static connect::kafka::SimulatedClusterOptions options(const Scenario& scenario) {
    connect::kafka::SimulatedClusterOptions made;
    made.preset = &connect::kafka::broker_preset(scenario.preset);
    made.timeout_sweep = milliseconds(1'000);
    return made;
  }

  SimulatedClient::Options client_options() {
    SimulatedClient::Options made{.client = impatient_client(cluster_)};
    const milliseconds commit_timeout(rng_.one_in(3) ? 2'500 : 20'000);
    made.adjust_producer = [commit_timeout](connect::ProducerOptions& producer) {
      producer.fence_timeout = milliseconds(30'000);
      producer.commit_timeout = commit_timeout;
      producer.batch_bytes = 400;
    };
    return made;
  }

  SinkConfig config() {
    SinkConfig made = simulated::config();
    made.def.topic_options.partition_count = kPartitions;
    made.limits.transaction_timeout = milliseconds(rng_.one_in(3) ? 3'000 : 60'000);
    if (rng_.one_in(3)) made.limits.part_bytes = 1;
    if (rng_.one_in(3)) made.limits.transaction_bytes = 1;
    return made;
  }

  // It is synced before its first tick.
  void boot() {
    ++num_lives_;
    directory_.dead = false;
    directory_.memory.lives.push_back({{rng_.next(), rng_.next()}, {directory_.memory.upper - 1}});
    directory_.sync();
    life_ = std::make_unique<Life>(loop_);
    SimulatedProcess& process = life_->process;
    process.faults = {.pause_one_in = 1'000,
                      .pause_most = milliseconds(rng_.one_in(4) ? 20'000 : 2'000),
                      .stall_one_in = 400,
                      .jump_one_in = 500};
    if (!healed_ && rng_.one_in(2)) process.die_after(1 + rng_.below(300));
    if (healed_) process.faults = {};
    process.on_death = [this] {
      directory_.dead = true;
      life_->stop.stop();
    };
    life_->client = std::make_unique<SimulatedClient>(process, client_options());
    life_->sink = std::make_unique<KafkaSink>(
        config(),
        SinkWorld{*life_->client, directory_, directory_, life_->report, clock_, life_->stop});
  }

  void crash() {
    life_->process.die();
    life_.reset();
    directory_.crash();
    boot();
  }

  // An orderly end.
  void stop() {
    life_->stop.stop();
    life_->sink->close();
    crash();
  }

  void act() {
    const uint64_t drawn = rng_.below(100);
    if (drawn < 15) {
      ++source_end_;
    } else if (drawn < 32) {
      constexpr uint64_t kGaps[] = {1, 1, 3};
      tick(directory_.memory.upper - 1 + kGaps[rng_.below(3)],
           std::min(source_end_, directory_.memory.source_position + rng_.below(3)));
    } else if (drawn < 45) {
      directory_.sync();
    } else if (drawn < 46) {
      crash();
    } else if (drawn < 48) {
      stop();
    } else if (drawn < 50) {
      loop_.run(milliseconds(rng_.below(100)));
    } else {
      step();
    }
  }

  void tick(uint64_t time, size_t source_end) {
    Content& content = directory_.memory;
    simulated::Tick made{.time = time, .rows = {}, .errors = 0, .source_end = source_end};
    for (size_t change = content.source_position + 1; change <= source_end; ++change) {
      std::string digits = std::to_string(change);
      made.rows.push_back(
          {std::string(6 - digits.size(), '0') + digits, static_cast<int64_t>(change), 1});
    }
    content.ticks.push_back(std::move(made));
    content.upper = time + 1;
    content.source_position = source_end;
  }

  void step() {
    life_->sink->step();
    if (life_->sink->state() == SinkState::kStalled)
      differ("stalled: " + life_->report.status().error);
    if (life_->process.dead()) return crash();
    if (life_->stop.stopped()) stop();
  }

  // Once all goes well again, everything arrives.
  void heal() {
    calm_down(loop_, cluster_);
    healed_ = true;
    crash();
    ++source_end_;
    tick(directory_.memory.upper, source_end_);
    directory_.sync();
    const size_t wanted = source_end_ + 1 - first_;
    for (int i = 0; i < 400 && wrong_.empty(); ++i) step();
    if (wrong_.empty()) check(wanted);
    const SinkStatistics statistics = life_->report.statistics();
    if (statistics.messages_staged != statistics.messages_committed)
      differ("what is staged is not what is committed");
  }

  void check(size_t wanted) {
    for (int i = 0; i < 20; ++i) loop_.run(milliseconds(100));
    if (!cluster_.open_transactions().empty()) differ("a transaction stays open");
    std::vector<size_t> numbers;
    for (int32_t partition = 0; partition < kPartitions; ++partition)
      check_partition(partition, numbers);
    std::ranges::sort(numbers);
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] != first_ + i)
        return differ("change " + std::to_string(first_ + i) + " is missing or there twice");
    }
    if (numbers.size() != wanted) differ("not everything arrived");
    check_progress();
  }

  // As a consumer sees it: changes ascend, each is stamped with the tick that brought it.
  void check_partition(int32_t partition, std::vector<size_t>& numbers) {
    size_t last = 0;
    for (const Found& found : read(partition)) {
      if (found.number <= last) differ("change " + std::to_string(found.number) + " comes late");
      last = found.number;
      numbers.push_back(last);
      if (found.stamp != std::max(time_of(last), first_ == 1 ? uint64_t{1} : uint64_t{0}))
        differ("change " + std::to_string(last) + " has another stamp");
    }
    if (cluster_.committed_records("data", partition).size() != num_read_)
      differ("a consumer reads something else than is there");
  }

  std::vector<Found> read(int32_t partition) {
    num_read_ = 0;
    std::vector<Found> all;
    auto reader = *life_->client->make_reader({.topic = "data"});
    const StopToken stop;
    const auto marks = reader->watermarks(partition, stop);
    if (!marks || !reader->assign(partition, 0)) {
      differ("the topic cannot be read");
      return all;
    }
    while (reader->position(partition) < marks->high) {
      auto polled = reader->poll(milliseconds(100));
      if (!polled) {
        differ("the topic cannot be read: " + polled.error().message);
        return all;
      }
      if (!*polled) continue;
      ++num_read_;
      const std::string stamp((*polled)->headers[0].value.value_or("0"));
      all.push_back({number_of(*(*polled)->key), std::stoull(stamp)});
    }
    return all;
  }

  // Of a change, in what is durable: nothing else has left.
  uint64_t time_of(size_t number) const {
    for (const simulated::Tick& tick : directory_.disk.ticks)
      if (tick.source_end >= number) return tick.time;
    return 0;
  }

  // The changes of each producer epoch lie between the progress of the one before and its own.
  void check_progress() {
    std::map<std::pair<int64_t, int16_t>, std::pair<uint64_t, uint64_t>> claims;
    uint64_t reached = 0;
    for (const CommittedRecord& record : cluster_.committed_records("progress", 0)) {
      if (!record.key->starts_with(kOwnKey)) continue;
      const auto parsed = parse_progress_record(*record.value);
      if (!parsed) return differ("a progress record cannot be read");
      const uint64_t claimed = parsed->claim.beyond().ms;
      if (claimed < reached) differ("progress goes back");
      const auto [at, first] = claims.try_emplace({record.producer.id, record.producer.epoch},
                                                  std::pair(parsed->claim.bulk ? 0 : reached, 0));
      at->second.second = reached = std::max(reached, claimed);
    }
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      for (const CommittedRecord& record : cluster_.committed_records("data", partition)) {
        const auto claim = claims.find({record.producer.id, record.producer.epoch});
        const uint64_t time = time_of(number_of(*record.key));
        if (claim == claims.end()) return differ("a transaction without progress");
        if (time >= claim->second.second) differ("a change beyond the progress of its transaction");
      }
    }
  }

  void differ(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  const Scenario scenario_;
  SimulatedLoop loop_;
  Rng rng_;
  SimulatedCluster cluster_;
  NetworkClock clock_{loop_};
  Directory directory_;
  std::unique_ptr<Life> life_;
  size_t source_end_ = 0;
  size_t first_ = 1;
  size_t num_lives_ = 0;
  size_t num_read_ = 0;
  bool healed_ = false;
  std::string wrong_;
};

uint64_t num_seeds() {
  const char* text = std::getenv("PENSTOCK_SIMULATION_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : 20;
}

constexpr Scenario kScenarios[] = {
    {.name = "2.1", .preset = "2.1"},
    {.name = "2.8", .preset = "2.8"},
    {.name = "3.9", .preset = "3.9"},
    {.name = "4.3", .preset = "4.3"},
};

using FaultRows = std::vector<connect::kafka::simulation::FaultRow>;

// It aborts only when it is told to stop, once in a life: a cell of aborts may stay empty in any
// run, though not most of them.
FaultRows possible_faults_of_aborts() {
  FaultRows rows;
  for (const auto& row : connect::kafka::simulation::possible_faults())
    if (std::ranges::find(row.steps, ProtocolStep::kAbort) != row.steps.end())
      rows.push_back({row.fault, {ProtocolStep::kAbort}});
  return rows;
}

FaultRows possible_faults_of_rest() {
  FaultRows rows = connect::kafka::simulation::possible_faults();
  for (auto& row : rows) {
    // It creates topics.
    if (row.steps.size() > 10) row.steps.push_back(ProtocolStep::kOther);
    std::erase(row.steps, ProtocolStep::kAbort);
  }
  return rows;
}

// Every cell in a long run; few may be missing in a short one.
void expect_covered(const FaultTable& faults) {
  const auto missing = connect::kafka::simulation::missing_cells(faults, possible_faults_of_rest());
  constexpr uint64_t kLongRun = 1'000;
  constexpr size_t kMissingInShortRun = 60;
  if (num_seeds() < kLongRun) {
    EXPECT_LE(missing.size(), kMissingInShortRun) << testing::PrintToString(missing);
    return;
  }
  EXPECT_THAT(missing, testing::IsEmpty());
  const FaultRows rows = possible_faults_of_aborts();
  const auto aborts = connect::kafka::simulation::missing_cells(faults, rows);
  EXPECT_LE(aborts.size(), rows.size() / 2) << testing::PrintToString(aborts);
}

// The first seed at which something is wrong; 0: there is none.
uint64_t first_wrong_seed(const Scenario& scenario) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed)
    if (!World(seed, scenario).walk().empty()) return seed;
  return 0;
}

TEST(KafkaSinkSimulation, ADurabilityThatIsNoneIsNoticed) {
  configure_log(LogLevel::kError, LogFormat::kText);
  const uint64_t seed =
      first_wrong_seed({.name = "", .preset = "4.3", .lies_about_durability = true});
  EXPECT_NE(seed, 0u);
  RecordProperty("seed", std::to_string(seed));
}

TEST(KafkaSinkSimulation, EveryChangeOnceInOrderWithItsProgress) {
  configure_log(LogLevel::kError, LogFormat::kText);
  FaultTable faults;
  size_t committed = 0;
  size_t lives = 0;
  const std::clock_t start = std::clock();
  for (const Scenario& scenario : kScenarios) {
    for (uint64_t seed = 1; seed <= num_seeds(); ++seed) {
      World world(seed, scenario);
      ASSERT_EQ(world.walk(), "") << scenario.name << ", seed " << seed;
      faults.add(world.faults());
      committed += world.num_committed();
      lives += world.num_lives();
    }
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%zu transactions in %zu lives, %.1f s of CPU, %.0f transactions/s\n%s", committed,
              lives, seconds, static_cast<double>(committed) / seconds, faults.text().c_str());
  expect_covered(faults);
}

}  // namespace
}  // namespace penstock::sinks
