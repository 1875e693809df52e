// Counting, for the object's readers and for the process.
#include "connect/kafka/client/client_metrics.h"

#include <memory>

#include "base/metrics.h"

namespace penstock::connect::kafka {
namespace {

// The process' metrics of one API.
struct ApiMetrics {
  explicit ApiMetrics(const ApiInfo& api)
      : seconds(metric_histogram("penstock_kafka_request_seconds",
                                 "From a request's sending to its answer.",
                                 {{"api", std::string(api.name)}})),
        requests(metric_counter("penstock_kafka_requests_total", "Requests sent.",
                                {{"api", std::string(api.name)}})),
        lost(metric_counter("penstock_kafka_lost_requests_total",
                            "Requests sent and never answered.",
                            {{"api", std::string(api.name)}})) {}
  Histogram& seconds;
  Counter& requests;
  Counter& lost;
};

template <size_t kApis>
ApiMetrics& metrics_of(const ApiInfo& api) {
  // One for each API of the process, made when it is first used.
  static std::array<std::atomic<ApiMetrics*>, kApis> made{};
  auto& slot = made[static_cast<size_t>(api.key)];
  ApiMetrics* found = slot.load();
  if (found) return *found;
  auto mine = std::make_unique<ApiMetrics>(api);
  if (slot.compare_exchange_strong(found, mine.get())) return *mine.release();
  return *found;
}

Counter& counter(const char* name, const char* help) {
  return metric_counter(name, help, {});
}

struct ProcessMetrics {
  Counter& sent = counter("penstock_kafka_sent_bytes_total", "Bytes of requests.");
  Counter& received = counter("penstock_kafka_received_bytes_total", "Bytes of answers.");
  Counter& connects = counter("penstock_kafka_connects_total", "Connections made to brokers.");
  Counter& disconnects = counter("penstock_kafka_disconnects_total",
                                 "Connections to brokers that ended or could not be made.");
  Counter& throttled =
      counter("penstock_kafka_throttled_seconds_total", "Silence that brokers asked for.");
  Counter& batches = counter("penstock_kafka_batches_total", "Record batches made.");
  Counter& records = counter("penstock_kafka_batch_records_total", "Records in these batches.");
  Counter& record_bytes = counter("penstock_kafka_batch_records_bytes_total",
                                  "Bytes of these batches before compression.");
  Counter& batch_bytes =
      counter("penstock_kafka_batch_sent_bytes_total", "Bytes of these batches as they are sent.");
  Counter& again = counter("penstock_kafka_batches_sent_again_total", "Batches sent once more.");
};

ProcessMetrics& process() {
  static ProcessMetrics metrics;
  return metrics;
}

}  // namespace

void ClientMetrics::sent(const ApiInfo& api, size_t bytes) {
  Api& counts = of(api);
  counts.info = &api;
  ++counts.requests;
  sent_bytes_ += bytes;
  metrics_of<kApis>(api).requests.add(1);
  process().sent.add(static_cast<double>(bytes));
}

void ClientMetrics::answered(const ApiInfo& api, size_t bytes, std::chrono::microseconds took) {
  Api& counts = of(api);
  ++counts.answered;
  counts.total_us += took.count();
  int64_t most = counts.most_us;
  while (took.count() > most && !counts.most_us.compare_exchange_weak(most, took.count())) continue;
  received_bytes_ += bytes;
  metrics_of<kApis>(api).seconds.observe(std::chrono::duration<double>(took).count());
  process().received.add(static_cast<double>(bytes));
}

void ClientMetrics::lost(const ApiInfo& api) {
  ++of(api).lost;
  metrics_of<kApis>(api).lost.add(1);
}

void ClientMetrics::throttled(std::chrono::milliseconds pause) {
  throttled_ms_ += pause.count();
  process().throttled.add(std::chrono::duration<double>(pause).count());
}

void ClientMetrics::connected() {
  ++connects_;
  process().connects.add(1);
}

void ClientMetrics::disconnected() {
  ++disconnects_;
  process().disconnects.add(1);
}

void ClientMetrics::batch(const BatchSizes& sizes) {
  ++batches_;
  batch_records_ += static_cast<uint64_t>(sizes.records);
  record_bytes_ += sizes.record_bytes;
  batch_bytes_ += sizes.batch_bytes;
  process().batches.add(1);
  process().records.add(sizes.records);
  process().record_bytes.add(static_cast<double>(sizes.record_bytes));
  process().batch_bytes.add(static_cast<double>(sizes.batch_bytes));
}

void ClientMetrics::batch_again() {
  ++batches_again_;
  process().again.add(1);
}

ClientCounts ClientMetrics::counts() const {
  ClientCounts counts;
  for (const Api& api : apis_) {
    const ApiInfo* info = api.info;
    if (!info) continue;
    // Read in the reverse order of counting, so that nothing is answered before it was sent.
    const uint64_t lost = api.lost;
    const uint64_t answered = api.answered;
    counts.apis.push_back({std::string(info->name), api.requests, answered, lost,
                           std::chrono::microseconds(api.total_us),
                           std::chrono::microseconds(api.most_us)});
  }
  counts.sent_bytes = sent_bytes_;
  counts.received_bytes = received_bytes_;
  counts.connects = connects_;
  counts.disconnects = disconnects_;
  counts.throttled = std::chrono::milliseconds(throttled_ms_);
  counts.batches = batches_;
  counts.batch_records = batch_records_;
  counts.record_bytes = record_bytes_;
  counts.batch_bytes = batch_bytes_;
  counts.batches_sent_again = batches_again_;
  return counts;
}

}  // namespace penstock::connect::kafka
