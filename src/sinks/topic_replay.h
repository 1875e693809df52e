// A topic read from its beginning to what was its end when it was opened, as a consumer that reads
// committed sees it. Writes nothing.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stop_token.h"
#include "base/timestamp.h"
#include "connect/kafka/kafka_client.h"
#include "sinks/change_encoder.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// The time in its header; none if it has none, and then it is not a sink's.
std::optional<Timestamp> time_of(const connect::IncomingMessage& message);
// Whether the last message of a key tells its row.
bool has_states(const SinkConfig& config, const ChangeEncoder& encoder);

struct ReplayWorld {
  connect::KafkaClient& kafka;
  const StopToken& stop;  // Ends what waits for a broker.
  // Asked every 100 ms at least and often between; an error ends the replay with it.
  std::function<Status()> may_go_on;
  // Without any progress for so long the topic is given up.
  std::chrono::milliseconds patience{120'000};
};

// One owner thread; `world` outlives it.
class TopicReplay {
 public:
  TopicReplay(std::string topic, const ReplayWorld& world)
      : topic_(std::move(topic)), world_(world) {}

  // Its partitions, where they begin and end, and whether it is compacted. Errors: 55000 when it is
  // not there, 58000 of brokers.
  Status open();
  bool is_compacted() const { return is_compacted_; }
  // Nothing has been deleted at the beginning of a partition.
  bool has_beginning() const { return has_beginning_; }
  int32_t partitions() const { return static_cast<int32_t>(marks_.size()); }

  // Every message, in the order of offsets within a partition. REQUIRES: open().
  Status read(const std::function<Status(const connect::IncomingMessage&)>& take);

 private:
  bool at_end() const;
  Error no_progress() const;

  const std::string topic_;
  const ReplayWorld& world_;
  bool is_compacted_ = false;
  bool has_beginning_ = true;
  std::unique_ptr<connect::TopicReader> reader_;
  std::map<int32_t, connect::Watermarks> marks_;
};

}  // namespace penstock::sinks
