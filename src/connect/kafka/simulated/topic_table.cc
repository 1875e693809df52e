// Looking up and changing topics.
#include "connect/kafka/simulated/topic_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

// Watchers that have gone are only noticed when something happens.
constexpr size_t kWatchersKept = 16;

}  // namespace

void SimulatedPartition::watch(const std::shared_ptr<LogWatcher>& watcher) {
  if (watchers_.size() >= kWatchersKept)
    std::erase_if(watchers_, [](const auto& weak) { return weak.expired(); });
  watchers_.push_back(watcher);
}

void SimulatedPartition::changed() {
  if (watchers_.empty()) return;
  // Apart: whoever is done may ask for something that waits here again.
  const auto told = std::exchange(watchers_, {});
  for (const auto& weak : told) {
    if (const auto watcher = weak.lock(); watcher && watcher->look()) watchers_.push_back(weak);
  }
}

void SimulatedPartition::lead(int32_t broker) {
  if (broker == leader) return;
  old_leader = std::exchange(leader, broker);
  old_leader_epoch = leader_epoch++;
  changed();
}

SimulatedPartition* SimulatedTopic::partition(int32_t index) const {
  if (index < 0 || static_cast<size_t>(index) >= partitions.size()) return nullptr;
  return partitions[static_cast<size_t>(index)].get();
}

size_t TopicTable::IdHash::operator()(const Uuid& id) const {
  size_t hash = 0;
  std::memcpy(&hash, id.bytes.data(), sizeof(hash));
  return hash;
}

SimulatedTopic* TopicTable::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

SimulatedTopic* TopicTable::find(const Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

SimulatedTopic& TopicTable::create(const std::string& name, const Uuid& id) {
  CHECK(!find(name));
  SimulatedTopic& topic = topics_.emplace_back();
  topic.name = name;
  topic.id = id;
  by_name_[name] = &topic;
  by_id_[id] = &topic;
  return topic;
}

SimulatedPartition& TopicTable::add_partition(SimulatedTopic& topic) {
  auto partition = std::make_unique<SimulatedPartition>();
  partition->topic = topic.name;
  partition->index = static_cast<int32_t>(topic.partitions.size());
  topic.partitions.push_back(std::move(partition));
  return *topic.partitions.back();
}

void TopicTable::remove(SimulatedTopic& topic) {
  by_name_.erase(topic.name);
  by_id_.erase(topic.id);
  for (const auto& partition : topic.partitions) {
    partition->deleted = true;
    partition->changed();
  }
}

std::vector<SimulatedTopic*> TopicTable::all() const {
  std::vector<SimulatedTopic*> topics;
  for (const auto& [name, topic] : by_name_) topics.push_back(topic);
  std::ranges::sort(topics, {}, &SimulatedTopic::name);
  return topics;
}

}  // namespace penstock::connect::kafka
