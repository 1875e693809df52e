// What storage costs: appends, snapshots, and the memory of two million rows that come and go.
//
//   storage_bench DIRECTORY
#include <time.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/check.h"
#include "storage/storage.h"

namespace penstock::storage {
namespace {

// Seconds of this thread's processor, and of all threads': the machine may be busy otherwise.
struct Cost {
  static double now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  double thread_start = now(CLOCK_THREAD_CPUTIME_ID);
  double process_start = now(CLOCK_PROCESS_CPUTIME_ID);
  double thread() const { return now(CLOCK_THREAD_CPUTIME_ID) - thread_start; }
  double process() const { return now(CLOCK_PROCESS_CPUTIME_ID) - process_start; }
};

std::string memory_line() {
  std::ifstream status("/proc/self/status");
  std::string line;
  std::string out;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM") || line.starts_with("VmRSS")) out += line + " ";
  }
  return out;
}

types::RelationType row_type() {
  types::RelationType type;
  auto column = [](const char* name, types::TypeId id) {
    return types::ColumnDesc{name, {types::SqlType::of(id), false}};
  };
  type.columns = {column("id", types::TypeId::kInt8), column("a", types::TypeId::kInt4),
                  column("b", types::TypeId::kText), column("c", types::TypeId::kText)};
  type.keys = {{0}};
  return type;
}

data::BatchRef make_rows(int64_t begin, int64_t end, int64_t diff) {
  data::BatchBuilder builder(data::physical_kinds(row_type()));
  for (int64_t id = begin; id < end; ++id) {
    uint64_t mixed = static_cast<uint64_t>(id) * 0x9E3779B97F4A7C15ULL;
    builder.column(0).append(static_cast<int64_t>(mixed >> 20));
    builder.column(1).append(static_cast<int32_t>(mixed));
    builder.column(2).append_bytes(std::string(90, static_cast<char>('a' + mixed % 26)));
    builder.column(3).append_bytes(std::to_string(mixed) + std::string(80, 'z'));
    builder.append_diff(diff);
  }
  return std::make_shared<const data::DeltaBatch>(builder.finish());
}

class Bench {
 public:
  explicit Bench(const std::string& directory) {
    std::filesystem::remove_all(directory);
    StorageOptions options;
    options.directory = directory;
    storage_ = std::move(*Storage::open(options));
    TickInput input;
    input.changes.create.push_back({CollectionId{1}, row_type(), kInputs});
    input.publish.push_back(CollectionId{1});
    append(std::move(input), SyncUrgency::kSoon);
    storage_->start_maintenance();
  }

  void small_ticks() {
    constexpr int kTicks = 20000;
    std::vector<TickInput> inputs;
    for (int i = 0; i < kTicks; ++i) {
      TickInput input;
      input.collections.push_back({CollectionId{1}, {make_rows(i, i + 1, 1)}, {}});
      inputs.push_back(std::move(input));
    }
    Cost start;
    for (TickInput& input : inputs) append(std::move(input), SyncUrgency::kSoon);
    std::printf("small ticks: %.1f us each\n", start.thread() / kTicks * 1e6);
    start = Cost();
    for (int i = 0; i < 2000; ++i) {
      TickInput input;
      input.collections.push_back({CollectionId{1}, {make_rows(i, i + 1, -1)}, {}});
      append(std::move(input), SyncUrgency::kSoon);
      CHECK(storage_->durability().wait_durable(kInputs, time_, std::chrono::seconds(10)));
    }
    std::printf("small ticks, waited for: %.1f us each\n", start.thread() / 2000 * 1e6);
  }

  void large_ticks() {
    std::vector<data::BatchRef> batches;
    for (int64_t i = 0; i < 20; ++i) batches.push_back(make_rows(i * 2000, i * 2000 + 2000, 1));
    size_t bytes = 0;
    Cost start;
    for (int i = 0; i < 50; ++i) {
      TickInput input;
      input.collections.push_back({CollectionId{1}, batches, {}});
      bytes += input.size_bytes();
      append(std::move(input), SyncUrgency::kSoon);
    }
    double seconds = start.thread();
    std::printf("large ticks: %.0f MB/s, %.1f ms a tick of %.1f MB\n",
                static_cast<double>(bytes) / seconds / 1e6, seconds / 50 * 1e3,
                static_cast<double>(bytes) / 50e6);
  }

  void in_and_out() {
    constexpr int64_t kRows = 2'000'000;
    for (int64_t diff : {1, -1}) {
      Cost start;
      auto staging = std::move(*storage_->stage(CollectionId{1}));
      for (int64_t i = 0; i < kRows; i += 2000) {
        CHECK(staging->append(*make_rows(i + 100'000'000, i + 100'002'000, diff)).has_value());
      }
      TickInput input;
      input.staged.push_back(*staging->finish());
      append(std::move(input), SyncUrgency::kSoon);
      std::printf("staged %lld rows in %.2f s  %s\n", static_cast<long long>(kRows * diff),
                  start.thread(), memory_line().c_str());
      read("at once");
      wait_folded();
      std::printf("folded after %.2f s of all threads  %s\n", start.process(),
                  memory_line().c_str());
      read("folded");
    }
  }

  void read(const char* what) {
    Cost start;
    size_t rows = 0;
    auto unordered = std::move(*storage_->reader().snapshot(CollectionId{1}, Stream::kRows, time_));
    while (auto chunk = *unordered->next()) rows += (*chunk)->size();
    double unordered_seconds = start.thread();
    start = Cost();
    size_t ordered_rows = 0;
    auto ordered =
        std::move(*storage_->reader().ordered_snapshot(CollectionId{1}, Stream::kRows, time_, ""));
    while (auto chunk = *ordered->next()) ordered_rows += chunk->rows->size();
    double ordered_seconds = start.thread();
    std::printf("  read %s: unordered %zu rows %.2f s, ordered %zu rows %.2f s  %s\n", what, rows,
                unordered_seconds, ordered_rows, ordered_seconds, memory_line().c_str());
  }

 private:
  void append(TickInput input, SyncUrgency urgency) {
    time_ = Timestamp{time_.ms + 10};
    TickInputRef ref = std::make_shared<const TickInput>(std::move(input));
    CHECK(storage_->writer().append_tick(time_, std::span(&ref, 1), urgency).has_value());
  }
  void wait_folded() {
    time_ = Timestamp{time_.ms + 2000};
    append({}, SyncUrgency::kSoon);
    while (storage_->reader().info(CollectionId{1})->history_bytes > (8 << 20)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::unique_ptr<Storage> storage_;
  Timestamp time_{1};
};

}  // namespace
}  // namespace penstock::storage

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  penstock::storage::Bench bench(argc > 1 ? argv[1] : "/tmp/storage_bench");
  bench.small_ticks();
  bench.large_ticks();
  bench.in_and_out();
  return 0;
}
