// A collection carried into a Kafka topic, exactly once (rules K1-K10 of docs/internals).
//
//   starting ──look──► resuming ──fence, read, decide──► running ◄──errors gone── stalled
//      ▲                   │                                │                        ▲
//      └──────backoff── retrying ◄──────any trouble─────────┴──halt, errors in data──┘
//
// Every way back into running leads over starting and resuming: whatever went wrong, the progress
// topic is looked at, the transactional id fenced, and the progress read and judged, before
// anything is sent again. A sink keeps no state of its own but its place (K and R): what is not
// committed is read again from the collection.
//
// One owner thread calls step() until it is told to stop, then close(). No step blocks a stop for
// longer than a short poll, or a commit under way for longer than 2 s (K9).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "data/update_stream.h"
#include "sinks/bulk.h"
#include "sinks/change_encoder.h"
#include "sinks/pairing.h"
#include "sinks/progress_decision.h"
#include "sinks/schemas.h"
#include "sinks/sink_config.h"
#include "sinks/sink_ledger.h"
#include "sinks/sink_report.h"
#include "sinks/sink_transaction.h"

namespace penstock::sinks {

enum class SinkState { kStarting, kResuming, kRunning, kRetrying, kStalled };

// What a sink touches; all outlive it.
struct SinkWorld {
  connect::KafkaClient& kafka;
  data::UpdateStream& stream;
  SinkLedger& ledger;
  SinkReport& report;
  const Clock& clock;
  const StopToken& stop;
  SchemaRegistries registries = {};
};

class KafkaSink {
 public:
  KafkaSink(SinkConfig config, const SinkWorld& world);
  ~KafkaSink();
  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;

  // One turn. Waits a little when there is nothing to do.
  void step();
  // After the last step: aborts what is open, briefly.
  void close();

  SinkState state() const { return state_; }
  const SinkPlace& place() const { return place_; }

 private:
  // kafka_sink.cc: the ways into running, and out of it.
  Step<void> look();
  Step<void> resume();
  Step<void> retry();
  Step<void> load_place();
  Step<void> judge();
  Step<ProgressView> read_progress_topic(connect::KafkaIsolation isolation);
  Step<void> prepare_topics();
  Step<void> prepare_schemas();
  Step<void> follow(const Verdict& verdict);
  std::unexpected<Trouble> halt(const std::string& cause, const std::string& remedy);
  void meet(const Trouble& met);
  void stall(const std::string& cause, const std::string& remedy);
  void succeed();
  void note_waiting(const std::string& cause, const std::string& otherwise);
  std::string missing_topic();
  void report_running();
  void move_next(Timestamp next);

  // kafka_sink_order.cc: what ALTER SINK told it to do first.
  Step<void> carry_out();
  Step<void> claim_as_told(const OrderOutcome& outcome);

  // kafka_sink_run.cc: ticks.
  Step<void> run();
  Step<void> run_ticks();
  Step<void> check_errors_at_resume();
  Step<void> refresh_partitions();
  Step<void> send_tick(const data::TickUpdates& tick);
  Step<void> send_pair(const Pair& pair, std::string_view key, Timestamp time);
  Step<void> check_key(Timestamp time);
  Step<void> commit_ticks();
  Step<void> commit_claim(const ProgressClaim& claim, Timestamp durable);
  Step<void> begin_errors(Timestamp time, Timestamp scan);
  Step<void> watch_errors();
  Step<void> end_errors(Timestamp time);
  Step<bool> has_errors(Timestamp time);

  // kafka_sink_bulk.cc: what is too large for one transaction.
  std::optional<BulkCursor> wanted_bulk() const;
  Step<void> run_bulk();
  Step<void> open_bulk(const BulkCursor& wanted);
  Step<bool> send_part(const BulkCursor& of);
  void expect_snapshot();
  Step<void> count_snapshot();
  bool wait_for_pace(BulkKind kind);
  void end_part(uint64_t begun_us, uint64_t bytes);

  const SinkConfig config_;
  const SinkWorld world_;
  SinkState state_ = SinkState::kStarting;
  ChangeEncoder encoder_;
  Pairing pairing_;
  SinkTransaction transaction_;
  std::unique_ptr<connect::ClusterAdmin> admin_;
  std::vector<Life> lives_;
  SinkPlace place_;
  bool loaded_ = false;
  bool resumed_in_this_life_ = false;
  bool schemas_published_ = false;  // In this life.

  Timestamp next_;                    // The next tick to read.
  Timestamp sent_;                    // The frontier of the open transaction.
  std::optional<Timestamp> sending_;  // The tick that was begun last.
  Timestamp alone_until_;             // A message of these ticks was refused: one transaction each.
  bool errors_checked_ = false;
  bool keys_refused_ = false;  // Some key of the tick being sent cannot be encoded.
  std::vector<std::vector<uint64_t>> partition_values_;  // Per batch of the tick being sent.
  std::string key_;
  std::string headers_;
  std::string value_;
  uint64_t partitions_read_us_ = 0;
  uint64_t partition_errors_told_ = 0;

  std::optional<Timestamp> errors_since_;  // Stalled by errors in the collection since then (K7).
  Timestamp errors_scanned_;

  std::optional<BulkCursor> requested_bulk_;
  std::unique_ptr<Bulk> bulk_;
  bool bulk_lost_its_place_ = false;
  BulkUnit unit_;
  uint64_t part_due_us_ = 0;  // A snapshot's next transaction begins no sooner.

  Backoff backoff_;
  std::optional<uint64_t> unhealthy_since_us_;
  bool failed_ = false;  // Since the last success.
  std::string last_cause_;
  std::string last_remedy_;
  uint64_t topic_asked_us_ = 0;
  std::string topic_trouble_;
};

}  // namespace penstock::sinks
