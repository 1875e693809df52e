// The workloads of the operator benchmark: generated rows, and the plans that maintain a view of
// them. Row generators are functions of the row's number alone, so runs compare across engines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/delta_batch.h"
#include "plan/dataflow_plan.h"

namespace penstock::bench {

inline uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
  return z ^ z >> 31;
}
inline uint64_t random_at(uint64_t i, uint64_t s) {
  return mix(s * 0xD1B54A32D192ED03ULL + (i + 1) * 0x9E3779B97F4A7C15ULL);
}

// Up to four columns of a row, and whether it is added or taken away.
struct FlatRow {
  uint32_t input = 0;
  int32_t diff = 1;
  int64_t columns[4] = {};
};

// The rows of one phase, step after step: an event is one or two rows.
struct Phase {
  std::string name;
  uint64_t events = 0;
  size_t rows_per_event = 1;
  std::vector<FlatRow> rows = {};
  size_t step = 0;  // Events; 0 = what the command line says.
  int64_t expected_net = 0;
  uint64_t expected_sum = 0;
};

struct Workload {
  std::string name;
  plan::DataflowPlan plan;  // Imports are collections 1, 2, ...
  std::vector<std::vector<types::ColumnType>> inputs;
  std::vector<Phase> phases;
};

// map, filter, join-max-avg, aggregate, join, distinct, top3. CHECKs the name.
Workload make_workload(const std::string& name);
std::vector<std::string> workload_names();

}  // namespace penstock::bench
