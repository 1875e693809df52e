// Transactions as the coordinator and the leaders see them, request by request. Version 1 is that
// of Produce up to 11 and EndTxn up to 4, which every broker still speaks; version 2 is KIP-890.
#include "connect/kafka/conformance/conformance_fixture_test.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/control_marker.h"

namespace penstock::connect::kafka {
namespace {

using testing::Each;
using testing::ElementsAre;

class TransactionConformance : public Conformance {
 protected:
  static constexpr VersionRange kProduceV1{3, 11};
  static constexpr VersionRange kProduceV2{12, 12};

  std::string data(const ProducerIdAndEpoch& producer, int32_t sequence,
                   const std::vector<std::string>& values) const {
    return make_batch(identity(producer, sequence, true), values);
  }
  Produced write(const TestTopic& topic, const std::string& id, const ProducerIdAndEpoch& producer,
                 int32_t sequence) {
    return produce(topic, data(producer, sequence, {"a"}),
                   {.transactional_id = id, .versions = kProduceV1});
  }
  // A transaction of version 1 with one record is open.
  void open_v1(const std::string& id, const ProducerIdAndEpoch& producer, const TestTopic& topic,
               int32_t sequence) {
    EXPECT_EQ(add(id, producer, topic), ErrorCode::kNone);
    EXPECT_EQ(write(topic, id, producer, sequence).error_code, ErrorCode::kNone);
  }
  ErrorCode end_v1(const std::string& id, const ProducerIdAndEpoch& producer, bool commit) {
    return end(id, producer, commit, kEndV1).error_code;
  }
  // Older versions of InitProducerId, AddPartitionsToTxn and EndTxn know no better code (KIP-588).
  ErrorCode fenced(ApiKey api, int16_t since, int16_t most) const {
    return std::min(preset().range(api).last, most) >= since ? ErrorCode::kProducerFenced
                                                             : ErrorCode::kInvalidProducerEpoch;
  }
  ErrorCode fenced_at_init() const { return fenced(ApiKey::kInitProducerId, 4, 5); }
  ErrorCode fenced_at_add() const { return fenced(ApiKey::kAddPartitionsToTxn, 2, 3); }
  ErrorCode fenced_at_end() const { return fenced(ApiKey::kEndTxn, 2, 5); }
  // Markers are written after the answer: the log's end says that they are there.
  void expect_end(const TestTopic& topic, int64_t offset) {
    eventually([&] { return latest(topic) >= offset && last_stable(topic) >= offset; });
    EXPECT_EQ(latest(topic), offset);
    EXPECT_EQ(last_stable(topic), offset);
  }
  // Whether the marker at the offset is a commit's.
  struct Marker {
    ProducerIdAndEpoch producer;
    bool commit;
    bool operator==(const Marker&) const = default;
  };
  std::optional<Marker> marker_at(const TestTopic& topic, int64_t offset) {
    const Fetched fetched = fetch(topic, offset, Isolation::kReadUncommitted);
    Compression compression;
    BatchReader reader(compression, 1 << 20);
    reader.reset(fetched.records());
    while (reader.next_batch()) {
      if (reader.header().base_offset != offset || !reader.header().control) continue;
      EXPECT_EQ(reader.header().base_sequence, -1);
      EXPECT_TRUE(reader.header().transactional);
      EXPECT_TRUE(reader.next_record());
      const auto marker = decode_control(reader.record());
      EXPECT_TRUE(marker.has_value());
      return Marker{{reader.header().producer_id, reader.header().producer_epoch},
                    marker->type == ControlType::kCommit};
    }
    return std::nullopt;
  }

  const std::string id_ = fresh_name();
};
INSTANTIATE_TEST_SUITE_P(Kafka, TransactionConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

TEST_P(TransactionConformance, EachInitIsANewEpoch) {
  const ProducerIdAndEpoch first = first_producer(id_);
  EXPECT_GE(first.id, 0);
  EXPECT_EQ(first.epoch, 0);
  for (int16_t epoch = 1; epoch < 4; ++epoch) {
    const auto again = init(id_, {});
    EXPECT_EQ(again.error_code, ErrorCode::kNone);
    EXPECT_EQ(again.producer_id, first.id);
    EXPECT_EQ(again.producer_epoch, epoch);
  }
}

TEST_P(TransactionConformance, IdempotentProducersGetIdsOfTheirOwn) {
  const auto one = init(std::nullopt, {});
  const auto other = init(std::nullopt, {});
  EXPECT_EQ(one.error_code, ErrorCode::kNone);
  EXPECT_EQ(one.producer_epoch, 0);
  EXPECT_NE(one.producer_id, other.producer_id);
}

TEST_P(TransactionConformance, InitRefusesNonsense) {
  first_producer(id_);
  EXPECT_EQ(init_once("", {}).error_code, ErrorCode::kInvalidRequest);
  for (const int32_t timeout : {0, -1, 900'001}) {
    const auto refused = init_once(id_, {.timeout_ms = timeout});
    EXPECT_EQ(refused.error_code, ErrorCode::kInvalidTransactionTimeout);
    EXPECT_EQ(refused.producer_id, -1);
    EXPECT_EQ(refused.producer_epoch, -1);
  }
  EXPECT_EQ(init(id_, {.timeout_ms = 900'000}).error_code, ErrorCode::kNone);
}

TEST_P(TransactionConformance, ACommitMakesOneMarkerInEachPartition) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  open_v1(id_, producer, topic, 0);
  EXPECT_EQ(write(topic, id_, producer, 1).base_offset, 1);
  EXPECT_EQ(latest(topic), 2);
  EXPECT_EQ(last_stable(topic), 0);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 3);
  EXPECT_EQ(marker_at(topic, 2), (Marker{producer, true}));
  // The next transaction goes on with the same epoch and sequence.
  open_v1(id_, producer, topic, 2);
  EXPECT_EQ(last_stable(topic), 3);
  EXPECT_EQ(end_v1(id_, producer, false), ErrorCode::kNone);
  expect_end(topic, 5);
  EXPECT_EQ(marker_at(topic, 4), (Marker{producer, false}));
}

TEST_P(TransactionConformance, APartitionWithoutRecordsHasAMarkerAllTheSame) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  EXPECT_EQ(last_stable(topic), 0);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 1);
  EXPECT_EQ(marker_at(topic, 0), (Marker{producer, true}));
}

TEST_P(TransactionConformance, EndIsTheSameWhenRepeated) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  for (const bool commit : {true, false}) {
    open_v1(id_, producer, topic, commit ? 0 : 1);
    EXPECT_EQ(end_v1(id_, producer, commit), ErrorCode::kNone);
    EXPECT_EQ(end_v1(id_, producer, commit), ErrorCode::kNone);
    EXPECT_EQ(end_v1(id_, producer, !commit), ErrorCode::kInvalidTxnState);
    EXPECT_EQ(end_v1(id_, producer, commit), ErrorCode::kNone);
  }
  expect_end(topic, 4);
}

TEST_P(TransactionConformance, AnEmptyTransactionHasNoEnd) {
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kInvalidTxnState);
  EXPECT_EQ(end_v1(id_, producer, false), ErrorCode::kInvalidTxnState);
}

TEST_P(TransactionConformance, EndOfAnotherProducer) {
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(end_v1(id_, {producer.id + 100'000, 0}, true), ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(end_v1(fresh_name(), producer, true), ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(end_v1(id_, {producer.id, 1}, true), fenced_at_end());
  EXPECT_EQ(end_v1("", producer, true), ErrorCode::kInvalidRequest);
  init(id_, {});
  EXPECT_EQ(end_v1(id_, producer, true), fenced_at_end());
}

TEST_P(TransactionConformance, AddingForAnotherProducer) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(add(id_, {producer.id + 100'000, 0}, topic), ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(add(fresh_name(), producer, topic), ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(add(id_, {producer.id, 1}, topic), fenced_at_add());
  EXPECT_EQ(add("", producer, topic), ErrorCode::kInvalidRequest);
  init(id_, {});
  EXPECT_EQ(add(id_, producer, topic), fenced_at_add());
}

TEST_P(TransactionConformance, AnUnknownPartitionKeepsTheOthersOut) {
  const TestTopic topic = create_topic();
  const std::string unknown = fresh_name();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_THAT(add_once(id_, producer, {{topic.name, {0, 1}}, {unknown, {0}}}),
              ElementsAre(ErrorCode::kOperationNotAttempted, ErrorCode::kUnknownTopicOrPartition,
                          ErrorCode::kUnknownTopicOrPartition));
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kInvalidTxnState);
}

TEST_P(TransactionConformance, APartitionMayBeAddedTwice) {
  const TestTopic topic = create_topic(2);
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_THAT(add_once(id_, producer, {{topic.name, {0}}}), Each(ErrorCode::kNone));
  EXPECT_THAT(add_once(id_, producer, {{topic.name, {0, 1}}}), Each(ErrorCode::kNone));
  EXPECT_EQ(end_v1(id_, producer, false), ErrorCode::kNone);
  expect_end(topic, 1);
}

TEST_P(TransactionConformance, AnInitFencesTheProducerBefore) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch old = first_producer(id_);
  open_v1(id_, old, topic, 0);
  // The transaction is aborted first, and until then the new one has to wait.
  EXPECT_EQ(init_once(id_, {}).error_code, ErrorCode::kConcurrentTransactions);
  const auto next = init(id_, {});
  EXPECT_EQ(next.error_code, ErrorCode::kNone);
  EXPECT_EQ(next.producer_id, old.id);
  EXPECT_EQ(next.producer_epoch, 2);
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{{old.id, 1}, false}));
  EXPECT_EQ(write(topic, id_, old, 1).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(write(topic, id_, old, 0).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(add(id_, old, topic), fenced_at_add());
  EXPECT_EQ(end_v1(id_, old, true), fenced_at_end());
  open_v1(id_, {next.producer_id, next.producer_epoch}, topic, 0);
}

TEST_P(TransactionConformance, AnInitWithNothingOpenTellsLeadersNothing) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch old = first_producer(id_);
  open_v1(id_, old, topic, 0);
  EXPECT_EQ(end_v1(id_, old, true), ErrorCode::kNone);
  expect_end(topic, 2);
  const auto next = init(id_, {});
  EXPECT_EQ(next.producer_epoch, 1);
  EXPECT_EQ(latest(topic), 2);
  // What the leader has already, it recognises.
  EXPECT_EQ(write(topic, id_, old, 0).base_offset, preset().verifies_partitions ? -1 : 0);
}

TEST_P(TransactionConformance, AnOpenTransactionEndsAtItsTimeout) {
  const TestTopic topic = create_topic();
  find_coordinator(id_);
  const auto made = init(id_, {.timeout_ms = 100});
  const ProducerIdAndEpoch producer{made.producer_id, made.producer_epoch};
  open_v1(id_, producer, topic, 0);
  // Brokers look for them every ten seconds.
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{{producer.id, 1}, false}));
  EXPECT_EQ(end_v1(id_, producer, true), fenced_at_end());
  EXPECT_EQ(write(topic, id_, producer, 1).error_code, ErrorCode::kInvalidProducerEpoch);
  const auto next = init(id_, {});
  EXPECT_EQ(next.error_code, ErrorCode::kNone);
  EXPECT_EQ(next.producer_epoch, 2);
}

TEST_P(TransactionConformance, SequencesGoOnFromTransactionToTransaction) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  open_v1(id_, producer, topic, 0);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 2);
  EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  EXPECT_EQ(write(topic, id_, producer, 2).error_code, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(write(topic, id_, producer, 1).base_offset, 2);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 4);
}

TEST_P(TransactionConformance, ABatchOfTheTransactionBeforeIsRecognised) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  open_v1(id_, producer, topic, 0);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 2);
  EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  EXPECT_EQ(write(topic, id_, producer, 0).base_offset, 0);
  // It opens nothing.
  EXPECT_EQ(last_stable(topic), 2);
  // But a leader that has verified it expects no later one as the transaction's first (KIP-890).
  if (preset().verifies_partitions) {
    EXPECT_EQ(write(topic, id_, producer, 1).error_code, ErrorCode::kOutOfOrderSequenceNumber);
    EXPECT_EQ(end_v1(id_, producer, false), ErrorCode::kNone);
    expect_end(topic, 3);
    EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  }
  EXPECT_EQ(write(topic, id_, producer, 1).error_code, ErrorCode::kNone);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
}

TEST_P(TransactionConformance, ABatchOutsideOfTheOpenTransaction) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  open_v1(id_, producer, topic, 0);
  EXPECT_EQ(produce(topic, make_batch(identity(producer, 1, false), {"b"})).error_code,
            ErrorCode::kInvalidTxnState);
}

TEST_P(TransactionConformance, OtherProducersGoOnBeyondAnOpenTransaction) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  open_v1(id_, producer, topic, 0);
  EXPECT_EQ(produce(topic, make_batch({}, {"x"})).base_offset, 1);
  EXPECT_EQ(last_stable(topic), 0);
  const std::string other_id = fresh_name();
  const ProducerIdAndEpoch other = first_producer(other_id);
  open_v1(other_id, other, topic, 0);
  EXPECT_EQ(end_v1(other_id, other, true), ErrorCode::kNone);
  eventually([&] { return latest(topic) == 4; });
  EXPECT_EQ(last_stable(topic), 0);
  EXPECT_EQ(end_v1(id_, producer, false), ErrorCode::kNone);
  expect_end(topic, 5);
}

// KIP-360.
using KnownProducerConformance = TransactionConformance;
bool knows_producers(const BrokerPreset& preset) {
  return preset.range(ApiKey::kInitProducerId).last >= 3;
}
INSTANTIATE_TEST_SUITE_P(Kafka, KnownProducerConformance,
                         testing::ValuesIn(grounds_with(knows_producers)), name_of_ground);

TEST_P(KnownProducerConformance, ItsOwnEpochIsRaised) {
  const ProducerIdAndEpoch first = first_producer(id_);
  const auto second = init(id_, {.expected = first});
  EXPECT_EQ(second.error_code, ErrorCode::kNone);
  EXPECT_EQ(second.producer_id, first.id);
  EXPECT_EQ(second.producer_epoch, 1);
  // The same again, because the answer was lost.
  const auto repeated = init(id_, {.expected = first});
  EXPECT_EQ(repeated.error_code, ErrorCode::kNone);
  EXPECT_EQ(repeated.producer_epoch, 1);
  const auto third = init(id_, {.expected = {first.id, 1}});
  EXPECT_EQ(third.producer_epoch, 2);
  EXPECT_EQ(init(id_, {.expected = first}).error_code, fenced_at_init());
}

TEST_P(KnownProducerConformance, WhoWasFencedStaysFenced) {
  const ProducerIdAndEpoch first = first_producer(id_);
  EXPECT_EQ(init(id_, {}).producer_epoch, 1);
  EXPECT_EQ(init(id_, {.expected = first}).error_code, fenced_at_init());
  EXPECT_EQ(init(id_, {.expected = {first.id, 7}}).error_code, fenced_at_init());
  EXPECT_EQ(init(id_, {.expected = {first.id + 100'000, 1}}).error_code, fenced_at_init());
  EXPECT_EQ(init(id_, {}).producer_epoch, 2);
}

TEST_P(KnownProducerConformance, ItsOwnOpenTransactionIsAborted) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch first = first_producer(id_);
  open_v1(id_, first, topic, 0);
  EXPECT_EQ(init_once(id_, {.expected = first}).error_code, ErrorCode::kConcurrentTransactions);
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{{first.id, 1}, false}));
  const auto again = init(id_, {.expected = first});
  if (preset().transaction_version >= 2) {
    EXPECT_EQ(again.error_code, ErrorCode::kNone);
    EXPECT_EQ(again.producer_id, first.id);
    EXPECT_EQ(again.producer_epoch, 1);
  } else {
    // The epoch that aborts is nobody's, and the one who asks is taken for a fenced one.
    EXPECT_EQ(again.error_code, fenced_at_init());
  }
}

TEST_P(KnownProducerConformance, HalfAnIdentityIsNone) {
  const ProducerIdAndEpoch first = first_producer(id_);
  EXPECT_EQ(init_once(id_, {.expected = {first.id, -1}}).error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(init_once(id_, {.expected = {-1, 0}}).error_code, ErrorCode::kInvalidRequest);
}

// KIP-890, the first part.
using VerifyingConformance = TransactionConformance;
INSTANTIATE_TEST_SUITE_P(Kafka, VerifyingConformance,
                         testing::ValuesIn(grounds_with(verifies_partitions)), name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VerifyingConformance);

TEST_P(VerifyingConformance, ABatchWithoutATransactionIsRefused) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  const std::string batch = data(producer, 0, {"a"});
  EXPECT_EQ(produce(topic, batch, {.transactional_id = id_, .versions = {11, 11}}).error_code,
            ErrorCode::kTransactionAbortable);
  EXPECT_EQ(produce(topic, batch, {.transactional_id = id_, .versions = {10, 10}}).error_code,
            ErrorCode::kInvalidTxnState);
  // Another partition of the transaction does not help.
  const TestTopic other = create_topic();
  EXPECT_EQ(add(id_, producer, other), ErrorCode::kNone);
  EXPECT_EQ(write(topic, id_, producer, 0).error_code, ErrorCode::kTransactionAbortable);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(VerifyingConformance, TheTransactionalIdHasToBeTheProducers) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  EXPECT_EQ(write(topic, fresh_name(), producer, 0).error_code,
            ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(write(topic, id_, {producer.id + 100'000, 0}, 0).error_code,
            ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(write(topic, id_, {producer.id, 5}, 0).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(write(topic, id_, producer, 0).error_code, ErrorCode::kNone);
}

TEST_P(TransactionConformance, ATransactionalBatchNeedsAnId) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(add(id_, producer, topic), ErrorCode::kNone);
  EXPECT_EQ(produce(topic, data(producer, 0, {"a"}), {.versions = kProduceV1}).error_code,
            ErrorCode::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(latest(topic), 0);
}

// KIP-890, the second part.
class TransactionV2Conformance : public TransactionConformance {
 protected:
  // What says "not yet" says so while markers of the transaction before are missing.
  Produced write_v2(const TestTopic& topic, const ProducerIdAndEpoch& producer, int32_t sequence) {
    Produced produced;
    eventually([&] {
      produced = produce(topic, data(producer, sequence, {"a"}),
                         {.transactional_id = id_, .versions = kProduceV2});
      return !is_passing(produced.error_code);
    });
    return produced;
  }
  EndTxnResponse end_v2(const ProducerIdAndEpoch& producer, bool commit) {
    return end(id_, producer, commit, kEndV2);
  }
  static ProducerIdAndEpoch next(const ProducerIdAndEpoch& producer) {
    return {producer.id, static_cast<int16_t>(producer.epoch + 1)};
  }
  static void expect_done(const EndTxnResponse& response, const ProducerIdAndEpoch& producer) {
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    EXPECT_EQ(response.producer_id, producer.id);
    EXPECT_EQ(response.producer_epoch, producer.epoch);
  }
  static void expect_refusal(const EndTxnResponse& response, ErrorCode error) {
    EXPECT_EQ(response.error_code, error);
    EXPECT_EQ(response.producer_id, -1);
    EXPECT_EQ(response.producer_epoch, -1);
  }
};
INSTANTIATE_TEST_SUITE_P(Kafka, TransactionV2Conformance,
                         testing::ValuesIn(grounds_with(has_transactions_v2)), name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TransactionV2Conformance);

TEST_P(TransactionV2Conformance, ProduceAddsThePartitionAndEndRaisesTheEpoch) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 0).base_offset, 0);
  EXPECT_EQ(write_v2(topic, producer, 1).base_offset, 1);
  EXPECT_EQ(last_stable(topic), 0);
  expect_done(end_v2(producer, true), next(producer));
  expect_end(topic, 3);
  EXPECT_EQ(marker_at(topic, 2), (Marker{next(producer), true}));
  EXPECT_EQ(write_v2(topic, next(producer), 0).base_offset, 3);
  expect_done(end_v2(next(producer), false), next(next(producer)));
  expect_end(topic, 5);
  EXPECT_EQ(marker_at(topic, 4), (Marker{next(next(producer)), false}));
}

TEST_P(TransactionV2Conformance, EndIsRecognisedByTheEpochThatIsOver) {
  const TestTopic topic = create_topic();
  ProducerIdAndEpoch producer = first_producer(id_);
  for (const bool commit : {true, false}) {
    EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
    expect_done(end_v2(producer, commit), next(producer));
    expect_done(end_v2(producer, commit), next(producer));
    expect_refusal(end_v2(producer, !commit), ErrorCode::kInvalidTxnState);
    expect_done(end_v2(producer, commit), next(producer));
    producer = next(producer);
  }
  expect_end(topic, 4);
}

TEST_P(TransactionV2Conformance, AnEndOfThePastDoesNotEndThePresent) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
  expect_done(end_v2(producer, true), next(producer));
  EXPECT_EQ(write_v2(topic, next(producer), 0).error_code, ErrorCode::kNone);
  expect_refusal(end_v2(producer, true), ErrorCode::kProducerFenced);
  expect_refusal(end_v2(producer, false), ErrorCode::kProducerFenced);
  EXPECT_EQ(last_stable(topic), 2);
  expect_done(end_v2(next(producer), true), next(next(producer)));
  expect_end(topic, 4);
}

TEST_P(TransactionV2Conformance, ABatchOfThePastIsRefused) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
  expect_done(end_v2(producer, true), next(producer));
  expect_end(topic, 2);
  EXPECT_EQ(write_v2(topic, producer, 1).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(write_v2(topic, next(producer), 1).error_code, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(latest(topic), 2);
}

TEST_P(TransactionV2Conformance, ATransactionWithoutRecords) {
  const ProducerIdAndEpoch producer = first_producer(id_);
  expect_refusal(end_v2(producer, true), ErrorCode::kInvalidTxnState);
  // An abort of nothing is a way to be sure.
  expect_done(end_v2(producer, false), next(producer));
  expect_done(end_v2(producer, false), next(producer));
  expect_refusal(end_v2(producer, true), ErrorCode::kInvalidTxnState);
  expect_refusal(end_v2(next(producer), true), ErrorCode::kInvalidTxnState);
  expect_done(end_v2(next(producer), false), next(next(producer)));
}

TEST_P(TransactionV2Conformance, AfterACommitNothingIsToBeCommitted) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
  expect_done(end_v2(producer, true), next(producer));
  expect_refusal(end_v2(next(producer), true), ErrorCode::kInvalidTxnState);
  expect_done(end_v2(next(producer), false), next(next(producer)));
  expect_end(topic, 2);
}

TEST_P(TransactionV2Conformance, EndOfAnotherProducer) {
  const ProducerIdAndEpoch producer = first_producer(id_);
  expect_refusal(end_v2({producer.id + 100'000, 0}, true), ErrorCode::kInvalidProducerIdMapping);
  expect_refusal(end_v2({producer.id, 3}, true), ErrorCode::kProducerFenced);
  init(id_, {});
  expect_refusal(end_v2(producer, true), ErrorCode::kProducerFenced);
}

TEST_P(TransactionV2Conformance, AnInitFencesTheProducerBefore) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch old = first_producer(id_);
  EXPECT_EQ(write_v2(topic, old, 0).error_code, ErrorCode::kNone);
  EXPECT_EQ(init_once(id_, {}).error_code, ErrorCode::kConcurrentTransactions);
  const auto made = init(id_, {});
  EXPECT_EQ(made.error_code, ErrorCode::kNone);
  EXPECT_EQ(made.producer_epoch, 2);
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{{old.id, 1}, false}));
  EXPECT_EQ(write_v2(topic, old, 1).error_code, ErrorCode::kInvalidProducerEpoch);
  expect_refusal(end_v2(old, true), ErrorCode::kProducerFenced);
  EXPECT_EQ(write_v2(topic, {made.producer_id, made.producer_epoch}, 0).base_offset, 2);
}

TEST_P(TransactionV2Conformance, AnInitWithNothingOpen) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch old = first_producer(id_);
  EXPECT_EQ(write_v2(topic, old, 0).error_code, ErrorCode::kNone);
  expect_done(end_v2(old, true), next(old));
  const auto made = init(id_, {});
  EXPECT_EQ(made.producer_epoch, 2);
  // The leader has not heard of it, but the coordinator has.
  EXPECT_EQ(write_v2(topic, next(old), 0).error_code, ErrorCode::kInvalidProducerEpoch);
  expect_refusal(end_v2(next(old), true), ErrorCode::kProducerFenced);
  EXPECT_EQ(write_v2(topic, next(next(old)), 0).base_offset, 2);
}

TEST_P(TransactionV2Conformance, AnOpenTransactionEndsAtItsTimeout) {
  const TestTopic topic = create_topic();
  find_coordinator(id_);
  const auto made = init(id_, {.timeout_ms = 100});
  const ProducerIdAndEpoch producer{made.producer_id, made.producer_epoch};
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{next(producer), false}));
  // It is told how its transaction ended rather than that it is fenced.
  expect_refusal(end_v2(producer, true), ErrorCode::kInvalidTxnState);
  expect_done(end_v2(producer, false), next(producer));
  EXPECT_EQ(write_v2(topic, producer, 1).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(init(id_, {}).producer_epoch, 2);
}

TEST_P(TransactionV2Conformance, TheTransactionalIdHasToBeTheProducers) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  const ProduceOptions other{.transactional_id = fresh_name(), .versions = kProduceV2};
  EXPECT_EQ(produce(topic, data(producer, 0, {"a"}), other).error_code,
            ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(write_v2(topic, {producer.id + 100'000, 0}, 0).error_code,
            ErrorCode::kInvalidProducerIdMapping);
  EXPECT_EQ(write_v2(topic, {producer.id, 5}, 0).error_code, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(produce(topic, data(producer, 0, {"a"}), {.versions = kProduceV2}).error_code,
            ErrorCode::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(latest(topic), 0);
}

TEST_P(TransactionV2Conformance, AFirstBatchBeginsAtZero) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 1).error_code, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(write_v2(topic, producer, 0).base_offset, 0);
}

TEST_P(TransactionV2Conformance, TheEndOfVersion1StillWorks) {
  const TestTopic topic = create_topic();
  const ProducerIdAndEpoch producer = first_producer(id_);
  EXPECT_EQ(write_v2(topic, producer, 0).error_code, ErrorCode::kNone);
  EXPECT_EQ(end_v1(id_, producer, true), ErrorCode::kNone);
  expect_end(topic, 2);
  EXPECT_EQ(marker_at(topic, 1), (Marker{producer, true}));
}

}  // namespace
}  // namespace penstock::connect::kafka
