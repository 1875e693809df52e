// What a record costs in a batch, in CPU time: built from fields to the bytes that are sent, and
// read back; and what the checksum and the codecs add.
//
//   records_bench --benchmark_filter=Build
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "connect/kafka/records/batch_builder.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {
namespace {

constexpr size_t kBatchBytes = 1 << 20;
constexpr size_t kLimitBytes = 64 << 20;
constexpr size_t kDistinctRows = 8192;  // More than a batch holds: none comes twice.

// Keys of 16 and values of 200 bytes, which compress about as JSON does.
struct Rows {
  std::vector<std::string> keys;
  std::vector<std::string> values;

  Rows() {
    Rng rng(1);
    for (size_t row = 0; row < kDistinctRows; ++row) {
      std::string key = std::to_string(rng.next()) + "0000000000000000";
      keys.push_back(key.substr(0, 16));
      std::string value;
      while (value.size() < 200)
        value += R"({"id":)" + std::to_string(rng.below(1000000)) + R"(,"state":"delivered"})";
      values.push_back(value.substr(0, 200));
    }
  }
  RecordFields row(size_t index) const {
    return {.key = keys[index % kDistinctRows],
            .value = values[index % kDistinctRows],
            .timestamp_ms = 1'700'000'000'000 + static_cast<int64_t>(index / 8),
            .headers = {}};
  }
};

std::string_view fill(BatchBuilder& builder, const Rows& rows, Compression& compression) {
  builder.clear();
  for (size_t index = 0; builder.append(rows.row(index)); ++index) {
  }
  return builder.finish({.producer_id = 1, .producer_epoch = 2, .base_sequence = 3}, compression);
}

void count_records(benchmark::State& state, int64_t records) {
  state.SetItemsProcessed(records);
  state.counters["per_record"] = benchmark::Counter(
      static_cast<double>(records), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void build(benchmark::State& state, Codec codec, size_t batch_bytes) {
  const Rows rows;
  BatchBuilder builder(batch_bytes, codec);
  Compression compression;
  int64_t records = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fill(builder, rows, compression));
    records += builder.count();
  }
  count_records(state, records);
  state.counters["batch_bytes"] = static_cast<double>(builder.size_bytes());
}

void read(benchmark::State& state, Codec codec) {
  const Rows rows;
  BatchBuilder builder(kBatchBytes, codec);
  Compression compression;
  const std::string_view batch = fill(builder, rows, compression);
  BatchReader reader(compression, kLimitBytes);
  int64_t records = 0;
  for (auto _ : state) {
    reader.reset(batch);
    while (reader.next_batch()) {
      while (reader.next_record()) {
        benchmark::DoNotOptimize(reader.record().value);
        ++records;
      }
    }
    CHECK(!reader.error());
  }
  count_records(state, records);
}

void checksum(benchmark::State& state, bool portable) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state)
    benchmark::DoNotOptimize(portable ? crc32c_extend_portable(0, bytes) : crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(build, none, Codec::kNone, kBatchBytes);
BENCHMARK_CAPTURE(build, none_16_kib, Codec::kNone, 16 << 10);
BENCHMARK_CAPTURE(build, gzip, Codec::kGzip, kBatchBytes);
BENCHMARK_CAPTURE(build, snappy, Codec::kSnappy, kBatchBytes);
BENCHMARK_CAPTURE(build, lz4, Codec::kLz4, kBatchBytes);
BENCHMARK_CAPTURE(build, zstd, Codec::kZstd, kBatchBytes);
BENCHMARK_CAPTURE(read, none, Codec::kNone);
BENCHMARK_CAPTURE(read, gzip, Codec::kGzip);
BENCHMARK_CAPTURE(read, snappy, Codec::kSnappy);
BENCHMARK_CAPTURE(read, lz4, Codec::kLz4);
BENCHMARK_CAPTURE(read, zstd, Codec::kZstd);
BENCHMARK_CAPTURE(checksum, accelerated, false)->Arg(256)->Arg(16 << 10)->Arg(1 << 20);
BENCHMARK_CAPTURE(checksum, portable, true)->Arg(16 << 10);

}  // namespace
}  // namespace penstock::connect::kafka

BENCHMARK_MAIN();
