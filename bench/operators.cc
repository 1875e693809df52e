// Measures the operators on generated rows: operator_bench [workload|all] [events per step]
//
// Timed, for each step: building the input batches from flat rows, running the circuit, and taking
// in the output. For every output row with weight w: deltas += 1, net += w, sum += w * hash(row);
// net and sum must come out as they do for a recomputation. Prints one line a phase: million events
// a second of processor time, seconds a million, the steps' median and longest, bytes of state.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "bench/operator_workloads.h"
#include "dataflow/circuit.h"

namespace penstock::bench {

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mib() {
  long pages = 0;
  long resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file != nullptr) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

class Checksum final : public dataflow::ExportSink {
 public:
  void take_rows(CollectionId, const data::BatchRef& batch) override {
    std::vector<uint64_t> hashes(batch->size(), 0);
    for (const data::Column& column : batch->columns()) {
      for (size_t i = 0; i < hashes.size(); ++i) {
        hashes[i] = mix(hashes[i] + 0x9E3779B97F4A7C15ULL + column.value<uint64_t>(i));
      }
    }
    for (size_t i = 0; i < hashes.size(); ++i) {
      net += batch->diff(i);
      sum += static_cast<uint64_t>(batch->diff(i)) * hashes[i];
    }
    deltas += batch->size();
  }
  void take_errors(CollectionId, const data::BatchRef&) override { CHECK(false); }

  uint64_t deltas = 0;
  int64_t net = 0;
  uint64_t sum = 0;
};

// Copies the rows of one step into the engine's form: chunks of each input, one after another.
class Feeder {
 public:
  Feeder(const Workload& workload, dataflow::Circuit& circuit) : circuit_(circuit) {
    for (const auto& types : workload.inputs) kinds_.push_back(data::physical_kinds(types));
  }
  void feed(std::span<const FlatRow> rows) {
    if (kinds_.size() == 1) return feed_input(0, rows);
    for (uint32_t input = 0; input < kinds_.size(); ++input) {
      chosen_.clear();
      for (const FlatRow& row : rows) {
        if (row.input == input) chosen_.push_back(row);
      }
      feed_input(input, chosen_);
    }
  }

 private:
  void feed_input(uint32_t input, std::span<const FlatRow> rows) {
    const std::vector<data::PhysicalKind>& kinds = kinds_[input];
    for (size_t begin = 0; begin < rows.size(); begin += data::kChunkRows) {
      size_t count = std::min(data::kChunkRows, rows.size() - begin);
      std::vector<data::Column> columns;
      for (size_t c = 0; c < kinds.size(); ++c) {
        data::ColumnBuilder builder(kinds[c]);
        builder.reserve(count);
        if (kinds[c] == data::PhysicalKind::kInt64) {
          int64_t* values = builder.append_uninitialized<int64_t>(count);
          for (size_t i = 0; i < count; ++i) values[i] = rows[begin + i].columns[c];
        } else {
          int32_t* values = builder.append_uninitialized<int32_t>(count);
          for (size_t i = 0; i < count; ++i) {
            values[i] = static_cast<int32_t>(rows[begin + i].columns[c]);
          }
        }
        columns.push_back(builder.finish());
      }
      std::vector<int64_t> diffs(count);
      bool insert_only = true;
      for (size_t i = 0; i < count; ++i) {
        diffs[i] = rows[begin + i].diff;
        insert_only &= diffs[i] > 0;
      }
      circuit_.feed(CollectionId{input + 1},
                    data::DeltaBatch(std::move(columns), std::move(diffs),
                                     {.consolidated = false, .insert_only = insert_only}));
    }
  }

  dataflow::Circuit& circuit_;
  std::vector<std::vector<data::PhysicalKind>> kinds_;
  std::vector<FlatRow> chosen_;
};

bool run_phase(const Workload& workload, const Phase& phase, size_t step,
               dataflow::Circuit& circuit, Checksum& sink) {
  Feeder feeder(workload, circuit);
  std::span<const FlatRow> rows = phase.rows;
  size_t step_rows = step * phase.rows_per_event;
  std::vector<double> step_ms;
  double resident = resident_mib();
  double begin_cpu = cpu_seconds();
  auto begin = std::chrono::steady_clock::now();
  auto last = begin;
  for (size_t at = 0; at < rows.size(); at += step_rows) {
    feeder.feed(rows.subspan(at, std::min(step_rows, rows.size() - at)));
    circuit.finish_step();
    auto now = std::chrono::steady_clock::now();
    step_ms.push_back(std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
  }
  double cpu = cpu_seconds() - begin_cpu;
  double wall = std::chrono::duration<double>(last - begin).count();
  std::sort(step_ms.begin(), step_ms.end());
  double millions = static_cast<double>(phase.events) * 1e-6;
  bool right = sink.net == phase.expected_net && sink.sum == phase.expected_sum;
  std::printf(
      "%-13s %-7s step %7zu: %6.2f M/s cpu, %6.2f M/s wall, %6.3f cpu s/M, step p50 %.2f "
      "max %.2f ms, state %6.1f MiB used %6.1f reserved, resident +%.0f, deltas %llu  %s\n",
      workload.name.c_str(), phase.name.c_str(), step, millions / cpu, millions / wall,
      cpu / millions, step_ms[step_ms.size() / 2], step_ms.back(),
      static_cast<double>(circuit.used_bytes()) / (1 << 20),
      static_cast<double>(circuit.reserved_bytes()) / (1 << 20), resident_mib() - resident,
      static_cast<unsigned long long>(sink.deltas), right ? "ok" : "WRONG");
  if (!right) {
    std::printf("  net %lld, sum %016llx\n", static_cast<long long>(sink.net),
                static_cast<unsigned long long>(sink.sum));
  }
  std::fflush(stdout);
  return right;
}

bool run(const std::string& name, size_t step) {
  Workload workload = make_workload(name);
  Checksum sink;
  auto circuit = dataflow::Circuit::build(workload.plan, dataflow::CircuitOptions(), sink);
  bool right = true;
  for (const Phase& phase : workload.phases) {
    right &= run_phase(workload, phase, step, *circuit, sink);
  }
  return right;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  std::string name = argc > 1 ? argv[1] : "all";
  size_t step = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  bool right = true;
  for (const std::string& known : penstock::bench::workload_names()) {
    if (name == "all" || name == known) right &= penstock::bench::run(known, step);
  }
  return right ? 0 : 1;
}
