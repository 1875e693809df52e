// A Kafka cluster in memory behind the three client interfaces: transactions with epochs, markers
// that take offsets, a last stable offset, and faults that a test chooses.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/kafka_client.h"

namespace penstock::sinks::simulated {

using connect::CallState;
using connect::KafkaError;
using connect::KafkaFault;
using connect::KafkaResult;
using connect::WrittenPartition;
using std::chrono::milliseconds;

enum class TransactionState { kOpen, kCommitted, kAborted };

struct Record {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
  size_t transaction = 0;
  bool marker = false;
};

struct Partition {
  std::vector<Record> log;
  int64_t low = 0;
};

// What happens to a commit.
enum class Fate { kApplied, kAnswerLost, kRequestLost, kDelayed, kDeliveryFailed };

class Cluster {
 public:
  struct Transaction {
    std::string id;
    TransactionState state = TransactionState::kOpen;
    std::vector<Partition*> touched;
  };

  std::string cleanup_policy = "delete";  // Of all topics; nothing is cleaned.
  bool new_protocol = false;              // The epoch moves with every transaction (KIP-890).
  std::map<std::string, std::vector<std::unique_ptr<Partition>>> topics;
  std::vector<Transaction> transactions;
  size_t fences = 0;
  size_t begun = 0;
  // Faults. `before_call` runs at every call of a client and may change the world; an error it
  // gives is the call's.
  std::function<std::optional<KafkaError>(const std::string& client)> before_call;
  std::function<Fate()> next_fate;
  bool fencing_works = true;
  size_t fence_turns = 0;     // How often the next fence has no answer yet.
  bool reading_works = true;  // Else only the record at the first offset is seen.
  std::string trouble = {};   // What a reader says while it waits.

  void create(const std::string& topic, int32_t partitions) {
    auto& made = topics[topic];
    while (made.size() < static_cast<size_t>(partitions)) {
      made.push_back(std::make_unique<Partition>());
    }
  }
  Partition& partition(const std::string& topic, int32_t number) {
    return *topics.at(topic).at(static_cast<size_t>(number));
  }

  uint64_t fence(const std::string& id) {
    fences += id.empty() ? 0 : 1;
    if (!fencing_works) return epochs_[id];
    end_open(id, TransactionState::kAborted);
    return ++epochs_[id];
  }
  void expire(const std::string& id) {
    if (!open_.contains(id)) return;
    end_open(id, TransactionState::kAborted);
    ++epochs_[id];
  }
  uint64_t epoch(const std::string& id) { return epochs_[id]; }

  // False = fenced. Without an id: visible at once.
  bool append(const std::string& id, uint64_t epoch, Partition& to, Record record) {
    if (epochs_[id] != epoch) return false;
    if (!open_.contains(id)) {
      open_[id] = transactions.size();
      transactions.push_back({id, TransactionState::kOpen, {}});
    }
    Transaction& transaction = transactions[open_[id]];
    record.transaction = open_[id];
    to.log.push_back(std::move(record));
    auto& touched = transaction.touched;
    if (std::ranges::find(touched, &to) == touched.end()) touched.push_back(&to);
    if (id.empty()) transaction.state = TransactionState::kCommitted;
    if (id.empty()) open_.erase(id);
    return true;
  }
  bool commit(const std::string& id, uint64_t epoch) {
    if (epochs_[id] != epoch || !open_.contains(id)) return id.empty();
    end_open(id, TransactionState::kCommitted);
    if (new_protocol) ++epochs_[id];
    return true;
  }
  bool abort(const std::string& id, uint64_t epoch) {
    if (epochs_[id] != epoch) return false;
    end_open(id, TransactionState::kAborted);
    return true;
  }

  // EndTxn requests that are still on their way.
  std::vector<std::pair<std::string, uint64_t>> network;
  void deliver(size_t index) {
    auto [id, epoch] = network[index];
    network.erase(network.begin() + static_cast<std::ptrdiff_t>(index));
    commit(id, epoch);
  }

  int64_t last_stable(const Partition& partition) const {
    for (size_t i = 0; i < partition.log.size(); ++i) {
      const Record& record = partition.log[i];
      bool open = transactions[record.transaction].state == TransactionState::kOpen;
      if (!record.marker && open) return static_cast<int64_t>(i);
    }
    return static_cast<int64_t>(partition.log.size());
  }
  bool is_committed(const Record& record) const {
    return !record.marker && transactions[record.transaction].state == TransactionState::kCommitted;
  }
  // Appended and committed at once, by somebody else.
  void write_committed(const std::string& topic, const std::string& key, const std::string& value) {
    transactions.push_back({"somebody", TransactionState::kCommitted, {}});
    partition(topic, 0).log.push_back({key, value, {}, transactions.size() - 1, false});
  }
  std::vector<Record> committed(const std::string& topic) const {
    std::vector<Record> out;
    auto found = topics.find(topic);
    if (found == topics.end()) return out;
    for (const auto& one : found->second) {
      for (const Record& record : one->log) {
        if (is_committed(record)) out.push_back(record);
      }
    }
    return out;
  }

 private:
  void end_open(const std::string& id, TransactionState state) {
    auto found = open_.find(id);
    if (found == open_.end()) return;
    Transaction& transaction = transactions[found->second];
    transaction.state = state;
    for (Partition* touched : transaction.touched) {
      touched->log.push_back({std::nullopt, std::nullopt, {}, found->second, true});
    }
    open_.erase(found);
  }

  std::map<std::string, uint64_t> epochs_;
  std::map<std::string, size_t> open_;
};

// What all clients of one process share.
struct Session {
  Cluster& cluster;
  std::string client;

  std::optional<KafkaError> meet() const {
    return cluster.before_call ? cluster.before_call(client) : std::nullopt;
  }
};

class Producer final : public connect::TransactionalProducer {
 public:
  Producer(Session session, const connect::ProducerOptions& options)
      : session_(std::move(session)), options_(options) {}

  int open_topic(const std::string& name) override {
    auto found = std::find(topics_.begin(), topics_.end(), name);
    auto number = static_cast<int>(found - topics_.begin());
    if (found == topics_.end()) topics_.push_back(name);
    return written_.try_emplace(number).first->first;
  }
  KafkaResult<CallState> fence(milliseconds) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    if (session_.cluster.fence_turns > 0) {
      --session_.cluster.fence_turns;
      return CallState::kPending;
    }
    epoch_ = session_.cluster.fence(options_.transactional_id);
    return CallState::kDone;
  }
  KafkaResult<void> begin() override {
    marked_.reset();
    for (auto& [topic, partitions] : written_) partitions.clear();
    used_bytes_ = 0;
    ++session_.cluster.begun;
    return {};
  }
  KafkaResult<connect::SendState> send(const connect::OutgoingMessage& message) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    if (message.value && message.value->size() > options_.message_max_bytes) {
      return connect::kafka_fail(KafkaFault::kFatal, "too large", "MESSAGE_TOO_LARGE");
    }
    if (used_bytes_ > options_.budget_bytes) return connect::SendState::kFull;
    Record record;
    if (message.key) record.key = std::string(*message.key);
    if (message.value) record.value = std::string(*message.value);
    for (const connect::KafkaHeader& header : message.headers) {
      record.headers.emplace_back(header.key, header.value.value_or(""));
    }
    used_bytes_ += record.value.value_or("").size() + 1;
    const std::string& topic = topics_[static_cast<size_t>(message.topic)];
    Partition& to = session_.cluster.partition(topic, message.partition);
    if (!session_.cluster.append(options_.transactional_id, epoch_, to, std::move(record))) {
      return connect::kafka_fail(KafkaFault::kFenced, "fenced", "PRODUCER_FENCED");
    }
    const auto offset = static_cast<int64_t>(to.log.size()) - 1;
    auto& of = written_[message.topic];
    auto found = std::ranges::find(of, message.partition, &WrittenPartition::partition);
    if (found == of.end()) found = of.insert(found, {message.partition, {}, 0});
    *found = {message.partition, offset, found->messages + 1};
    if (message.marked) marked_ = offset;
    return connect::SendState::kAccepted;
  }
  KafkaResult<CallState> commit(milliseconds) override {
    if (!fate_) {
      fate_ = session_.cluster.next_fate ? session_.cluster.next_fate() : Fate::kApplied;
      return CallState::kPending;
    }
    if (auto error = session_.meet()) return std::unexpected(*error);
    Fate fate = *fate_;
    fate_.reset();
    const std::string& id = options_.transactional_id;
    auto unknown = connect::kafka_fail(KafkaFault::kOutcomeUnknown, "no answer", "");
    switch (fate) {
      case Fate::kApplied:
        if (!session_.cluster.commit(id, epoch_)) {
          return connect::kafka_fail(KafkaFault::kFenced, "fenced", "PRODUCER_FENCED");
        }
        epoch_ = session_.cluster.epoch(id);
        return CallState::kDone;
      case Fate::kAnswerLost:
        session_.cluster.commit(id, epoch_);
        return unknown;
      case Fate::kRequestLost:
        return unknown;
      case Fate::kDelayed:
        session_.cluster.network.emplace_back(id, epoch_);
        return unknown;
      case Fate::kDeliveryFailed:
        return connect::kafka_fail(KafkaFault::kAbort, "delivery failed", "");
    }
    return unknown;
  }
  KafkaResult<CallState> abort(milliseconds) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    session_.cluster.abort(options_.transactional_id, epoch_);
    return CallState::kDone;
  }
  void serve(milliseconds) override { used_bytes_ = 0; }
  size_t unacknowledged_bytes() const override { return used_bytes_; }
  std::optional<int64_t> marked_offset() const override { return marked_; }
  std::vector<WrittenPartition> written(int topic) const override { return written_.at(topic); }
  std::string last_trouble() const override { return ""; }

 private:
  Session session_;
  const connect::ProducerOptions options_;
  std::vector<std::string> topics_;
  uint64_t epoch_ = 0;
  size_t used_bytes_ = 0;
  std::optional<int64_t> marked_;
  std::map<int, std::vector<WrittenPartition>> written_;  // Of every topic that was opened.
  std::optional<Fate> fate_;
};

class Reader final : public connect::TopicReader {
 public:
  Reader(Session session, const connect::ReaderOptions& options)
      : session_(std::move(session)), options_(options) {}

  KafkaResult<void> assign(int32_t partition, int64_t offset) override {
    places_[partition] = {offset, offset};
    return {};
  }
  KafkaResult<std::optional<connect::IncomingMessage>> poll(milliseconds) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    for (auto& [partition, place] : places_) {
      if (std::optional<connect::IncomingMessage> message = next(partition, place)) return message;
    }
    return std::nullopt;
  }
  int64_t position(int32_t partition) const override { return places_.at(partition).position; }
  KafkaResult<connect::Watermarks> watermarks(int32_t partition, const StopToken&) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    const Partition& from = session_.cluster.partition(options_.topic, partition);
    return connect::Watermarks{from.low, static_cast<int64_t>(from.log.size())};
  }
  KafkaResult<int64_t> offset_at(int32_t, int64_t, const StopToken&) override { return 0; }
  std::string last_trouble() const override { return session_.cluster.trouble; }

 private:
  struct Place {
    int64_t position = 0;
    int64_t first = 0;
  };
  std::optional<connect::IncomingMessage> next(int32_t partition, Place& place) {
    const Partition& from = session_.cluster.partition(options_.topic, partition);
    bool committed = options_.isolation == connect::KafkaIsolation::kReadCommitted;
    auto end = static_cast<int64_t>(from.log.size());
    if (committed) end = session_.cluster.last_stable(from);
    while (place.position < end) {
      const Record& record = from.log[static_cast<size_t>(place.position++)];
      bool hidden = record.marker || (committed && !session_.cluster.is_committed(record)) ||
                    (!session_.cluster.reading_works && place.position - 1 != place.first);
      if (hidden) continue;
      current_ = record;
      headers_.clear();
      for (const auto& [name, value] : current_.headers) headers_.push_back({name, value});
      connect::IncomingMessage message;
      message.partition = partition;
      message.offset = place.position - 1;
      if (current_.key) message.key = *current_.key;
      if (current_.value) message.value = *current_.value;
      message.headers = headers_;
      return message;
    }
    return std::nullopt;
  }

  Session session_;
  const connect::ReaderOptions options_;
  std::map<int32_t, Place> places_;
  Record current_;
  std::vector<connect::KafkaHeader> headers_;
};

class Admin final : public connect::ClusterAdmin {
 public:
  using Config = std::map<std::string, std::string>;
  explicit Admin(Session session) : session_(std::move(session)) {}

  KafkaResult<std::vector<connect::BrokerAddress>> brokers(const StopToken&) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    return std::vector<connect::BrokerAddress>{{1, "broker", 9092}};
  }
  KafkaResult<std::optional<int32_t>> partition_count(const std::string& topic,
                                                      const StopToken&) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    auto found = session_.cluster.topics.find(topic);
    if (found == session_.cluster.topics.end()) return std::nullopt;
    return static_cast<int32_t>(found->second.size());
  }
  KafkaResult<connect::CreateTopicState> create_topic(const connect::NewTopic& topic,
                                                      const StopToken&) override {
    if (auto error = session_.meet()) return std::unexpected(*error);
    if (topic.config.contains("nonsense")) {
      return connect::kafka_fail(KafkaFault::kFatal, "Broker: Configuration is invalid",
                                 "INVALID_CONFIG");
    }
    session_.cluster.create(topic.name, std::max(topic.partitions, 1));
    return connect::CreateTopicState::kCreated;
  }
  KafkaResult<Config> topic_config(const std::string&, const StopToken&) override {
    return Config{{"cleanup.policy", session_.cluster.cleanup_policy}};
  }
  KafkaResult<Config> broker_config(int32_t, const StopToken&) override { return Config(); }

 private:
  Session session_;
};

class Client final : public connect::KafkaClient {
 public:
  Client(Cluster& cluster, std::string name) : session_{cluster, std::move(name)} {}

  KafkaResult<std::unique_ptr<connect::TransactionalProducer>> make_producer(
      const connect::ProducerOptions& options) override {
    return std::make_unique<Producer>(session_, options);
  }
  KafkaResult<std::unique_ptr<connect::TopicReader>> make_reader(
      const connect::ReaderOptions& options) override {
    return std::make_unique<Reader>(session_, options);
  }
  KafkaResult<std::unique_ptr<connect::ClusterAdmin>> make_admin() override {
    return std::make_unique<Admin>(session_);
  }

 private:
  Session session_;
};

}  // namespace penstock::sinks::simulated
