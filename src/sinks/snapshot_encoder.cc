// Chunks of a snapshot, encoded here or in a thread ahead.
#include "sinks/snapshot_encoder.h"

#include <chrono>

#include "base/thread_name.h"
#include "sinks/bulk.h"

namespace penstock::sinks {
namespace {

// How long a stop may go unnoticed by who waits for a chunk.
constexpr std::chrono::milliseconds kStopPoll(20);
// Chunks whose memory is kept: one that is sent, one that is filled.
constexpr size_t kSpareChunks = 2;

}  // namespace

// --- a chunk ---

SinkMessage EncodedChunk::message(size_t index) const {
  const Row& row = rows_[index];
  const std::string_view bytes(bytes_);
  SinkMessage out;
  if (row.has_key) out.key = bytes.substr(row.key_begin, row.headers_begin - row.key_begin);
  out.headers = bytes.substr(row.headers_begin, row.value_begin - row.headers_begin);
  out.value = bytes.substr(row.value_begin, row.value_end - row.value_begin);
  out.steady_bytes = row.steady_bytes;
  out.partition_hash = row.partition_hash;
  out.copies = row.copies;
  out.refusal = row.refusal;
  return out;
}

std::string_view EncodedChunk::violation(size_t index) const {
  if (!violation_ || violation_->first != index) return {};
  return violation_->second;
}

size_t EncodedChunk::bytes() const {
  return bytes_.capacity() + rows_.capacity() * sizeof(Row) + refusal_bytes_ +
         (violation_ ? violation_->second.size() : 0) +
         (last ? last->key.size() + last->value.size() : 0);
}

void EncodedChunk::clear() {
  position.clear();
  last.reset();
  partition_errors = 0;
  trouble.reset();
  at_end = false;
  bytes_.clear();
  rows_.clear();
  refusal_bytes_ = 0;
  violation_.reset();
}

// --- encoding ---

SnapshotEncoder::SnapshotEncoder(const SinkConfig& config, const MessageHeads& heads,
                                 std::unique_ptr<data::OrderedRows> rows, SnapshotPlace place)
    : encoder_(config), rows_(std::move(rows)), place_(std::move(place)) {
  encoder_.set_heads(heads);
}

void SnapshotEncoder::encode(EncodedChunk& chunk) {
  chunk.clear();
  auto read = rows_->next();
  if (!read) {
    chunk.trouble = storage_trouble(read.error()).error();
    return;
  }
  if (!*read) {
    chunk.at_end = true;
    return;
  }
  const data::DeltaBatch& batch = *(*read)->rows;
  chunk.position = std::move((*read)->position);
  const uint64_t errors_before = encoder_.partition_errors();
  partition_values_ = encoder_.partition_values(batch);
  chunk.partition_errors = encoder_.partition_errors() - errors_before;
  chunk.rows_.reserve(batch.size());
  for (size_t row = 0; row < batch.size(); ++row) {
    if (!encode_row(batch, row, chunk)) return;
  }
  chunk.last = place_.previous;
}

// False, with the chunk's trouble, when the row cannot be sent.
bool SnapshotEncoder::encode_row(const data::DeltaBatch& batch, size_t row, EncodedChunk& chunk) {
  const int64_t count = batch.diff(row);
  if (count < 0) {
    chunk.trouble = trouble(Trouble::Kind::kHalt,
                            "internal: the collection holds a row a negative number of times",
                            "A source retracted a row that it never sent.")
                        .error();
    return false;
  }
  group_key_.clear();
  encoder_.append_group_key(batch, row, group_key_);
  SinkMessage message;
  message.copies = static_cast<uint64_t>(count);
  std::optional<uint64_t> partition_value;
  if (!partition_values_.empty()) partition_value = partition_values_[row];
  encoder_.address(group_key_, partition_value, message_key_, message);
  EncodedChunk::Row& out = chunk.rows_.emplace_back();
  out.key_begin = chunk.bytes_.size();
  out.has_key = message.key.has_value();
  if (message.key) chunk.bytes_ += *message.key;
  out.headers_begin = chunk.bytes_.size();
  encoder_.append_headers(batch, row, chunk.bytes_);
  out.value_begin = chunk.bytes_.size();
  message.headers = std::string_view(chunk.bytes_).substr(out.headers_begin);
  value_.clear();
  encoder_.write_value(
      {std::nullopt, row}, {.time = place_.time, .in_snapshot = true},
      [&](size_t handle, std::string& to) { encoder_.append_row(batch, handle, to); }, value_,
      message);
  if (encoder_.passes_refused()) {
    encoder_.judge_rows(
        {std::nullopt, row}, false, [&](size_t handle) { return TickRow{&batch, 0, handle}; },
        message);
    if (message.refusal) keep_refusal(message, chunk);
  } else if (auto refusal = encoder_.take_refusal()) {
    chunk.rows_.pop_back();
    chunk.trouble = refused_row(*refusal).error();
    return false;
  }
  chunk.bytes_ += value_;
  out.value_end = chunk.bytes_.size();
  out.steady_bytes = message.steady_bytes;
  out.partition_hash = message.partition_hash;
  out.copies = message.copies;
  out.changes = message.copies;
  if (encoder_.has_group_key()) look_for_violation(chunk);
  return true;
}

// It may have lost its key or its headers.
void SnapshotEncoder::keep_refusal(const SinkMessage& message, EncodedChunk& chunk) {
  EncodedChunk::Row& row = chunk.rows_.back();
  row.refusal = message.refusal;
  row.has_key = message.key.has_value();
  if (message.headers.empty()) {
    chunk.bytes_.resize(row.headers_begin);
    row.value_begin = row.headers_begin;
  }
  chunk.refusal_bytes_ += message.refusal->error.size();
  if (message.refusal->after) chunk.refusal_bytes_ += message.refusal->after->json.size();
}

// Rows of a key are neighbours when the collection is stored by it; others are not looked for.
void SnapshotEncoder::look_for_violation(EncodedChunk& chunk) {
  const bool neighbour = place_.previous && place_.previous->key == group_key_;
  EncodedChunk::Row& row = chunk.rows_.back();
  if (neighbour) ++row.changes;
  // The sink stops at it.
  if (row.changes > 1 && encoder_.key_is_proven() && !chunk.violation_) {
    const std::string& other = neighbour ? place_.previous->value : value_;
    chunk.violation_.emplace(chunk.rows_.size() - 1,
                             violation_text(group_key_, place_.time, bare(other), bare(value_)));
  }
  if (!place_.previous) place_.previous.emplace();
  place_.previous->key.swap(group_key_);
  place_.previous->value.swap(value_);
}

// Without what stands in front of each and behind.
std::string_view SnapshotEncoder::bare(std::string_view value) const {
  value.remove_prefix(encoder_.heads().value.size());
  value.remove_suffix(encoder_.heads().value_tail.size());
  return value;
}

// --- ahead ---

EncodeAhead::EncodeAhead(std::unique_ptr<SnapshotEncoder> encoder, size_t most_bytes)
    : encoder_(std::move(encoder)), most_bytes_(most_bytes) {
  if (most_bytes_ > 0) thread_ = std::thread([this] { run(); });
}

EncodeAhead::~EncodeAhead() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

EncodedChunk* EncodeAhead::next(const StopToken& stop) {
  if (!thread_.joinable()) {
    if (!taken_) taken_ = std::make_unique<EncodedChunk>();
    encoder_->encode(*taken_);
    return taken_.get();
  }
  std::unique_lock lock(mutex_);
  if (taken_ && spare_.size() < kSpareChunks) spare_.push_back(std::move(taken_));
  while (ready_.empty()) {
    if (stop.stopped()) return nullptr;
    changed_.wait_for(lock, kStopPoll);
  }
  taken_ = std::move(ready_.front());
  ready_.pop_front();
  ready_bytes_ -= taken_->bytes();
  lock.unlock();
  changed_.notify_all();
  return taken_.get();
}

void EncodeAhead::run() {
  name_this_thread("sink ahead");
  bool more = true;
  while (more) {
    std::unique_ptr<EncodedChunk> chunk;
    {
      std::lock_guard lock(mutex_);
      if (!spare_.empty()) {
        chunk = std::move(spare_.back());
        spare_.pop_back();
      }
    }
    if (!chunk) chunk = std::make_unique<EncodedChunk>();
    encoder_->encode(*chunk);
    more = !chunk->trouble && !chunk->at_end;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return stopping_ || ready_.empty() || ready_bytes_ + chunk->bytes() <= most_bytes_;
    });
    if (stopping_) return;
    ready_bytes_ += chunk->bytes();
    ready_.push_back(std::move(chunk));
    lock.unlock();
    changed_.notify_all();
  }
}

}  // namespace penstock::sinks
