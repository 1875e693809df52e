// What clients that share one of these have done since it was made: requests by API, bytes,
// connections, batches. The same is added to the process' metrics (base/metrics.h), by API only.
//
// Counted by the clients' threads, read by any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

// Sizes in bytes. Latencies are from handing a request to the connection to its answer.
struct ApiCounts {
  std::string api;
  uint64_t requests = 0;
  uint64_t answered = 0;
  uint64_t lost = 0;  // Sent, or partly so, and never answered.
  std::chrono::microseconds latency_total{0};
  std::chrono::microseconds latency_most{0};

  uint64_t in_flight() const { return requests - answered - lost; }
};

struct ClientCounts {
  std::vector<ApiCounts> apis;  // Those that were used, by key.
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  uint64_t connects = 0;
  uint64_t disconnects = 0;  // Failed attempts to connect are among them.
  std::chrono::milliseconds throttled{0};
  uint64_t batches = 0;
  uint64_t batch_records = 0;
  uint64_t record_bytes = 0;  // Of the batches, before compression.
  uint64_t batch_bytes = 0;   // And as they are sent.
  uint64_t batches_sent_again = 0;
};

class ClientMetrics {
 public:
  void sent(const ApiInfo& api, size_t bytes);
  void answered(const ApiInfo& api, size_t bytes, std::chrono::microseconds took);
  void lost(const ApiInfo& api);
  void throttled(std::chrono::milliseconds pause);
  void connected();
  void disconnected();
  struct BatchSizes {
    int32_t records;
    size_t record_bytes;
    size_t batch_bytes;
  };
  void batch(const BatchSizes& sizes);
  void batch_again();

  ClientCounts counts() const;

 private:
  struct Api {
    std::atomic<const ApiInfo*> info{nullptr};  // Null: never used.
    std::atomic<uint64_t> requests{0};
    std::atomic<uint64_t> answered{0};
    std::atomic<uint64_t> lost{0};
    std::atomic<int64_t> total_us{0};
    std::atomic<int64_t> most_us{0};
  };
  // Beyond every key that we know.
  static constexpr size_t kApis = 128;

  Api& of(const ApiInfo& api) { return apis_[static_cast<size_t>(api.key)]; }

  std::array<Api, kApis> apis_;
  std::atomic<uint64_t> sent_bytes_{0};
  std::atomic<uint64_t> received_bytes_{0};
  std::atomic<uint64_t> connects_{0};
  std::atomic<uint64_t> disconnects_{0};
  std::atomic<int64_t> throttled_ms_{0};
  std::atomic<uint64_t> batches_{0};
  std::atomic<uint64_t> batch_records_{0};
  std::atomic<uint64_t> record_bytes_{0};
  std::atomic<uint64_t> batch_bytes_{0};
  std::atomic<uint64_t> batches_again_{0};
};

}  // namespace penstock::connect::kafka
