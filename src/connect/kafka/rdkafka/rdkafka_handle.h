// librdkafka's instance behind one producer, reader or admin: its configuration, its life, the last
// trouble it reported, and the table from its errors to our faults.
//
// The library's header is not included here: its types appear as the structs they are.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_error_s;

namespace penstock::connect::rdkafka {

// Which call an error came out of: the same code means different things.
enum class Call { kFence, kBegin, kSend, kDelivery, kCommit, kAbort, kRead, kAdmin };

// The table. `code` is an rd_kafka_resp_err_t.
KafkaFault classify(Call call, int code);

std::unexpected<KafkaError> fail(Call call, int code, const std::string& text);

// Takes ownership of a non-null error object.
struct TakenError {
  int code = 0;
  std::string text;
  bool fatal = false;
  bool retriable = false;
  bool requires_abort = false;
};
TakenError take_error(rd_kafka_error_s* error);

using ConfigEntries = std::vector<std::pair<std::string, std::string>>;

// Settings that every client gets.
ConfigEntries client_config(const KafkaClientOptions& options);

class Handle {
 public:
  enum class Kind { kProducer, kConsumer };

  // `configure` may set callbacks on the configuration; its opaque is the Handle.
  static KafkaResult<std::unique_ptr<Handle>> make(
      Kind kind, const ConfigEntries& config,
      const std::function<void(rd_kafka_conf_s*)>& configure);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  rd_kafka_s* get() const { return instance_; }
  std::string last_trouble() const;
  void note_trouble(std::string text);

  // The owner of the delivery reports that are served through this handle.
  void* owner = nullptr;

 private:
  Handle() = default;

  rd_kafka_s* instance_ = nullptr;
  mutable std::mutex mutex_;  // The library reports from its own threads too.
  std::string trouble_;
};

// Runs `attempt` with growing shares of the time left, so that a stop is noticed in between; ends
// at the first answer that is not a timeout.
KafkaResult<void> in_slices(std::chrono::milliseconds timeout, const StopToken& stop,
                            const std::string& what,
                            const std::function<int(int slice_ms)>& attempt);

KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(const KafkaClientOptions& client,
                                                                  const ProducerOptions& options);
KafkaResult<std::unique_ptr<TopicReader>> make_reader(const KafkaClientOptions& client,
                                                      const ReaderOptions& options);
KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin(const KafkaClientOptions& client);

}  // namespace penstock::connect::rdkafka
