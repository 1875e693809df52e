// ClusterAdmin on a client of our own. See cluster_admin.h for the contract.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/questions.h"
#include "connect/kafka/cluster_admin.h"

namespace penstock::connect::kafka {

class NativeAdmin : public ClusterAdmin {
 public:
  struct Timeouts {
    std::chrono::milliseconds metadata;
    std::chrono::milliseconds admin;
  };
  // `cluster` must outlive the admin.
  NativeAdmin(Cluster& cluster, Timeouts timeouts) : cluster_(cluster), timeouts_(timeouts) {}

  KafkaResult<std::vector<BrokerAddress>> brokers(const StopToken& stop) override;
  KafkaResult<std::optional<int32_t>> partition_count(const std::string& topic,
                                                      const StopToken& stop) override;
  KafkaResult<CreateTopicState> create_topic(const NewTopic& topic, const StopToken& stop) override;
  KafkaResult<std::map<std::string, std::string>> topic_config(const std::string& topic,
                                                               const StopToken& stop) override;
  KafkaResult<std::map<std::string, std::string>> broker_config(int32_t broker,
                                                                const StopToken& stop) override;

 private:
  struct Resource;

  KafkaResult<MetadataResponse> metadata(std::vector<std::string> topics, const StopToken& stop);
  KafkaResult<std::map<std::string, std::string>> describe(const Resource& resource,
                                                           const StopToken& stop);
  Questions::Whom anybody();
  Questions::Whom controller();

  Cluster& cluster_;
  Timeouts timeouts_;
};

}  // namespace penstock::connect::kafka
