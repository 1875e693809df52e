// Counting, and the table as text.
#include "connect/kafka/simulated/protocol_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace penstock::connect::kafka {

std::string_view protocol_step_name(ProtocolStep step) {
  constexpr std::array<std::string_view, kNumProtocolSteps> kNames = {
      "connect",  "versions", "metadata", "findcoord", "initpid", "addparts", "produce1",
      "produceN", "commit",   "abort",    "listoffs",  "fetch",   "other"};
  return kNames[static_cast<size_t>(step)];
}

uint64_t FaultTable::at(std::string_view fault, ProtocolStep step) const {
  const auto row = rows_.find(fault);
  return row == rows_.end() ? 0 : row->second[static_cast<size_t>(step)];
}

uint64_t FaultTable::total(std::string_view fault) const {
  const auto row = rows_.find(fault);
  return row == rows_.end() ? 0 : std::accumulate(row->second.begin(), row->second.end(), 0ull);
}

size_t FaultTable::num_cells() const {
  size_t cells = 0;
  for (const auto& [fault, counts] : rows_)
    cells += static_cast<size_t>(std::ranges::count_if(counts, [](uint64_t n) { return n > 0; }));
  return cells;
}

void FaultTable::add(const FaultTable& other) {
  for (const auto& [fault, counts] : other.rows_) {
    auto& row = rows_[fault];
    for (size_t i = 0; i < counts.size(); ++i) row[i] += counts[i];
  }
}

std::string FaultTable::text() const {
  std::string text = fmt::format("{:18}", "");
  for (size_t i = 0; i < kNumProtocolSteps; ++i)
    text += fmt::format("{:>10}", protocol_step_name(static_cast<ProtocolStep>(i)));
  for (const auto& [fault, counts] : rows_) {
    text += fmt::format("\n{:18}", fault);
    for (const uint64_t count : counts)
      text += count == 0 ? fmt::format("{:>10}", "-") : fmt::format("{:>10}", count);
  }
  return text + "\n";
}

}  // namespace penstock::connect::kafka
