// How a simulated cluster is set up. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/protocol/messages.h"
#include "connect/kafka/simulated/broker_preset.h"

namespace penstock::connect::kafka {

// The broker's side of one authentication.
class SaslConversation {
 public:
  virtual ~SaslConversation() = default;
  struct Reply {
    SaslAuthenticateResponse response;
    bool authenticated = false;
  };
  virtual Reply next(std::string_view client_bytes) = 0;
};

struct SaslListener {
  std::vector<std::string> mechanisms;
  // REQUIRES: the mechanism is one of these.
  std::function<std::unique_ptr<SaslConversation>(const std::string& mechanism)> begin;
};

struct SimulatedClusterOptions {
  int32_t num_brokers = 3;
  const BrokerPreset* preset = &broker_preset("4.3");
  // Instead of the preset's.
  std::optional<int16_t> transaction_version = {};
  std::optional<bool> verifies_partitions = {};
  // None: no connection has to authenticate.
  std::optional<SaslListener> sasl = {};

  bool auto_creates_topics = true;
  int32_t default_partitions = 1;
  int32_t max_message_bytes = 1'048'588;

  // A marker is written so long after its transaction was decided, which is when the client is
  // told.
  std::chrono::microseconds marker_least{100};
  std::chrono::microseconds marker_most{2'000};
  // add.partitions.to.txn.retry.backoff.ms, and .max.ms: Produce v12 waits inside the broker for
  // the markers of the transaction before.
  std::chrono::milliseconds hold_back{20};
  std::chrono::milliseconds hold_back_most{100};
  // transaction.abort.timed.out.transaction.cleanup.interval.ms
  std::chrono::milliseconds timeout_sweep{10'000};
  int32_t max_transaction_timeout_ms = 900'000;
  // The numbers run out early if a test says so; a broker's are 32767.
  int16_t last_epoch = 32'767;

  int16_t finalized_transaction_version() const {
    return transaction_version.value_or(preset->transaction_version);
  }
  bool verifies() const { return verifies_partitions.value_or(preset->verifies_partitions); }
};

}  // namespace penstock::connect::kafka
