// A sink's place in the storage of its own process. Declared here, implemented over storage by
// whoever runs sinks.
#pragma once

#include <vector>

#include "base/result.h"
#include "sinks/progress.h"

namespace penstock::sinks {

// Called on the sink's thread only.
class SinkLedger {
 public:
  virtual ~SinkLedger() = default;

  virtual Result<SinkPlace> load() = 0;

  // Keeps the place, to be written in the one log with the next batch, or by itself within a
  // second (K1). Cheap; a later place replaces an earlier one that was not written yet. The hold on
  // the collection's history follows what has been written: oldest_needed().
  virtual void save(const SinkPlace& place) = 0;
  // The same, and durable on return: for a halt (K3: fence no more until altered).
  virtual Status save_durably(const SinkPlace& place) = 0;

  // The lives of this directory in order, at least from the one that wrote K; the present one last.
  // Each was durable before its first tick, so also before anything it could have sent.
  virtual std::vector<Life> lives() const = 0;
};

}  // namespace penstock::sinks
