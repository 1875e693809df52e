// Records that own their bytes, and the way there and back, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/kafka/records/batch_builder.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/golden_batches_test.h"

namespace penstock::connect::kafka {

inline constexpr size_t kTestLimit = 16 << 20;

using TestBytes = std::optional<std::string>;

struct TestRecord {
  TestBytes key;
  TestBytes value;
  int64_t timestamp_ms = 0;
  std::vector<std::pair<std::string, TestBytes>> headers = {};

  bool operator==(const TestRecord&) const = default;
};

inline void PrintTo(const TestRecord& record, std::ostream* out) {
  auto text = [](const TestBytes& bytes) {
    return bytes ? "'" + bytes->substr(0, 40) + "'" : std::string("null");
  };
  *out << text(record.key) << "=" << text(record.value) << " at " << record.timestamp_ms << ", "
       << record.headers.size() << " headers";
}

// What the golden batches hold.
inline std::vector<TestRecord> golden_records() {
  return {{"key-1", "value-1", 1700000000000, {}},
          {std::nullopt, "", 1699999999000, {{"h1", "x"}, {"", std::nullopt}, {"h2", ""}}},
          {"", std::nullopt, 1700000000250, {}},
          {"k", golden_long_value(), 1700000000001, {}}};
}

inline TestBytes owned(const std::optional<std::string_view>& bytes) {
  return bytes ? TestBytes(std::string(*bytes)) : std::nullopt;
}
inline std::optional<std::string_view> viewed(const TestBytes& bytes) {
  return bytes ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

inline bool append(BatchBuilder& builder, const TestRecord& record) {
  std::vector<RecordHeader> headers;
  for (const auto& [key, value] : record.headers) headers.push_back({key, viewed(value)});
  return builder.append({.key = viewed(record.key),
                         .value = viewed(record.value),
                         .timestamp_ms = record.timestamp_ms,
                         .headers = headers});
}

inline TestRecord owned(const RecordView& view) {
  TestRecord record{owned(view.key), owned(view.value), view.timestamp_ms, {}};
  for (const RecordHeader& header : view.headers)
    record.headers.emplace_back(std::string(header.key), owned(header.value));
  return record;
}

// Everything up to the end or the first error.
inline std::vector<TestRecord> read_all(BatchReader& reader, std::string_view batches) {
  std::vector<TestRecord> records;
  reader.reset(batches);
  while (reader.next_batch()) {
    while (reader.next_record()) records.push_back(owned(reader.record()));
  }
  return records;
}

inline std::string built(const std::vector<TestRecord>& records, const BatchIdentity& identity,
                         Codec codec) {
  BatchBuilder builder(kTestLimit, codec);
  Compression compression;
  for (const TestRecord& record : records) EXPECT_TRUE(append(builder, record));
  return std::string(builder.finish(identity, compression));
}

inline constexpr Codec kAllCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4,
                                       Codec::kZstd};

}  // namespace penstock::connect::kafka
