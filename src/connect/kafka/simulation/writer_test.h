// A process that writes numbered transactions, and does what a sink does when it does not know what
// became of one: a new producer, fence(), read the progress, go on after it. It dies and comes
// back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/simulation/numbered_transactions_test.h"
#include "connect/kafka/simulation/simulated_client.h"

namespace penstock::connect::kafka::simulation {

struct WriterStats {
  int committed = 0;
  int aborted = 0;
  int unknown = 0;
  int fenced = 0;
  int certain = 0;  // Said not to be committed.
  int deaths = 0;
  int zombie_commits_refused = 0;

  void add(const WriterStats& other) {
    committed += other.committed;
    aborted += other.aborted;
    unknown += other.unknown;
    fenced += other.fenced;
    certain += other.certain;
    deaths += other.deaths;
    zombie_commits_refused += other.zombie_commits_refused;
  }
};

class Writer {
 public:
  struct Context {
    SimulatedLoop& loop;
    SimulatedCluster& cluster;
    Rng& rng;
    SimulatedClient::Options client;
    bool dies = true;
  };

  explicit Writer(Context context) : context_(std::move(context)) {}

  // Goes on with its work for a while.
  void step() {
    if (!life_) return start();
    send_transaction();
  }
  // An old process that was thought to be dead goes on where it was.
  void wake_zombie();
  // Nobody goes on.
  void end() {
    life_.reset();
    zombies_.clear();
  }

  int next() const { return next_; }
  const WriterStats& stats() const { return stats_; }
  // The first promise that was not kept; empty: none.
  const std::string& broken_promise() const { return broken_promise_; }

 private:
  struct Life {
    explicit Life(SimulatedLoop& loop) : process(loop) {}
    SimulatedProcess process;
    std::unique_ptr<SimulatedClient> client;
    std::unique_ptr<TransactionalProducer> producer;
    int data = 0;
    int progress = 0;
    int number = 0;        // Of the transaction that it is in; 0: none.
    bool commits = false;  // As a zombie.
  };

  Rng& rng() { return context_.rng; }
  void start();
  bool fence();
  bool read_progress();
  std::optional<int> last_progress(TopicReader& reader);
  bool judge_progress(int found, const Watermarks& marks);
  void send_transaction();
  void idle();
  bool send(const OutgoingMessage& message);
  void abort();
  void commit();
  void failed(const KafkaError& error);
  // The process is gone, whatever it was doing; or lives on for a while as a zombie.
  void leave();
  void promise_broken(const std::string& what) {
    if (broken_promise_.empty()) broken_promise_ = what;
  }

  Context context_;
  std::unique_ptr<Life> life_;
  std::vector<std::unique_ptr<Life>> zombies_;
  // What it would keep on disk: the last transaction that is known to be committed, and where the
  // progress topic says so.
  int next_ = 1;
  std::optional<int64_t> offset_;
  bool in_doubt_ = false;  // Whether next_ was committed.
  WriterStats stats_;
  std::string broken_promise_;
};

inline void Writer::start() {
  life_ = std::make_unique<Life>(context_.loop);
  SimulatedProcess& process = life_->process;
  process.faults = {.pause_one_in = 1'000,
                    .pause_most = std::chrono::milliseconds(rng().one_in(4) ? 20'000 : 2'000),
                    .stall_one_in = 400,
                    .jump_one_in = 500};
  if (context_.dies && rng().one_in(2)) process.die_after(1 + rng().below(600));
  life_->client = std::make_unique<SimulatedClient>(process, context_.client);
  constexpr KafkaCompression kCodecs[] = {KafkaCompression::kNone, KafkaCompression::kNone,
                                          KafkaCompression::kLz4, KafkaCompression::kSnappy};
  life_->producer = *life_->client->make_producer(
      {.transactional_id = "writer",
       .transaction_timeout = std::chrono::milliseconds(rng().one_in(3) ? 3'000 : 60'000),
       .fence_timeout = std::chrono::milliseconds(30'000),
       .commit_timeout = std::chrono::milliseconds(rng().one_in(3) ? 2'500 : 20'000),
       .compression = kCodecs[rng().below(std::size(kCodecs))],
       .batch_bytes = 400});
  life_->data = life_->producer->open_topic(kData);
  life_->progress = life_->producer->open_topic(kProgress);
  if (!fence() || !read_progress()) leave();
}

inline bool Writer::fence() {
  while (!life_->process.dead()) {
    auto fenced = life_->producer->fence(std::chrono::milliseconds(500));
    if (!fenced) return false;
    if (*fenced == CallState::kDone) return true;
  }
  return false;
}

inline bool Writer::read_progress() {
  auto reader = *life_->client->make_reader(
      {.topic = kProgress, .isolation = KafkaIsolation::kReadCommitted});
  StopToken stop;
  auto marks = reader->watermarks(0, stop);
  if (!marks) return false;
  if (!reader->assign(0, offset_.value_or(marks->low))) return false;
  std::optional<int> found;
  const auto patience = context_.loop.now() + std::chrono::minutes(3);
  while (reader->position(0) < marks->high) {
    if (life_->process.dead() || context_.loop.now() > patience) return false;
    auto polled = reader->poll(std::chrono::milliseconds(100));
    if (!polled) return false;
    if (!*polled) continue;
    if (offset_ && !found && (*polled)->offset != *offset_)
      promise_broken("the marked offset was another");
    found = std::stoi(std::string(*(*polled)->value));
    if (*found >= next_) offset_ = (*polled)->offset;
  }
  return judge_progress(found.value_or(0), *marks);
}

inline bool Writer::judge_progress(int found, const Watermarks& marks) {
  const std::string about = " (transaction " + std::to_string(next_) + ", progress " +
                            std::to_string(found) + ", end " + std::to_string(marks.high) + ")";
  if (found < next_ - 1) promise_broken("what was committed is not there" + about);
  if (found > next_) promise_broken("somebody else committed" + about);
  if (found == next_ && !in_doubt_) promise_broken("what was not committed is there" + about);
  in_doubt_ = false;
  next_ = found + 1;
  return true;
}

inline void Writer::send_transaction() {
  TransactionalProducer& producer = *life_->producer;
  if (auto begun = producer.begin(); !begun) return failed(begun.error());
  life_->number = next_;
  if (rng().one_in(40)) idle();
  for (const NumberedRecord& record : records_of(next_)) {
    if (!send({life_->data, record.partition, "k", record.value})) return;
    if (rng().one_in(5)) producer.serve(std::chrono::milliseconds(rng().below(5)));
    if (life_->process.dead()) return leave();
  }
  const std::string value = std::to_string(next_);
  if (!send({.topic = life_->progress, .partition = 0, .key = "p", .value = value, .marked = true}))
    return;
  if (context_.dies && rng().one_in(100)) return leave();
  rng().one_in(8) ? abort() : commit();
}

// There is nothing to be written for a while, and what is late has time to arrive.
inline void Writer::idle() {
  const auto end = context_.loop.now() + std::chrono::milliseconds(rng().below(6'000));
  while (context_.loop.now() < end && !life_->process.dead())
    life_->producer->serve(std::chrono::milliseconds(100));
}

inline bool Writer::send(const OutgoingMessage& message) {
  while (true) {
    auto sent = life_->producer->send(message);
    if (!sent) {
      failed(sent.error());
      return false;
    }
    if (*sent == SendState::kAccepted) return true;
    life_->producer->serve(std::chrono::milliseconds(50));
    if (!life_->process.dead()) continue;
    leave();
    return false;
  }
}

inline void Writer::abort() {
  while (!life_->process.dead()) {
    auto aborted = life_->producer->abort(std::chrono::milliseconds(500));
    if (!aborted) return failed(aborted.error());
    if (*aborted != CallState::kDone) continue;
    ++stats_.aborted;
    life_->number = 0;
    return;
  }
  leave();
}

inline void Writer::commit() {
  const bool leaves = context_.dies && rng().one_in(40);
  in_doubt_ = true;
  life_->number = 0;
  while (!life_->process.dead()) {
    auto committed =
        life_->producer->commit(std::chrono::milliseconds(leaves ? rng().below(3) : 500));
    if (!committed) return failed(committed.error());
    if (*committed == CallState::kDone) {
      ++stats_.committed;
      ++next_;
      in_doubt_ = false;
      offset_ = life_->producer->marked_offset();
      if (!offset_) leave();  // As a sink does.
      return;
    }
    if (leaves) break;
  }
  leave();
}

inline void Writer::failed(const KafkaError& error) {
  switch (error.fault) {
    case KafkaFault::kOutcomeUnknown:
      ++stats_.unknown;
      break;
    case KafkaFault::kFenced:
      ++stats_.fenced;
      break;
    case KafkaFault::kAbort:
    case KafkaFault::kFatal:
      ++stats_.certain;
      in_doubt_ = false;
      break;
    case KafkaFault::kRetriable:
      promise_broken("a producer in a transaction cannot be retried: " + error.message);
  }
  leave();
}

inline void Writer::leave() {
  ++stats_.deaths;
  if (rng().one_in(3) && !life_->process.dead()) {
    zombies_.push_back(std::move(life_));
  } else {
    life_->process.die();
  }
  if (zombies_.size() > 3) zombies_.erase(zombies_.begin());
  life_.reset();
}

inline void Writer::wake_zombie() {
  if (zombies_.empty() || !life_) return;
  Life& zombie = *zombies_[rng().below(zombies_.size())];
  if (zombie.number == 0) return zombie.producer->serve(std::chrono::milliseconds(rng().below(20)));
  if (!std::exchange(zombie.commits, true))
    (void)zombie.producer->send({zombie.data, 0, "k", "zombie"});
  auto committed = zombie.producer->commit(std::chrono::milliseconds(rng().below(1'000)));
  // A new one has been fenced, or is being so.
  if (!committed) {
    zombie.number = 0;
    ++stats_.zombie_commits_refused;
  } else if (*committed == CallState::kDone) {
    promise_broken("a zombie committed " + std::to_string(zombie.number));
  }
}

}  // namespace penstock::connect::kafka::simulation
