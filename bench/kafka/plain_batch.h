// A record batch of magic 2 as it is written and read with the least effort: one timestamp, no
// headers, no compression. Shares its layout's constants and the checksum with the client, and
// nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "bench/kafka/workload.h"

namespace penstock::bench {

class PlainBatch {
 public:
  explicit PlainBatch(size_t limit_bytes);

  bool empty() const { return count_ == 0; }
  int32_t count() const { return count_; }
  // False if there is no room.
  bool append(std::string_view key, std::string_view value);
  std::string_view finish(int64_t producer_id, int16_t producer_epoch, int32_t base_sequence);
  void clear();

 private:
  size_t limit_bytes_;
  std::unique_ptr<char[]> bytes_;
  size_t size_;
  int32_t count_ = 0;
};

// The offset after the last whole batch in `records`, or `offset` if there is none.
int64_t offset_after(std::string_view records, int64_t offset);
// Tells all messages of whole batches to the tally, but for control batches. Nothing is verified.
void tally_records(std::string_view records, Tally& tally);

}  // namespace penstock::bench
