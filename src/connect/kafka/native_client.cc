// The client of our own behind the seams: each producer, reader and admin has a loop and a cluster
// to itself, and runs in its owner's thread.
#include <memory>
#include <random>
#include <utility>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/auth/token_cache.h"
#include "connect/kafka/client/cluster.h"
#include "connect/kafka/kafka_client.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/reader/native_offset_committer.h"
#include "connect/kafka/reader/native_reader.h"
#include "connect/net/socket_loop.h"

namespace penstock::connect {
namespace kafka {
namespace {

// What each of the three stands on.
struct Ground {
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<Cluster> cluster;
};

// The ground is a base, so that it is made before what stands on it, and goes after it.
template <typename Native>
class Grounded final : private Ground, public Native {
 public:
  template <typename... Arguments>
  Grounded(Ground ground, Arguments&&... arguments)
      : Ground(std::move(ground)),
        Native(*Ground::cluster, std::forward<Arguments>(arguments)...) {}
};

bool has_tls(KafkaProtocol protocol) {
  return protocol == KafkaProtocol::kSsl || protocol == KafkaProtocol::kSaslSsl;
}
bool has_sasl(KafkaProtocol protocol) {
  return protocol == KafkaProtocol::kSaslPlaintext || protocol == KafkaProtocol::kSaslSsl;
}

ClientOptions client_options(const KafkaClientOptions& options,
                             std::vector<HostAndPort> bootstrap) {
  ClientOptions made{.connection = {.client_id = options.client_id,
                                    .keep_alive = options.keep_alive,
                                    .setup_timeout = options.connect_timeout,
                                    .backoff_first = options.reconnect_backoff,
                                    .backoff_most = options.reconnect_backoff_max},
                     .bootstrap = std::move(bootstrap),
                     .request_timeout = options.socket_timeout,
                     .retry_backoff = options.retry_backoff,
                     .retry_backoff_most = options.retry_backoff_max};
  if (options.metrics) made.connection.metrics = options.metrics;
  const KafkaSecurity& security = options.security;
  if (has_tls(security.protocol)) {
    made.connection.tls = TlsOptions{.authorities = security.ca_pem,
                                     .certificate = security.certificate_pem,
                                     .key = security.key_pem};
  }
  return made;
}

// A mechanism that we do not have is told before anybody is asked.
KafkaResult<std::unique_ptr<Authenticator>> make_authenticator(const KafkaSecurity& security,
                                                               EventLoop& loop,
                                                               std::chrono::milliseconds patience) {
  SaslOptions sasl{.mechanism = security.sasl_mechanism,
                   .user = security.sasl_username,
                   .password = security.sasl_password};
  const auto exchange = make_sasl_exchange(sasl, system_random());
  if (!exchange) return kafka_fail(KafkaFault::kFatal, exchange.error().cause, "INVALID_CONFIG");
  std::unique_ptr<TokenSource> tokens;
  if ((*exchange)->mechanism() == "OAUTHBEARER") {
    if (!security.oauth_tokens) {
      return kafka_fail(KafkaFault::kFatal, "SASL mechanism OAUTHBEARER has no source of tokens",
                        "INVALID_CONFIG");
    }
    tokens = std::make_unique<TokenCache>(security.oauth_tokens(loop, patience));
  }
  return std::make_unique<Authenticator>(std::move(sasl), system_random(), std::move(tokens));
}

class NativeClient final : public KafkaClient {
 public:
  explicit NativeClient(const KafkaClientOptions& options) : options_(options) {}

  KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(
      const ProducerOptions& options) override {
    return make<TransactionalProducer, NativeProducer>(options, NativeProducer::Rules{});
  }
  KafkaResult<std::unique_ptr<TopicReader>> make_reader(const ReaderOptions& options) override {
    return make<TopicReader, NativeReader>(options, options_.metadata_timeout);
  }
  KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin() override {
    return make<ClusterAdmin, NativeAdmin>(
        NativeAdmin::Timeouts{options_.metadata_timeout, options_.admin_timeout});
  }
  KafkaResult<std::unique_ptr<ClusterOperations>> make_operations() {
    return make<ClusterOperations, NativeAdmin>(
        NativeAdmin::Timeouts{options_.metadata_timeout, options_.admin_timeout});
  }
  KafkaResult<std::unique_ptr<OffsetCommitter>> make_committer(const CommitterOptions& options) {
    return make<OffsetCommitter, NativeOffsetCommitter>(options, options_.admin_timeout);
  }

 private:
  template <typename Seam, typename Native, typename... Arguments>
  KafkaResult<std::unique_ptr<Seam>> make(Arguments&&... arguments) {
    auto ground = make_ground();
    if (!ground) return std::unexpected(ground.error());
    return std::make_unique<Grounded<Native>>(std::move(*ground),
                                              std::forward<Arguments>(arguments)...);
  }

  KafkaResult<Ground> make_ground() const {
    auto bootstrap = parse_bootstrap(options_.bootstrap_servers);
    if (!bootstrap) {
      return kafka_fail(KafkaFault::kFatal,
                        "invalid broker addresses: \"" + options_.bootstrap_servers + "\"",
                        "INVALID_CONFIG");
    }
    Ground ground;
    ground.loop = make_socket_loop();
    if (has_sasl(options_.security.protocol)) {
      auto authenticator =
          make_authenticator(options_.security, *ground.loop, options_.connect_timeout);
      if (!authenticator) return std::unexpected(authenticator.error());
      ground.authenticator = *std::move(authenticator);
    }
    ground.cluster =
        std::make_unique<Cluster>(*ground.loop, client_options(options_, std::move(*bootstrap)),
                                  ground.authenticator.get(), std::random_device()());
    return ground;
  }

  const KafkaClientOptions options_;
};

}  // namespace
}  // namespace kafka

std::unique_ptr<KafkaClient> make_kafka_client(const KafkaClientOptions& options) {
  return std::make_unique<kafka::NativeClient>(options);
}

KafkaResult<std::unique_ptr<ClusterOperations>> make_cluster_operations(
    const KafkaClientOptions& options) {
  return kafka::NativeClient(options).make_operations();
}

KafkaResult<std::unique_ptr<OffsetCommitter>> make_offset_committer(
    const KafkaClientOptions& options, const CommitterOptions& committer) {
  return kafka::NativeClient(options).make_committer(committer);
}

}  // namespace penstock::connect
