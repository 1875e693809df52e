// librdkafka by its C API, set up for what is measured.
#include <librdkafka/rdkafka.h>

#include <array>

#include "bench/kafka/workload.h"

namespace penstock::bench {
namespace {

constexpr int kCallMs = 60'000;
constexpr int kPollMs = 10;
constexpr size_t kReadBatch = 10'000;

using Settings = std::vector<std::pair<const char*, std::string>>;

void check(rd_kafka_error_t* error, const char* doing) {
  if (error != nullptr) fail(std::string(doing) + ": " + rd_kafka_error_string(error));
}

using OnDelivery = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

// A commit fails if a delivery did: there is nothing to do.
void on_delivery(rd_kafka_t*, const rd_kafka_message_t*, void*) {}

class Handle {
 public:
  Handle(rd_kafka_type_t type, const Settings& settings, OnDelivery delivered) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    std::array<char, 512> text{};
    for (const auto& [name, value] : settings) {
      if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) !=
          RD_KAFKA_CONF_OK)
        fail(text.data());
    }
    client_ = rd_kafka_new(type, conf, text.data(), text.size());
    if (client_ == nullptr) fail(text.data());
  }
  ~Handle() { rd_kafka_destroy(client_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  rd_kafka_t* get() const { return client_; }

 private:
  rd_kafka_t* client_;
};

class LibrdkafkaProducer final : public Producer {
 public:
  explicit LibrdkafkaProducer(const ProducerSetup& setup)
      : client_(RD_KAFKA_PRODUCER,
                {{"bootstrap.servers", setup.bootstrap},
                 {"transactional.id", setup.transactional_id},
                 {"acks", "all"},
                 {"compression.type", "none"},
                 {"linger.ms", setup.bulk ? "5" : "0"},
                 {"batch.size", "1000000"},
                 {"batch.num.messages", "100000"},
                 {"queue.buffering.max.messages", "1000000"},
                 {"queue.buffering.max.kbytes", "1048576"},
                 {"socket.nagle.disable", "true"}},
                // It costs for each message; but only what it tells ends the wait in a commit
                // before ten milliseconds are over.
                setup.bulk ? nullptr : on_delivery) {
    check(rd_kafka_init_transactions(client_.get(), kCallMs), "init_transactions");
    for (const std::string& topic : setup.topics)
      topics_.push_back(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  }
  ~LibrdkafkaProducer() override {
    for (rd_kafka_topic_t* topic : topics_) rd_kafka_topic_destroy(topic);
  }

  void begin() override { check(rd_kafka_begin_transaction(client_.get()), "begin_transaction"); }

  void send(Place place, std::string_view key, std::string_view value) override {
    // It copies, and takes a pointer that is not const all the same.
    auto* bytes = const_cast<char*>(value.data());
    while (rd_kafka_produce(topics_[place.topic], place.partition, RD_KAFKA_MSG_F_COPY, bytes,
                            value.size(), key.data(), key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        fail(rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(client_.get(), kPollMs);
    }
  }

  void commit() override {
    check(rd_kafka_commit_transaction(client_.get(), kCallMs), "commit_transaction");
  }

 private:
  Handle client_;
  std::vector<rd_kafka_topic_t*> topics_;
};

class LibrdkafkaReader final : public Reader {
 public:
  explicit LibrdkafkaReader(const ReaderSetup& setup)
      : setup_(setup),
        client_(RD_KAFKA_CONSUMER,
                {{"bootstrap.servers", setup.bootstrap},
                 {"isolation.level", "read_committed"},
                 {"check.crcs", "false"},
                 {"enable.partition.eof", "true"},
                 {"fetch.message.max.bytes", "1048576"},
                 // Else it stops fetching for a second whenever this much is queued.
                 {"queued.min.messages", "10000000"},
                 {"queued.max.messages.kbytes", "2097151"}},
                nullptr) {
    topic_ = rd_kafka_topic_new(client_.get(), setup.topic.c_str(), nullptr);
    queue_ = rd_kafka_queue_new(client_.get());
    // Connects to the leader.
    for (int32_t p = 0; p < setup_.partitions; ++p) {
      int64_t low = 0;
      int64_t high = 0;
      const auto error = rd_kafka_query_watermark_offsets(client_.get(), setup.topic.c_str(), p,
                                                          &low, &high, kCallMs);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
    }
  }
  ~LibrdkafkaReader() override {
    for (int32_t p = 0; p < setup_.partitions; ++p) rd_kafka_consume_stop(topic_, p);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
  }

  void read(Tally& tally) override {
    for (int32_t p = 0; p < setup_.partitions; ++p) {
      if (rd_kafka_consume_start_queue(topic_, p, RD_KAFKA_OFFSET_BEGINNING, queue_) != 0)
        fail(rd_kafka_err2str(rd_kafka_last_error()));
    }
    std::vector<rd_kafka_message_t*> messages(kReadBatch);
    for (int32_t at_end = 0; at_end < setup_.partitions;) {
      const auto count =
          rd_kafka_consume_batch_queue(queue_, kPollMs, messages.data(), messages.size());
      if (count < 0) fail(rd_kafka_err2str(rd_kafka_last_error()));
      for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
        if (take(*messages[i], tally)) ++at_end;
        rd_kafka_message_destroy(messages[i]);
      }
    }
  }

 private:
  // Whether it says that a partition is at its end.
  static bool take(const rd_kafka_message_t& message, Tally& tally) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return true;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(message.err));
    tally.add({static_cast<const char*>(message.key), message.key_len},
              {static_cast<const char*>(message.payload), message.len});
    return false;
  }

  const ReaderSetup setup_;
  Handle client_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
};

}  // namespace

std::unique_ptr<Producer> make_librdkafka_producer(const ProducerSetup& setup) {
  return std::make_unique<LibrdkafkaProducer>(setup);
}

std::unique_ptr<Reader> make_librdkafka_reader(const ReaderSetup& setup) {
  return std::make_unique<LibrdkafkaReader>(setup);
}

}  // namespace penstock::bench
