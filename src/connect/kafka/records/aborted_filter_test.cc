// read_committed: what an aborted transaction wrote is skipped, and nothing else; and the markers
// that say where it ends.
#include "connect/kafka/records/aborted_filter.h"

#include <string>

#include "connect/kafka/records/control_marker.h"
#include "connect/kafka/records/records_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

constexpr ControlMarker kAbort = {.type = ControlType::kAbort, .coordinator_epoch = 1};
constexpr ControlMarker kCommit = {.type = ControlType::kCommit, .coordinator_epoch = 1};

BatchHeader data(int64_t producer, int64_t first, int64_t last) {
  BatchHeader header;
  header.producer_id = producer;
  header.base_offset = first;
  header.last_offset = last;
  header.transactional = true;
  return header;
}
BatchHeader control(int64_t producer, int64_t offset) {
  BatchHeader header = data(producer, offset, offset);
  header.control = true;
  return header;
}

struct Filtering {
  AbortedFilter filter;

  explicit Filtering(const std::vector<AbortedTransaction>& aborted) { filter.reset(aborted); }
  bool skips(int64_t producer, int64_t first, int64_t last) {
    return filter.skips(data(producer, first, last));
  }
  void end(int64_t producer, int64_t offset, const ControlMarker& marker) {
    EXPECT_TRUE(filter.skips(control(producer, offset)));
    filter.see_marker(control(producer, offset), marker);
  }
};

TEST(AbortedFilter, ShowsEverythingIfNothingWasAborted) {
  Filtering filtering({});
  EXPECT_FALSE(filtering.skips(1, 0, 4));
  filtering.end(1, 5, kCommit);
  EXPECT_FALSE(filtering.skips(1, 6, 9));
}

TEST(AbortedFilter, SkipsFromTheFirstOffsetToTheMarker) {
  Filtering filtering({{.producer_id = 1, .first_offset = 10}});
  EXPECT_FALSE(filtering.skips(1, 0, 8));
  filtering.end(1, 9, kCommit);
  EXPECT_TRUE(filtering.skips(1, 10, 14));
  EXPECT_FALSE(filtering.skips(2, 15, 16));
  EXPECT_TRUE(filtering.skips(1, 17, 17));
  filtering.end(2, 18, kCommit);
  EXPECT_TRUE(filtering.skips(1, 19, 19));
  filtering.end(1, 20, kAbort);
  EXPECT_FALSE(filtering.skips(1, 21, 30));
}

TEST(AbortedFilter, ATransactionMayHaveBegunBeforeTheResponse) {
  Filtering filtering({{.producer_id = 1, .first_offset = 3}});
  EXPECT_TRUE(filtering.skips(1, 100, 101));
  filtering.end(1, 102, kAbort);
  EXPECT_FALSE(filtering.skips(1, 103, 103));
}

TEST(AbortedFilter, ATransactionMayBeginInsideOfABatchThatCompactionLeft) {
  Filtering filtering({{.producer_id = 1, .first_offset = 12}});
  EXPECT_TRUE(filtering.skips(1, 10, 14));
}

TEST(AbortedFilter, KeepsTransactionsOfOneProducerApart) {
  // Given in the wrong order.
  Filtering filtering(
      {{.producer_id = 1, .first_offset = 20}, {.producer_id = 1, .first_offset = 0}});
  EXPECT_TRUE(filtering.skips(1, 0, 1));
  filtering.end(1, 2, kAbort);
  EXPECT_FALSE(filtering.skips(1, 3, 10));
  filtering.end(1, 11, kCommit);
  EXPECT_TRUE(filtering.skips(1, 20, 25));
  filtering.end(1, 26, kAbort);
  EXPECT_FALSE(filtering.skips(1, 27, 30));
}

TEST(AbortedFilter, ShowsWhatIsNotTransactional) {
  Filtering filtering({{.producer_id = 1, .first_offset = 0}});
  BatchHeader header = data(1, 1, 2);
  header.transactional = false;
  EXPECT_FALSE(filtering.filter.skips(header));
  EXPECT_TRUE(filtering.skips(1, 3, 4));
}

TEST(AbortedFilter, OnlyAnAbortEndsWhatIsOpen) {
  Filtering filtering({{.producer_id = 1, .first_offset = 0}});
  EXPECT_TRUE(filtering.skips(1, 0, 1));
  filtering.end(1, 2, kCommit);
  filtering.end(2, 3, kAbort);
  EXPECT_TRUE(filtering.skips(1, 4, 5));
}

TEST(AbortedFilter, BeginsAnew) {
  Filtering filtering({{.producer_id = 1, .first_offset = 0}});
  EXPECT_TRUE(filtering.skips(1, 0, 1));
  filtering.filter.reset({});
  EXPECT_FALSE(filtering.skips(1, 2, 3));
}

RecordsResult<ControlMarker> marker_of(std::string_view batch) {
  Compression compression;
  BatchReader reader(compression, kTestLimit);
  reader.reset(batch);
  if (!reader.next_batch() || !reader.header().control || !reader.next_record())
    return records_fail(RecordsFault::kUnsupported, "not a control batch");
  return decode_control(reader.record());
}

TEST(ControlMarker, ReadsTheBrokersMarkers) {
  const RecordsResult<ControlMarker> commit = marker_of(from_hex(kGoldenCommit));
  ASSERT_TRUE(commit) << commit.error().message;
  EXPECT_EQ(*commit, (ControlMarker{.type = ControlType::kCommit, .coordinator_epoch = 9}));
  const RecordsResult<ControlMarker> abort = marker_of(from_hex(kGoldenAbort));
  ASSERT_TRUE(abort) << abort.error().message;
  EXPECT_EQ(*abort, (ControlMarker{.type = ControlType::kAbort, .coordinator_epoch = 9}));
}

TEST(ControlMarker, ReadsLaterVersionsAndRefusesDamage) {
  auto decoded = [](std::string_view key, std::string_view value) {
    const std::string key_bytes = from_hex(key);
    const std::string value_bytes = from_hex(value);
    return decode_control({.key = key_bytes, .value = value_bytes, .headers = {}});
  };
  EXPECT_EQ(decoded("00010001ff", "000100000007ff").value(),
            (ControlMarker{.type = ControlType::kCommit, .coordinator_epoch = 7}));
  EXPECT_EQ(decoded("00000002", "").value().type, ControlType::kOther);
  EXPECT_FALSE(decoded("000000", "000000000007"));
  EXPECT_FALSE(decoded("ffff0000", "000000000007"));
  EXPECT_FALSE(decoded("00000000", "0000000000"));
  EXPECT_FALSE(decoded("00000000", "ffff00000007"));
  EXPECT_FALSE(decode_control({}));
}

}  // namespace
}  // namespace penstock::connect::kafka
