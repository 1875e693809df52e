// How to reach a Kafka cluster, and the maker of producers, readers and admins of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/secret_string.h"
#include "connect/kafka/auth/token_source.h"
#include "connect/kafka/client/client_metrics.h"
#include "connect/kafka/cluster_admin.h"
#include "connect/kafka/cluster_operations.h"
#include "connect/kafka/offset_committer.h"
#include "connect/kafka/topic_reader.h"
#include "connect/kafka/transactional_producer.h"
#include "connect/net/event_loop.h"

namespace penstock::connect {

enum class KafkaProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };

// Makes a source of OAUTHBEARER's tokens, one for each producer, reader and admin, which own it, in
// the thread that makes them. `loop` runs whenever they wait, and outlives the source. No call of
// it may take longer than `patience`: the setup timeout of a connection, which waits for the token.
using TokenSourceFactory = std::function<std::unique_ptr<kafka::TokenSource>(
    EventLoop& loop, std::chrono::milliseconds patience)>;

// Certificates and keys are PEM text; empty = not given.
struct KafkaSecurity {
  KafkaProtocol protocol = KafkaProtocol::kPlaintext;
  std::string sasl_mechanism = {};  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER.
  std::string sasl_username = {};
  SecretString sasl_password = {};
  TokenSourceFactory oauth_tokens = {};  // Of OAUTHBEARER, which has no user and password.
  std::string ca_pem = {};               // Empty: the system's authorities.
  std::string certificate_pem = {};
  SecretString key_pem = {};
};

struct KafkaClientOptions {
  std::string bootstrap_servers;  // "host:port,host:port"
  std::string client_id = {};
  KafkaSecurity security = {};
  std::chrono::milliseconds metadata_timeout{10'000};
  std::chrono::milliseconds admin_timeout{5'000};
  std::chrono::milliseconds socket_timeout{60'000};
  std::chrono::milliseconds connect_timeout{30'000};
  bool keep_alive = true;
  std::chrono::milliseconds retry_backoff{100};
  std::chrono::milliseconds retry_backoff_max{1'000};
  std::chrono::milliseconds reconnect_backoff{100};
  std::chrono::milliseconds reconnect_backoff_max{30'000};
  // Where it is counted what the clients do; none: only among the process' metrics.
  std::shared_ptr<kafka::ClientMetrics> metrics = {};
};

enum class KafkaCompression { kNone, kGzip, kSnappy, kLz4, kZstd };

struct ProducerOptions {
  std::string transactional_id;  // Empty: no transactions, see TransactionalProducer.
  std::chrono::milliseconds transaction_timeout{60'000};
  // After these a pending fence() is kRetriable. A pending commit() is kOutcomeUnknown if EndTxn
  // may have been carried out, else kAbort, as is a pending abort().
  std::chrono::milliseconds fence_timeout{60'000};
  std::chrono::milliseconds commit_timeout{60'000};
  KafkaCompression compression = KafkaCompression::kLz4;
  std::chrono::milliseconds linger{1};
  size_t message_max_bytes = 1'000'000;
  size_t batch_bytes = 1'000'000;
  size_t budget_bytes = 32 << 20;  // Of messages that are not acknowledged.
};

struct ReaderOptions {
  std::string topic;
  KafkaIsolation isolation = KafkaIsolation::kReadCommitted;
  size_t queue_bytes = 16 << 20;  // Of records fetched ahead.
};

struct CommitterOptions {
  std::string group;
  std::string topic;
};

// Thread-safe; what it makes is not.
class KafkaClient {
 public:
  virtual ~KafkaClient() = default;
  virtual KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(
      const ProducerOptions& options) = 0;
  virtual KafkaResult<std::unique_ptr<TopicReader>> make_reader(const ReaderOptions& options) = 0;
  virtual KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin() = 0;
};

// Contacts nobody.
std::unique_ptr<KafkaClient> make_kafka_client(const KafkaClientOptions& options);
KafkaResult<std::unique_ptr<ClusterOperations>> make_cluster_operations(
    const KafkaClientOptions& options);
KafkaResult<std::unique_ptr<OffsetCommitter>> make_offset_committer(
    const KafkaClientOptions& options, const CommitterOptions& committer);

}  // namespace penstock::connect
