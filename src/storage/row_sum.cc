// Hashes rows as a run of them would.
#include "storage/row_sum.h"

#include "storage/block.h"
#include "storage/row_hash.h"

namespace penstock::storage {

void RowSum::add(Stream stream, const data::DeltaBatch& batch) {
  const RowFormat& format = stream == Stream::kRows ? rows_ : errors_;
  std::optional<data::DeltaBatch> keys = format.keys_of(batch);
  for (size_t row = 0; row < batch.size(); ++row) {
    key_bytes_.clear();
    format.encode(batch, keys, row, key_bytes_, row_bytes_);
    sum_.add(times(hash128(row_bytes_, kRowHashSeed), batch.diff(row)));
  }
}

}  // namespace penstock::storage
