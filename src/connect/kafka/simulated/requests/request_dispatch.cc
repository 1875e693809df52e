// From the API key to the handler, and what every connection begins with: versions and
// authentication.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

template <typename Request>
void at_once(const BrokerExchange& exchange) {
  const Asked asked{exchange.cluster(), exchange.broker(), exchange.request().version};
  exchange.answer(serve(asked, exchange.request().as<Request>()));
}

void dispatch_offsets(const BrokerExchange& exchange) {
  switch (exchange.request().api) {
    case ApiKey::kListOffsets:
      return at_once<ListOffsetsRequest>(exchange);
    case ApiKey::kOffsetForLeaderEpoch:
      return at_once<OffsetForLeaderEpochRequest>(exchange);
    case ApiKey::kDeleteRecords:
      return at_once<DeleteRecordsRequest>(exchange);
    case ApiKey::kOffsetCommit:
      return at_once<OffsetCommitRequest>(exchange);
    case ApiKey::kOffsetFetch:
      return at_once<OffsetFetchRequest>(exchange);
    default:
      return request_is_malformed(exchange.request());
  }
}

void dispatch_admin(const BrokerExchange& exchange) {
  switch (exchange.request().api) {
    case ApiKey::kDescribeCluster:
      return at_once<DescribeClusterRequest>(exchange);
    case ApiKey::kCreateTopics:
      return at_once<CreateTopicsRequest>(exchange);
    case ApiKey::kCreatePartitions:
      return at_once<CreatePartitionsRequest>(exchange);
    case ApiKey::kDeleteTopics:
      return at_once<DeleteTopicsRequest>(exchange);
    case ApiKey::kDescribeConfigs:
      return at_once<DescribeConfigsRequest>(exchange);
    case ApiKey::kIncrementalAlterConfigs:
      return at_once<IncrementalAlterConfigsRequest>(exchange);
    case ApiKey::kDescribeProducers:
      return at_once<DescribeProducersRequest>(exchange);
    case ApiKey::kDescribeTransactions:
      return at_once<DescribeTransactionsRequest>(exchange);
    case ApiKey::kListTransactions:
      return at_once<ListTransactionsRequest>(exchange);
    default:
      return dispatch_offsets(exchange);
  }
}

// KIP-511: what a client calls itself, and its version, are words that may have '-' and '.' inside.
bool is_software_name(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::ranges::all_of(text,
                             [&](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

bool names_client(const ReceivedRequest& request) {
  constexpr int16_t kNamesClient = 3;
  if (request.version < kNamesClient) return true;
  const auto asked = request.as<ApiVersionsRequest>();
  return is_software_name(asked.client_software_name) &&
         is_software_name(asked.client_software_version);
}

}  // namespace

void dispatch(BrokerExchange exchange) {
  const ReceivedRequest& request = exchange.request();
  if (request.api == ApiKey::kApiVersions) return serve_api_versions(exchange);
  if (!exchange.cluster().options.preset->range(request.api).has(request.version))
    return request_is_malformed(request);
  if (request.api == ApiKey::kSaslHandshake) return serve_sasl_handshake(exchange);
  if (request.api == ApiKey::kSaslAuthenticate) return serve_sasl_authenticate(exchange);
  const BrokerSession::Authentication& authentication = exchange.session().authentication;
  // What a broker does with strangers.
  if (authentication.required && !authentication.done) return exchange.session().hang_up();
  switch (request.api) {
    case ApiKey::kProduce:
      return serve_produce(std::move(exchange));
    case ApiKey::kFetch:
      return serve_fetch(std::move(exchange));
    case ApiKey::kEndTxn:
      return at_once<EndTxnRequest>(exchange);
    case ApiKey::kAddPartitionsToTxn:
      return at_once<AddPartitionsToTxnRequest>(exchange);
    case ApiKey::kInitProducerId:
      return at_once<InitProducerIdRequest>(exchange);
    case ApiKey::kFindCoordinator:
      return at_once<FindCoordinatorRequest>(exchange);
    case ApiKey::kMetadata:
      return at_once<MetadataRequest>(exchange);
    default:
      return dispatch_admin(exchange);
  }
}

void serve_api_versions(const BrokerExchange& exchange) {
  const SimulatedClusterOptions& options = exchange.cluster().options;
  const VersionRange known = options.preset->range(ApiKey::kApiVersions);
  ApiVersionsResponse response;
  if (!known.has(exchange.request().version)) {
    // KIP-511: in version 0, which everybody reads, and with what to ask instead.
    response.error_code = ErrorCode::kUnsupportedVersion;
    response.api_keys.push_back(
        {static_cast<int16_t>(ApiKey::kApiVersions), known.first, known.last});
    return exchange.answer_in(0, response);
  }
  if (!names_client(exchange.request())) {
    response.error_code = ErrorCode::kInvalidRequest;
    return exchange.answer(std::move(response));
  }
  for (const ApiRange& api : options.preset->apis) {
    response.api_keys.push_back(
        {static_cast<int16_t>(api.api), api.versions.first, api.versions.last});
  }
  if (const int16_t level = options.finalized_transaction_version(); level > 0) {
    response.supported_features.push_back({"transaction.version", 0, 2});
    response.finalized_features_epoch = 1;
    response.finalized_features.push_back({"transaction.version", level, level});
  }
  exchange.answer(std::move(response));
}

void serve_sasl_handshake(const BrokerExchange& exchange) {
  const auto request = exchange.request().as<SaslHandshakeRequest>();
  const std::optional<SaslListener>& sasl = exchange.cluster().options.sasl;
  if (!sasl) return exchange.answer(SaslHandshakeResponse{ErrorCode::kIllegalSaslState, {}});
  SaslHandshakeResponse response{ErrorCode::kNone, sasl->mechanisms};
  if (std::ranges::find(sasl->mechanisms, request.mechanism) == sasl->mechanisms.end()) {
    response.error_code = ErrorCode::kUnsupportedSaslMechanism;
  } else {
    exchange.session().authentication.conversation = sasl->begin(request.mechanism);
  }
  exchange.answer(std::move(response));
}

void serve_sasl_authenticate(const BrokerExchange& exchange) {
  const auto request = exchange.request().as<SaslAuthenticateRequest>();
  BrokerSession::Authentication& authentication = exchange.session().authentication;
  SaslAuthenticateResponse response;
  if (!authentication.conversation) {
    response.error_code = ErrorCode::kIllegalSaslState;
    return exchange.answer(std::move(response));
  }
  SaslConversation::Reply reply = authentication.conversation->next(request.auth_bytes);
  if (reply.authenticated) authentication.done = true;
  exchange.answer(std::move(reply.response));
}

}  // namespace penstock::connect::kafka
