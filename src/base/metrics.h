// Counters, gauges and histograms, found by name and labels, exposed in Prometheus' text form.
//
// A metric lives until it is removed with its label, or as long as the process; keep the reference.
// Thread-safe. Names end in their unit.
#pragma once

#include <functional>
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

// Removes all that have the label. REQUIRES: nobody has a reference to one of them any more.
void remove_metrics(const std::string& label, const std::string& value);

// While it lives, metrics_text() calls the function before it writes, for what is only looked up
// when it is asked for. On any thread, one call at a time; the destructor waits for it.
class MetricsRefresh {
 public:
  explicit MetricsRefresh(std::function<void()> refresh);
  ~MetricsRefresh();
  MetricsRefresh(const MetricsRefresh&) = delete;
  MetricsRefresh& operator=(const MetricsRefresh&) = delete;

 private:
  const std::function<void()> refresh_;
};

// All metrics in Prometheus' text exposition format 0.0.4.
std::string metrics_text();

}  // namespace penstock
