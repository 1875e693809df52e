// What a sink has done among the process' metrics, under the names that dashboards know. Those of a
// client library that ours is not keep their names where ours has the same quantity.
//
// Thread-safe. The metrics go with the dropped sink: remove_metrics().
#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "connect/kafka/client/client_metrics.h"
#include "sinks/sink_report.h"

namespace penstock::coordinator {

class SinkGauges {
 public:
  explicit SinkGauges(ObjectId sink);
  ~SinkGauges();

  void set(const sinks::SinkReport& report, const connect::kafka::ClientCounts& counts) const;

 private:
  struct Gauges;

  const std::unique_ptr<Gauges> gauges_;
};

}  // namespace penstock::coordinator
