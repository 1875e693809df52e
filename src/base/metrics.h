// Counters, gauges and histograms, found by name and labels, exposed in Prometheus' text form.
//
// A metric lives as long as the process; keep the reference. Thread-safe. Names end in their unit.
#pragma once

#include <map>
#include <string>

namespace penstock {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};
// Buckets are powers of two from 64 microseconds to 67 seconds: latencies, in seconds.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double seconds) = 0;
};

Counter& metric_counter(const std::string& name, const std::string& help,
                        const MetricLabels& labels);
Gauge& metric_gauge(const std::string& name, const std::string& help, const MetricLabels& labels);
Histogram& metric_histogram(const std::string& name, const std::string& help,
                            const MetricLabels& labels);

// All metrics in Prometheus' text exposition format 0.0.4.
std::string metrics_text();

}  // namespace penstock
