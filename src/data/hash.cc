// Hashing of encoded rows, by loops that the fixed widths specialise.
#include "data/hash.h"

#include <algorithm>

namespace penstock::data {

uint64_t hash_row(std::string_view row, size_t stride, HashMode mode) {
  if (mode == HashMode::kConstant) return 0;
  if (stride == 8) return hash_word(hash_detail::load8(row.data()));
  if (stride == 16) {
    return hash_combine(hash_detail::load8(row.data()), hash_detail::load8(row.data() + 8));
  }
  return hash_bytes(row);
}

void hash_rows(const EncodedRows& rows, HashMode mode, std::vector<uint64_t>& hashes) {
  hashes.resize(rows.size());
  if (mode == HashMode::kConstant) {
    std::fill(hashes.begin(), hashes.end(), 0);
    return;
  }
  const char* at = rows.data();
  if (rows.is_fixed() && rows.stride() == 8) {
    for (size_t i = 0; i < hashes.size(); ++i) {
      hashes[i] = hash_word(hash_detail::load8(at + 8 * i));
    }
  } else if (rows.is_fixed() && rows.stride() == 16) {
    for (size_t i = 0; i < hashes.size(); ++i) {
      const char* row = at + 16 * i;
      hashes[i] = hash_combine(hash_detail::load8(row), hash_detail::load8(row + 8));
    }
  } else {
    for (size_t i = 0; i < hashes.size(); ++i) hashes[i] = hash_bytes(rows.row(i));
  }
}

}  // namespace penstock::data
