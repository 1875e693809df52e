// Metrics over prometheus-cpp.
#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace penstock {
namespace {

class PrometheusCounter final : public Counter {
 public:
  PrometheusCounter(prometheus::Family<prometheus::Counter>& family, prometheus::Counter& counter)
      : family_(family), counter_(counter) {}
  ~PrometheusCounter() override { family_.Remove(&counter_); }
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Family<prometheus::Counter>& family_;
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  PrometheusGauge(prometheus::Family<prometheus::Gauge>& family, prometheus::Gauge& gauge)
      : family_(family), gauge_(gauge) {}
  ~PrometheusGauge() override { family_.Remove(&gauge_); }
  void set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  PrometheusHistogram(prometheus::Family<prometheus::Histogram>& family,
                      prometheus::Histogram& histogram)
      : family_(family), histogram_(histogram) {}
  ~PrometheusHistogram() override { family_.Remove(&histogram_); }
  void observe(double seconds) override { histogram_.Observe(seconds); }

 private:
  prometheus::Family<prometheus::Histogram>& family_;
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

struct Refreshes {
  std::mutex mutex;
  std::set<const std::function<void()>*> all;
};

Refreshes& refreshes() {
  static auto* instance = new Refreshes;
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
    slot = std::make_unique<PrometheusCounter>(family, family.Add(labels));
  }
  return *slot;
}

Gauge& metric_gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard lock(registry().mutex);
  auto& slot = registry().gauges[{name, labels}];
  if (!slot) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry().inner);
    slot = std::make_unique<PrometheusGauge>(family, family.Add(labels));
  }
  return *slot;
}

Histogram& metric_histogram(const std::string& name, const std::string& help,
                            const MetricLabels& labels) {
  std::lock_guard lock(registry().mutex);
  auto& slot = registry().histograms[{name, labels}];
  if (!slot) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry().inner);
    slot = std::make_unique<PrometheusHistogram>(family, family.Add(labels, latency_buckets()));
  }
  return *slot;
}

void remove_metrics(const std::string& label, const std::string& value) {
  std::lock_guard lock(registry().mutex);
  const auto has_label = [&](const auto& metric) {
    auto found = metric.first.second.find(label);
    return found != metric.first.second.end() && found->second == value;
  };
  std::erase_if(registry().counters, has_label);
  std::erase_if(registry().gauges, has_label);
  std::erase_if(registry().histograms, has_label);
}

MetricsRefresh::MetricsRefresh(std::function<void()> refresh) : refresh_(std::move(refresh)) {
  std::lock_guard lock(refreshes().mutex);
  refreshes().all.insert(&refresh_);
}

MetricsRefresh::~MetricsRefresh() {
  std::lock_guard lock(refreshes().mutex);
  refreshes().all.erase(&refresh_);
}

std::string metrics_text() {
  {
    std::lock_guard lock(refreshes().mutex);
    for (const std::function<void()>* refresh : refreshes().all) (*refresh)();
  }
  return prometheus::TextSerializer().Serialize(registry().inner.Collect());
}

}  // namespace penstock
