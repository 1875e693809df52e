// CRC-32C (Castagnoli's polynomial 0x1EDC6F41, reflected, as in RFC 3720 B.4): the checksum of
// record batches.
//
// On x86-64 with SSE4.2 and PCLMULQDQ three streams run at once, elsewhere tables of slicing-by-8.
// The processor is asked once, at the first call. Pure functions, for any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::connect::kafka {

// The checksum of what `crc` is the checksum of, followed by `bytes`; 0 is that of nothing.
uint32_t crc32c_extend(uint32_t crc, std::string_view bytes);

inline uint32_t crc32c(std::string_view bytes) {
  return crc32c_extend(0, bytes);
}

// The checksum of what `first` is the checksum of, followed by `second_bytes` bytes of which
// `second` is. Takes time by the length's logarithm: it reads none of the bytes.
uint32_t crc32c_joined(uint32_t first, uint32_t second, uint64_t second_bytes);

// The same function with tables on every processor.
uint32_t crc32c_extend_portable(uint32_t crc, std::string_view bytes);
// Whether this processor has what crc32c_extend() needs to do without tables.
bool crc32c_is_accelerated();

}  // namespace penstock::connect::kafka
