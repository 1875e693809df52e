// The running sinks: one thread each. A new sink first waits until what it reads is published, then
// gets its as_of, durably, and only then begins (rule T5).
//
// start/stop/refresh from the coordinator's thread; counters from any.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/outside/source_fleet.h"
#include "sinks/progress.h"

namespace penstock::coordinator {

class SinkFleet {
 public:
  virtual ~SinkFleet() = default;
  virtual void start(ObjectId sink) = 0;
  // Returns at once; the sink ends on its own. Who stops several tells all of them first.
  virtual void tell_to_stop(ObjectId sink) = 0;
  // Bounded in time (rule K9). A dropped sink's place is forgotten.
  virtual void stop(ObjectId sink) = 0;
  // Bounded in time. Its place stays, and start() goes on there.
  virtual void pause(ObjectId sink) = 0;
  // Of a paused sink: where it stands. Whoever takes it writes it, before start().
  virtual Result<std::optional<sinks::SinkPlace>> take_place(ObjectId sink) = 0;
  // Where it stands now; nothing when the sink was never born. Thread-safe.
  virtual Result<std::optional<sinks::SinkPlace>> place(ObjectId sink) const = 0;
  // It retains more history than it may (rule S5): it lets go and stalls, with `why`, durably.
  virtual Status release_history(ObjectId sink, const std::string& why) = 0;
  virtual void refresh_connection(ObjectId connection) = 0;
  virtual void tell_all_to_stop() = 0;
  virtual void stop_all() = 0;
  virtual std::map<ObjectId, SinkCounters> counters() const = 0;
  virtual std::map<ObjectId, SinkActivity> activities() const = 0;
  virtual std::map<ObjectId, connect::kafka::ClientCounts> kafka_clients() const = 0;
  virtual std::map<ObjectId, std::optional<uint64_t>> frontiers() const = 0;
};

std::unique_ptr<SinkFleet> make_sink_fleet(const FleetContext& context);

}  // namespace penstock::coordinator
