// The present status of every source and sink, and its history. Written by the threads that run
// them, read by introspection. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace penstock::coordinator {

struct StatusEntry {
  ObjectId object;
  uint64_t occurred_at_us = 0;
  std::string status;                       // starting, running, stalled, paused, dropped
  std::optional<std::string> error;         // "kafka: ..."
  std::optional<std::string> details_json;  // {"hints":[...],"namespaced":{...}}
  friend bool operator==(const StatusEntry&, const StatusEntry&) = default;
};

class StatusBoard {
 public:
  StatusBoard(const Clock& clock, size_t history_limit)
      : clock_(clock), history_limit_(history_limit) {}

  // Repeating the present status with the same error changes nothing. `space` is "kafka",
  // "postgres" or "internal", `said` the cause; empty: no error.
  void set(ObjectId object, const std::string& status, const std::string& space,
           const std::string& said, const std::string& hint);
  // The sink is gone, and `dropped` the last that is heard of it.
  void drop_sink(ObjectId sink);
  bool is_dropped_sink(ObjectId object) const;
  // What was kept of an earlier run of the process, oldest first for each object. Before all else.
  void restore(const std::vector<StatusEntry>& entries);
  // The last entries, at most so many, of the objects with new ones since the last call.
  std::vector<std::pair<ObjectId, std::vector<StatusEntry>>> take_changed(size_t most);
  // What is shown as a hint beside any status of the object until it is taken back ("").
  void warn(ObjectId object, const std::string& warning);
  std::optional<StatusEntry> current(ObjectId object) const;
  // All entries kept, oldest first for each object.
  std::vector<StatusEntry> history() const;

 private:
  void add(StatusEntry entry);  // REQUIRES: the mutex.

  const Clock& clock_;
  const size_t history_limit_;
  mutable std::mutex mutex_;
  std::map<ObjectId, std::deque<StatusEntry>> entries_;
  std::set<ObjectId> changed_;
  std::map<ObjectId, std::string> warnings_;
};

}  // namespace penstock::coordinator
