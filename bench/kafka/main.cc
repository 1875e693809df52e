// Measures one Kafka client in one way, and prints one line of JSON. bench/kafka_clients.py runs
// it.
//
//   kafka_bench CLIENT transactions BOOTSTRAP TOPIC TRANSACTIONS MESSAGES
//   kafka_bench CLIENT single BOOTSTRAP TOPIC PROGRESS_TOPIC WARM_UP TRANSACTIONS APART_MS
//   kafka_bench CLIENT read BOOTSTRAP TOPIC PARTITIONS
//
// CLIENT is penstock, librdkafka or socket. Counted are the time and the processor time (all
// threads, user and system) from the first transaction's beginning to the last one's commit, or
// from the first request for messages to the last message; what comes before is not.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <span>
#include <thread>

#include "bench/kafka/workload.h"

namespace penstock::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Arguments = std::span<char*>;

double process_cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

struct Meter {
  Clock::time_point began = Clock::now();
  double cpu_began = process_cpu_seconds();

  // What every line of JSON begins with.
  void print() const {
    const double cpu = process_cpu_seconds() - cpu_began;
    std::printf("{\"seconds\": %.6f, \"cpu_seconds\": %.6f", seconds_since(began), cpu);
  }
};

struct Client {
  std::string_view name;
  std::unique_ptr<Producer> (*make_producer)(const ProducerSetup&);
  std::unique_ptr<Reader> (*make_reader)(const ReaderSetup&);
};

constexpr Client kClients[] = {
    {"penstock", make_penstock_producer, make_penstock_reader},
    {"librdkafka", make_librdkafka_producer, make_librdkafka_reader},
    {"socket", make_socket_producer, make_socket_reader},
};

uint64_t number_of(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

void send(Producer& producer, const Message& message) {
  producer.send(message.place, message.key, message.value);
}

void transactions(const Client& client, Arguments arguments) {
  const uint64_t count = number_of(arguments[2]);
  const uint64_t per_transaction = number_of(arguments[3]);
  const std::string topic = arguments[1];
  const auto producer = client.make_producer(
      {.bootstrap = arguments[0], .transactional_id = topic, .topics = {topic}, .bulk = true});
  MessageSource source;
  uint64_t number = 0;
  const Meter meter;
  for (uint64_t t = 0; t < count; ++t) {
    producer->begin();
    for (uint64_t i = 0; i < per_transaction; ++i) send(*producer, source.make(number++));
    producer->commit();
  }
  meter.print();
  std::printf("}\n");
}

void single(const Client& client, Arguments arguments) {
  const uint64_t warm_up = number_of(arguments[3]);
  const uint64_t count = number_of(arguments[4]);
  const std::chrono::milliseconds apart(number_of(arguments[5]));
  const std::string topic = arguments[1];
  const auto producer = client.make_producer({.bootstrap = arguments[0],
                                              .transactional_id = topic,
                                              .topics = {topic, arguments[2]},
                                              .bulk = false});
  MessageSource source;
  std::vector<double> took_ms;
  Meter meter;
  for (uint64_t i = 0; i < warm_up + count; ++i) {
    if (i == warm_up) {
      meter = Meter();
      took_ms.clear();
    }
    const auto began = Clock::now();
    producer->begin();
    send(*producer, source.make(i));
    send(*producer, source.make_progress(i));
    producer->commit();
    took_ms.push_back(seconds_since(began) * 1e3);
    std::this_thread::sleep_until(began + apart);
  }
  meter.print();
  std::printf(", \"took_ms\": [");
  for (size_t i = 0; i < took_ms.size(); ++i) std::printf("%s%.4f", i > 0 ? ", " : "", took_ms[i]);
  std::printf("]}\n");
}

void read(const Client& client, Arguments arguments) {
  const auto reader =
      client.make_reader({.bootstrap = arguments[0],
                          .topic = arguments[1],
                          .partitions = static_cast<int32_t>(number_of(arguments[2]))});
  Tally tally;
  const Meter meter;
  reader->read(tally);
  meter.print();
  std::printf(", \"messages\": %lu, \"number_sum\": %lu, \"value_bytes\": %lu}\n", tally.messages(),
              tally.number_sum(), tally.value_bytes());
}

struct Part {
  std::string_view name;
  size_t num_arguments;
  void (*run)(const Client&, Arguments);
};

constexpr Part kParts[] = {
    {"transactions", 4, transactions}, {"single", 6, single}, {"read", 3, read}};

void run(Arguments arguments) {
  for (const Client& client : kClients) {
    for (const Part& part : kParts) {
      if (arguments.size() == part.num_arguments + 3 && client.name == arguments[1] &&
          part.name == arguments[2])
        return part.run(client, arguments.subspan(3));
    }
  }
  fail("CLIENT transactions|single|read BOOTSTRAP ...; see bench/kafka/main.cc");
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  penstock::bench::run({argv, static_cast<size_t>(argc)});
  return 0;
}
