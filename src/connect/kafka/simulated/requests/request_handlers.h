// What a simulated broker does with each request. One file per group of APIs; most answer at once,
// Produce and Fetch may wait.
#pragma once

#include <cstdint>

#include "connect/kafka/simulated/broker_session.h"
#include "connect/kafka/simulated/cluster_state.h"

namespace penstock::connect::kafka {

// Carries out the request and answers it. One in a version that the broker does not speak is a bug
// of the client under test (CHECK), but for ApiVersions.
void dispatch(BrokerExchange exchange);

// Who is asked, and in which version.
struct Asked {
  ClusterState& cluster;
  int32_t broker;
  int16_t version;
};

void serve_api_versions(const BrokerExchange& exchange);
void serve_sasl_handshake(const BrokerExchange& exchange);
void serve_sasl_authenticate(const BrokerExchange& exchange);
void serve_produce(BrokerExchange exchange);
void serve_fetch(BrokerExchange exchange);

MetadataResponse serve(const Asked& asked, const MetadataRequest& request);
DescribeClusterResponse serve(const Asked& asked, const DescribeClusterRequest& request);
FindCoordinatorResponse serve(const Asked& asked, const FindCoordinatorRequest& request);

ListOffsetsResponse serve(const Asked& asked, const ListOffsetsRequest& request);
OffsetForLeaderEpochResponse serve(const Asked& asked, const OffsetForLeaderEpochRequest& request);
DeleteRecordsResponse serve(const Asked& asked, const DeleteRecordsRequest& request);
DescribeProducersResponse serve(const Asked& asked, const DescribeProducersRequest& request);

InitProducerIdResponse serve(const Asked& asked, const InitProducerIdRequest& request);
AddPartitionsToTxnResponse serve(const Asked& asked, const AddPartitionsToTxnRequest& request);
EndTxnResponse serve(const Asked& asked, const EndTxnRequest& request);
DescribeTransactionsResponse serve(const Asked& asked, const DescribeTransactionsRequest& request);
ListTransactionsResponse serve(const Asked& asked, const ListTransactionsRequest& request);

CreateTopicsResponse serve(const Asked& asked, const CreateTopicsRequest& request);
CreatePartitionsResponse serve(const Asked& asked, const CreatePartitionsRequest& request);
DeleteTopicsResponse serve(const Asked& asked, const DeleteTopicsRequest& request);
DescribeConfigsResponse serve(const Asked& asked, const DescribeConfigsRequest& request);
IncrementalAlterConfigsResponse serve(const Asked& asked,
                                      const IncrementalAlterConfigsRequest& request);

OffsetCommitResponse serve(const Asked& asked, const OffsetCommitRequest& request);
OffsetFetchResponse serve(const Asked& asked, const OffsetFetchRequest& request);

// What several need.
// The partition, or why this broker does not serve it; a `leader_epoch` of -1 is not compared
// (KIP-320).
struct LedPartition {
  SimulatedPartition* partition = nullptr;
  ErrorCode error = ErrorCode::kNone;
};
LedPartition find_led(const Asked& asked, const SimulatedTopic* topic, int32_t index,
                      int32_t leader_epoch);
bool is_topic_name(std::string_view name);

}  // namespace penstock::connect::kafka
