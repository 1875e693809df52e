// Fetch, ListOffsets and what else is asked about logs, request by request.
#include "connect/kafka/conformance/conformance_fixture_test.h"
#include "connect/kafka/records/batch_reader.h"

namespace penstock::connect::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
constexpr int64_t kOfGreatestTimestamp = -3;

class FetchConformance : public Conformance {
 protected:
  // Base offsets of the batches in it; a negative one: a part of a batch is left over.
  static std::vector<int64_t> batches(const Fetched& fetched) {
    std::vector<int64_t> offsets;
    Compression compression;
    BatchReader reader(compression, 1 << 20);
    reader.reset(fetched.records());
    while (reader.next_batch()) offsets.push_back(reader.header().base_offset);
    EXPECT_FALSE(reader.error());
    if (reader.truncated()) offsets.push_back(-1);
    return offsets;
  }
  static std::vector<std::pair<int64_t, int64_t>> aborted(const Fetched& fetched) {
    std::vector<std::pair<int64_t, int64_t>> found;
    if (const auto& listed = fetched.data().aborted_transactions) {
      for (const auto& each : *listed) found.emplace_back(each.producer_id, each.first_offset);
    }
    return found;
  }
  struct Transaction {
    std::string id = fresh_name();
    ProducerIdAndEpoch producer = {};
    int32_t sequence = 0;
  };
  Transaction new_transaction() {
    Transaction made;
    made.producer = first_producer(made.id);
    return made;
  }
  void write(Transaction& transaction, const TestTopic& topic,
             const std::vector<std::string>& values) {
    EXPECT_EQ(add(transaction.id, transaction.producer, topic), ErrorCode::kNone);
    EXPECT_EQ(
        produce(topic,
                make_batch(identity(transaction.producer, transaction.sequence, true), values),
                {.transactional_id = transaction.id, .versions = {3, 11}})
            .error_code,
        ErrorCode::kNone);
    transaction.sequence += static_cast<int32_t>(values.size());
  }
  // Its marker is at `marker`.
  void finish(const Transaction& transaction, bool commit, const TestTopic& topic, int64_t marker) {
    EXPECT_EQ(end(transaction.id, transaction.producer, commit, kEndV1).error_code,
              ErrorCode::kNone);
    eventually([&] { return latest(topic) == marker + 1; });
  }
  // What a reader may see follows the markers a little later.
  void expect_stable(const TestTopic& topic, int64_t offset) {
    eventually([&] { return last_stable(topic) == offset; });
  }
  void expect_listed(const Listed& listed, int64_t offset, int64_t timestamp) {
    EXPECT_EQ(listed.error_code, ErrorCode::kNone);
    EXPECT_EQ(listed.offset, offset);
    EXPECT_EQ(listed.timestamp, timestamp);
    EXPECT_EQ(listed.leader_epoch, offset < 0 ? -1 : 0);
  }
  Listed list(const TestTopic& topic, int64_t timestamp) {
    return list_offset(topic, timestamp, {}, 0);
  }
  DeleteRecordsResponse::DeleteRecordsPartitionResult delete_before(const TestTopic& topic,
                                                                    int64_t offset) {
    DeleteRecordsRequest request;
    request.timeout_ms = 10'000;
    request.topics.push_back({topic.name, {{0, offset}}});
    return ask(request).response.topics.at(0).partitions.at(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Kafka, FetchConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

TEST_P(FetchConformance, AnEmptyLog) {
  const TestTopic topic = create_topic();
  for (const Isolation isolation : {Isolation::kReadUncommitted, Isolation::kReadCommitted}) {
    const Fetched fetched = fetch(topic, 0, isolation);
    EXPECT_EQ(fetched.answer.response.error_code, ErrorCode::kNone);
    EXPECT_EQ(fetched.answer.response.session_id, 0);
    EXPECT_EQ(fetched.data().error_code, ErrorCode::kNone);
    EXPECT_EQ(fetched.data().high_watermark, 0);
    EXPECT_EQ(fetched.data().last_stable_offset, 0);
    EXPECT_EQ(fetched.data().log_start_offset, 0);
    EXPECT_EQ(fetched.data().preferred_read_replica, -1);
    EXPECT_EQ(fetched.records(), "");
    EXPECT_THAT(aborted(fetched), IsEmpty());
  }
}

TEST_P(FetchConformance, WholeBatchesFromTheOneThatHoldsTheOffset) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a", "b", "c"}));
  produce(topic, make_batch({}, {"d"}));
  EXPECT_THAT(batches(fetch(topic, 0, Isolation::kReadUncommitted)), ElementsAre(0, 3));
  EXPECT_THAT(batches(fetch(topic, 2, Isolation::kReadUncommitted)), ElementsAre(0, 3));
  EXPECT_THAT(batches(fetch(topic, 3, Isolation::kReadUncommitted)), ElementsAre(3));
  EXPECT_THAT(batches(fetch(topic, 4, Isolation::kReadUncommitted)), IsEmpty());
}

TEST_P(FetchConformance, ABatchIsStoredAsItCame) {
  const TestTopic topic = create_topic();
  std::string batch = make_batch_at(time_ms(), {}, {"a", "b"});
  produce(topic, batch);
  set_place(batch.data(), 0, 0);
  EXPECT_EQ(fetch(topic, 0, Isolation::kReadUncommitted).records(), batch);
}

TEST_P(FetchConformance, EveryVersionIsAnswered) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a"}));
  const VersionRange range = preset().range(ApiKey::kFetch);
  for (int16_t version = std::max<int16_t>(4, range.first); version <= range.last; ++version) {
    const Fetched fetched =
        fetch(fetch_request(topic, 0, Isolation::kReadUncommitted), {version, version});
    EXPECT_EQ(fetched.data().error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(fetched.data().high_watermark, 1) << version;
    EXPECT_THAT(batches(fetched), ElementsAre(0)) << version;
  }
}

TEST_P(FetchConformance, OutOfRange) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a"}));
  for (const int64_t offset : {int64_t{2}, int64_t{100}, int64_t{-1}}) {
    const Fetched fetched = fetch(topic, offset, Isolation::kReadUncommitted);
    EXPECT_EQ(fetched.data().error_code, ErrorCode::kOffsetOutOfRange) << offset;
    EXPECT_EQ(fetched.data().high_watermark, -1);
    EXPECT_EQ(fetched.data().last_stable_offset, -1);
    EXPECT_EQ(fetched.data().log_start_offset, -1);
    EXPECT_EQ(fetched.records(), "");
  }
}

TEST_P(FetchConformance, UnknownTopicsAndPartitions) {
  const TestTopic topic = create_topic();
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.topics[0].partitions[0].partition = 1;
  const Fetched beyond = fetch(request);
  EXPECT_EQ(beyond.data().error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(beyond.data().high_watermark, -1);
  const Fetched unknown = fetch(fetch_request({fresh_name(), {}}, 0, Isolation::kReadUncommitted));
  EXPECT_EQ(unknown.data().error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(FetchConformance, AFirstBatchComesWholeWhateverItsSize) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {std::string(5'000, 'x')});
  produce(topic, batch);
  produce(topic, batch);
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.topics[0].partitions[0].partition_max_bytes = 100;
  EXPECT_THAT(batches(fetch(request)), ElementsAre(0));
  request.topics[0].partitions[0].partition_max_bytes = 1 << 20;
  request.max_bytes = 100;
  EXPECT_THAT(batches(fetch(request)), ElementsAre(0));
  request.max_bytes = 0;
  EXPECT_THAT(batches(fetch(request)), ElementsAre(0));
}

TEST_P(FetchConformance, LimitsCutWhereTheyAre) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {std::string(5'000, 'x')});
  for (int i = 0; i < 3; ++i) produce(topic, batch);
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.topics[0].partitions[0].partition_max_bytes = static_cast<int32_t>(2 * batch.size());
  EXPECT_THAT(batches(fetch(request)), ElementsAre(0, 1));
  request.topics[0].partitions[0].partition_max_bytes += 100;
  const Fetched cut = fetch(request);
  EXPECT_EQ(cut.records().size(), 2 * batch.size() + 100);
  EXPECT_THAT(batches(cut), ElementsAre(0, 1, -1));
}

TEST_P(FetchConformance, OnlyTheFirstPartitionMayExceedTheLimit) {
  const TestTopic topic = create_topic(2);
  const std::string batch = make_batch({}, {std::string(5'000, 'x')});
  produce(topic, batch, {.partition = 0});
  produce(topic, batch, {.partition = 1});
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.topics[0].partitions[0].partition_max_bytes = 100;
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 1;
  const Fetched fetched = fetch(request);
  const auto& partitions = fetched.answer.response.responses.at(0).partitions;
  ASSERT_EQ(partitions.size(), 2u);
  std::vector<size_t> sizes(2);
  for (const auto& each : partitions)
    sizes[static_cast<size_t>(each.partition_index)] = each.records.bytes->size();
  EXPECT_THAT(sizes, ElementsAre(batch.size(), 0u));
}

TEST_P(FetchConformance, NothingIsWaitedForUntilThereIsEnough) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"a"});
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.max_wait_ms = 1'000;
  request.min_bytes = 1;
  const auto before = loop().now();
  EXPECT_THAT(batches(fetch(request)), IsEmpty());
  EXPECT_GE(loop().now() - before, std::chrono::milliseconds(1'000));
  // More than there is: it is told what there is when the time is over.
  produce(topic, batch);
  request.min_bytes = static_cast<int32_t>(batch.size()) + 1;
  EXPECT_THAT(batches(fetch(request)), ElementsAre(0));
}

TEST_P(FetchConformance, AWaitingFetchIsAnsweredWhenARecordComes) {
  const TestTopic topic = create_topic();
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  request.max_wait_ms = 30'000;
  request.min_bytes = 1;
  const auto other = other_connection();
  const auto waiting = send_to(*other, request, {4, 12});
  eventually([&] { return other->in_flight() == 1; });
  produce(topic, make_batch({}, {"a"}));
  eventually([&] { return waiting->has_value(); });
  ASSERT_TRUE(waiting->has_value() && (*waiting)->has_value());
  const Fetched fetched{***waiting};
  EXPECT_EQ(fetched.data().high_watermark, 1);
  EXPECT_THAT(batches(fetched), ElementsAre(0));
}

TEST_P(FetchConformance, LeaderEpochs) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a"}));
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadUncommitted);
  auto& epoch = request.topics[0].partitions[0].current_leader_epoch;
  const bool compares = preset().range(ApiKey::kFetch).last >= 9;
  for (const int32_t known : {-1, 0}) {
    epoch = known;
    EXPECT_EQ(fetch(request).data().error_code, ErrorCode::kNone) << known;
    EXPECT_EQ(list_offset(topic, kLatest, {.leader_epoch = known}, 0).error_code, ErrorCode::kNone);
  }
  epoch = 1;
  EXPECT_TRUE(compares);
  EXPECT_EQ(fetch(request).data().error_code, ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(list_offset(topic, kLatest, {.leader_epoch = 1}, 0).error_code,
            ErrorCode::kUnknownLeaderEpoch);
}

TEST_P(FetchConformance, ReadCommittedStopsAtTheFirstOpenTransaction) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"x"}));
  Transaction open = new_transaction();
  write(open, topic, {"a", "b"});
  produce(topic, make_batch({}, {"y"}));
  const Fetched committed = fetch(topic, 0, Isolation::kReadCommitted);
  EXPECT_EQ(committed.data().high_watermark, 4);
  EXPECT_EQ(committed.data().last_stable_offset, 1);
  EXPECT_THAT(batches(committed), ElementsAre(0));
  EXPECT_THAT(batches(fetch(topic, 1, Isolation::kReadCommitted)), IsEmpty());
  // Beyond the stable offset is not out of range.
  const Fetched beyond = fetch(topic, 3, Isolation::kReadCommitted);
  EXPECT_EQ(beyond.data().error_code, ErrorCode::kNone);
  EXPECT_THAT(batches(beyond), IsEmpty());
  const Fetched all = fetch(topic, 0, Isolation::kReadUncommitted);
  EXPECT_EQ(all.data().last_stable_offset, 1);
  EXPECT_THAT(batches(all), ElementsAre(0, 1, 3));
  EXPECT_EQ(all.data().aborted_transactions, std::nullopt);
  finish(open, true, topic, 4);
  expect_stable(topic, 5);
  EXPECT_THAT(batches(fetch(topic, 0, Isolation::kReadCommitted)), ElementsAre(0, 1, 3, 4));
}

TEST_P(FetchConformance, AbortedTransactionsAreListedWithWhatHoldsThem) {
  const TestTopic topic = create_topic();
  Transaction one = new_transaction();
  write(one, topic, {"a"});      // 0
  finish(one, false, topic, 1);  // 1
  write(one, topic, {"b"});      // 2
  finish(one, true, topic, 3);   // 3
  Transaction other = new_transaction();
  write(one, topic, {"c"});         // 4
  write(other, topic, {"d", "e"});  // 5, 6
  finish(other, false, topic, 7);   // 7
  finish(one, false, topic, 8);     // 8
  expect_stable(topic, 9);
  const auto aborted_from = [&](int64_t offset) {
    auto found = aborted(fetch(topic, offset, Isolation::kReadCommitted));
    std::ranges::sort(found);
    return found;
  };
  std::vector<std::pair<int64_t, int64_t>> all = {
      {one.producer.id, 0}, {one.producer.id, 4}, {other.producer.id, 5}};
  EXPECT_EQ(aborted_from(0), all);
  EXPECT_EQ(aborted_from(1), all);
  all.erase(all.begin());
  EXPECT_EQ(aborted_from(2), all);
  EXPECT_EQ(aborted_from(6), all);
  EXPECT_EQ(aborted_from(7), all);
  all.pop_back();
  EXPECT_EQ(aborted_from(8), all);
  EXPECT_THAT(aborted_from(9), IsEmpty());
}

TEST_P(FetchConformance, AbortsBehindWhatIsAnsweredAreNotListed) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {std::string(5'000, 'x')}));
  Transaction one = new_transaction();
  write(one, topic, {"a"});
  finish(one, false, topic, 2);
  expect_stable(topic, 3);
  FetchRequest request = fetch_request(topic, 0, Isolation::kReadCommitted);
  request.topics[0].partitions[0].partition_max_bytes = 100;
  const Fetched fetched = fetch(request);
  EXPECT_THAT(batches(fetched), ElementsAre(0));
  EXPECT_THAT(aborted(fetched), testing::SizeIs(testing::Le(1u)));
  EXPECT_TRUE(fetched.data().aborted_transactions.has_value());
}

TEST_P(FetchConformance, MarkersOfPartitionsWithoutRecordsAbortNothing) {
  const TestTopic topic = create_topic();
  Transaction one = new_transaction();
  EXPECT_EQ(add(one.id, one.producer, topic), ErrorCode::kNone);
  finish(one, false, topic, 0);
  expect_stable(topic, 1);
  EXPECT_THAT(aborted(fetch(topic, 0, Isolation::kReadCommitted)), IsEmpty());
  EXPECT_THAT(batches(fetch(topic, 0, Isolation::kReadCommitted)), ElementsAre(0));
}

TEST_P(FetchConformance, EndsOfALog) {
  const TestTopic topic = create_topic();
  expect_listed(list(topic, kEarliest), 0, -1);
  expect_listed(list(topic, kLatest), 0, -1);
  produce(topic, make_batch({}, {"a"}));
  Transaction open = new_transaction();
  write(open, topic, {"b", "c"});
  expect_listed(list(topic, kLatest), 3, -1);
  expect_listed(list_offset(topic, kLatest, {Isolation::kReadCommitted}, 0), 1, -1);
  expect_listed(list_offset(topic, kEarliest, {Isolation::kReadCommitted}, 0), 0, -1);
  finish(open, false, topic, 3);
  expect_stable(topic, 4);
  expect_listed(list_offset(topic, kLatest, {Isolation::kReadCommitted}, 0), 4, -1);
  EXPECT_EQ(list_offset(topic, kLatest, {}, 1).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(list({fresh_name(), {}}, kLatest).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(FetchConformance, OffsetsByTime) {
  const TestTopic topic = create_topic();
  expect_listed(list(topic, 0), -1, -1);
  produce(topic, make_batch_at(time_ms(), {}, {"a", "b", "c"}));   // 0, 1, 2 at +0, +1, +2
  produce(topic, make_batch_at(time_ms() + 100, {}, {"d", "e"}));  // 3, 4 at +100, +101
  produce(topic, make_batch_at(time_ms() + 50, {}, {"f"}));        // 5 at +50
  expect_listed(list(topic, 0), 0, time_ms());
  expect_listed(list(topic, time_ms() + 1), 1, time_ms() + 1);
  expect_listed(list(topic, time_ms() + 3), 3, time_ms() + 100);
  expect_listed(list(topic, time_ms() + 101), 4, time_ms() + 101);
  expect_listed(list(topic, time_ms() + 102), -1, -1);
}

TEST_P(FetchConformance, OffsetsByTimeOfOpenTransactions) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch_at(time_ms() - 100, {}, {"a"}));
  Transaction open = new_transaction();
  write(open, topic, {"b"});
  expect_listed(list(topic, time_ms()), 1, time_ms());
  expect_listed(list_offset(topic, time_ms(), {Isolation::kReadCommitted}, 0), -1, -1);
  expect_listed(list_offset(topic, time_ms() - 100, {Isolation::kReadCommitted}, 0), 0,
                time_ms() - 100);
}

TEST_P(FetchConformance, OffsetsByTimeFindMarkersToo) {
  const TestTopic topic = create_topic();
  Transaction one = new_transaction();
  write(one, topic, {"a"});
  finish(one, true, topic, 1);
  const auto marker = list(topic, time_ms() + 1);
  EXPECT_EQ(marker.offset, 1);
  EXPECT_GT(marker.timestamp, time_ms());
}

TEST_P(FetchConformance, OffsetsOfOtherKinds) {
  const TestTopic topic = create_topic();
  if (preset().range(ApiKey::kListOffsets).last < 7) {
    EXPECT_NE(list(topic, -77).error_code, ErrorCode::kNone);
    return;
  }
  expect_listed(list(topic, kOfGreatestTimestamp), -1, -1);
  produce(topic, make_batch_at(time_ms(), {}, {"a", "b", "c"}));
  produce(topic, make_batch_at(time_ms() - 50, {}, {"d"}));
  expect_listed(list(topic, kOfGreatestTimestamp), 2, time_ms() + 2);
  EXPECT_EQ(list(topic, -77).error_code, ErrorCode::kUnsupportedVersion);
}

TEST_P(FetchConformance, WhatWasDeletedIsOutOfRange) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch_at(time_ms(), {}, {"a", "b", "c"}));
  produce(topic, make_batch_at(time_ms() + 100, {}, {"d"}));
  const auto deleted = delete_before(topic, 2);
  EXPECT_EQ(deleted.error_code, ErrorCode::kNone);
  EXPECT_EQ(deleted.low_watermark, 2);
  expect_listed(list(topic, kEarliest), 2, -1);
  EXPECT_EQ(fetch(topic, 1, Isolation::kReadUncommitted).data().error_code,
            ErrorCode::kOffsetOutOfRange);
  const Fetched fetched = fetch(topic, 2, Isolation::kReadUncommitted);
  EXPECT_EQ(fetched.data().log_start_offset, 2);
  EXPECT_THAT(batches(fetched), ElementsAre(0, 3));
  expect_listed(list(topic, 0), 2, time_ms() + 2);
  EXPECT_EQ(produce(topic, make_batch({}, {"e"})).log_start_offset, 2);
  // To the end, which is said by -1.
  EXPECT_EQ(delete_before(topic, -1).low_watermark, 5);
  expect_listed(list(topic, kEarliest), 5, -1);
  EXPECT_EQ(fetch(topic, 5, Isolation::kReadUncommitted).data().error_code, ErrorCode::kNone);
  expect_listed(list(topic, 0), -1, -1);
  // What is gone is not deleted again.
  EXPECT_EQ(delete_before(topic, 1).low_watermark, 5);
  const auto beyond = delete_before(topic, 6);
  EXPECT_EQ(beyond.error_code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(beyond.low_watermark, -1);
  EXPECT_EQ(delete_before({fresh_name(), {}}, 0).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(FetchConformance, ADeletedBatchIsStillRecognised) {
  const TestTopic topic = create_topic();
  const auto made = init(std::nullopt, {});
  const std::string batch = make_batch({made.producer_id, made.producer_epoch, 0, false}, {"a"});
  EXPECT_EQ(produce(topic, batch).base_offset, 0);
  EXPECT_EQ(delete_before(topic, 1).low_watermark, 1);
  EXPECT_EQ(produce(topic, batch).base_offset, 0);
}

TEST_P(FetchConformance, EndsOfLeaderEpochs) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a", "b"}));
  const auto end_of = [&](int32_t epoch, int32_t current) {
    OffsetForLeaderEpochRequest request;
    request.topics.emplace_back().topic = topic.name;
    request.topics[0].partitions.push_back({0, current, epoch});
    return ask(request).response.topics.at(0).partitions.at(0);
  };
  const auto present = end_of(0, -1);
  EXPECT_EQ(present.error_code, ErrorCode::kNone);
  EXPECT_EQ(present.leader_epoch, 0);
  EXPECT_EQ(present.end_offset, 2);
  const auto later = end_of(5, -1);
  EXPECT_EQ(later.error_code, ErrorCode::kNone);
  EXPECT_EQ(later.leader_epoch, -1);
  EXPECT_EQ(later.end_offset, -1);
  EXPECT_EQ(end_of(0, 3).error_code, ErrorCode::kUnknownLeaderEpoch);
}

using FetchByIdConformance = FetchConformance;
INSTANTIATE_TEST_SUITE_P(Kafka, FetchByIdConformance,
                         testing::ValuesIn(grounds_with(has_topic_ids)), name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FetchByIdConformance);

TEST_P(FetchByIdConformance, TopicsGoByTheirIds) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a"}));
  const Fetched fetched =
      fetch(fetch_request(topic, 0, Isolation::kReadCommitted), {13, kLastVersion});
  EXPECT_EQ(fetched.answer.response.responses.at(0).topic_id, topic.id);
  EXPECT_THAT(batches(fetched), ElementsAre(0));
  TestTopic unknown = topic;
  unknown.id.bytes[3] ^= 1;
  const Fetched refused =
      fetch(fetch_request(unknown, 0, Isolation::kReadCommitted), {13, kLastVersion});
  EXPECT_EQ(refused.data().error_code, ErrorCode::kUnknownTopicId);
  FetchRequest beyond = fetch_request(topic, 0, Isolation::kReadCommitted);
  beyond.topics[0].partitions[0].partition = 3;
  EXPECT_EQ(fetch(beyond, {13, kLastVersion}).data().error_code,
            ErrorCode::kUnknownTopicOrPartition);
}

}  // namespace
}  // namespace penstock::connect::kafka
