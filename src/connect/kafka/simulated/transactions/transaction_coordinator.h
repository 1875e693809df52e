// The transaction coordinators of a cluster as one: KIP-98, KIP-360, KIP-890. Which broker acts for
// it is decided elsewhere; what it knows survives brokers.
//
// A transaction is decided when its end is asked for, and the client is told so at once; its
// markers are written some random time later, each at another, and only when all are written may
// the next transaction begin. Under version 1 the epoch stays the same from one transaction to the
// next, so that the delayed end of one transaction ends a later one: nothing tells them apart.
// Version 2 gives each transaction its own epoch. Error codes are those of the newest versions.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connect/kafka/protocol/error_code.h"
#include "connect/kafka/simulated/broker_faults.h"
#include "connect/kafka/simulated/cluster_options.h"
#include "connect/kafka/simulated/simulated_loop.h"
#include "connect/kafka/simulated/transactions/transaction.h"

namespace penstock::connect::kafka {

class TransactionCoordinator {
 public:
  struct Context {
    SimulatedLoop& loop;
    const SimulatedClusterOptions& options;
    const BrokerFaults& faults;
  };
  struct Outcome {
    ErrorCode error = ErrorCode::kNone;
    ProducerIdAndEpoch producer = {};
  };
  struct InitOptions {
    int32_t timeout_ms;
    ProducerIdAndEpoch expected;  // KIP-360; an id of -1: a new producer, which fences the old one.
  };
  struct EndOptions {
    bool commit;
    bool v2;
  };

  explicit TransactionCoordinator(Context context) : context_(context) {}

  Outcome init(const std::string& transactional_id, const InitOptions& options);
  // Of a producer without a transactional id.
  ProducerIdAndEpoch new_producer() { return {next_producer_id_++, 0}; }

  // All or none.
  ErrorCode add_partitions(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                           const std::vector<SimulatedPartition*>& partitions);
  // KIP-890 part 1: what a leader asks before it opens a transaction in a partition.
  ErrorCode verify(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                   const SimulatedPartition& partition) const;
  Outcome end(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
              const EndOptions& options);

  // None: it was never used.
  const SimulatedTransaction* find(std::string_view transactional_id) const;
  // In the order of their first use.
  const std::deque<SimulatedTransaction>& all() const { return transactions_; }
  const std::vector<DecidedTransaction>& decided() const { return decided_; }

  // Of what is written from now on: it grows when coordinators move.
  int32_t epoch = 0;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  SimulatedTransaction* find_known(std::string_view transactional_id) const;
  SimulatedTransaction& find_or_create(const std::string& transactional_id);
  Outcome bump(SimulatedTransaction& transaction, const InitOptions& options);
  ErrorCode check(const SimulatedTransaction* transaction,
                  const ProducerIdAndEpoch& producer) const;
  bool exhausted(const ProducerIdAndEpoch& producer) const;
  void begin(SimulatedTransaction& transaction);
  Outcome end_again(SimulatedTransaction& transaction, const EndOptions& options, bool repeated);
  Outcome end_as_client(SimulatedTransaction& transaction, const EndOptions& options);
  void fence(SimulatedTransaction& transaction, Decider decider);
  void decide(SimulatedTransaction& transaction, bool commit, const DecidedTransaction& what);
  void write_marker(SimulatedTransaction& transaction, SimulatedPartition& partition,
                    const TransactionMarker& marker);
  void marker_done(SimulatedTransaction& transaction);
  void complete(SimulatedTransaction& transaction);
  void arm_sweep();
  void sweep();

  Context context_;
  std::deque<SimulatedTransaction> transactions_;
  std::unordered_map<std::string, SimulatedTransaction*, Hash, std::equal_to<>> by_id_;
  std::vector<DecidedTransaction> decided_;
  int64_t next_producer_id_ = 1'000;
  bool sweep_armed_ = false;
};

}  // namespace penstock::connect::kafka
