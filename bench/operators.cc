// Measures the operators on generated rows: operator_bench [workload|all] [events per step]
// [--json]
//
// Timed, for each step: building the input batches from flat rows, running the circuit, and taking
// in the output. For every output row with weight w: deltas += 1, net += w, sum += w * hash(row);
// net and sum must come out as they do for a recomputation. Prints one line a phase, for people or
// as a JSON object: million events a second of processor time and of the clock, processor seconds a
// million, the steps' median and longest, bytes of state.
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

// The most that was resident, the generated rows included.
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
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

struct Measured {
  double cpu_seconds = 0;
  double wall_seconds = 0;
  double step_median_ms = 0;
  double step_longest_ms = 0;
  double used_mib = 0;
  double reserved_mib = 0;
  double resident_growth_mib = 0;
  double peak_mib = 0;
  uint64_t deltas = 0;
  bool right = false;
};

Measured run_phase(const Workload& workload, const Phase& phase, size_t step,
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
  Measured out;
  out.cpu_seconds = cpu_seconds() - begin_cpu;
  out.wall_seconds = std::chrono::duration<double>(last - begin).count();
  std::sort(step_ms.begin(), step_ms.end());
  out.step_median_ms = step_ms[step_ms.size() / 2];
  out.step_longest_ms = step_ms.back();
  out.used_mib = static_cast<double>(circuit.used_bytes()) / (1 << 20);
  out.reserved_mib = static_cast<double>(circuit.reserved_bytes()) / (1 << 20);
  out.resident_growth_mib = resident_mib() - resident;
  out.peak_mib = peak_mib();
  out.deltas = sink.deltas;
  out.right = sink.net == phase.expected_net && sink.sum == phase.expected_sum;
  return out;
}

void print_line(const Workload& workload, const Phase& phase, size_t step, const Measured& found,
                const Checksum& sink) {
  double millions = static_cast<double>(phase.events) * 1e-6;
  std::printf(
      "%-13s %-7s step %7zu: %6.2f M/s cpu, %6.2f M/s wall, %6.3f cpu s/M, step p50 %.2f "
      "max %.2f ms, state %6.1f MiB used %6.1f reserved, resident +%.0f, deltas %llu  %s\n",
      workload.name.c_str(), phase.name.c_str(), step, millions / found.cpu_seconds,
      millions / found.wall_seconds, found.cpu_seconds / millions, found.step_median_ms,
      found.step_longest_ms, found.used_mib, found.reserved_mib, found.resident_growth_mib,
      static_cast<unsigned long long>(found.deltas), found.right ? "ok" : "WRONG");
  if (!found.right) {
    std::printf("  net %lld, sum %016llx\n", static_cast<long long>(sink.net),
                static_cast<unsigned long long>(sink.sum));
  }
}

void print_json(const Workload& workload, const Phase& phase, size_t step, const Measured& found) {
  std::printf(
      "{\"workload\":\"%s\",\"phase\":\"%s\",\"step\":%zu,\"events\":%llu,"
      "\"cpu_seconds\":%.6f,\"wall_seconds\":%.6f,\"step_median_ms\":%.4f,"
      "\"step_longest_ms\":%.4f,\"used_mib\":%.3f,\"reserved_mib\":%.3f,"
      "\"resident_growth_mib\":%.3f,\"peak_mib\":%.3f,\"deltas\":%llu,\"right\":%s}\n",
      workload.name.c_str(), phase.name.c_str(), step,
      static_cast<unsigned long long>(phase.events), found.cpu_seconds, found.wall_seconds,
      found.step_median_ms, found.step_longest_ms, found.used_mib, found.reserved_mib,
      found.resident_growth_mib, found.peak_mib, static_cast<unsigned long long>(found.deltas),
      found.right ? "true" : "false");
}

bool run(const std::string& name, size_t step, bool as_json) {
  Workload workload = make_workload(name);
  Checksum sink;
  auto circuit = dataflow::Circuit::build(workload.plan, dataflow::CircuitOptions(), sink);
  bool right = true;
  for (const Phase& phase : workload.phases) {
    Measured found = run_phase(workload, phase, step, *circuit, sink);
    right &= found.right;
    if (as_json) {
      print_json(workload, phase, step, found);
    } else {
      print_line(workload, phase, step, found, sink);
    }
    std::fflush(stdout);
  }
  return right;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  std::string name = argc > 1 ? argv[1] : "all";
  size_t step = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  bool as_json = argc > 3 && std::strcmp(argv[3], "--json") == 0;
  bool right = true;
  for (const std::string& known : penstock::bench::workload_names()) {
    if (name == "all" || name == known) right &= penstock::bench::run(known, step, as_json);
  }
  return right ? 0 : 1;
}
