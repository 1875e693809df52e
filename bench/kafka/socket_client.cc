// The floor: transactions of version 2 and reading, on one bare socket to the one broker.
#include <chrono>
#include <deque>
#include <thread>

#include "bench/kafka/plain_batch.h"
#include "bench/kafka/socket_connection.h"

namespace penstock::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int16_t kFindCoordinatorVersion = 4;
constexpr int16_t kInitProducerIdVersion = 4;
constexpr int16_t kProduceVersion = 12;
constexpr int16_t kEndTxnVersion = 5;
constexpr int16_t kFetchVersion = 12;
constexpr int32_t kTimeoutMs = 60'000;

constexpr size_t kBatchBytes = 1'000'000;
constexpr int kMostUnderWay = 5;  // Batches of a partition.
// The last transaction's markers have to be written before the next one's first batch arrives, or
// the broker keeps that for 20 ms.
constexpr std::chrono::microseconds kAfterCommit(500);
constexpr std::chrono::milliseconds kAgain(1);

constexpr int32_t kPartitionFetchBytes = 1 << 20;
constexpr int32_t kFetchBytes = 50 << 20;

class SocketProducer final : public Producer {
 public:
  explicit SocketProducer(const ProducerSetup& setup)
      : setup_(setup), connection_(setup.bootstrap), partitions_(setup.topics.size()) {
    const auto found =
        connection_.ask(kafka::FindCoordinatorRequest{.key_type = 1, .coordinator_keys = {id()}},
                        kFindCoordinatorVersion);
    // There is one broker: where it is, is known.
    const auto code = found.coordinators.at(0).error_code;
    if (code != kafka::ErrorCode::kCoordinatorNotAvailable) expect_none(code, "FindCoordinator");
    init();
    for (auto& topic : partitions_) topic.resize(kPartitions);
  }

  void begin() override {
    open_ = false;
    std::this_thread::sleep_until(not_before_);
  }

  void send(Place place, std::string_view key, std::string_view value) override {
    Partition& partition = partitions_[place.topic][static_cast<size_t>(place.partition)];
    if (!partition.batch) partition.batch = take_batch();
    if (partition.batch->append(key, value)) return;
    while (partition.under_way == kMostUnderWay) receive();
    std::vector<Sent> full;
    full.push_back(close(place.topic, place.partition));
    produce(std::move(full));
    partition.batch = take_batch();
    if (!partition.batch->append(key, value)) fail("socket: a message too large");
  }

  void commit() override {
    std::vector<Sent> last;
    for (size_t topic = 0; topic < partitions_.size(); ++topic)
      for (int32_t p = 0; p < kPartitions; ++p)
        if (partitions_[topic][static_cast<size_t>(p)].batch) last.push_back(close(topic, p));
    if (!last.empty()) produce(std::move(last));
    while (!under_way_.empty()) receive();
    end();
  }

 private:
  using BatchPointer = std::unique_ptr<PlainBatch>;
  struct Partition {
    BatchPointer batch;
    int32_t next_sequence = 0;
    int under_way = 0;
  };
  struct Sent {
    size_t topic;
    int32_t partition;
    BatchPointer batch;
    std::string_view bytes;
  };

  const std::string& id() const { return setup_.transactional_id; }

  void init() {
    while (true) {
      const auto answer =
          connection_.ask(kafka::InitProducerIdRequest{.transactional_id = id(),
                                                       .transaction_timeout_ms = kTimeoutMs},
                          kInitProducerIdVersion);
      producer_id_ = answer.producer_id;
      epoch_ = answer.producer_epoch;
      if (answer.error_code == kafka::ErrorCode::kNone) return;
      const bool early = answer.error_code == kafka::ErrorCode::kCoordinatorNotAvailable ||
                         answer.error_code == kafka::ErrorCode::kNotCoordinator ||
                         answer.error_code == kafka::ErrorCode::kCoordinatorLoadInProgress;
      if (!early) expect_none(answer.error_code, "InitProducerId");
      std::this_thread::sleep_for(kAgain);
    }
  }

  BatchPointer take_batch() {
    if (idle_.empty()) return std::make_unique<PlainBatch>(kBatchBytes);
    BatchPointer batch = std::move(idle_.back());
    idle_.pop_back();
    return batch;
  }

  Sent close(size_t topic, int32_t index) {
    Partition& partition = partitions_[topic][static_cast<size_t>(index)];
    BatchPointer batch = std::move(partition.batch);
    const auto bytes = batch->finish(producer_id_, epoch_, partition.next_sequence);
    partition.next_sequence += batch->count();
    ++partition.under_way;
    return {topic, index, std::move(batch), bytes};
  }

  void produce(std::vector<Sent> batches) {
    send_batches(batches);
    under_way_.push_back(std::move(batches));
    // Until the first ones are in, the broker may refuse because of the last transaction, and would
    // then find the next ones out of order.
    if (!open_) receive();
    open_ = true;
  }

  void send_batches(const std::vector<Sent>& batches) {
    kafka::ProduceRequest request{
        .transactional_id = id(), .acks = -1, .timeout_ms = kTimeoutMs, .topic_data = {}};
    for (const Sent& sent : batches) {
      const std::string& topic = setup_.topics[sent.topic];
      if (request.topic_data.empty() || request.topic_data.back().name != topic)
        request.topic_data.emplace_back().name = topic;
      request.topic_data.back().partition_data.push_back({sent.partition, {sent.bytes}});
    }
    connection_.send(request, kProduceVersion);
  }

  // The answer to the oldest request.
  void receive() {
    while (!all_taken(connection_.receive<kafka::ProduceRequest>(kProduceVersion))) {
      std::this_thread::sleep_for(kAgain);
      send_batches(under_way_.front());
    }
    for (Sent& sent : under_way_.front()) {
      --partitions_[sent.topic][static_cast<size_t>(sent.partition)].under_way;
      sent.batch->clear();
      idle_.push_back(std::move(sent.batch));
    }
    under_way_.pop_front();
  }

  // False: the last transaction is not over yet, and none was taken.
  bool all_taken(const kafka::ProduceResponse& response) const {
    size_t taken = 0;
    size_t early = 0;
    for (const auto& topic : response.responses) {
      for (const auto& partition : topic.partition_responses) {
        const bool refused = partition.error_code == kafka::ErrorCode::kConcurrentTransactions;
        if (!refused) expect_none(partition.error_code, "Produce");
        ++(refused ? early : taken);
      }
    }
    if (early > 0 && (open_ || taken > 0)) fail("socket: a part of a request was refused");
    if (early == 0 && taken != under_way_.front().size()) fail("socket: an answer is missing");
    return early == 0;
  }

  void end() {
    const auto answer = connection_.ask(kafka::EndTxnRequest{.transactional_id = id(),
                                                             .producer_id = producer_id_,
                                                             .producer_epoch = epoch_,
                                                             .committed = true},
                                        kEndTxnVersion);
    expect_none(answer.error_code, "EndTxn");
    not_before_ = Clock::now() + kAfterCommit;
    // Every transaction has an epoch of its own, in which sequences start at 0.
    producer_id_ = answer.producer_id;
    epoch_ = answer.producer_epoch;
    for (auto& topic : partitions_)
      for (Partition& partition : topic) partition.next_sequence = 0;
  }

  const ProducerSetup setup_;
  SocketConnection connection_;
  int64_t producer_id_ = -1;
  int16_t epoch_ = -1;
  bool open_ = false;  // Something of the present transaction was taken.
  Clock::time_point not_before_{};
  std::vector<std::vector<Partition>> partitions_;  // By topic.
  std::deque<std::vector<Sent>> under_way_;         // By request.
  std::vector<BatchPointer> idle_;
};

class SocketReader final : public Reader {
 public:
  explicit SocketReader(const ReaderSetup& setup)
      : setup_(setup), connection_(setup.bootstrap), positions_(num_partitions()) {}

  // The next request is on its way while an answer's records are read.
  void read(Tally& tally) override {
    ends_.assign(num_partitions(), INT64_MAX);
    ask();
    while (true) {
      const auto answer = connection_.receive<kafka::FetchRequest>(kFetchVersion);
      expect_none(answer.error_code, "Fetch");
      const auto& parts = answer.responses.at(0).partitions;
      for (const auto& part : parts) advance(part);
      const bool done = at_end();
      if (!done) ask();
      for (const auto& part : parts) tally_records(part.records.bytes.value_or(""), tally);
      if (done) return;
    }
  }

 private:
  size_t num_partitions() const { return static_cast<size_t>(setup_.partitions); }

  void ask() {
    kafka::FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    request.max_bytes = kFetchBytes;
    request.isolation_level = 1;
    auto& topic = request.topics.emplace_back();
    topic.topic = setup_.topic;
    for (size_t p = 0; p < positions_.size(); ++p) {
      if (positions_[p] >= ends_[p]) continue;
      auto& part = topic.partitions.emplace_back();
      part.partition = static_cast<int32_t>(p);
      part.fetch_offset = positions_[p];
      part.partition_max_bytes = kPartitionFetchBytes;
    }
    connection_.send(request, kFetchVersion);
  }

  void advance(const kafka::FetchResponse::PartitionData& part) {
    expect_none(part.error_code, "Fetch");
    if (part.aborted_transactions && !part.aborted_transactions->empty())
      fail("socket: an aborted transaction");
    const auto p = static_cast<size_t>(part.partition_index);
    positions_[p] = offset_after(part.records.bytes.value_or(""), positions_[p]);
    ends_[p] = part.high_watermark;
  }

  bool at_end() const {
    for (size_t p = 0; p < positions_.size(); ++p)
      if (positions_[p] < ends_[p]) return false;
    return true;
  }

  const ReaderSetup setup_;
  SocketConnection connection_;
  std::vector<int64_t> positions_;
  std::vector<int64_t> ends_;
};

}  // namespace

std::unique_ptr<Producer> make_socket_producer(const ProducerSetup& setup) {
  return std::make_unique<SocketProducer>(setup);
}

std::unique_ptr<Reader> make_socket_reader(const ReaderSetup& setup) {
  return std::make_unique<SocketReader>(setup);
}

}  // namespace penstock::bench
