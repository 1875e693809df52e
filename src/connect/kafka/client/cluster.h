// What is known of a cluster, and the connections to its brokers: who leads which partition, where
// a coordinator is, and which broker to ask what anybody can answer.
//
// Topics are known once they are watched. What is out of date is asked for again: on a call of
// refresh(), when a watched topic is not known, and when the knowledge has aged. One request at a
// time, with a backoff while the answers do not help. Never creates a topic by asking (KIP-204).
//
// Owned and called by the loop's thread; callbacks run inside EventLoop::run() only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/rng.h"
#include "connect/kafka/client/broker_connection.h"
#include "connect/kafka/client/client_options.h"

namespace penstock::connect::kafka {

struct PartitionLeader {
  int32_t broker = -1;  // -1 = none, or not known.
  int32_t epoch = -1;   // KIP-320. -1 = the broker is too old to say.
};

struct TopicInfo {
  // kNone: it exists. kUnknownTopicOrPartition, kTopicAuthorizationFailed, ...
  ErrorCode error = ErrorCode::kNone;
  Uuid id = {};  // Zero before Kafka 2.8.
  std::vector<PartitionLeader> partitions = {};
};

// A broker keeps a fetch that finds nothing, and all that is behind it on the connection waits: so
// fetches have a connection of their own.
enum class Lane { kQuestions, kFetches };

class Cluster {
 public:
  // `authenticator`: none on listeners without SASL; must outlive the cluster, as must the loop.
  Cluster(EventLoop& loop, ClientOptions options, Authenticator* authenticator, uint64_t seed);
  ~Cluster();

  EventLoop& loop() const { return loop_; }
  const ClientOptions& options() const { return options_; }
  EventLoop::Time request_deadline() const { return loop_.now() + options_.request_timeout; }

  // The connection to a broker; none if nobody has told us of it.
  BrokerConnection* broker(int32_t id, Lane lane);
  // Whoever can be asked soonest.
  BrokerConnection& any_broker();
  // As metadata named it; none before.
  BrokerConnection* controller() { return broker(controller_, Lane::kQuestions); }
  const std::map<int32_t, HostAndPort>& brokers() const { return brokers_; }

  // From now on the topic's leaders are kept known.
  void watch(const std::string& topic);
  // What is known of a watched topic counts no more; it is asked for anew.
  void forget(const std::string& topic);
  void unwatch(const std::string& topic) { topics_.erase(topic); }
  // None: not known yet.
  const TopicInfo* topic(const std::string& name) const;
  // The connection to a partition's leader; none if there is none, or none is known.
  BrokerConnection* leader(const std::string& topic, int32_t partition, Lane lane);

  // What is known is out of date. Many calls make one request.
  void refresh();
  // A broker told us, in passing, who leads now (KIP-951). Older news than ours is not taken.
  void learn_broker(int32_t id, HostAndPort address);
  void learn_leader(const std::string& topic, int32_t partition, PartitionLeader leader);
  // Called after each answer about metadata.
  std::function<void()> on_metadata = [] {};

  // Why nobody can be asked, naming the broker; empty while somebody can.
  std::string trouble() const;

 private:
  void send_request();
  void on_answer(CallResult<MetadataResponse> result);
  void take(MetadataResponse::MetadataResponseTopic topic);
  void plan_next(bool useful);
  BrokerConnection& connection(const HostAndPort& address, Lane lane);

  EventLoop& loop_;
  const ClientOptions options_;
  Authenticator* authenticator_;
  Rng jitter_;
  std::map<std::pair<HostAndPort, Lane>, std::unique_ptr<BrokerConnection>> connections_;
  std::map<int32_t, HostAndPort> brokers_;
  int32_t controller_ = -1;
  std::map<std::string, std::optional<TopicInfo>> topics_;  // Those that are watched.
  size_t turn_ = 0;  // Whose turn it is to be asked among equals.
  bool asking_ = false;
  bool stale_ = false;  // Somebody called refresh() since the request was sent.
  Backoff backoff_;
  EventLoop::Time not_before_ = {};
  EventLoop::Time answered_at_ = {};
  std::optional<EventLoop::TimerId> timer_;
  std::string trouble_;  // Of the last request for metadata.
};

}  // namespace penstock::connect::kafka
