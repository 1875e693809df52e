// TransactionalProducer on a client of our own; see transactional_producer.h for the contract and
// docs/internals/kafka_producer.md for why each step is safe when anything dies between any two
// lines.
//
//   new -> fencing -> ready -> in transaction -> committing -> ready
//                                            \-> aborting --> ready     any -> dead, upon an error
//
// Without a transactional id there are no transactions: fencing asks for a producer id, committing
// ends when all is delivered, aborting drops what was not sent.
//
// Version 2 of transactions (KIP-890) is used if the cluster has finalized it, which is found out
// when fencing; otherwise version 1, under which the producer takes a new epoch after a commit, and
// ends with an abort, in whose transaction a request got lost or was answered too late: a copy of
// it may still arrive, and must find the epoch that it belongs to over.
//
// Owned and called by one thread, which runs the loop inside each call.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/kafka_client.h"
#include "connect/kafka/producer/coordinator_errands.h"
#include "connect/kafka/producer/pacer.h"
#include "connect/kafka/producer/produce_sender.h"

namespace penstock::connect::kafka {

class NativeProducer : public TransactionalProducer {
 public:
  // What keeps transactions of version 1 whole; see kafka_producer.md. Only the simulation switches
  // it off, to show that it would notice.
  struct Rules {
    bool renews_after_loss = true;
    bool repeats_unknown_end = false;
    // Near the largest one in order to see them begin anew (KIP-98).
    int32_t first_sequence = 0;
  };

  // `cluster` must outlive the producer, and its loop must not be run between the two ends.
  NativeProducer(Cluster& cluster, ProducerOptions options, Rules rules);

  int open_topic(const std::string& name) override { return sender_.open_topic(name); }
  KafkaResult<CallState> fence(std::chrono::milliseconds wait) override;
  KafkaResult<void> begin() override;
  KafkaResult<SendState> send(const OutgoingMessage& message) override;
  KafkaResult<CallState> commit(std::chrono::milliseconds wait) override;
  KafkaResult<CallState> abort(std::chrono::milliseconds wait) override;
  void serve(std::chrono::milliseconds wait) override;
  size_t unacknowledged_bytes() const override { return sender_.undelivered_bytes(); }
  std::optional<int64_t> marked_offset() const override { return sender_.marked_offset(); }
  std::vector<WrittenPartition> written(int topic) const override { return sender_.written(topic); }
  std::string last_trouble() const override;

  TransactionVersion version() const { return version_; }
  const ProducerIdentity& identity() const { return identity_; }

 private:
  enum class State { kNew, kFencing, kReady, kInTransaction, kCommitting, kAborting, kDead };

  bool transactional() const { return !options_.transactional_id.empty(); }
  // Runs the loop until the state is reached, for at most `wait`.
  KafkaResult<CallState> run_to_ready(std::chrono::milliseconds wait);
  // The same, and dies when the deadline has passed before EndTxn was asked for: it is certain then
  // that nothing was committed.
  KafkaResult<CallState> run_to_deadline(std::chrono::milliseconds wait);
  // Goes on with what the state asks for.
  void advance();
  void init(EventLoop::Time deadline);
  void on_init(const ErrandEnd& end);
  void add_partitions();
  void end_transaction(bool commit);
  void on_end(bool commit, const ErrandEnd& end);
  void advance_commit();
  void advance_abort();
  void finish_transaction();
  void die(KafkaError error);

  Cluster& cluster_;
  const ProducerOptions options_;
  const Rules rules_;
  CoordinatorErrands errands_;
  ProduceSender sender_;
  Pacer pacer_;
  State state_ = State::kNew;
  ProducerIdentity identity_;
  TransactionVersion version_ = TransactionVersion::kV1;
  InitProducerIdResponse init_answer_;
  EndTxnResponse end_answer_;
  bool end_in_doubt_ = false;  // By an answer of before that did not say whether it was done.
  // Version 1: the coordinator knows of the transaction; something of it got lost.
  bool registered_ = false;
  bool lost_something_ = false;
  bool ending_ = false;                      // EndTxn is asked for.
  bool renewal_due_ = false;                 // Before anything else is sent.
  std::optional<EventLoop::Time> deadline_;  // Of the call that is pending.
  std::optional<KafkaError> error_;          // Why it is dead.
  size_t unserved_bytes_ = 0;
  int64_t now_ms_ = 0;
  int now_ms_uses_ = 0;
};

}  // namespace penstock::connect::kafka
