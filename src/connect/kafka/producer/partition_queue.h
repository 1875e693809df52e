// What a producer has to deliver to one partition: batches in the order of their sequences, from
// being filled to being acknowledged.
//
// A broker takes a producer's batches to a partition in the order of their sequence numbers only
// (KIP-98), and recognises a repetition among the last five. So none is sent beyond the fifth from
// the first that is not acknowledged, which would else be forgotten. When one comes back
// undelivered, nothing more is sent until the answers of all others are in, and then all that are
// not acknowledged are sent again, the same bytes in the same order. Only a batch that is too large
// for its topic is divided first: its halves have the sequences that it had.
//
// Pure bookkeeping, no I/O. One owner thread.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "connect/kafka/records/batch_builder.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

struct Batch {
  Batch(size_t limit_bytes, Codec codec) : builder(limit_bytes, codec) {}

  // The marked record's, if the batch is at `base_offset`. None: no record is marked, or the broker
  // named no offset that can be one.
  std::optional<int64_t> marked_offset(int64_t base_offset) const;
  // The last record's, likewise.
  std::optional<int64_t> last_offset(int64_t base_offset) const;

  BatchBuilder builder;
  std::string_view bytes = {};  // Once it is finished.
  size_t content_bytes = 0;     // As it was filled, before compression.
  int32_t base_sequence = -1;
  bool acknowledged = false;
  bool too_large = false;              // For the topic: it has to be divided.
  std::optional<int32_t> marked = {};  // The number of the last record whose offset is wanted.
  EventLoop::Time opened_at = {};
};

// Batches that are no longer needed keep their memory for those to come: memory from the system
// costs as much as filling it. One owner thread.
class BatchPool {
 public:
  BatchPool(size_t batch_bytes, Codec codec) : batch_bytes_(batch_bytes), codec_(codec) {}
  // Large enough for `at_least` bytes.
  std::shared_ptr<Batch> take(size_t at_least);
  void give_back(std::shared_ptr<Batch> batch);
  // Lets go of an eighth of what was not needed since it was last called, at least of one batch:
  // what one transaction needs varies, and all of it is gone after some twenty that need nothing.
  void trim();

 private:
  size_t batch_bytes_;
  Codec codec_;
  std::vector<std::shared_ptr<Batch>> idle_;
  size_t taken_ = 0;
  size_t taken_most_ = 0;  // Since the last trim().
  size_t kept_ = 0;        // So many were taken or idle then.
};

class PartitionQueue {
 public:
  static constexpr size_t kMostRemembered = 5;  // By the broker.

  // False: the record does not fit into the batch that is open; close() it and append again.
  bool append(const RecordFields& record, bool marked, BatchPool& pool, EventLoop::Time now);
  // Ends the open batch: it may be sent now.
  void close();
  bool has_open() const { return open_ != nullptr; }
  // Of the open batch; 0 if there is none.
  size_t open_bytes() const { return open_ ? open_->builder.size_bytes() : 0; }
  EventLoop::Time opened_at() const { return open_->opened_at; }

  // The next batch that may be sent now; none.
  std::shared_ptr<Batch> next(EventLoop::Time now) const;
  // It gets its sequence the first time.
  void sent(const std::shared_ptr<Batch>& batch, const BatchIdentity& identity,
            Compression& compression);
  // The broker has it. `pool` gets what is no longer needed.
  void acknowledged(const std::shared_ptr<Batch>& batch, BatchPool& pool);
  // It was not delivered, or nobody knows. Sent again from `not_before` on.
  void came_back(EventLoop::Time not_before);
  // How often batches came back since one was acknowledged.
  int returns() const { return returns_; }
  // The topic takes no batch of this size; it came back, and none as large is made any more.
  // REQUIRES: it has more than one record.
  void too_large(const std::shared_ptr<Batch>& batch, EventLoop::Time now);
  // Divides what is too large, if its time has come. The halves are views of nothing yet.
  void divide(BatchPool& pool, Compression& compression);
  // Whether all batches before it were acknowledged.
  bool is_first(const std::shared_ptr<Batch>& batch) const { return queue_.front() == batch; }

  // Nothing is left to be delivered; the open batch counts.
  bool empty() const { return !open_ && queue_.empty(); }
  bool under_way() const { return under_way_ > 0; }
  // The first batch waits for this; nothing to send: max.
  EventLoop::Time due() const;
  // Forgets what was not delivered. True: something of it has sequences already, which the broker
  // waits for and will not get: no later batch of the same epoch can be taken. REQUIRES: nothing is
  // under way.
  bool drop_all(BatchPool& pool);
  // The next batch is the first of an epoch, whose sequences begin with 0 in the product.
  void restart_sequences(int32_t first) { next_sequence_ = first; }

 private:
  void settle(EventLoop::Time not_before);

  std::shared_ptr<Batch> open_;
  std::deque<std::shared_ptr<Batch>> queue_;  // Closed and not acknowledged, by sequence.
  size_t limit_bytes_ = std::numeric_limits<size_t>::max();  // The topic's, as far as is known.
  bool divides_ = false;                                     // Something in the queue is too large.
  size_t sent_ = 0;       // So many of the queue's first were sent since the last return.
  size_t under_way_ = 0;  // Sent, and without an answer.
  bool returned_ = false;
  int returns_ = 0;
  EventLoop::Time not_before_ = {};
  int32_t next_sequence_ = 0;
};

}  // namespace penstock::connect::kafka
