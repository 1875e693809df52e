// The messages of the measurements, and the counting of what was read.
#include "bench/kafka/workload.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "connect/kafka/protocol/big_endian.h"

namespace penstock::bench {
namespace {

constexpr size_t kValues = 1024;

std::string printable(std::mt19937& random, size_t size) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  return text;
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "kafka_bench: %s\n", what.c_str());
  std::exit(1);
}

MessageSource::MessageSource() : key_(kKeyBytes, 'k') {
  std::mt19937 random(1);
  for (size_t i = 0; i < kValues; ++i) values_.push_back(printable(random, kValueBytes));
  progress_ = printable(random, kProgressBytes);
}

std::string_view MessageSource::key_of(uint64_t number) {
  connect::kafka::store_big_endian(key_.data(), number);
  return key_;
}

Message MessageSource::make(uint64_t number) {
  return {0, static_cast<int32_t>(number % kPartitions), key_of(number), values_[number % kValues]};
}

Message MessageSource::make_progress(uint64_t number) {
  return {1, 0, key_of(number), progress_};
}

void Tally::add(std::string_view key, std::string_view value) {
  if (key.size() != kKeyBytes) fail("a key of " + std::to_string(key.size()) + " bytes");
  ++messages_;
  number_sum_ += connect::kafka::load_big_endian<uint64_t>(key.data());
  value_bytes_ += value.size();
}

}  // namespace penstock::bench
