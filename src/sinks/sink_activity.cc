// What follows from a snapshot's last transactions.
#include "sinks/sink_activity.h"

#include <algorithm>

namespace penstock::sinks {

double SnapshotProgress::rows_per_second(uint64_t now_us) const {
  if (samples.empty()) return 0;
  const Sample& first = samples.front();
  uint64_t end_us = finished_at_us.value_or(std::max(now_us, samples.back().at_us));
  if (end_us <= first.at_us) return 0;
  const auto rows = static_cast<double>(samples.back().rows - first.rows);
  return rows * 1e6 / static_cast<double>(end_us - first.at_us);
}

std::optional<uint64_t> SnapshotProgress::left_ms(uint64_t now_us) const {
  if (finished_at_us) return 0;
  const double rate = rows_per_second(now_us);
  if (!rows_total || rate <= 0) return std::nullopt;
  const uint64_t left = *rows_total - std::min(rows_done, *rows_total);
  return static_cast<uint64_t>(static_cast<double>(left) * 1e3 / rate);
}

}  // namespace penstock::sinks
