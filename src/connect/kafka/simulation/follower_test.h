// A process that reads what the writer writes, read_committed, and dies and comes back. In the end
// it must have what the logs hold, and at no time anything that was not decided.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/simulation/numbered_transactions_test.h"
#include "connect/kafka/simulation/simulated_client.h"

namespace penstock::connect::kafka::simulation {

class Follower {
 public:
  struct Context {
    SimulatedLoop& loop;
    SimulatedCluster& cluster;
    Rng& rng;
    SimulatedClient::Options client;
    std::string topic;
    int32_t partitions;
  };

  explicit Follower(Context context) : context_(std::move(context)) {
    read_.resize(static_cast<size_t>(context_.partitions));
  }

  void step() {
    if (life_ && (life_->process.dead() || rng().one_in(300))) life_.reset();
    if (!life_) start();
    if (rng().one_in(200)) seek_back();
    if (rng().one_in(20)) ask_watermarks();
    for (uint64_t left = rng().below(30); left > 0; --left)
      if (!poll(std::chrono::milliseconds(rng().below(4)))) break;
  }

  // REQUIRES: nothing fails any more, and nothing is written.
  void read_to_end() {
    start();
    life_->process.faults = {};
    life_->process.die_after(0);
    const auto patience = context_.loop.now() + std::chrono::minutes(5);
    while (!at_end()) {
      poll(std::chrono::milliseconds(100));
      if (context_.loop.now() > patience) return differ("the end is never reached");
    }
    for (int32_t partition = 0; partition < context_.partitions; ++partition) {
      compare(partition);
      compare_times(partition);
    }
  }

  const std::string& difference() const { return difference_; }
  uint64_t num_records() const { return num_records_; }

 private:
  struct Life {
    explicit Life(SimulatedLoop& loop) : process(loop) {}
    SimulatedProcess process;
    std::unique_ptr<SimulatedClient> client;
    std::unique_ptr<TopicReader> reader;
  };
  struct Read {
    std::vector<CommittedRecord> records;
    int64_t position = 0;
  };

  Rng& rng() { return context_.rng; }
  const PartitionLog& log(int32_t partition) const {
    return context_.cluster.log(context_.topic, partition);
  }
  Read& read(int32_t partition) { return read_[static_cast<size_t>(partition)]; }

  void start() {
    life_ = std::make_unique<Life>(context_.loop);
    life_->process.faults = {.pause_one_in = 2'000, .stall_one_in = 500, .jump_one_in = 2'000};
    if (rng().one_in(3)) life_->process.die_after(rng().below(1'000));
    life_->client = std::make_unique<SimulatedClient>(life_->process, context_.client);
    life_->reader = *life_->client->make_reader(
        {.topic = context_.topic,
         .isolation = KafkaIsolation::kReadCommitted,
         .queue_bytes = rng().one_in(3) ? size_t{500} : size_t{1} << 20});
    for (int32_t partition = 0; partition < context_.partitions; ++partition)
      (void)life_->reader->assign(partition, read(partition).position);
  }

  // What was read since is read again.
  void seek_back() {
    const auto partition = static_cast<int32_t>(rng().below(read_.size()));
    Read& one = read(partition);
    one.records.resize(one.records.size() -
                       rng().below(std::min<size_t>(one.records.size(), 20) + 1));
    one.position = one.records.empty() ? 0 : one.records.back().offset + 1;
    (void)life_->reader->assign(partition, one.position);
  }

  void ask_watermarks() {
    const auto partition = static_cast<int32_t>(rng().below(read_.size()));
    const int64_t least = log(partition).end_offset();
    StopToken stop;
    auto marks = life_->reader->watermarks(partition, stop);
    if (!marks) return;
    if (marks->low != 0 || marks->high < least || marks->high > log(partition).end_offset())
      differ("watermarks of " + std::to_string(partition) + ": " + std::to_string(marks->high));
  }

  // False: nothing came.
  bool poll(std::chrono::milliseconds wait) {
    auto polled = life_->reader->poll(wait);
    if (!polled) {
      if (polled.error().fault != KafkaFault::kRetriable) differ(polled.error().message);
      return false;
    }
    for (int32_t p = 0; p < context_.partitions; ++p) {
      const int64_t position = life_->reader->position(p);
      if (position < read(p).position || position > log(p).last_stable_offset())
        differ("position " + std::to_string(position) + " of " + std::to_string(p));
      read(p).position = position;
    }
    if (!*polled) return false;
    const IncomingMessage& message = **polled;
    if (message.offset >= log(message.partition).last_stable_offset())
      differ("an undecided record was given out");
    CommittedRecord& record = read(message.partition).records.emplace_back();
    record.offset = message.offset;
    record.timestamp_ms = message.timestamp_ms;
    if (message.key) record.key = std::string(*message.key);
    if (message.value) record.value = std::string(*message.value);
    ++num_records_;
    return true;
  }

  bool at_end() {
    for (int32_t partition = 0; partition < context_.partitions; ++partition)
      if (read(partition).position < log(partition).end_offset()) return false;
    return true;
  }

  void compare(int32_t partition) {
    std::vector<CommittedRecord> truth =
        context_.cluster.committed_records(context_.topic, partition);
    for (CommittedRecord& record : truth) record.producer = {};
    const std::vector<CommittedRecord>& found = read(partition).records;
    if (found == truth) return;
    size_t at = 0;
    while (at < found.size() && at < truth.size() && found[at] == truth[at]) ++at;
    differ(std::to_string(found.size()) + " records read of " + std::to_string(truth.size()) +
           " in partition " + std::to_string(partition) + ", number " + std::to_string(at) +
           " is another");
  }

  void compare_times(int32_t partition) {
    const auto& records = read(partition).records;
    if (records.empty()) return;
    const int64_t time = records[rng().below(records.size())].timestamp_ms;
    StopToken stop;
    auto found = life_->reader->offset_at(partition, time, stop);
    if (!found) return differ("offset of a time: " + found.error().message);
    if (const int64_t truth = first_since(log(partition), time)->offset; *found != truth)
      differ("offset of a time: " + std::to_string(*found) + ", not " + std::to_string(truth));
  }

  void differ(const std::string& what) {
    if (difference_.empty()) difference_ = "reader of " + context_.topic + ": " + what;
  }

  Context context_;
  std::unique_ptr<Life> life_;
  std::vector<Read> read_;
  std::string difference_;
  uint64_t num_records_ = 0;
};

}  // namespace penstock::connect::kafka::simulation
