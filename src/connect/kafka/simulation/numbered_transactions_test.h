// What simulated writers write: transactions with numbers, each with some records in partitions of
// its choice and its number in a progress topic, the same whenever it is sent. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"

namespace penstock::connect::kafka::simulation {

constexpr int32_t kPartitions = 4;
constexpr char kData[] = "data";
constexpr char kProgress[] = "progress";

struct NumberedRecord {
  int32_t partition;
  std::string value;
};

inline std::vector<NumberedRecord> records_of(int number) {
  Rng contents(static_cast<uint64_t>(number) * 31);
  std::vector<NumberedRecord> records(1 + contents.below(8));
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].partition = static_cast<int32_t>(contents.below(kPartitions));
    records[i].value =
        std::to_string(number) + "/" + std::to_string(i) + std::string(contents.below(90), '.');
  }
  return records;
}

}  // namespace penstock::connect::kafka::simulation
