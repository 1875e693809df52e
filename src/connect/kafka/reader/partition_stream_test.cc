// Records and positions out of fetched pieces: what is shown, what is passed over, what is refused.
#include "connect/kafka/reader/partition_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/batch_builder.h"

namespace penstock::connect::kafka {
namespace {

class PartitionStreamTest : public testing::Test {
 protected:
  // A batch at an offset, as a broker would hand it out.
  std::string batch(int64_t base_offset, const std::vector<std::string>& values,
                    int64_t producer = -1) {
    BatchBuilder builder(1 << 20, Codec::kNone);
    for (const std::string& value : values)
      EXPECT_TRUE(builder.append({.key = "k", .value = value, .timestamp_ms = 5, .headers = {}}));
    std::string bytes(builder.finish({producer, 0, 0, producer >= 0}, compression_));
    place(bytes, base_offset);
    return bytes;
  }
  static void place(std::string& bytes, int64_t base_offset) {
    for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(base_offset >> (8 * (7 - i)));
  }

  // The same batch, as the leader of that epoch appended it; no checksum covers it.
  static std::string appended_in(int32_t epoch, std::string bytes) {
    store_big_endian(bytes.data() + kLeaderEpochAt, epoch);
    return bytes;
  }

  PartitionStream& make(KafkaIsolation isolation) {
    stream_ = std::make_unique<PartitionStream>(2, isolation, compression_);
    return *stream_;
  }
  KafkaResult<void> add(const std::string& records, std::vector<AbortedTransaction> aborted = {}) {
    auto frame = std::make_shared<Frame>(records.size());
    std::memcpy(frame->data(), records.data(), records.size());
    return stream_->add({frame, frame->view(), std::move(aborted)});
  }
  std::vector<std::string> read() {
    std::vector<std::string> values;
    while (true) {
      auto record = stream_->next();
      EXPECT_TRUE(record) << record.error().message;
      if (!record || !*record) return values;
      values.push_back(std::to_string((*record)->offset) + ":" + std::string(*(*record)->value));
    }
  }

  Compression compression_;
  std::unique_ptr<PartitionStream> stream_;
};

TEST_F(PartitionStreamTest, GivesRecordsInOrderFromThePosition) {
  make(KafkaIsolation::kReadUncommitted).seek(11);
  ASSERT_TRUE(add(batch(10, {"a", "b", "c"})));
  EXPECT_EQ(stream_->fetch_offset(), 13);
  ASSERT_TRUE(add(batch(13, {"d"})));
  EXPECT_THAT(read(), testing::ElementsAre("11:b", "12:c", "13:d"));
  EXPECT_EQ(stream_->position(), 14);
  EXPECT_EQ(stream_->queued_bytes(), 0u);
}

TEST_F(PartitionStreamTest, GapsOfCompactionArePassedOver) {
  make(KafkaIsolation::kReadUncommitted).seek(0);
  ASSERT_TRUE(add(batch(5, {"a"}) + batch(100, {"b"})));
  EXPECT_THAT(read(), testing::ElementsAre("5:a", "100:b"));
  EXPECT_EQ(stream_->position(), 101);
}

TEST_F(PartitionStreamTest, AbortedRecordsAreNotShownToReadCommitted) {
  for (auto isolation : {KafkaIsolation::kReadCommitted, KafkaIsolation::kReadUncommitted}) {
    make(isolation).seek(0);
    ASSERT_TRUE(add(batch(0, {"a"}, 7) + batch(1, {"x", "y"}, 8) + batch(3, {"b"}, 7), {{8, 1}}));
    const bool committed = isolation == KafkaIsolation::kReadCommitted;
    EXPECT_EQ(read().size(), committed ? 2u : 4u);
    EXPECT_EQ(stream_->position(), 4);
  }
}

TEST_F(PartitionStreamTest, ACutBatchIsFetchedAgain) {
  make(KafkaIsolation::kReadUncommitted).seek(0);
  const std::string second = batch(1, {"b"});
  ASSERT_TRUE(add(batch(0, {"a"}) + second.substr(0, 20)));
  EXPECT_EQ(stream_->fetch_offset(), 1);
  EXPECT_THAT(read(), testing::ElementsAre("0:a"));
  // One that comes first makes no progress, and is wrong.
  EXPECT_EQ(add(second.substr(0, 20)).error().code, "CORRUPT_MESSAGE");
}

TEST_F(PartitionStreamTest, CorruptBytesNameThePlace) {
  make(KafkaIsolation::kReadUncommitted).seek(3);
  std::string bytes = batch(3, {"a"});
  bytes.back() ^= 1;
  const auto added = add(bytes);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, testing::HasSubstr("partition 2 at offset 3"));
}

TEST_F(PartitionStreamTest, WhatIsInFrontOfACorruptBatchIsFetchedAgainWithIt) {
  make(KafkaIsolation::kReadUncommitted).seek(0);
  const std::string good = batch(0, {"a"}) + batch(1, {"b"});
  std::string last = batch(2, {"c"});
  const std::string whole = good + last;
  last.back() ^= 1;
  EXPECT_FALSE(add(good + last));
  EXPECT_EQ(stream_->fetch_offset(), 0);
  EXPECT_EQ(stream_->fetched_epoch(), -1);
  ASSERT_TRUE(add(whole));
  EXPECT_THAT(read(), testing::ElementsAre("0:a", "1:b", "2:c"));
}

TEST_F(PartitionStreamTest, AnAnswerOfAnEarlierLeaderChangesNothing) {
  make(KafkaIsolation::kReadUncommitted).seek(0);
  const std::string of_both = appended_in(3, batch(0, {"a"}));
  ASSERT_TRUE(add(of_both + appended_in(4, batch(1, {"b"}))));
  EXPECT_EQ(stream_->fetched_epoch(), 4);
  const size_t queued = stream_->queued_bytes();
  ASSERT_TRUE(add(of_both));
  EXPECT_EQ(stream_->queued_bytes(), queued) << "it takes no room";
  EXPECT_EQ(stream_->fetch_offset(), 2);
  EXPECT_EQ(stream_->fetched_epoch(), 4) << "or the leader would take the log for another one";
  EXPECT_THAT(read(), testing::ElementsAre("0:a", "1:b"));
  EXPECT_EQ(stream_->queued_bytes(), 0u);
}

TEST_F(PartitionStreamTest, SeekForgetsWhatWasFetched) {
  make(KafkaIsolation::kReadUncommitted).seek(0);
  ASSERT_TRUE(add(batch(0, {"a", "b"})));
  ASSERT_TRUE(stream_->next());
  stream_->seek(40);
  EXPECT_EQ(stream_->queued_bytes(), 0u);
  ASSERT_TRUE(add(batch(40, {"c"})));
  EXPECT_THAT(read(), testing::ElementsAre("40:c"));
}

}  // namespace
}  // namespace penstock::connect::kafka
