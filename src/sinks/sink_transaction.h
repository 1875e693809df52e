// A sink's producer and its open transaction: fencing, sending with back-pressure, and the commit,
// whose outcome may stay unknown (rules K1, K2, K4).
//
// With DELIVERY GUARANTEE 'at least once' there are no transactions: what is sent can be read at
// once, commit() sends the progress records when everything else was acknowledged, and fence()
// fences nobody. A send must not be of a time that is not covered(): D2.
//
// After any trouble but a stop the producer is gone, and with it the open transaction: whoever goes
// on fences first. What a commit without an answer claims is kept as doubt() until settle().
// One owner thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "data/update_stream.h"
#include "sinks/change_encoder.h"
#include "sinks/progress.h"
#include "sinks/sink_config.h"
#include "sinks/sink_report.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

class SinkTransaction {
 public:
  // Called while something is waited for: with what is known to be the cause, as "kafka: ...", or
  // nothing; and with what to say when nobody knows better.
  using Waiting = std::function<void(const std::string& cause, const std::string& otherwise)>;

  SinkTransaction(const SinkConfig& config, connect::KafkaClient& kafka, SinkReport& report,
                  const Clock& clock, const StopToken& stop, Waiting waiting);
  ~SinkTransaction();

  // A new producer, the only one from now on; what older ones left open is aborted.
  Step<void> fence();

  // Before the first send after a fence, and when the topic has grown. REQUIRES: fenced.
  void open_topics(int32_t partitions);
  int32_t partitions() const { return partitions_; }

  // Of the dead letter topic. REQUIRES: fenced.
  void open_letters(int32_t partitions);

  // Sends one message, stamped `time`; begins a transaction if none is open. One that is refused is
  // counted with the transaction, and its letter sent, if the sink has letters.
  Step<void> send(const SinkMessage& message, Timestamp time);

  bool transactional() const { return !config_.transactional_id.empty(); }

  // Waits until a sync covers `time` (D2).
  Step<void> covered(Timestamp time, data::UpdateStream& stream);

  // Sends the progress records, waits until `durable` is covered by a sync (D2), and commits.
  Step<CommittedProgress> commit(const ProgressClaim& claim, const LifeId& life, Timestamp durable,
                                 data::UpdateStream& stream);

  // While an open transaction waits for more: sends what has lingered, takes in acknowledgements.
  void serve();

  // There was nothing to send, so that nothing is open: what was refused counts all the same.
  void pass();

  bool open() const { return open_; }
  uint64_t bytes() const { return bytes_ + letter_bytes_; }
  std::chrono::microseconds age() const;

  const std::optional<ProgressClaim>& doubt() const { return doubt_; }
  // What became of the transaction in doubt is known.
  void settle(bool committed);

  // What is open will be aborted; `cause` is why.
  void drop_producer(const std::string& cause);
  // Aborts what is open, if that takes no longer than `wait` (K9).
  void close(std::chrono::milliseconds wait);

 private:
  struct Metrics;

  void pace();
  void wait_on_broker(const std::string& otherwise);
  Step<void> send_raw(const connect::OutgoingMessage& message);
  Step<void> send_letter(const SinkMessage& message, Timestamp time);
  void stamp(const SinkMessage& message, Timestamp time);
  void tell_refused();
  Step<void> send_progress(const ProgressClaim& claim, const LifeId& life);
  Step<void> deliver();
  Step<void> end();
  std::unexpected<Trouble> lost(const std::string& doing, const connect::KafkaError& error);
  void forget_open(const std::string& cause);
  void tell();
  void count_anew();

  const SinkConfig& config_;
  connect::KafkaClient& kafka_;
  SinkReport& report_;
  const Clock& clock_;
  const StopToken& stop_;
  const Waiting waiting_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<connect::TransactionalProducer> producer_;
  int data_topic_ = 0;
  int progress_topic_ = 0;
  int32_t partitions_ = 1;
  Timestamp stamp_;         // Behind stamp_text_.
  std::string stamp_text_;  // The header's value.
  std::vector<connect::KafkaHeader> headers_;
  bool open_ = false;
  uint64_t begun_us_ = 0;
  uint64_t commit_asked_us_ = 0;
  uint64_t committed_us_ = 0;  // When the last one was acknowledged.
  uint64_t messages_ = 0;      // Of the open transaction, or the one in doubt.
  uint64_t bytes_ = 0;
  uint64_t told_messages_ = 0;  // Of these, what the report knows.
  uint64_t told_bytes_ = 0;
  // Of it, too: messages that were refused, why the first of them was, and the letters sent.
  uint64_t refused_ = 0;
  std::string refused_cause_;
  uint64_t letter_bytes_ = 0;
  // Refused since it was logged.
  uint64_t refused_unlogged_ = 0;
  std::optional<uint64_t> refused_logged_us_;
  int letter_topic_ = 0;
  int32_t letter_partitions_ = 1;
  std::optional<ProgressClaim> doubt_;
  std::string doubt_cause_;
  std::vector<connect::WrittenPartition> written_;  // By the last transaction that was ended.
};

}  // namespace penstock::sinks
