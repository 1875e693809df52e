// The producer, driven by lines of JSON.
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "kafka_probe/commands.h"
#include "kafka_probe/record_json.h"

namespace penstock::connect {
namespace {

constexpr std::chrono::milliseconds kTurn(10);
constexpr std::chrono::seconds kFlushAtMost(10);

// The lines of a file descriptor, which may be asked for without waiting.
class LineInput {
 public:
  explicit LineInput(int file) : file_(file) {}

  // None: nothing has come yet, or nothing will (see ended()).
  std::optional<std::string> next() {
    while (true) {
      if (const size_t end = text_.find('\n', at_); end != std::string::npos) {
        std::string line = text_.substr(at_, end - at_);
        at_ = end + 1;
        return line;
      }
      text_.erase(0, at_);
      at_ = 0;
      pollfd waiting{.fd = file_, .events = POLLIN, .revents = 0};
      if (ended_ || ::poll(&waiting, 1, 0) <= 0) return std::nullopt;
      char piece[1 << 16];
      const ssize_t count = ::read(file_, piece, sizeof piece);
      if (count <= 0) {
        ended_ = true;
        continue;
      }
      text_.append(piece, static_cast<size_t>(count));
    }
  }
  bool ended() const { return ended_; }

 private:
  const int file_;
  std::string text_;
  size_t at_ = 0;
  bool ended_ = false;
};

class Session {
 public:
  explicit Session(TransactionalProducer& producer) : producer_(producer) {}

  KafkaResult<void> take(const Json& line) {
    if (line.contains("commit")) return end(&TransactionalProducer::commit, "committed");
    if (line.contains("abort")) return end(&TransactionalProducer::abort, "aborted");
    if (line.contains("flush")) return flush();
    return send(record_of(line));
  }

 private:
  using End = KafkaResult<CallState> (TransactionalProducer::*)(std::chrono::milliseconds);

  KafkaResult<void> begin() {
    if (std::exchange(open_, true)) return {};
    return producer_.begin();
  }

  KafkaResult<void> send(const ProbeRecord& record) {
    if (auto begun = begin(); !begun) return begun;
    auto topic = topics_.find(record.topic);
    if (topic == topics_.end())
      topic = topics_.emplace(record.topic, producer_.open_topic(record.topic)).first;
    std::vector<KafkaHeader> headers;
    for (const ProbeHeader& header : record.headers) headers.push_back({header.name, header.value});
    const OutgoingMessage message{topic->second, record.partition, record.key,
                                  record.value,  headers,          record.marked};
    while (true) {
      auto sent = producer_.send(message);
      if (!sent) return std::unexpected(sent.error());
      if (*sent == SendState::kAccepted) return {};
      producer_.serve(kTurn);
    }
  }

  KafkaResult<void> flush() {
    // A producer that failed says so at the transaction's end.
    const auto deadline = std::chrono::steady_clock::now() + kFlushAtMost;
    while (producer_.unacknowledged_bytes() > 0 && std::chrono::steady_clock::now() < deadline)
      producer_.serve(kTurn);
    print_line({{"flushed", producer_.unacknowledged_bytes() == 0}});
    return {};
  }

  KafkaResult<void> end(End call, const char* word) {
    if (auto begun = begin(); !begun) return begun;
    while (true) {
      const auto state = (producer_.*call)(kTurn);
      if (!state) return std::unexpected(state.error());
      if (*state == CallState::kDone) break;
    }
    open_ = false;
    Json done{{word, true}};
    if (const auto offset = producer_.marked_offset()) done["marked_offset"] = *offset;
    print_line(done);
    return {};
  }

  TransactionalProducer& producer_;
  std::map<std::string, int> topics_;
  bool open_ = false;
};

KafkaResult<void> fence(TransactionalProducer& producer) {
  while (true) {
    const auto state = producer.fence(kTurn);
    if (!state) return std::unexpected(state.error());
    if (*state == CallState::kDone) return {};
  }
}

}  // namespace

int produce(KafkaClient& client, const ProducerOptions& options) {
  auto producer = client.make_producer(options);
  if (!producer) return report(producer.error());
  if (auto fenced = fence(**producer); !fenced) return report(fenced.error());
  Session session(**producer);
  LineInput input(STDIN_FILENO);
  while (true) {
    const auto line = input.next();
    if (line) {
      if (auto taken = session.take(Json::parse(*line)); !taken) return report(taken.error());
    } else if (input.ended()) {
      return 0;
    } else {
      (*producer)->serve(kTurn);
    }
  }
}

}  // namespace penstock::connect
