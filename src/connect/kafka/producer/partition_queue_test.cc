// Batches of one partition: their order, their sequences, and what is sent again.
#include "connect/kafka/producer/partition_queue.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "connect/kafka/records/batch_reader.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

class PartitionQueueTest : public testing::Test {
 protected:
  void append(const std::string& value) {
    const RecordFields record{.key = "k", .value = value, .timestamp_ms = 1, .headers = {}};
    if (!queue_.append(record, false, pool_, now_)) {
      queue_.close();
      ASSERT_TRUE(queue_.append(record, false, pool_, now_));
    }
  }
  // Batches of one record each.
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      append(std::to_string(i));
      queue_.close();
    }
  }
  std::shared_ptr<Batch> send() {
    auto batch = queue_.next(now_);
    if (batch) queue_.sent(batch, {7, 3, -1, true}, compression_);
    return batch;
  }
  BatchHeader header(const Batch& batch) {
    BatchReader reader(compression_, 1 << 20);
    reader.reset(batch.bytes);
    EXPECT_TRUE(reader.next_batch());
    return reader.header();
  }
  std::string values(const Batch& batch) {
    std::string all;
    BatchReader reader(compression_, 1 << 20);
    reader.reset(batch.bytes);
    EXPECT_TRUE(reader.next_batch());
    while (reader.next_record()) all += *reader.record().value;
    return all;
  }

  EventLoop::Time now_{std::chrono::hours(1)};
  Compression compression_;
  BatchPool pool_{1'000, Codec::kNone};
  PartitionQueue queue_;
};

TEST_F(PartitionQueueTest, AnOpenBatchIsNotSent) {
  append("a");
  EXPECT_FALSE(send());
  EXPECT_FALSE(queue_.empty());
  queue_.close();
  EXPECT_TRUE(send());
}

TEST_F(PartitionQueueTest, SequencesCountRecords) {
  append("a");
  append("b");
  queue_.close();
  append("c");
  queue_.close();
  const BatchHeader first = header(*send());
  EXPECT_EQ(first.base_sequence, 0);
  EXPECT_EQ(first.last_sequence, 1);
  EXPECT_EQ(first.producer_id, 7);
  EXPECT_EQ(first.producer_epoch, 3);
  EXPECT_TRUE(first.transactional);
  EXPECT_EQ(header(*send()).base_sequence, 2);
}

TEST_F(PartitionQueueTest, SequencesBeginAnewAfterTheLargest) {
  constexpr int32_t kLargest = std::numeric_limits<int32_t>::max();
  queue_.restart_sequences(kLargest - 1);
  append("a");
  append("b");
  append("c");
  queue_.close();
  append("d");
  queue_.close();
  EXPECT_EQ(header(*send()).base_sequence, kLargest - 1);
  EXPECT_EQ(header(*send()).base_sequence, 1);
}

TEST_F(PartitionQueueTest, AtMostFiveAreUnderWay) {
  fill(7);
  std::vector<std::shared_ptr<Batch>> sent;
  while (auto batch = send()) sent.push_back(batch);
  ASSERT_EQ(sent.size(), 5u);
  queue_.acknowledged(sent[0], pool_);
  EXPECT_TRUE(send());
  EXPECT_FALSE(send());
}

TEST_F(PartitionQueueTest, WhatComesBackIsSentAgainInOrderOnceAllAnswersAreIn) {
  fill(4);
  const auto first = send(), second = send(), third = send();
  queue_.came_back(now_);
  EXPECT_FALSE(send());
  queue_.came_back(now_);
  EXPECT_FALSE(send());
  EXPECT_TRUE(queue_.under_way());
  queue_.came_back(now_);
  EXPECT_EQ(send(), first);
  EXPECT_EQ(send(), second);
  EXPECT_EQ(send(), third);
  EXPECT_EQ(first->base_sequence, 0);
  EXPECT_EQ(header(*send()).base_sequence, 3);
}

TEST_F(PartitionQueueTest, WhatWasTakenIsNotSentAgain) {
  fill(3);
  const auto first = send(), second = send(), third = send();
  // The first one's answer got lost, and the broker has it: so it took the second.
  queue_.came_back(now_);
  queue_.acknowledged(second, pool_);
  queue_.came_back(now_);
  EXPECT_EQ(send(), first);
  queue_.acknowledged(first, pool_);
  EXPECT_EQ(send(), third);
  queue_.acknowledged(third, pool_);
  EXPECT_TRUE(queue_.empty());
}

// The first one may be in the log although it came back, and be sent more than once again.
TEST_F(PartitionQueueTest, NothingIsSentThatMakesTheBrokerForgetTheFirst) {
  fill(6);
  std::vector<std::shared_ptr<Batch>> sent;
  while (auto batch = send()) sent.push_back(batch);
  ASSERT_EQ(sent.size(), 5u);
  queue_.came_back(now_);
  for (size_t i = 1; i < 5; ++i) queue_.acknowledged(sent[i], pool_);
  EXPECT_EQ(send(), sent[0]);
  EXPECT_FALSE(send());
  queue_.acknowledged(sent[0], pool_);
  EXPECT_TRUE(send());
}

TEST_F(PartitionQueueTest, WaitsBeforeItSendsAgain) {
  fill(1);
  const auto batch = send();
  queue_.came_back(now_ + milliseconds(100));
  EXPECT_FALSE(send());
  EXPECT_EQ(queue_.due(), now_ + milliseconds(100));
  now_ += milliseconds(100);
  EXPECT_EQ(send(), batch);
}

TEST_F(PartitionQueueTest, ARecordLargerThanABatchGetsOneOfItsOwn) {
  append("small");
  append(std::string(5'000, 'x'));
  queue_.close();
  EXPECT_EQ(header(*send()).count, 1);
  const auto large = send();
  EXPECT_EQ(header(*large).count, 1);
  EXPECT_GT(large->bytes.size(), 5'000u);
}

TEST_F(PartitionQueueTest, WhatIsTooLargeIsDividedUnderTheSequencesThatItHad) {
  for (const char* value : {"a", "b", "c", "d", "e"}) append(value);
  queue_.close();
  append("f");
  queue_.close();
  const auto large = send(), behind = send();
  large->marked = 3;
  queue_.too_large(large, now_);
  queue_.divide(pool_, compression_);
  EXPECT_FALSE(send()) << "the other one's answer is missing";
  queue_.came_back(now_);
  queue_.divide(pool_, compression_);
  const auto first = send(), second = send();
  EXPECT_EQ(values(*first), "ab");
  EXPECT_EQ(header(*first).base_sequence, 0);
  EXPECT_EQ(first->marked, std::nullopt);
  EXPECT_EQ(values(*second), "cde");
  EXPECT_EQ(header(*second).base_sequence, 2);
  EXPECT_EQ(second->marked, 1);
  EXPECT_EQ(first->content_bytes + second->content_bytes, large->content_bytes);
  EXPECT_EQ(send(), behind);
  EXPECT_EQ(header(*behind).base_sequence, 5);
}

TEST_F(PartitionQueueTest, AnOffsetThatCannotBeIsNone) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  Batch batch(1'000, Codec::kNone);
  EXPECT_EQ(batch.marked_offset(5), std::nullopt);
  batch.marked = 3;
  EXPECT_EQ(batch.marked_offset(5), 8);
  EXPECT_EQ(batch.marked_offset(-1), std::nullopt);
  EXPECT_EQ(batch.marked_offset(kLargest - 3), kLargest);
  EXPECT_EQ(batch.marked_offset(kLargest - 2), std::nullopt);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(batch.builder.append({.key = {}, .value = "x", .timestamp_ms = 0, .headers = {}}));
  EXPECT_EQ(batch.last_offset(5), 7);
  EXPECT_EQ(batch.last_offset(-1), std::nullopt);
  EXPECT_EQ(batch.last_offset(kLargest - 1), std::nullopt);
}

TEST_F(PartitionQueueTest, NoBatchIsMadeAsLargeAsOneThatWasTooLarge) {
  for (int i = 0; i < 8; ++i) append(std::string(50, 'x'));
  queue_.close();
  const auto large = send();
  ASSERT_EQ(header(*large).count, 8);
  queue_.too_large(large, now_);
  queue_.divide(pool_, compression_);
  for (int i = 0; i < 8; ++i) append(std::string(50, 'x'));
  queue_.close();
  int records = 0;
  while (auto batch = send()) {
    EXPECT_LT(header(*batch).count, 8);
    records += header(*batch).count;
  }
  EXPECT_EQ(records, 16);
}

TEST_F(PartitionQueueTest, DroppedBatchesLeaveAGapIfTheyHadSequences) {
  fill(3);
  const auto first = send(), second = send();
  queue_.acknowledged(first, pool_);
  queue_.came_back(now_);
  EXPECT_TRUE(queue_.drop_all(pool_));
  fill(1);
  EXPECT_FALSE(queue_.drop_all(pool_)) << "it was never sent";
}

TEST_F(PartitionQueueTest, DroppedBatchesLeaveNoGapAfterANewEpoch) {
  fill(3);
  const auto first = send();
  queue_.acknowledged(first, pool_);
  EXPECT_FALSE(queue_.drop_all(pool_));
  EXPECT_TRUE(queue_.empty());
  queue_.restart_sequences(0);
  fill(1);
  EXPECT_EQ(header(*send()).base_sequence, 0);
}

TEST_F(PartitionQueueTest, MemoryIsUsedAgain) {
  fill(1);
  auto batch = send();
  const Batch* place = batch.get();
  queue_.acknowledged(batch, pool_);
  const auto other = pool_.take(1);
  EXPECT_NE(other.get(), place) << "it is still held here";
  batch.reset();
  EXPECT_EQ(pool_.take(1).get(), place);
}

TEST_F(PartitionQueueTest, MemoryThatIsNoLongerNeededGoes) {
  std::vector<std::shared_ptr<Batch>> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(pool_.take(1));
  const std::weak_ptr<Batch> first = taken.front(), last = taken.back();
  for (auto& batch : std::exchange(taken, {})) pool_.give_back(std::move(batch));
  pool_.trim();
  EXPECT_FALSE(last.expired()) << "five were needed just now";
  pool_.give_back(pool_.take(1));
  pool_.trim();
  EXPECT_EQ(first.expired() + last.expired(), 1) << "and only one since";
  for (int i = 0; i < 4; ++i) pool_.trim();
  EXPECT_TRUE(first.expired() && last.expired());
}

}  // namespace
}  // namespace penstock::connect::kafka
