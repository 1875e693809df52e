// Which batch of a partition may be sent next.
#include "connect/kafka/producer/partition_queue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "connect/kafka/records/batch_reader.h"

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

// The first half of a batch's records, and the rest.
std::array<std::shared_ptr<Batch>, 2> halves_of(const Batch& batch, BatchPool& pool,
                                                Compression& compression) {
  std::array<std::shared_ptr<Batch>, 2> halves;
  // What we compressed ourselves is no larger than it was.
  BatchReader reader(compression, std::numeric_limits<int32_t>::max());
  reader.reset(batch.bytes);
  CHECK(reader.next_batch());
  const int32_t count = reader.header().count;
  const int32_t middle = count / 2;
  for (int32_t i = 0; i < count; ++i) {
    CHECK(reader.next_record());
    const RecordView& record = reader.record();
    std::shared_ptr<Batch>& half = halves[i < middle ? 0 : 1];
    if (!half) half = pool.take(batch.content_bytes);
    CHECK(half->builder.append({record.key, record.value, record.timestamp_ms, record.headers}));
    if (batch.marked == i) half->marked = half->builder.count() - 1;
  }
  halves[0]->base_sequence = batch.base_sequence;
  halves[1]->base_sequence = sequence_after(batch.base_sequence, middle);
  // The records' bytes are counted once, the header of one batch more is not.
  halves[0]->content_bytes = halves[0]->builder.size_bytes();
  halves[1]->content_bytes = batch.content_bytes - halves[0]->content_bytes;
  return halves;
}

// None: it cannot be an offset.
std::optional<int64_t> offset_in_batch(int64_t base_offset, int32_t record) {
  if (base_offset < 0) return std::nullopt;
  if (base_offset > std::numeric_limits<int64_t>::max() - record) return std::nullopt;
  return base_offset + record;
}

}  // namespace

std::optional<int64_t> Batch::marked_offset(int64_t base_offset) const {
  return marked ? offset_in_batch(base_offset, *marked) : std::nullopt;
}

std::optional<int64_t> Batch::last_offset(int64_t base_offset) const {
  return offset_in_batch(base_offset, builder.count() - 1);
}

std::shared_ptr<Batch> BatchPool::take(size_t at_least) {
  taken_most_ = std::max(taken_most_, ++taken_);
  if (at_least > batch_bytes_) return std::make_shared<Batch>(at_least, codec_);
  // Others may still hold one: the answer that is being taken in, or a link, if an earlier copy of
  // the batch was acknowledged.
  const auto free = std::find_if(idle_.rbegin(), idle_.rend(),
                                 [](const auto& batch) { return batch.use_count() == 1; });
  if (free == idle_.rend()) return std::make_shared<Batch>(batch_bytes_, codec_);
  std::shared_ptr<Batch> batch = std::move(*free);
  idle_.erase(std::next(free).base());
  batch->builder.clear();
  batch->bytes = {};
  batch->base_sequence = -1;
  batch->acknowledged = false;
  batch->too_large = false;
  batch->marked.reset();
  return batch;
}

void BatchPool::give_back(std::shared_ptr<Batch> batch) {
  --taken_;
  if (batch->builder.limit_bytes() <= batch_bytes_) idle_.push_back(std::move(batch));
}

void BatchPool::trim() {
  const size_t spare = kept_ > taken_most_ ? kept_ - taken_most_ : 0;
  kept_ = std::max(taken_most_, kept_ - (spare + 7) / 8);
  const size_t idle = kept_ - taken_;
  if (idle_.size() > idle) idle_.resize(idle);
  taken_most_ = taken_;
}

bool PartitionQueue::append(const RecordFields& record, bool marked, BatchPool& pool,
                            EventLoop::Time now) {
  if (!open_) {
    open_ = pool.take(bytes_alone(record));
    open_->opened_at = now;
  }
  if (!open_->builder.empty() && open_->builder.size_bytes() >= limit_bytes_) return false;
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
  if (returned_ || now < not_before_) return nullptr;
  // The first in the queue is the first that is not acknowledged.
  const size_t end = std::min(queue_.size(), kMostRemembered);
  size_t at = sent_;
  while (at < end && queue_[at]->acknowledged) ++at;
  return at < end ? queue_[at] : nullptr;
}

void PartitionQueue::sent(const std::shared_ptr<Batch>& batch, const BatchIdentity& identity,
                          Compression& compression) {
  if (batch->base_sequence < 0) {
    batch->base_sequence = next_sequence_;
    next_sequence_ = sequence_after(next_sequence_, batch->builder.count());
  }
  if (batch->bytes.empty()) {
    BatchIdentity own = identity;
    own.base_sequence = batch->base_sequence;
    batch->bytes = batch->builder.finish(own, compression);
  }
  while (queue_[sent_] != batch) ++sent_;
  ++sent_;
  ++under_way_;
}

void PartitionQueue::acknowledged(const std::shared_ptr<Batch>& batch, BatchPool& pool) {
  batch->acknowledged = true;
  returns_ = 0;
  while (!queue_.empty() && queue_.front()->acknowledged) {
    pool.give_back(std::move(queue_.front()));
    queue_.pop_front();
    if (sent_ > 0) --sent_;
  }
  settle(not_before_);
}

void PartitionQueue::came_back(EventLoop::Time not_before) {
  returned_ = true;
  ++returns_;
  settle(std::max(not_before, not_before_));
}

void PartitionQueue::too_large(const std::shared_ptr<Batch>& batch, EventLoop::Time now) {
  batch->too_large = true;
  divides_ = true;
  limit_bytes_ = std::min(limit_bytes_, batch->content_bytes / 2);
  came_back(now);
}

void PartitionQueue::divide(BatchPool& pool, Compression& compression) {
  if (!divides_ || under_way_ > 0) return;
  divides_ = false;
  for (size_t i = 0; i < queue_.size(); ++i) {
    if (!queue_[i]->too_large) continue;
    auto [first, second] = halves_of(*queue_[i], pool, compression);
    pool.give_back(std::exchange(queue_[i], std::move(first)));
    queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(++i), std::move(second));
  }
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

bool PartitionQueue::drop_all(BatchPool& pool) {
  CHECK_OP(==, under_way_, size_t{0});
  close();
  // The first is not acknowledged, and has a sequence if any has.
  const bool leaves_gap = !queue_.empty() && queue_.front()->base_sequence >= 0;
  for (auto& batch : std::exchange(queue_, {})) pool.give_back(std::move(batch));
  sent_ = 0;
  returned_ = false;
  divides_ = false;
  not_before_ = {};
  return leaves_gap;
}

}  // namespace penstock::connect::kafka
