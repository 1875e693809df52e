// Reads the record batches of a Fetch response: magic 2 only (KIP-98, since 0.11).
//
//   reader.reset(records);
//   while (reader.next_batch()) {
//     while (reader.next_record()) use(reader.record());
//   }
//   if (reader.error()) ...
//
// A batch is verified (lengths, magic, checksum) before next_batch() returns it; it is decompressed
// when its first record is asked for, so that one that is skipped costs its checksum only. Keys and
// values are views of the bytes that are read or, in a compressed batch, of a buffer of the reader.
// Any bytes whatever may be read: they give an error, no access beyond them, and no allocation that
// they do not justify. One owner thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/records/batch_layout.h"
#include "connect/kafka/records/byte_buffer.h"
#include "connect/kafka/records/compression.h"
#include "connect/kafka/records/records_error.h"
#include "connect/kafka/records/varint.h"

namespace penstock::connect::kafka {

enum class TimestampType { kCreateTime, kLogAppendTime };

struct BatchHeader {
  int64_t base_offset = 0;
  int64_t last_offset = 0;    // Of the batch as it was written: compaction may have taken it away.
  int32_t leader_epoch = -1;  // Of the leader that appended the batch.
  Codec codec = Codec::kNone;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  bool transactional = false;
  bool control = false;  // Holds a marker, see control_marker.h, and nothing for users.
  int64_t base_timestamp_ms = 0;
  int64_t max_timestamp_ms = 0;
  int64_t producer_id = -1;  // -1, and so the next two: not an idempotent producer.
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  int32_t last_sequence = -1;  // Sequences go on at 0 after 2^31 - 1.
  int32_t count = 0;           // Of records. 0 if compaction has taken all of them.
  size_t size_bytes = 0;
};

struct RecordView {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;  // The broker's, if the batch's type is kLogAppendTime.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const RecordHeader> headers;
};

// Of whether a batch is what was written.
enum class Checksums { kVerified, kTrusted };

class BatchReader {
 public:
  // A batch that decompresses to more than `limit_bytes` is an error, and a record with more
  // headers than so many bytes hold views of. `compression` must outlive the reader; others may use
  // it too.
  BatchReader(Compression& compression, size_t limit_bytes)
      : BatchReader(compression, limit_bytes, Checksums::kVerified) {}
  // kTrusted: another reader has verified the same bytes.
  BatchReader(Compression& compression, size_t limit_bytes, Checksums checksums)
      : compression_(compression), limit_bytes_(limit_bytes), checksums_(checksums) {}

  // Begins anew. `records` must live as long as what is read from it.
  void reset(std::string_view records);

  // Goes to the next batch, whether or not the records of the present one were read; its views end.
  // False at the end and after an error.
  bool next_batch();
  const BatchHeader& header() const { return header_; }

  // False at the end of the batch and after an error. A record's list of headers lives until the
  // next record, its other views until the next batch.
  bool next_record();
  const RecordView& record() const { return record_; }

  // Final until the next reset().
  const std::optional<RecordsError>& error() const { return error_; }
  // At the end: whether a part of a batch was left over. That is normal, a broker cuts a response
  // where it is full; but a response that begins with it makes no progress.
  bool truncated() const { return truncated_; }

 private:
  bool read_header(std::string_view batch);
  bool open_records();
  bool parse_record(std::string_view body);
  bool parse_headers(VarintReader& reader);
  bool fail(RecordsFault fault, std::string message);
  bool corrupt(std::string_view what);

  Compression& compression_;
  size_t limit_bytes_;
  Checksums checksums_;
  std::string_view rest_;     // Batches not gone to yet.
  std::string_view section_;  // The present batch's records as they came.
  BatchHeader header_;
  VarintReader records_{{}};  // Those not read yet, decompressed.
  bool opened_ = false;       // Whether records_ is that of the present batch.
  int32_t num_read_ = 0;
  RecordView record_;
  std::vector<RecordHeader> headers_;
  ByteBuffer decompressed_;
  std::optional<RecordsError> error_;
  bool truncated_ = false;
};

}  // namespace penstock::connect::kafka
