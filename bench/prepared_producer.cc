// The floor of a sink by our own client: it sends the messages of a file in transactions.
//
//   prepared_producer BOOTSTRAP TOPIC HEADER MESSAGES_PER_TRANSACTION FILE
//
// The product's client with the product's settings, one thread. What a sink costs beyond it is
// reading the collection, pairing, encoding and remembering its progress.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "bench/message_file.h"
#include "connect/kafka/kafka_client.h"

namespace penstock::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait(100);
constexpr int kMostWaits = 600;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "prepared_producer: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T must(connect::KafkaResult<T>&& result) {
  if (!result) fail(result.error().code + " " + result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Sender {
 public:
  Sender(const char* bootstrap, const char* topic, const char* header)
      : client_(connect::make_kafka_client(
            {.bootstrap_servers = bootstrap, .client_id = "prepared-producer"})),
        producer_(must(client_->make_producer(
            {.transactional_id = std::string("prepared-producer-") + topic}))),
        header_(header) {
    until_done([&] { return producer_->fence(kWait); });
    topic_ = producer_->open_topic(topic);
  }

  void begin() { must(producer_->begin()); }
  void send(const MessageFile& message) {
    const std::array<connect::KafkaHeader, 1> headers = {{{header_, message.header()}}};
    const connect::OutgoingMessage outgoing{.topic = topic_,
                                            .partition = message.partition(),
                                            .key = message.key(),
                                            .value = message.value(),
                                            .headers = headers};
    for (int waits = 0; must(producer_->send(outgoing)) == connect::SendState::kFull; ++waits) {
      if (waits == kMostWaits) fail("no room: " + producer_->last_trouble());
      producer_->serve(kWait);
    }
  }
  void commit() {
    until_done([&] { return producer_->commit(kWait); });
  }

 private:
  template <typename Call>
  void until_done(Call call) {
    for (int waits = 0; must(call()) != connect::CallState::kDone; ++waits)
      if (waits == kMostWaits) fail("no answer: " + producer_->last_trouble());
  }

  std::unique_ptr<connect::KafkaClient> client_;
  std::unique_ptr<connect::TransactionalProducer> producer_;
  const std::string header_;
  int topic_ = 0;
};

void run(char** argv) {
  const size_t per_transaction = std::strtoull(argv[4], nullptr, 10);
  MessageFile messages(argv[5]);
  Sender sender(argv[1], argv[2], argv[3]);
  size_t sent = 0;
  while (messages.next()) {
    if (sent % per_transaction == 0) sender.begin();
    sender.send(messages);
    if (++sent % per_transaction == 0) sender.commit();
  }
  if (sent % per_transaction != 0) sender.commit();
  std::printf("%zu\n", sent);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  if (argc != 6) penstock::bench::fail("BOOTSTRAP TOPIC HEADER MESSAGES_PER_TRANSACTION FILE");
  penstock::bench::run(argv);
  return 0;
}
