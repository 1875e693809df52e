// Which batch of a partition may be sent next.
#include "connect/kafka/producer/partition_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

// What a batch of this record alone takes, and some bytes more.
size_t bytes_alone(const RecordFields& record) {
  // Lengths, attributes, deltas: none is longer than a varint of ten bytes.
  constexpr size_t kMostPerRecord = 64;
  constexpr size_t kMostPerHeader = 20;
  size_t bytes = kBatchHeaderBytes + kMostPerRecord;
  if (record.key) bytes += record.key->size();
  if (record.value) bytes += record.value->size();
  for (const RecordHeader& header : record.headers)
    bytes += kMostPerHeader + header.key.size() + (header.value ? header.value->size() : 0);
  return bytes;
}

}  // namespace

std::shared_ptr<Batch> BatchPool::take(size_t at_least) {
  if (at_least > batch_bytes_) return std::make_shared<Batch>(at_least);
  if (idle_.empty()) return std::make_shared<Batch>(batch_bytes_);
  std::shared_ptr<Batch> batch = std::move(idle_.back());
  idle_.pop_back();
  return batch;
}

void BatchPool::give_back(std::shared_ptr<Batch> batch) {
  // A link may still hold it: a batch is acknowledged when an earlier copy of it was.
  if (batch.use_count() > 1 || idle_.size() >= kMostIdle ||
      batch->builder.limit_bytes() > batch_bytes_)
    return;
  batch->builder.clear();
  batch->bytes = {};
  batch->base_sequence = -1;
  batch->acknowledged = false;
  batch->marked.reset();
  idle_.push_back(std::move(batch));
}

bool PartitionQueue::append(const RecordFields& record, bool marked, BatchPool& pool,
                            EventLoop::Time now) {
  if (!open_) {
    open_ = pool.take(bytes_alone(record));
    open_->opened_at = now;
  }
  if (!open_->builder.append(record)) return false;
  if (marked) open_->marked = open_->builder.count() - 1;
  return true;
}

void PartitionQueue::close() {
  if (!open_) return;
  open_->content_bytes = open_->builder.size_bytes();
  queue_.push_back(std::exchange(open_, nullptr));
}

std::shared_ptr<Batch> PartitionQueue::next(EventLoop::Time now) const {
  if (returned_ || under_way_ >= kMostUnderWay || now < not_before_) return nullptr;
  size_t at = sent_;
  while (at < queue_.size() && queue_[at]->acknowledged) ++at;
  return at < queue_.size() ? queue_[at] : nullptr;
}

void PartitionQueue::sent(const std::shared_ptr<Batch>& batch, const BatchIdentity& identity,
                          Codec codec, Compression& compression) {
  if (batch->base_sequence < 0) {
    batch->base_sequence = next_sequence_;
    BatchIdentity own = identity;
    own.base_sequence = next_sequence_;
    batch->bytes = batch->builder.finish(own, codec, compression);
    // They go on at 0 after the largest (KIP-98).
    next_sequence_ =
        static_cast<int32_t>((int64_t{next_sequence_} + batch->builder.count()) & 0x7fffffff);
  }
  while (queue_[sent_] != batch) ++sent_;
  ++sent_;
  ++under_way_;
}

void PartitionQueue::acknowledged(const std::shared_ptr<Batch>& batch, BatchPool& pool) {
  batch->acknowledged = true;
  while (!queue_.empty() && queue_.front()->acknowledged) {
    std::shared_ptr<Batch> done = std::move(queue_.front());
    queue_.pop_front();
    if (sent_ > 0) --sent_;
    if (done != batch) pool.give_back(std::move(done));
  }
  settle(not_before_);
}

void PartitionQueue::came_back(EventLoop::Time not_before) {
  returned_ = true;
  settle(std::max(not_before, not_before_));
}

void PartitionQueue::settle(EventLoop::Time not_before) {
  CHECK_OP(>, under_way_, size_t{0});
  --under_way_;
  not_before_ = not_before;
  if (under_way_ > 0 || !returned_) return;
  returned_ = false;
  sent_ = 0;
}

EventLoop::Time PartitionQueue::due() const {
  if (returned_ || sent_ >= queue_.size()) return EventLoop::Time::max();
  return not_before_;
}

void PartitionQueue::drop_all(BatchPool& pool) {
  CHECK_OP(==, under_way_, size_t{0});
  close();
  for (auto& batch : std::exchange(queue_, {})) pool.give_back(std::move(batch));
  sent_ = 0;
  returned_ = false;
  not_before_ = {};
}

}  // namespace penstock::connect::kafka
