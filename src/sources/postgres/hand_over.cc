// Handing inputs over in order.
#include "sources/postgres/hand_over.h"

#include <algorithm>
#include <chrono>

#include "base/failpoint.h"

namespace penstock::sources {
namespace {

constexpr std::chrono::milliseconds kRoomPoll{1};
constexpr int kPollsPerKeepAlive = 1000;

}  // namespace

HandOver::HandOver(ObjectId source, SourceHost& host, const StopToken& stop,
                   const std::optional<SourcePosition>& position)
    : source_(source),
      host_(host),
      stop_(stop),
      shared_(std::make_shared<Shared>()),
      handed_over_(position) {
  if (!position) return;
  shared_->durable = position->lsn;
  shared_->total.offset_committed = position->lsn.value;
  shared_->total.snapshot_committed = true;
}

void HandOver::take_out_forgotten(storage::TickInput& input) {
  for (CollectionId table : forgotten_) {
    std::erase_if(input.collections, [&](const auto& part) { return part.collection == table; });
    std::erase(input.publish, table);
    std::erase_if(input.staged, [&](const storage::StagedParts& parts) {
      if (parts.collection != table) return false;
      // What cannot be discarded now is discarded when the process starts again.
      static_cast<void>(host_.discard(parts));
      return true;
    });
    std::string ended = ended_table_key(source_, table);
    std::erase_if(input.changes.meta, [&](const auto& change) { return change.key == ended; });
  }
}

SourceResult<void> HandOver::submit(ChangeAssembler::Taken taken, const SourcePosition& position,
                                    const std::function<SourceResult<void>()>& while_waiting) {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->total.updates_staged += taken.updates;
    for (const auto& [table, updates] : taken.updates_of) {
      shared_->tables[table].updates_staged += updates;
    }
  }
  auto durable = [shared = shared_, lsn = position.lsn, updates = taken.updates,
                  updates_of = taken.updates_of, published = taken.published] {
    std::lock_guard lock(shared->mutex);
    shared->durable = std::max(shared->durable, lsn);
    shared->total.offset_committed = shared->durable.value;
    shared->total.updates_committed += updates;
    shared->total.snapshot_committed = true;
    for (const auto& [table, count] : updates_of) shared->tables[table].updates_committed += count;
    for (CollectionId table : published) shared->tables[table].snapshot_committed = true;
  };
  SourceResult<void> alive;
  for (int polls = 1;; ++polls) {
    {
      std::lock_guard lock(mutex_);
      take_out_forgotten(taken.input);
      auto input = std::make_shared<const storage::TickInput>(taken.input);
      if (host_.try_submit(std::move(input), durable)) {
        handed_over_ = position;
        break;
      }
    }
    if (stop_.stopped() || stop_.wait_for(kRoomPoll)) {
      return std::unexpected(SourceFault{SourceFault::Kind::kStopped, "stopped"});
    }
    // A fault waits: the assembler is past what is in `taken`, which nobody would read again.
    if (alive && polls % kPollsPerKeepAlive == 0) alive = while_waiting();
  }
  if (!alive) return alive;
  if (failpoint("source.handed_over")) {
    return std::unexpected(SourceFault{SourceFault::Kind::kTransient, "failpoint"});
  }
  return {};
}

std::optional<SourcePosition> HandOver::handed_over() const {
  std::lock_guard lock(mutex_);
  return handed_over_;
}

connect::Lsn HandOver::durable() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->durable;
}

void HandOver::forget_table(CollectionId collection) {
  {
    std::lock_guard lock(mutex_);
    forgotten_.push_back(collection);
    unseen_forgotten_.push_back(collection);
  }
  std::lock_guard lock(shared_->mutex);
  shared_->tables.erase(collection);
}

std::vector<CollectionId> HandOver::take_forgotten() {
  std::lock_guard lock(mutex_);
  return std::exchange(unseen_forgotten_, {});
}

void HandOver::count_received(uint64_t messages, uint64_t bytes) {
  std::lock_guard lock(shared_->mutex);
  shared_->total.messages_received += messages;
  shared_->total.bytes_received += bytes;
}

void HandOver::count_copied(CollectionId table, uint64_t rows, std::optional<uint64_t> estimate) {
  std::lock_guard lock(shared_->mutex);
  SourceStatistics& one = shared_->tables[table];
  if (estimate) one.snapshot_records_known = estimate;
  one.snapshot_records_staged = one.snapshot_records_staged.value_or(0) + rows;
  one.updates_staged += rows;
  shared_->total.updates_staged += rows;
  uint64_t known = 0;
  uint64_t staged = 0;
  for (const auto& [id, statistics] : shared_->tables) {
    uint64_t own = statistics.snapshot_records_staged.value_or(0);
    staged += own;
    known += std::max(own, statistics.snapshot_records_known.value_or(0));
  }
  shared_->total.snapshot_records_known = known;
  shared_->total.snapshot_records_staged = staged;
}

void HandOver::restart_copied(CollectionId table) {
  std::lock_guard lock(shared_->mutex);
  shared_->tables[table].snapshot_records_staged = 0;
}

void HandOver::note_server_end(connect::Lsn end) {
  std::lock_guard lock(shared_->mutex);
  shared_->total.offset_known = std::max(shared_->total.offset_known.value_or(0), end.value);
}

SourceStatistics HandOver::statistics() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->total;
}

std::vector<std::pair<CollectionId, SourceStatistics>> HandOver::table_statistics() const {
  std::lock_guard lock(shared_->mutex);
  return {shared_->tables.begin(), shared_->tables.end()};
}

}  // namespace penstock::sources
