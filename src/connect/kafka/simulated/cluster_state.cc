// Who is alive, who leads, who coordinates.
#include "connect/kafka/simulated/cluster_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

constexpr uint16_t kFirstPort = 9092;

ProtocolStep step_of_produce(const TransactionCoordinator& transactions,
                             const ReceivedRequest& request) {
  const auto id = request.as<ProduceRequest>().transactional_id;
  const SimulatedTransaction* const transaction = id ? transactions.find(*id) : nullptr;
  const bool later = transaction && std::ranges::any_of(transaction->partitions, [&](auto* each) {
                       return each->log.producers().has_open(transaction->producer);
                     });
  return later ? ProtocolStep::kProduceLater : ProtocolStep::kProduceFirst;
}

}  // namespace

ClusterState::ClusterState(SimulatedLoop& event_loop, SimulatedClusterOptions cluster_options)
    : loop(event_loop),
      options(std::move(cluster_options)),
      transactions(TransactionCoordinator::Context{loop, options, faults}) {
  CHECK_OP(>, options.num_brokers, 0);
  for (int32_t i = 0; i < options.num_brokers; ++i)
    nodes.push_back({{fmt::format("broker-{}", i), static_cast<uint16_t>(kFirstPort + i)}});
  for (auto& kind : places_) {
    for (size_t i = 0; i < kPlaces; ++i)
      kind[i].broker = static_cast<int32_t>(i % static_cast<size_t>(options.num_brokers));
  }
  loop.step_of = [this](std::string_view frame) {
    const auto request = received_request(frame);
    return request ? step_of(*request) : ProtocolStep::kOther;
  };
}

ProtocolStep ClusterState::step_of(const ReceivedRequest& request) const {
  switch (request.api) {
    case ApiKey::kApiVersions:
      return ProtocolStep::kApiVersions;
    case ApiKey::kMetadata:
      return ProtocolStep::kMetadata;
    case ApiKey::kFindCoordinator:
      return ProtocolStep::kFindCoordinator;
    case ApiKey::kInitProducerId:
      return ProtocolStep::kInitProducerId;
    case ApiKey::kAddPartitionsToTxn:
      return ProtocolStep::kAddPartitions;
    case ApiKey::kProduce:
      return step_of_produce(transactions, request);
    case ApiKey::kEndTxn:
      return request.as<EndTxnRequest>().committed ? ProtocolStep::kCommit : ProtocolStep::kAbort;
    case ApiKey::kListOffsets:
      return ProtocolStep::kListOffsets;
    case ApiKey::kFetch:
      return ProtocolStep::kFetch;
    default:
      return ProtocolStep::kOther;
  }
}

std::chrono::milliseconds ClusterState::any_time_up_to(std::chrono::milliseconds most) {
  return std::chrono::milliseconds(loop.rng().below(static_cast<uint64_t>(most.count()) + 1));
}

int32_t ClusterState::any_alive() {
  std::vector<int32_t> alive;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].alive) alive.push_back(static_cast<int32_t>(i));
  }
  return alive.empty() ? kNobody : alive[loop.rng().below(alive.size())];
}

int32_t ClusterState::controller() const {
  if (node(elected_controller_).alive) return elected_controller_;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].alive) return static_cast<int32_t>(i);
  }
  return kNobody;
}

Uuid ClusterState::new_uuid() {
  Uuid id;
  for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(loop.rng().below(256));
  return id;
}

SimulatedTopic& ClusterState::create_topic(const std::string& name, int32_t num_partitions) {
  SimulatedTopic& topic = topics.create(name, new_uuid());
  add_partitions(topic, num_partitions);
  return topic;
}

void ClusterState::add_partitions(SimulatedTopic& topic, int32_t num_partitions) {
  for (int32_t i = 0; i < num_partitions; ++i) {
    SimulatedPartition& partition = topics.add_partition(topic);
    partition.leader = next_leader_++ % options.num_brokers;
    if (!node(partition.leader).alive) partition.leader = any_alive();
    partition.old_leader = partition.leader;
    partitions_.push_back(&partition);
  }
}

size_t ClusterState::place_of(std::string_view key) {
  // FNV-1a: the same everywhere.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return static_cast<size_t>(hash ^ (hash >> 32)) % kPlaces;
}

int32_t ClusterState::coordinator(CoordinatorKind kind, std::string_view key) const {
  return place(kind, key).broker;
}

ErrorCode ClusterState::coordinator_error(CoordinatorKind kind, std::string_view key,
                                          int32_t broker) const {
  const Place& found = place(kind, key);
  if (found.broker != broker) return ErrorCode::kNotCoordinator;
  return loop.now() < found.loaded ? ErrorCode::kCoordinatorLoadInProgress : ErrorCode::kNone;
}

bool ClusterState::coordinator_serves(CoordinatorKind kind, std::string_view key) const {
  const Place& found = place(kind, key);
  return found.broker != kNobody && loop.now() >= found.loaded;
}

void ClusterState::move_place(Place& place, int32_t broker) {
  if (place.broker == broker) return;
  place.broker = broker;
  place.loaded = loop.now() + any_time_up_to(faults.load_most);
  ++transactions.epoch;
}

void ClusterState::move_coordinator(CoordinatorKind kind, std::string_view key, int32_t broker) {
  move_place(places_[static_cast<size_t>(kind)][place_of(key)], broker);
}

void ClusterState::move_any_coordinator() {
  auto& kind = places_[loop.rng().below(places_.size())];
  move_place(kind[loop.rng().below(kPlaces)], any_alive());
}

void ClusterState::move_any_leader() {
  if (partitions_.empty()) return;
  partitions_[loop.rng().below(partitions_.size())]->lead(any_alive());
}

void ClusterState::elect_leader(SimulatedPartition& partition) {
  if (faults.election_most.count() == 0) return partition.lead(any_alive());
  partition.lead(kNobody);
  loop.at(loop.now() + any_time_up_to(faults.election_most), [this, &partition] {
    if (partition.leader == kNobody) partition.lead(any_alive());
  });
}

void ClusterState::set_alive(int32_t broker, bool alive) {
  nodes[static_cast<size_t>(broker)].alive = alive;
  if (!alive) fetch_sessions.forget_all(broker);
  const int32_t left = alive ? kNobody : broker;
  for (SimulatedPartition* partition : partitions_) {
    if (partition->leader == left) elect_leader(*partition);
  }
  for (auto& kind : places_) {
    for (Place& each : kind) {
      if (each.broker == left) move_place(each, any_alive());
    }
  }
}

}  // namespace penstock::connect::kafka
