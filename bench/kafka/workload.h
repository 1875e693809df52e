// What every client is measured with: the same messages, the same calls, the same counting.
//
// A client is made and connected before anything is counted. Whatever fails ends the program: a
// measurement that went wrong has no figures. One thread calls; a client may have others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/protocol/big_endian.h"

namespace penstock::bench {

inline constexpr int32_t kPartitions = 4;
inline constexpr size_t kKeyBytes = 16;
inline constexpr size_t kValueBytes = 200;
inline constexpr size_t kProgressBytes = 100;

// Prints why and ends the program.
[[noreturn]] void fail(const std::string& what);

struct Place {
  uint32_t topic;  // Which of ProducerSetup::topics.
  int32_t partition;
};

struct Message {
  Place place;
  std::string_view key;
  std::string_view value;
};

// Numbered messages, spread evenly over the partitions. What make() gives lives until the next one.
class MessageSource {
 public:
  MessageSource();
  Message make(uint64_t number) {
    return {
        {0, static_cast<int32_t>(number % kPartitions)}, key_of(number), values_[number % kValues]};
  }
  // What is written to the second topic together with a message.
  Message make_progress(uint64_t number) { return {{1, 0}, key_of(number), progress_}; }

 private:
  static constexpr size_t kValues = 1024;

  std::string_view key_of(uint64_t number) {
    connect::kafka::store_big_endian(key_.data(), number);
    return key_;
  }

  std::vector<std::string> values_;  // Different, and few enough to stay in a cache.
  std::string progress_;
  std::string key_;
};

// What was read, in figures that tell a message that is missing, wrong or there twice.
class Tally {
 public:
  void add(std::string_view key, std::string_view value) {
    if (key.size() != kKeyBytes) fail("a key of " + std::to_string(key.size()) + " bytes");
    ++messages_;
    number_sum_ += connect::kafka::load_big_endian<uint64_t>(key.data());
    value_bytes_ += value.size();
  }
  uint64_t messages() const { return messages_; }
  uint64_t number_sum() const { return number_sum_; }
  uint64_t value_bytes() const { return value_bytes_; }

 private:
  uint64_t messages_ = 0;
  uint64_t number_sum_ = 0;
  uint64_t value_bytes_ = 0;
};

struct ProducerSetup {
  std::string bootstrap;  // "host:port" of the one broker.
  std::string transactional_id;
  std::vector<std::string> topics;
  bool bulk;  // Many messages in a transaction; else one, that shall not wait.
};

// Fenced and ready for begin() when made.
class Producer {
 public:
  virtual ~Producer() = default;
  virtual void begin() = 0;
  // In registers: a message that is written and read at once with other widths would stall.
  virtual void send(Place place, std::string_view key, std::string_view value) = 0;
  // Returns when the transaction is committed.
  virtual void commit() = 0;
};

struct ReaderSetup {
  std::string bootstrap;
  std::string topic;
  int32_t partitions;
};

// Connected when made.
class Reader {
 public:
  virtual ~Reader() = default;
  // All committed messages of all partitions, from the first up to the high watermark.
  virtual void read(Tally& tally) = 0;
};

std::unique_ptr<Producer> make_penstock_producer(const ProducerSetup& setup);
std::unique_ptr<Producer> make_librdkafka_producer(const ProducerSetup& setup);
std::unique_ptr<Producer> make_socket_producer(const ProducerSetup& setup);

std::unique_ptr<Reader> make_penstock_reader(const ReaderSetup& setup);
std::unique_ptr<Reader> make_librdkafka_reader(const ReaderSetup& setup);
std::unique_ptr<Reader> make_socket_reader(const ReaderSetup& setup);

}  // namespace penstock::bench
