// A 128-bit hash of bytes that is part of the durable format: sums of rows (rule S6) and the sort
// keys of long rows are made of it. MurmurHash3, the x64 128-bit variant (Austin Appleby, public
// domain): never change it without a new format version.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/collection.h"

namespace penstock::storage {

HashSum hash128(std::string_view bytes, uint32_t seed);
// `hash` times `weight`, modulo 2^128.
HashSum times(const HashSum& hash, int64_t weight);

}  // namespace penstock::storage
