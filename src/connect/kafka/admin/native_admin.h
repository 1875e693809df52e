// ClusterOperations on a client of our own. See cluster_operations.h and cluster_admin.h for the
// contract.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/permission.h"
#include "connect/kafka/client/questions.h"
#include "connect/kafka/cluster_operations.h"

namespace penstock::connect::kafka {

class NativeAdmin : public ClusterOperations {
 public:
  struct Timeouts {
    std::chrono::milliseconds metadata;
    std::chrono::milliseconds admin;
  };
  // `cluster` must outlive the admin.
  NativeAdmin(Cluster& cluster, Timeouts timeouts) : cluster_(cluster), timeouts_(timeouts) {}

  KafkaResult<std::vector<BrokerAddress>> brokers(const StopToken& stop) override;
  KafkaResult<ClusterDescription> describe_cluster(const DescribeClusterOptions& options,
                                                   const StopToken& stop) override;

  KafkaResult<std::optional<int32_t>> partition_count(const std::string& topic,
                                                      const StopToken& stop) override;
  KafkaResult<std::optional<TopicDescription>> describe_topic(const std::string& topic,
                                                              const StopToken& stop) override;
  KafkaResult<CreateTopicState> create_topic(const NewTopic& topic, const StopToken& stop) override;
  KafkaResult<void> validate_topic(const NewTopic& topic, const StopToken& stop) override;
  KafkaResult<void> create_partitions(const std::string& topic, int32_t total, ChangeMode mode,
                                      const StopToken& stop) override;
  KafkaResult<DeleteTopicState> delete_topic(const std::string& topic,
                                             const StopToken& stop) override;
  KafkaResult<DeleteTopicState> delete_topic(const TopicId& topic, const StopToken& stop) override;
  KafkaResult<int64_t> delete_records(const std::string& topic, int32_t partition,
                                      int64_t before_offset, const StopToken& stop) override;

  KafkaResult<std::map<std::string, std::string>> topic_config(const std::string& topic,
                                                               const StopToken& stop) override;
  KafkaResult<std::map<std::string, std::string>> broker_config(int32_t broker,
                                                                const StopToken& stop) override;
  KafkaResult<std::vector<ConfigEntry>> describe_config(const ConfigResource& resource,
                                                        const StopToken& stop) override;
  KafkaResult<void> alter_config(const ConfigResource& resource,
                                 const std::vector<ConfigChange>& changes, ChangeMode mode,
                                 const StopToken& stop) override;

  KafkaResult<std::vector<ListedTransaction>> list_transactions(const TransactionFilter& filter,
                                                                const StopToken& stop) override;
  KafkaResult<void> check_transactional_id(const std::string& transactional_id,
                                           const StopToken& stop) override;
  KafkaResult<std::optional<TransactionDescription>> describe_transaction(
      const std::string& transactional_id, const StopToken& stop) override;
  KafkaResult<std::vector<ActiveProducer>> describe_producers(const std::string& topic,
                                                              int32_t partition,
                                                              const StopToken& stop) override;

 private:
  KafkaResult<MetadataResponse> metadata(const MetadataRequest& request, const StopToken& stop);
  KafkaResult<ClusterDescription> describe_by_metadata(const DescribeClusterOptions& options,
                                                       const StopToken& stop);
  // None: there is no such topic.
  using TopicMetadata = std::optional<MetadataResponse::MetadataResponseTopic>;
  KafkaResult<TopicMetadata> topic_metadata(const std::string& topic, const StopToken& stop);
  KafkaResult<CreateTopicState> create(const NewTopic& topic, ChangeMode mode,
                                       const StopToken& stop);
  KafkaResult<DeleteTopicState> remove(const DeleteTopicsRequest& request, const std::string& name,
                                       const StopToken& stop);
  KafkaResult<void> list_transactions_of(int32_t broker, const ListTransactionsRequest& request,
                                         const StopToken& stop,
                                         std::vector<ListedTransaction>& listed);

  Questions::Whom anybody();
  Questions::Whom controller();
  Questions::Whom broker(int32_t id);
  Questions::Whom whom_to_ask_about(const ConfigResource& resource);
  int32_t timeout_ms() const { return static_cast<int32_t>(timeouts_.admin.count()); }

  Cluster& cluster_;
  Timeouts timeouts_;
};

}  // namespace penstock::connect::kafka
