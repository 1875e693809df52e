// Our client, by its public seams alone and with the product's settings, but for compression.
#include <chrono>

#include "bench/kafka/workload.h"
#include "connect/kafka/kafka_client.h"

namespace penstock::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait(100);
constexpr int kMostWaits = 600;

template <typename T>
T must(connect::KafkaResult<T>&& result) {
  if (!result) fail("penstock: " + result.error().code + " " + result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::unique_ptr<connect::KafkaClient> client_of(const std::string& bootstrap) {
  return connect::make_kafka_client({.bootstrap_servers = bootstrap, .client_id = "kafka-bench"});
}

class PenstockProducer final : public Producer {
 public:
  explicit PenstockProducer(const ProducerSetup& setup) : client_(client_of(setup.bootstrap)) {
    producer_ = must(client_->make_producer({.transactional_id = setup.transactional_id,
                                             .compression = connect::KafkaCompression::kNone}));
    until_done([&] { return producer_->fence(kWait); });
    for (const std::string& topic : setup.topics) topics_.push_back(producer_->open_topic(topic));
  }

  void begin() override { must(producer_->begin()); }

  void send(Place place, std::string_view key, std::string_view value) override {
    const connect::OutgoingMessage outgoing{
        .topic = topics_[place.topic], .partition = place.partition, .key = key, .value = value};
    for (int waits = 0; must(producer_->send(outgoing)) == connect::SendState::kFull; ++waits) {
      if (waits == kMostWaits) fail("penstock: no room: " + producer_->last_trouble());
      producer_->serve(kWait);
    }
  }

  void commit() override {
    until_done([&] { return producer_->commit(kWait); });
  }

 private:
  template <typename Call>
  void until_done(Call call) {
    for (int waits = 0; must(call()) != connect::CallState::kDone; ++waits)
      if (waits == kMostWaits) fail("penstock: no answer: " + producer_->last_trouble());
  }

  std::unique_ptr<connect::KafkaClient> client_;
  std::unique_ptr<connect::TransactionalProducer> producer_;
  std::vector<int> topics_;
};

class PenstockReader final : public Reader {
 public:
  explicit PenstockReader(const ReaderSetup& setup) : client_(client_of(setup.bootstrap)) {
    reader_ = must(client_->make_reader({.topic = setup.topic}));
    for (int32_t p = 0; p < setup.partitions; ++p)
      ends_.push_back(must(reader_->watermarks(p, StopToken())));
  }

  void read(Tally& tally) override {
    for (size_t p = 0; p < ends_.size(); ++p)
      must(reader_->assign(static_cast<int32_t>(p), ends_[p].low));
    int waits = 0;
    while (!at_end()) {
      while (const auto message = must(reader_->poll(kWait))) {
        tally.add(message->key.value(), message->value.value());
        waits = 0;
      }
      if (++waits == kMostWaits) fail("penstock: the end is not reached");
    }
  }

 private:
  bool at_end() const {
    for (size_t p = 0; p < ends_.size(); ++p)
      if (reader_->position(static_cast<int32_t>(p)) < ends_[p].high) return false;
    return true;
  }

  std::unique_ptr<connect::KafkaClient> client_;
  std::unique_ptr<connect::TopicReader> reader_;
  std::vector<connect::Watermarks> ends_;
};

}  // namespace

std::unique_ptr<Producer> make_penstock_producer(const ProducerSetup& setup) {
  return std::make_unique<PenstockProducer>(setup);
}

std::unique_ptr<Reader> make_penstock_reader(const ReaderSetup& setup) {
  return std::make_unique<PenstockReader>(setup);
}

}  // namespace penstock::bench
