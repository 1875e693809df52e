// Every number that is read is compared with what is there before it is used.
#include "connect/kafka/records/batch_reader.h"

#include <fmt/format.h>

#include <limits>

#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {

namespace {

std::optional<std::string_view> nullable_field(VarintReader& reader) {
  const int64_t length = reader.varint();
  if (length == kNullLength) return std::nullopt;
  return reader.raw(length);
}

}  // namespace

void BatchReader::reset(std::string_view records) {
  rest_ = records;
  section_ = {};
  header_ = {};
  records_ = VarintReader({});
  opened_ = false;
  num_read_ = 0;
  error_.reset();
  truncated_ = false;
}

bool BatchReader::fail(RecordsFault fault, std::string message) {
  error_ = RecordsError{fault, std::move(message)};
  header_.count = num_read_ = 0;
  return false;
}

bool BatchReader::corrupt(std::string_view what) {
  return fail(RecordsFault::kCorrupt,
              fmt::format("corrupt record batch at offset {}: {}", header_.base_offset, what));
}

bool BatchReader::next_batch() {
  if (error_) return false;
  header_ = {};
  opened_ = false;
  num_read_ = 0;
  if (rest_.size() < kLeaderEpochAt) {
    truncated_ = !rest_.empty();
    return false;
  }
  header_.base_offset = load_big_endian<int64_t>(rest_.data());
  const auto length = load_big_endian<int32_t>(rest_.data() + kLengthAt);
  // The magic lies at the same place in all formats, and older ones may be shorter: it goes first.
  if (rest_.size() > kMagicAt && rest_[kMagicAt] != kMagic) {
    return fail(RecordsFault::kUnsupported,
                fmt::format("the record batch at offset {} has message format version {}; only "
                            "version 2, of brokers since 0.11, can be read",
                            header_.base_offset, static_cast<int>(rest_[kMagicAt])));
  }
  if (length < static_cast<int32_t>(kBatchHeaderBytes - kLeaderEpochAt))
    return corrupt("it is shorter than its header");
  const size_t size = kLeaderEpochAt + static_cast<size_t>(length);
  if (size > rest_.size()) {
    truncated_ = true;
    return false;
  }
  const std::string_view batch = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return read_header(batch);
}

bool BatchReader::read_header(std::string_view batch) {
  const char* const at = batch.data();
  if (checksums_ == Checksums::kVerified &&
      load_big_endian<uint32_t>(at + kCrcAt) != crc32c(batch.substr(kAttributesAt)))
    return corrupt("its checksum does not match");
  const auto attributes = load_big_endian<int16_t>(at + kAttributesAt);
  const auto last_delta = load_big_endian<int32_t>(at + kLastOffsetDeltaAt);
  const auto count = load_big_endian<int32_t>(at + kCountAt);
  const int codec = attributes & kCodecMask;
  if (codec >= kNumCodecs) {
    return fail(RecordsFault::kUnsupported,
                fmt::format("the record batch at offset {} has the unknown compression codec {}",
                            header_.base_offset, codec));
  }
  if (header_.base_offset < 0) return corrupt("its offset is negative");
  // Whoever reads on does so at the offset after the last one.
  if (last_delta < 0 || header_.base_offset >= std::numeric_limits<int64_t>::max() - last_delta)
    return corrupt("its last offset is out of range");
  // Offsets in a batch differ; compaction makes records fewer, never more.
  if (count < 0 || count > int64_t{last_delta} + 1)
    return corrupt("it has another number of records than of offsets");

  header_.last_offset = header_.base_offset + last_delta;
  header_.leader_epoch = load_big_endian<int32_t>(at + kLeaderEpochAt);
  header_.codec = static_cast<Codec>(codec);
  if ((attributes & kLogAppendTimeFlag) != 0)
    header_.timestamp_type = TimestampType::kLogAppendTime;
  header_.transactional = (attributes & kTransactionalFlag) != 0;
  header_.control = (attributes & kControlFlag) != 0;
  header_.base_timestamp_ms = load_big_endian<int64_t>(at + kBaseTimestampAt);
  header_.max_timestamp_ms = load_big_endian<int64_t>(at + kMaxTimestampAt);
  header_.producer_id = load_big_endian<int64_t>(at + kProducerIdAt);
  header_.producer_epoch = load_big_endian<int16_t>(at + kProducerEpochAt);
  header_.base_sequence = load_big_endian<int32_t>(at + kBaseSequenceAt);
  header_.last_sequence = sequence_after(header_.base_sequence, last_delta);
  header_.count = count;
  header_.size_bytes = batch.size();
  section_ = batch.substr(kBatchHeaderBytes);
  return true;
}

bool BatchReader::open_records() {
  std::string_view records = section_;
  if (header_.codec != Codec::kNone) {
    RecordsStatus status =
        compression_.decompress(header_.codec, section_, limit_bytes_, decompressed_);
    if (!status) {
      return fail(status.error().fault,
                  fmt::format("the record batch at offset {} cannot be decompressed: {}",
                              header_.base_offset, status.error().message));
    }
    records = decompressed_.view();
  }
  records_ = VarintReader(records);
  opened_ = true;
  return true;
}

bool BatchReader::next_record() {
  if (num_read_ == header_.count) return false;
  if (!opened_ && !open_records()) return false;
  const std::string_view body = records_.raw(records_.varint());
  if (records_.failed()) return corrupt("a record has a length that does not fit");
  if (!parse_record(body)) return false;
  ++num_read_;
  if (num_read_ == header_.count && !records_.at_end())
    return corrupt("bytes are left behind its last record");
  return true;
}

bool BatchReader::parse_record(std::string_view body) {
  VarintReader reader(body);
  reader.raw(1);  // Attributes, none of which has a meaning yet.
  const int64_t timestamp_delta = reader.varint();
  const int64_t offset_delta = reader.varint();
  record_.key = nullable_field(reader);
  record_.value = nullable_field(reader);
  if (!parse_headers(reader))
    return error_ ? false : corrupt("a record's fields do not fit its length");
  if (offset_delta < 0 || offset_delta > header_.last_offset - header_.base_offset)
    return corrupt("a record has an offset outside of it");
  record_.offset = header_.base_offset + offset_delta;
  // Wraps around as the writer's subtraction did.
  record_.timestamp_ms =
      header_.timestamp_type == TimestampType::kLogAppendTime
          ? header_.max_timestamp_ms
          : static_cast<int64_t>(static_cast<uint64_t>(header_.base_timestamp_ms) +
                                 static_cast<uint64_t>(timestamp_delta));
  return true;
}

// False if the fields up to here or the headers do not end exactly where the record does; or with
// an error.
bool BatchReader::parse_headers(VarintReader& reader) {
  const int64_t count = reader.varint();
  if (count < 0) return false;
  record_.headers = {};
  if (count == 0) return !reader.failed() && reader.at_end();
  headers_.clear();
  // A count that the bytes cannot hold ends at the first header that is missing.
  for (int64_t i = 0; i < count && !reader.failed(); ++i) {
    const std::optional<std::string_view> key = nullable_field(reader);
    if (!key) return false;
    // Two bytes are enough for one.
    if (headers_.size() >= limit_bytes_ / sizeof(RecordHeader)) {
      return fail(RecordsFault::kTooLarge,
                  fmt::format("a record of the batch at offset {} has more headers than fit into "
                              "{} bytes",
                              header_.base_offset, limit_bytes_));
    }
    headers_.push_back({*key, nullable_field(reader)});
  }
  record_.headers = headers_;
  return !reader.failed() && reader.at_end();
}

}  // namespace penstock::connect::kafka
