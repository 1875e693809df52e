// Topics and their partitions: who leads them, and their logs. Partitions never move in memory and
// outlive their topic's deletion, since markers may be under way to them. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connect/kafka/protocol/wire.h"
#include "connect/kafka/simulated/log/partition_log.h"

namespace penstock::connect::kafka {

inline constexpr int32_t kNobody = -1;

// Waits for a log to grow, or for its leader to change.
class LogWatcher {
 public:
  virtual ~LogWatcher() = default;
  // Whether it still waits.
  virtual bool look() = 0;
};

struct SimulatedPartition {
  std::string topic;
  int32_t index = 0;
  int32_t leader = kNobody;
  int32_t leader_epoch = 0;
  // Before the last move, which stale metadata still shows.
  int32_t old_leader = kNobody;
  int32_t old_leader_epoch = 0;
  bool deleted = false;
  PartitionLog log;

  // Once more after each change, for as long as it lives and waits.
  void watch(const std::shared_ptr<LogWatcher>& watcher);
  void changed();
  void lead(int32_t broker);

 private:
  std::vector<std::weak_ptr<LogWatcher>> watchers_;
};

struct SimulatedTopic {
  std::string name;
  Uuid id;
  std::vector<std::unique_ptr<SimulatedPartition>> partitions;
  std::map<std::string, std::string> configs;  // Those that were set.

  // None: there is no such partition.
  SimulatedPartition* partition(int32_t index) const;
};

class TopicTable {
 public:
  SimulatedTopic* find(std::string_view name) const;
  SimulatedTopic* find(const Uuid& id) const;
  // By the id if there is a name only in later versions, else by the name.
  SimulatedTopic* find(std::string_view name, const Uuid& id) const {
    return id.is_zero() ? find(name) : find(id);
  }

  // REQUIRES: there is none of that name.
  SimulatedTopic& create(const std::string& name, const Uuid& id);
  SimulatedPartition& add_partition(SimulatedTopic& topic);
  void remove(SimulatedTopic& topic);

  // By name.
  std::vector<SimulatedTopic*> all() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct IdHash {
    size_t operator()(const Uuid& id) const;
  };

  std::deque<SimulatedTopic> topics_;  // Deleted ones too.
  std::unordered_map<std::string, SimulatedTopic*, Hash, std::equal_to<>> by_name_;
  std::unordered_map<Uuid, SimulatedTopic*, IdHash> by_id_;
};

}  // namespace penstock::connect::kafka
