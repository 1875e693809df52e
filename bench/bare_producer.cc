// The floor of a sink: librdkafka alone, sending the messages of a file in transactions.
//
//   bare_producer BOOTSTRAP TOPIC HEADER MESSAGES_PER_TRANSACTION FILE
//
// Nothing is encoded here and nothing remembered, so no sink that keeps the same promise with the
// same library can be cheaper.
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/message_file.h"

namespace {

using penstock::bench::MessageFile;

constexpr int kCallMs = 60'000;
constexpr int kPollEvery = 1000;  // Messages between looks at what was delivered.

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bare_producer: %s\n", what.c_str());
  std::exit(1);
}

void check(rd_kafka_error_t* error, const char* doing) {
  if (error != nullptr) fail(std::string(doing) + ": " + rd_kafka_error_string(error));
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(message->err));
}

rd_kafka_t* make_producer(const char* bootstrap, const char* topic) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(text.data());
    }
  };
  set("bootstrap.servers", bootstrap);
  set("transactional.id", std::string("bare-producer-") + topic);
  set("acks", "all");
  set("compression.type", "lz4");
  // A whole transaction may wait in the library: whoever fills the queue is not what is measured.
  set("queue.buffering.max.messages", "1000000");
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
  if (producer == nullptr) fail(text.data());
  return producer;
}

// librdkafka's structures are not const; it copies what they point to.
void* bytes(std::string_view of) {
  return const_cast<char*>(of.data());
}

void send(rd_kafka_t* producer, rd_kafka_topic_t* topic, const char* header,
          const MessageFile& message) {
  while (true) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
    rd_kafka_header_add(headers, header, -1, message.header().data(),
                        static_cast<ssize_t>(message.header().size()));
    std::array<rd_kafka_vu_t, 6> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_RKT;
    parts[0].u.rkt = topic;
    parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[1].u.i = RD_KAFKA_MSG_F_COPY;
    parts[2].vtype = RD_KAFKA_VTYPE_KEY;
    parts[2].u.mem = {bytes(message.key()), message.key().size()};
    parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[3].u.mem = {bytes(message.value()), message.value().size()};
    parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[4].u.headers = headers;
    parts[5].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[5].u.i32 = message.partition();
    rd_kafka_error_t* error = rd_kafka_produceva(producer, parts.data(), parts.size());
    if (error == nullptr) return;
    rd_kafka_headers_destroy(headers);
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(error, "produce");
    rd_kafka_error_destroy(error);
    rd_kafka_poll(producer, 10);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) fail("BOOTSTRAP TOPIC HEADER MESSAGES_PER_TRANSACTION FILE");
  size_t per_transaction = std::strtoull(argv[4], nullptr, 10);
  MessageFile messages(argv[5]);
  rd_kafka_t* producer = make_producer(argv[1], argv[2]);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, argv[2], nullptr);
  check(rd_kafka_init_transactions(producer, kCallMs), "init_transactions");
  size_t sent = 0;
  bool open = false;
  while (messages.next()) {
    if (!open) check(rd_kafka_begin_transaction(producer), "begin_transaction");
    open = true;
    send(producer, topic, argv[3], messages);
    if (++sent % kPollEvery == 0) rd_kafka_poll(producer, 0);
    if (sent % per_transaction == 0) {
      check(rd_kafka_commit_transaction(producer, kCallMs), "commit_transaction");
      open = false;
    }
  }
  if (open) check(rd_kafka_commit_transaction(producer, kCallMs), "commit_transaction");
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
  std::printf("%zu\n", sent);
  return 0;
}
