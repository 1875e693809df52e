// Random walks through crashes, lost and delayed commits, expired transactions, pauses, copied and
// restored directories, with other things happening between any two calls of a sink: whoever reads
// the topic committed sees every change once, in order. Then each rule is broken on purpose, and a
// walk must notice.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"
#include "base/rng.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using simulated::Client;
using simulated::Cluster;
using simulated::Content;
using simulated::Directory;
using simulated::Fate;
using simulated::StepClock;

enum class Broken { kNothing, kDurability, kLives, kBounds, kFencing, kReading };

std::string key_of(size_t change) {
  std::string digits = std::to_string(change);
  return std::string(6 - digits.size(), '0') + digits;
}

class World {
 public:
  World(uint64_t seed, Broken broken) : rng_(seed), broken_(broken) {
    cluster_.new_protocol = rng_.one_in(2);
    cluster_.fencing_works = broken != Broken::kFencing;
    cluster_.reading_works = broken != Broken::kReading;
    cluster_.next_fate = [this] { return healed_ ? Fate::kApplied : draw_fate(); };
    cluster_.before_call = [this](const std::string& client) { return between_calls(client); };
    large_ticks_ = rng_.one_in(3);
    small_parts_ = rng_.one_in(3);
    small_transactions_ = rng_.one_in(3);
    bool with_snapshot = rng_.one_in(2);
    Content content;
    size_t rows = rng_.below(6);
    source_end_ = rows;
    first_expected_ = with_snapshot ? 1 : rows + 1;
    append_tick(content, 1, rows);
    content.place = SinkPlace::first({1}, with_snapshot);
    add_process(content);
  }

  // What a reader would complain about, or what the sink should not have done.
  std::optional<std::string> walk(size_t steps) {
    for (size_t i = 0; i < steps; ++i) {
      act(*processes_[rng_.below(processes_.size())], true);
      if (auto wrong = violation()) return wrong;
    }
    if (copied_) return std::nullopt;
    return heal();
  }

 private:
  struct Process {
    std::string name;
    Directory directory;
    std::unique_ptr<Client> client;
    std::unique_ptr<StopToken> stop;
    std::unique_ptr<SinkReport> report;
    StepClock clock;
    std::unique_ptr<KafkaSink> sink;
    bool paused = false;
    bool in_step = false;
  };

  static void append_tick(Content& content, uint64_t time, size_t source_end) {
    simulated::Tick tick{.time = time, .rows = {}, .errors = 0, .source_end = source_end};
    for (size_t change = content.source_position + 1; change <= source_end; ++change) {
      tick.rows.push_back({key_of(change), static_cast<int64_t>(change), 1});
    }
    content.ticks.push_back(tick);
    content.upper = time + 1;
    content.source_position = source_end;
  }

  void add_process(const Content& content) {
    auto process = std::make_unique<Process>();
    process->name = std::to_string(processes_.size());
    process->client = std::make_unique<Client>(cluster_, process->name);
    Directory& directory = process->directory;
    directory.memory = content;
    directory.lies_about_durability = broken_ == Broken::kDurability;
    directory.forgets_bounds = broken_ == Broken::kBounds;
    if (broken_ == Broken::kLives) directory.all_lives = &all_lives_;
    directory.tick_limit_rows = large_ticks_ ? 1 : 1'000;
    Process* raw = process.get();
    directory.while_waiting = [this, raw] {
      if (rng_.one_in(3) && !raw->directory.dead) raw->directory.sync();
      nested();
    };
    processes_.push_back(std::move(process));
    boot(*raw);
  }

  // A life begins: it is synced before its first tick.
  void boot(Process& process) {
    process.sink.reset();
    process.stop = std::make_unique<StopToken>();
    process.report = std::make_unique<SinkReport>(nullptr);
    Directory& directory = process.directory;
    directory.dead = false;
    Life life{{rng_.next(), rng_.next()}, {directory.memory.upper - 1}};
    directory.memory.lives.push_back(life);
    all_lives_.push_back(life);
    directory.sync();
    SinkConfig config = simulated::config();
    if (small_parts_) config.limits.part_bytes = 1;
    if (small_transactions_) config.limits.transaction_bytes = 1;
    process.sink = std::make_unique<KafkaSink>(
        config, SinkWorld{*process.client, directory, directory, *process.report, process.clock,
                          *process.stop});
  }

  void crash(Process& process) {
    if (process.in_step) {
      // It lives on until its call returns, but nothing that it does counts any more.
      process.directory.dead = true;
      process.stop->stop();
      return;
    }
    process.sink.reset();
    process.directory.crash();
    boot(process);
  }

  void step(Process& process) {
    process.in_step = true;
    process.sink->step();
    process.in_step = false;
    if (process.directory.dead) crash(process);
  }

  std::optional<connect::KafkaError> between_calls(const std::string& client) {
    Process& process = *processes_[std::stoul(client)];
    if (!process.directory.dead) nested();
    if (process.directory.dead) {
      return connect::KafkaError{connect::KafkaFault::kRetriable, "killed", ""};
    }
    if (!healed_ && rng_.one_in(60)) {
      return connect::KafkaError{connect::KafkaFault::kRetriable, "no connection", ""};
    }
    return std::nullopt;
  }

  void nested() {
    if (nested_ || healed_ || !rng_.one_in(10)) return;
    nested_ = true;
    act(*processes_[rng_.below(processes_.size())], false);
    nested_ = false;
  }

  Fate draw_fate() {
    constexpr Fate kFates[] = {Fate::kApplied, Fate::kApplied,       Fate::kApplied,
                               Fate::kApplied, Fate::kAnswerLost,    Fate::kRequestLost,
                               Fate::kDelayed, Fate::kDeliveryFailed};
    return kFates[rng_.below(std::size(kFates))];
  }

  void act(Process& process, bool may_change_directories) {
    // In thirds: source 4, tick 4, sync 4, step 14, network 2, and one each of the rest.
    uint64_t drawn = rng_.below(100);
    if (drawn < 12) {
      ++source_end_;
    } else if (drawn < 17) {
      if (!cluster_.network.empty()) cluster_.deliver(rng_.below(cluster_.network.size()));
    } else if (drawn < 20) {
      cluster_.expire("txn");
    } else if (drawn < 23) {
      process.paused = !process.paused;
    } else if (drawn < 26) {
      if (may_change_directories) change_directories(process);
    } else if (process.paused || process.directory.dead) {
      return;
    } else if (drawn < 40) {
      tick(process);
    } else if (drawn < 53) {
      process.directory.sync();
    } else if (drawn < 56) {
      crash(process);
    } else if (!process.in_step) {
      step(process);
    }
  }

  void change_directories(Process& process) {
    switch (rng_.below(3)) {
      case 0:
        if (processes_.size() > 1) return;
        copied_ = true;
        add_process(process.directory.memory);
        return;
      case 1:
        backup_ = process.directory.memory;
        return;
      default:
        if (!backup_) return;
        copied_ = true;
        process.directory.disk = *backup_;
        crash(process);
    }
  }

  void tick(Process& process) {
    Content& content = process.directory.memory;
    constexpr uint64_t kGaps[] = {1, 1, 3};
    constexpr size_t kTakes[] = {0, 1, 1, 2};
    size_t take = std::min(source_end_, content.source_position + kTakes[rng_.below(4)]);
    append_tick(content, content.upper - 1 + kGaps[rng_.below(3)], take);
  }

  std::optional<std::string> violation() const {
    size_t expected = first_expected_;
    for (const simulated::Record& record : cluster_.committed("data")) {
      std::string key = R"({"k":")" + key_of(expected) + R"("})";
      if (record.key != key) {
        return "expected " + key + ", read " + record.key.value_or("nothing");
      }
      ++expected;
    }
    return std::nullopt;
  }

  // Once all goes well again, everything arrives, and nobody has stopped for good.
  std::optional<std::string> heal() {
    healed_ = true;
    cluster_.network.clear();
    Process& process = *processes_.front();
    ++source_end_;
    Content& content = process.directory.memory;
    append_tick(content, content.upper, source_end_);
    process.directory.sync();
    for (int i = 0; i < 200; ++i) step(process);
    if (auto wrong = violation()) return wrong;
    if (process.sink->state() == SinkState::kStalled) {
      return "stalled without a cause: " + process.report->status().error;
    }
    if (cluster_.committed("data").size() != source_end_ + 1 - first_expected_) {
      return "not everything arrived";
    }
    SinkStatistics statistics = process.report->statistics();
    if (statistics.messages_staged != statistics.messages_committed) {
      return "what is staged is not what is committed";
    }
    return std::nullopt;
  }

  Rng rng_;
  const Broken broken_;
  Cluster cluster_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Life> all_lives_;
  std::optional<Content> backup_;
  size_t source_end_ = 0;
  size_t first_expected_ = 1;
  bool copied_ = false;
  bool nested_ = false;
  bool healed_ = false;
  bool large_ticks_ = false;
  bool small_parts_ = false;
  bool small_transactions_ = false;
};

constexpr size_t kSteps = 120;

std::optional<std::string> walk(uint64_t seed, Broken broken) {
  return World(seed, broken).walk(kSteps);
}

TEST(KafkaSinkWalk, EveryChangeOnceInOrder) {
  configure_log(LogLevel::kError, LogFormat::kText);
  const char* walks = std::getenv("PENSTOCK_WALKS");  // The long run takes more.
  uint64_t last = walks != nullptr ? std::stoull(walks) : 1'500;
  for (uint64_t seed = 1; seed <= last; ++seed) {
    auto wrong = walk(seed, Broken::kNothing);
    ASSERT_FALSE(wrong) << "seed " << seed << ": " << *wrong;
  }
}

class BrokenRule : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenRule, IsNoticed) {
  configure_log(LogLevel::kError, LogFormat::kText);
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    if (auto wrong = walk(seed, GetParam())) {
      RecordProperty("noticed", *wrong);
      return;
    }
  }
  FAIL() << "no walk noticed";
}

INSTANTIATE_TEST_SUITE_P(KafkaSinkWalk, BrokenRule,
                         ::testing::Values(Broken::kDurability, Broken::kLives, Broken::kBounds,
                                           Broken::kFencing, Broken::kReading));

}  // namespace
}  // namespace penstock::sinks
