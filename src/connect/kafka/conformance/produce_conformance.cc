// Produce without transactions: offsets, sequences, epochs, and what a broker refuses.
#include <limits>
#include <random>

#include "connect/kafka/conformance/conformance_fixture_test.h"
#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {
namespace {

class ProduceConformance : public Conformance {
 protected:
  // Of nobody else: brokers believe any id that they are told.
  static ProducerIdAndEpoch new_producer(int16_t epoch) {
    static int64_t next = 1'000'000'000 + int64_t{std::random_device()()} * 1'000;
    return {next++, epoch};
  }
  Produced produce_as(const TestTopic& topic, const ProducerIdAndEpoch& producer, int32_t sequence,
                      const std::vector<std::string>& values) {
    return produce(topic, make_batch(identity(producer, sequence, false), values));
  }
  // Field by field, so that a failure tells which.
  std::map<int32_t, ErrorCode> codes_of(const ProduceRequest& request) {
    std::map<int32_t, ErrorCode> codes;
    const auto answer = ask(request, {3, 12});
    for (const auto& topic : answer.response.responses) {
      for (const auto& partition : topic.partition_responses)
        codes[partition.index] = partition.error_code;
    }
    return codes;
  }
  void expect_duplicate(const Produced& produced, int64_t offset) {
    EXPECT_EQ(produced.error_code, ErrorCode::kNone);
    EXPECT_EQ(produced.base_offset, offset);
    // The time of its last record, though that is not when it was appended.
    EXPECT_GE(produced.log_append_time_ms, time_ms());
    EXPECT_LT(produced.log_append_time_ms, time_ms() + 10);
    EXPECT_EQ(produced.log_start_offset, 0);
  }
  static void expect_offset(const Produced& produced, int64_t offset) {
    EXPECT_EQ(produced.error_code, ErrorCode::kNone);
    EXPECT_EQ(produced.base_offset, offset);
    EXPECT_EQ(produced.index, 0);
    EXPECT_EQ(produced.log_append_time_ms, -1);
    EXPECT_EQ(produced.log_start_offset, 0);
  }
  static void expect_refusal(const Produced& produced, ErrorCode error) {
    EXPECT_EQ(produced.error_code, error);
    EXPECT_EQ(produced.base_offset, -1);
  }
};
INSTANTIATE_TEST_SUITE_P(Kafka, ProduceConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

// Changes a batch and makes its checksum right again.
template <typename T>
std::string with_field(std::string batch, size_t at, T value) {
  store_big_endian(batch.data() + at, value);
  store_big_endian(batch.data() + kCrcAt, crc32c(std::string_view(batch).substr(kAttributesAt)));
  return batch;
}

TEST_P(ProduceConformance, OffsetsGoOn) {
  const TestTopic topic = create_topic();
  expect_offset(produce(topic, make_batch({}, {"a", "b"})), 0);
  expect_offset(produce(topic, make_batch({}, {"c"})), 2);
  // Nobody says that it is the same one.
  expect_offset(produce(topic, make_batch({}, {"c"})), 3);
  EXPECT_EQ(latest(topic), 4);
  EXPECT_EQ(last_stable(topic), 4);
}

TEST_P(ProduceConformance, EveryVersionIsAnswered) {
  const TestTopic topic = create_topic();
  const VersionRange range = preset().range(ApiKey::kProduce);
  int64_t offset = 0;
  for (int16_t version = std::max<int16_t>(3, range.first); version <= range.last; ++version) {
    const auto produced = produce(topic, make_batch({}, {"a"}), {.versions = {version, version}});
    EXPECT_EQ(produced.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(produced.base_offset, offset++) << version;
    EXPECT_EQ(produced.log_start_offset, version < 5 ? -1 : 0) << version;
  }
}

TEST_P(ProduceConformance, ARepeatedBatchHasTheOffsetOfTheFirst) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  expect_offset(produce_as(topic, producer, 0, {"a", "b"}), 0);
  expect_duplicate(produce_as(topic, producer, 0, {"a", "b"}), 0);
  EXPECT_EQ(produce_as(topic, producer, 0, {"a", "b"}).log_append_time_ms, time_ms() + 1);
  expect_offset(produce_as(topic, producer, 2, {"c"}), 2);
  expect_duplicate(produce_as(topic, producer, 0, {"a", "b"}), 0);
  EXPECT_EQ(latest(topic), 3);
}

TEST_P(ProduceConformance, FiveBatchesAreRemembered) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  for (int32_t i = 0; i < 6; ++i) expect_offset(produce_as(topic, producer, i, {"a"}), i);
  for (int32_t i = 1; i < 6; ++i) expect_duplicate(produce_as(topic, producer, i, {"a"}), i);
  expect_refusal(produce_as(topic, producer, 0, {"a"}), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(latest(topic), 6);
}

TEST_P(ProduceConformance, ABatchThatOverlapsIsOutOfOrder) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  expect_offset(produce_as(topic, producer, 0, {"a", "b"}), 0);
  expect_refusal(produce_as(topic, producer, 0, {"a"}), ErrorCode::kOutOfOrderSequenceNumber);
  expect_refusal(produce_as(topic, producer, 0, {"a", "b", "c"}),
                 ErrorCode::kOutOfOrderSequenceNumber);
  expect_refusal(produce_as(topic, producer, 1, {"b"}), ErrorCode::kOutOfOrderSequenceNumber);
}

TEST_P(ProduceConformance, AGapIsOutOfOrder) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  expect_offset(produce_as(topic, producer, 0, {"a"}), 0);
  expect_refusal(produce_as(topic, producer, 2, {"c"}), ErrorCode::kOutOfOrderSequenceNumber);
  expect_offset(produce_as(topic, producer, 1, {"b"}), 1);
  expect_offset(produce_as(topic, producer, 2, {"c"}), 2);
}

TEST_P(ProduceConformance, AProducerOfWhomNothingIsKnownMayBeginAnywhere) {
  const TestTopic topic = create_topic();
  const auto produced = produce_as(topic, new_producer(0), 7, {"a"});
  if (preset().unknown_producer_error) {
    expect_refusal(produced, ErrorCode::kUnknownProducerId);
  } else {
    expect_offset(produced, 0);
  }
}

TEST_P(ProduceConformance, ANewEpochBeginsAtZeroAndEndsTheOldOne) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch old = new_producer(3);
  const ProducerIdAndEpoch next{old.id, 4};
  expect_offset(produce_as(topic, old, 0, {"a"}), 0);
  expect_refusal(produce_as(topic, next, 1, {"b"}), ErrorCode::kOutOfOrderSequenceNumber);
  expect_offset(produce_as(topic, next, 0, {"b"}), 1);
  expect_refusal(produce_as(topic, old, 1, {"c"}), ErrorCode::kInvalidProducerEpoch);
  // Not even what it has sent already.
  expect_refusal(produce_as(topic, old, 0, {"a"}), ErrorCode::kInvalidProducerEpoch);
  expect_offset(produce_as(topic, {old.id, 9}, 0, {"d"}), 2);
}

TEST_P(ProduceConformance, SequencesGoOnAtZeroAfterTheLast) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  constexpr int32_t kLast = std::numeric_limits<int32_t>::max();
  if (preset().unknown_producer_error) {
    // It has to begin at 0 here, and nobody sends so many.
    expect_refusal(produce_as(topic, producer, kLast, {"a"}), ErrorCode::kUnknownProducerId);
    return;
  }
  expect_offset(produce_as(topic, producer, kLast - 1, {"a", "b", "c"}), 0);
  expect_duplicate(produce_as(topic, producer, kLast - 1, {"a", "b", "c"}), 0);
  expect_refusal(produce_as(topic, producer, 2, {"e"}), ErrorCode::kOutOfOrderSequenceNumber);
  expect_offset(produce_as(topic, producer, 1, {"d"}), 3);
}

TEST_P(ProduceConformance, PartitionsCountByThemselves) {
  const TestTopic topic = create_topic(2);
  const ProducerIdAndEpoch producer = new_producer(0);
  const std::string batch = make_batch(identity(producer, 0, false), {"a"});
  EXPECT_EQ(produce(topic, batch, {.partition = 0}).base_offset, 0);
  EXPECT_EQ(produce(topic, batch, {.partition = 1}).base_offset, 0);
  EXPECT_EQ(produce(topic, batch, {.partition = 1}).index, 1);
}

TEST_P(ProduceConformance, TooLargeABatch) {
  const TestTopic topic = create_topic(1, {{"max.message.bytes", "1000"}});
  const size_t rest = make_batch({}, {std::string(500, 'x')}).size() - 500;
  expect_offset(produce(topic, make_batch({}, {std::string(1'000 - rest, 'x')})), 0);
  expect_refusal(produce(topic, make_batch({}, {std::string(1'001 - rest, 'x')})),
                 ErrorCode::kMessageTooLarge);
  const TestTopic usual = create_topic();
  constexpr size_t kMost = 1'048'588;
  const size_t large = make_batch({}, {std::string(1'000'000, 'x')}).size() - 1'000'000;
  expect_offset(produce(usual, make_batch({}, {std::string(kMost - large, 'x')})), 0);
  expect_refusal(produce(usual, make_batch({}, {std::string(kMost - large + 1, 'x')})),
                 ErrorCode::kMessageTooLarge);
}

TEST_P(ProduceConformance, ACorruptChecksum) {
  const TestTopic topic = create_topic();
  std::string batch = make_batch({}, {"abc"});
  batch.back() = static_cast<char>(batch.back() ^ 1);
  expect_refusal(produce(topic, batch), ErrorCode::kCorruptMessage);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(ProduceConformance, NotExactlyOneBatch) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"abc"});
  expect_refusal(produce(topic, ""), ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, batch + batch), ErrorCode::kInvalidRecord);
  // A part of a batch is none.
  expect_refusal(produce(topic, batch.substr(0, 10)), ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, batch.substr(0, batch.size() - 1)), ErrorCode::kInvalidRecord);
  EXPECT_EQ(latest(topic), 0);
  // What is left over behind a batch is no second one, and is not kept.
  expect_offset(produce(topic, batch + batch.substr(0, batch.size() - 1)), 0);
  EXPECT_EQ(fetch(topic, 0, Isolation::kReadUncommitted).records().size(), batch.size());
}

TEST_P(ProduceConformance, HeadersThatMakeNoSense) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"a", "b"});
  const auto attributes = load_big_endian<int16_t>(batch.data() + kAttributesAt);
  expect_refusal(produce(topic, with_field<int8_t>(batch, kMagicAt, 1)), ErrorCode::kInvalidRecord);
  expect_refusal(
      produce(topic, with_field<int16_t>(batch, kAttributesAt,
                                         static_cast<int16_t>(attributes | kControlFlag))),
      ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, with_field<int32_t>(batch, kCountAt, 3)),
                 ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, with_field<int32_t>(batch, kLastOffsetDeltaAt, 2)),
                 ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, with_field<int32_t>(with_field<int32_t>(batch, kCountAt, 0),
                                                    kLastOffsetDeltaAt, -1)),
                 ErrorCode::kInvalidRecord);
  expect_refusal(produce(topic, with_field<int32_t>(batch, kLengthAt, 5)),
                 ErrorCode::kCorruptMessage);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(ProduceConformance, AProducerNeedsASequence) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = new_producer(0);
  expect_refusal(produce_as(topic, producer, -1, {"a"}), ErrorCode::kInvalidRecord);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(ProduceConformance, UnknownTopicsAndPartitions) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"a"});
  const auto beyond = produce(topic, batch, {.partition = 1});
  expect_refusal(beyond, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(beyond.index, 1);
  expect_refusal(produce(topic, batch, {.partition = -1}), ErrorCode::kUnknownTopicOrPartition);
  expect_refusal(produce({fresh_name(), {}}, batch), ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(ProduceConformance, Acknowledgements) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"a"});
  expect_offset(produce(topic, batch, {.acks = 1}), 0);
  expect_offset(produce(topic, batch, {.acks = -1}), 1);
  expect_refusal(produce(topic, batch, {.acks = 2}), ErrorCode::kInvalidRequiredAcks);
  expect_refusal(produce(topic, batch, {.acks = -2}), ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(latest(topic), 2);
}

TEST_P(ProduceConformance, OtherErrorsAreSaidBeforeWrongAcknowledgements) {
  EXPECT_EQ(produce({fresh_name(), {}}, make_batch({}, {"a"}), {.acks = 2}).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  const TestTopic topic = create_topic();
  EXPECT_EQ(produce(topic, "", {.acks = 2}).error_code, ErrorCode::kInvalidRecord);
}

TEST_P(ProduceConformance, OneBadPartitionDoesNotSpoilTheOthers) {
  const TestTopic topic = create_topic(2);
  const std::string batch = make_batch({}, {"a"});
  ProduceRequest request = produce_request(topic, batch, {});
  const std::string part = batch.substr(0, batch.size() - 1);
  request.topic_data[0].partition_data.push_back({1, {part}});
  request.topic_data[0].partition_data.push_back({5, {batch}});
  auto codes = codes_of(request);
  EXPECT_EQ(codes.size(), 3u);
  EXPECT_EQ(codes[0], ErrorCode::kNone);
  EXPECT_EQ(codes[1], ErrorCode::kInvalidRecord);
  EXPECT_EQ(codes[5], ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(ProduceConformance, WhereNoBatchCanBeginAllIsRefused) {
  const TestTopic topic = create_topic(2);
  const std::string batch = make_batch({}, {"a"});
  const std::string broken = with_field<int32_t>(batch, kLengthAt, 5);
  ProduceRequest request = produce_request(topic, batch, {});
  request.topic_data[0].partition_data.push_back({1, {broken}});
  request.topic_data[0].partition_data.push_back({5, {batch}});
  auto codes = codes_of(request);
  EXPECT_EQ(codes.size(), 3u);
  for (const auto& [partition, code] : codes) EXPECT_EQ(code, ErrorCode::kCorruptMessage);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(ProduceConformance, CompressedBatchesAreKeptAsTheyAre) {
  const TestTopic topic = create_topic();
  int64_t offset = 0;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    std::string batch =
        encode_batch({}, {std::string(5'000, 'x'), std::string(5'000, 'y')}, time_ms(), codec);
    expect_offset(produce(topic, batch), offset);
    const Fetched fetched = fetch(topic, offset, Isolation::kReadUncommitted);
    set_place(batch.data(), offset, 0);
    EXPECT_EQ(fetched.records(), batch) << codec_name(codec);
    offset += 2;
  }
}

using ProduceByIdConformance = ProduceConformance;
bool produces_by_id(const BrokerPreset& preset) {
  return preset.range(ApiKey::kProduce).last >= 13;
}
INSTANTIATE_TEST_SUITE_P(Kafka, ProduceByIdConformance,
                         testing::ValuesIn(grounds_with(produces_by_id)), name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ProduceByIdConformance);

TEST_P(ProduceByIdConformance, TopicsGoByTheirIds) {
  const TestTopic topic = create_topic();
  const std::string batch = make_batch({}, {"a"});
  expect_offset(produce(topic, batch, {.versions = {13, 13}}), 0);
  TestTopic unknown = topic;
  unknown.id.bytes[5] ^= 1;
  expect_refusal(produce(unknown, batch, {.versions = {13, 13}}), ErrorCode::kUnknownTopicId);
  expect_refusal(produce(topic, batch, {.versions = {13, 13}, .partition = 1}),
                 ErrorCode::kUnknownTopicOrPartition);
  expect_refusal(produce({topic.name, {}}, batch, {.versions = {13, 13}}),
                 ErrorCode::kUnknownTopicId);
}

}  // namespace
}  // namespace penstock::connect::kafka
