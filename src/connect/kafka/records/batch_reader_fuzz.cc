// libFuzzer on the batch reader and all it calls. `tools/fuzz 60 batch_reader`.
//
// Most inputs would end at the checksum, so each is read twice: as it is, and with the lengths and
// checksums of its batches made right. A limit keeps bombs from being mistaken for leaks.
#include <cstddef>
#include <cstdint>
#include <string>

#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/control_marker.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {
namespace {

constexpr size_t kLimitBytes = 4 << 20;

// Touches every byte that a view promises.
uint32_t read_all(BatchReader& reader, std::string_view batches) {
  uint32_t sum = 0;
  reader.reset(batches);
  while (reader.next_batch()) {
    while (reader.next_record()) {
      const RecordView& record = reader.record();
      sum = crc32c_extend(sum, record.key.value_or(""));
      sum = crc32c_extend(sum, record.value.value_or(""));
      for (const RecordHeader& header : record.headers)
        sum = crc32c_extend(crc32c_extend(sum, header.key), header.value.value_or(""));
      if (reader.header().control && decode_control(record)) ++sum;
    }
  }
  return sum;
}

void seal(std::string& batches) {
  size_t begin = 0;
  while (batches.size() - begin >= kBatchHeaderBytes) {
    char* const batch = batches.data() + begin;
    const size_t left = batches.size() - begin;
    auto length = static_cast<size_t>(load_big_endian<uint32_t>(batch + kLengthAt));
    if (length < kBatchHeaderBytes - kLeaderEpochAt || length > left - kLeaderEpochAt)
      length = left - kLeaderEpochAt;
    const size_t size = kLeaderEpochAt + length;
    store_big_endian(batch + kLengthAt, static_cast<int32_t>(length));
    store_big_endian(batch + kMagicAt, kMagic);
    store_big_endian(batch + kCrcAt, crc32c(std::string_view(batch, size).substr(kAttributesAt)));
    begin += size;
  }
}

}  // namespace
}  // namespace penstock::connect::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::connect::kafka;
  static Compression compression;
  BatchReader reader(compression, kLimitBytes);
  std::string batches(reinterpret_cast<const char*>(data), size);
  read_all(reader, batches);
  seal(batches);
  read_all(reader, batches);
  return 0;
}
