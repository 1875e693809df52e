// The messages of the measurements, and how one ends that went wrong.
#include "bench/kafka/workload.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace penstock::bench {
namespace {

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

}  // namespace penstock::bench
