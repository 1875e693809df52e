// TopicReader on a client of our own; see topic_reader.h for the contract.
//
// One Fetch request at a time is under way to each broker that leads assigned partitions, for all
// of them together; what comes waits in a queue that is bounded in bytes, and nothing is asked for
// while it is full. Keys and values are views of the responses.
//
// Owned and called by one thread, which runs the loop inside each call.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/questions.h"
#include "connect/kafka/kafka_client.h"
#include "connect/kafka/reader/fetch_session.h"
#include "connect/kafka/reader/partition_stream.h"

namespace penstock::connect::kafka {

class NativeReader : public TopicReader {
 public:
  // `cluster` must outlive the reader. `timeout`: of watermarks() and offset_at().
  NativeReader(Cluster& cluster, ReaderOptions options, std::chrono::milliseconds timeout);
  ~NativeReader() override;

  KafkaResult<void> assign(int32_t partition, int64_t offset) override;
  KafkaResult<std::optional<IncomingMessage>> poll(std::chrono::milliseconds wait) override;
  int64_t position(int32_t partition) const override;
  KafkaResult<Watermarks> watermarks(int32_t partition, const StopToken& stop) override;
  KafkaResult<int64_t> offset_at(int32_t partition, int64_t timestamp_ms,
                                 const StopToken& stop) override;
  std::string last_trouble() const override { return cluster_.trouble(); }

 private:
  struct Assigned {
    explicit Assigned(PartitionStream made) : stream(std::move(made)) {}

    PartitionStream stream;
    uint64_t epoch = 0;  // Of assign(): answers to earlier fetches are not its own.
    EventLoop::Time not_before = {};
  };
  struct Asked {
    int32_t partition;
    uint64_t epoch;
  };

  struct Fetching {
    FetchSession session;
    bool under_way = false;
  };

  // Why no broker is asked for records, if asking again will not help.
  std::optional<KafkaError> refusal() const;
  std::unexpected<KafkaError> told(KafkaError error);
  void pump();
  // False: the topic was deleted and created anew, which is reported.
  bool is_same_topic();
  void fetch(BrokerConnection& leader, Fetching& fetching, const std::vector<int32_t>& partitions);
  void on_answer(BrokerConnection& leader, const std::vector<Asked>& asked,
                 CallResult<FetchResponse> result);
  void on_partition(Assigned& assigned, const FetchResponse::PartitionData& data,
                    const std::shared_ptr<const Frame>& frame);
  std::string fetching_from(const BrokerConnection& leader) const;
  void pause(Assigned& assigned);
  KafkaResult<std::optional<IncomingMessage>> next();
  KafkaResult<int64_t> list_offset(int32_t partition, int64_t timestamp, const StopToken& stop);
  size_t queued_bytes() const;

  Cluster& cluster_;
  const ReaderOptions options_;
  const std::chrono::milliseconds timeout_;
  Compression compression_;
  Uuid topic_id_ = {};  // Of the topic that is being read; zero before, and before Kafka 2.8.
  std::map<int32_t, Assigned> assigned_;
  int32_t turn_ = 0;  // The partition that gave the last record: it goes on until it is empty.
  PartitionStream* current_ = nullptr;  // That of the same partition.
  uint64_t next_epoch_ = 1;
  std::map<BrokerConnection*, Fetching> fetching_;
  size_t given_bytes_ = 0;  // Since the loop last ran.
  bool moved_ = false;      // A position, and no record was given out for it.
  std::optional<KafkaError> error_;
  std::optional<EventLoop::TimerId> timer_;
};

}  // namespace penstock::connect::kafka
