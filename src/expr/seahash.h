// SeaHash, version 4 of the algorithm (Ticki): the partition hash of sinks.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::expr {

uint64_t seahash(std::string_view bytes);
// The 32-bit MurmurHash2 of Kafka's default partitioner, made non-negative.
int32_t kafka_murmur2(std::string_view bytes);

}  // namespace penstock::expr
