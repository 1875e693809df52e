// Metrics over prometheus-cpp.
#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <memory>
#include <mutex>
#include <vector>

namespace penstock {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double seconds) override { histogram_.Observe(seconds); }

 private:
  prometheus::Histogram& histogram_;
};

struct Registry {
  std::mutex mutex;
  prometheus::Registry inner;
  std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Counter>> counters;
  std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Gauge>> gauges;
  std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Histogram>> histograms;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

prometheus::Histogram::BucketBoundaries latency_buckets() {
  prometheus::Histogram::BucketBoundaries buckets;
  double bound = 0.000064;
  for (int i = 0; i < 21; ++i, bound *= 2) buckets.push_back(bound);
  return buckets;
}

}  // namespace

Counter& metric_counter(const std::string& name, const std::string& help,
                        const MetricLabels& labels) {
  std::lock_guard lock(registry().mutex);
  auto& slot = registry().counters[{name, labels}];
  if (!slot) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry().inner);
    slot = std::make_unique<PrometheusCounter>(family.Add(labels));
  }
  return *slot;
}

Gauge& metric_gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard lock(registry().mutex);
  auto& slot = registry().gauges[{name, labels}];
  if (!slot) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry().inner);
    slot = std::make_unique<PrometheusGauge>(family.Add(labels));
  }
  return *slot;
}

Histogram& metric_histogram(const std::string& name, const std::string& help,
                            const MetricLabels& labels) {
  std::lock_guard lock(registry().mutex);
  auto& slot = registry().histograms[{name, labels}];
  if (!slot) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry().inner);
    slot = std::make_unique<PrometheusHistogram>(family.Add(labels, latency_buckets()));
  }
  return *slot;
}

std::string metrics_text() {
  return prometheus::TextSerializer().Serialize(registry().inner.Collect());
}

}  // namespace penstock
