// Metadata: when it is asked for, and what is taken of the answers.
#include "connect/kafka/client/cluster.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

// The pause after the first of several questions. What made somebody ask may be over, or be known
// to all brokers, within milliseconds.
constexpr std::chrono::milliseconds kFirstPause(10);

bool lacks_a_leader(const TopicInfo& topic) {
  return std::any_of(topic.partitions.begin(), topic.partitions.end(),
                     [](const PartitionLeader& leader) { return leader.broker < 0; });
}

}  // namespace

Cluster::Cluster(EventLoop& loop, ClientOptions options, Authenticator* authenticator,
                 uint64_t seed)
    : loop_(loop),
      options_(std::move(options)),
      authenticator_(authenticator),
      jitter_(seed),
      backoff_(std::min(kFirstPause, options_.retry_backoff), options_.retry_backoff_most) {
  CHECK(!options_.bootstrap.empty());
  // Many clients begin with different brokers.
  turn_ = jitter_.below(options_.bootstrap.size());
}

Cluster::~Cluster() {
  if (timer_) loop_.cancel(*timer_);
}

BrokerConnection& Cluster::connection(const HostAndPort& address, Lane lane) {
  auto& made = connections_[{address, lane}];
  if (!made) {
    made = std::make_unique<BrokerConnection>(
        BrokerConnection::Context{loop_, options_.connection, authenticator_, jitter_}, address);
  }
  return *made;
}

BrokerConnection* Cluster::broker(int32_t id, Lane lane) {
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? nullptr : &connection(found->second, lane);
}

BrokerConnection& Cluster::any_broker() {
  // The bootstrap addresses stay candidates: every broker that we know may have been replaced.
  std::vector<BrokerConnection*> candidates;
  for (const auto& [id, address] : brokers_)
    candidates.push_back(&connection(address, Lane::kQuestions));
  for (const HostAndPort& address : options_.bootstrap)
    candidates.push_back(&connection(address, Lane::kQuestions));
  std::rotate(candidates.begin(),
              candidates.begin() + static_cast<std::ptrdiff_t>(turn_++ % candidates.size()),
              candidates.end());
  const auto rank = [](const BrokerConnection* c) {
    return c->ready() ? 0 : c->backing_off() ? 2 : 1;
  };
  return **std::min_element(candidates.begin(), candidates.end(),
                            [&](auto* a, auto* b) { return rank(a) < rank(b); });
}

void Cluster::watch(const std::string& topic) {
  if (topics_.try_emplace(topic).second) refresh();
}

void Cluster::forget(const std::string& topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  found->second.reset();
  refresh();
}

const TopicInfo* Cluster::topic(const std::string& name) const {
  const auto found = topics_.find(name);
  return found != topics_.end() && found->second ? &*found->second : nullptr;
}

BrokerConnection* Cluster::leader(const std::string& name, int32_t partition, Lane lane) {
  const TopicInfo* info = topic(name);
  const auto index = static_cast<size_t>(partition);
  if (!info || index >= info->partitions.size()) return nullptr;
  return broker(info->partitions[index].broker, lane);
}

void Cluster::refresh() {
  stale_ = true;
  if (asking_) return;
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.at(std::max(loop_.now(), not_before_), [this] {
    timer_.reset();
    send_request();
  });
}

void Cluster::send_request() {
  asking_ = true;
  stale_ = false;
  MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.emplace();
  for (const auto& [name, info] : topics_) request.topics->emplace_back().name = name;
  // Version 4 is the first that can be told not to create topics.
  any_broker().call(std::move(request), CallOptions{request_deadline(), {4, kLastVersion}},
                    [this](CallResult<MetadataResponse> result) { on_answer(std::move(result)); });
}

void Cluster::on_answer(CallResult<MetadataResponse> result) {
  asking_ = false;
  if (!result) {
    trouble_ = result.error().cause;
    plan_next(false);
    return on_metadata();
  }
  trouble_.clear();
  MetadataResponse& response = result->response;
  controller_ = response.controller_id;
  // A cluster that is starting may know of no broker yet: what we knew is better.
  if (!response.brokers.empty()) brokers_.clear();
  for (auto& broker : response.brokers)
    learn_broker(broker.node_id, {std::move(broker.host), static_cast<uint16_t>(broker.port)});
  for (auto& topic : response.topics) take(std::move(topic));
  const bool useful = std::none_of(topics_.begin(), topics_.end(), [](const auto& entry) {
    return !entry.second || entry.second->error != ErrorCode::kNone ||
           lacks_a_leader(*entry.second);
  });
  plan_next(useful);
  on_metadata();
}

void Cluster::take(MetadataResponse::MetadataResponseTopic topic) {
  const auto found = topics_.find(topic.name.value_or(""));
  if (found == topics_.end()) return;
  TopicInfo info{topic.error_code, topic.topic_id, {}};
  info.partitions.resize(topic.partitions.size());
  for (const auto& partition : topic.partitions) {
    const auto index = static_cast<size_t>(partition.partition_index);
    // Partitions are numbered from 0 without gaps, in any order. One that is not would make us take
    // memory for as many as it says.
    if (index >= info.partitions.size()) continue;
    info.partitions[index] = {partition.leader_id, partition.leader_epoch};
  }
  // A broker that lags behind tells of an older leader (KIP-320); of another topic of the same name
  // it tells truly.
  if (const auto& known = found->second; known && known->id == info.id) {
    for (size_t i = 0; i < std::min(known->partitions.size(), info.partitions.size()); ++i)
      if (known->partitions[i].epoch > info.partitions[i].epoch)
        info.partitions[i] = known->partitions[i];
  }
  found->second = std::move(info);
}

// When to ask next: soon if somebody wants to know more than the answer said, else when it has
// aged.
void Cluster::plan_next(bool useful) {
  // Also after a useful answer: what made somebody ask may not have reached all brokers yet.
  const auto now = loop_.now();
  if (now - answered_at_ > 2 * options_.retry_backoff_most) backoff_.reset();
  answered_at_ = now;
  not_before_ = now + backoff_.next();
  if (stale_ || !useful) return refresh();
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.at(loop_.now() + options_.metadata_max_age, [this] {
    timer_.reset();
    send_request();
  });
}

void Cluster::learn_broker(int32_t id, HostAndPort address) {
  brokers_[id] = std::move(address);
}

void Cluster::learn_leader(const std::string& topic, int32_t partition, PartitionLeader leader) {
  const auto found = topics_.find(topic);
  const auto index = static_cast<size_t>(partition);
  if (found == topics_.end() || !found->second || index >= found->second->partitions.size()) return;
  PartitionLeader& known = found->second->partitions[index];
  if (leader.epoch > known.epoch) known = leader;
}

std::string Cluster::trouble() const {
  std::string trouble = trouble_;
  for (const auto& [address, made] : connections_) {
    if (made->ready()) return trouble_;
    if (!made->trouble().empty()) trouble = made->trouble();
  }
  return trouble;
}

}  // namespace penstock::connect::kafka
