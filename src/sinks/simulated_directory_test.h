// A data directory in memory: one collection of (key text, value int8) with its ticks, and a sink's
// place, both lost back to the last sync by a crash. Implements what a sink reads and writes.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/update_stream.h"
#include "sinks/sink_config.h"
#include "sinks/sink_ledger.h"

namespace penstock::sinks::simulated {

struct Change {
  std::string key;
  int64_t value = 0;
  int64_t diff = 1;
};

struct Tick {
  uint64_t time = 0;
  std::vector<Change> rows;
  int errors = 0;  // Errors that came (positive) or went (negative).
  size_t source_end = 0;
};

// Everything that lies on disk, or will after a sync.
struct Content {
  std::vector<Tick> ticks;
  uint64_t upper = 1;
  size_t source_position = 0;
  SinkPlace place;
  std::vector<Life> lives;
};

inline types::RelationType relation() {
  types::RelationType type;
  type.columns = {{"k", {types::SqlType::of(types::TypeId::kText), false}},
                  {"v", {types::SqlType::of(types::TypeId::kInt8), true}}};
  return type;
}

class Directory final : public data::UpdateStream, public SinkLedger {
 public:
  Content memory;
  Content disk;
  bool dead = false;  // A killed process changes nothing any more.
  size_t tick_limit_rows = 1'000'000;
  bool knows_row_counts = true;
  size_t chunk_rows = 3;
  size_t open_rows = 0;                 // Readers that somebody keeps.
  std::optional<size_t> break_once_at;  // Reading rows fails there, one time.
  // How the rules are broken on purpose.
  bool lies_about_durability = false;
  std::vector<Life>* all_lives = nullptr;  // Takes everybody's record for its own.
  bool forgets_bounds = false;
  std::function<void()> while_waiting;

  void sync() { disk = memory; }
  void crash() { memory = disk; }

  // -- UpdateStream
  const types::RelationType& relation_type() const override { return type_; }

  Result<std::unique_ptr<data::OrderedRows>> snapshot(Timestamp as_of,
                                                      std::string_view position) override {
    if (while_waiting) while_waiting();
    return std::make_unique<Rows>(fold(0, as_of.ms), position, *this);
  }
  Result<std::optional<uint64_t>> row_count(Timestamp as_of) override {
    int64_t count = 0;
    for (const Change& row : fold(0, as_of.ms)) count += row.diff;
    return knows_row_counts ? std::optional(static_cast<uint64_t>(count)) : std::nullopt;
  }
  Result<std::vector<std::string>> errors_at(Timestamp time) override {
    int errors = 0;
    for (const Tick& tick : memory.ticks) {
      if (tick.time <= time.ms) errors += tick.errors;
    }
    if (errors <= 0) return std::vector<std::string>{};
    return std::vector<std::string>{
        data::RowError{sql_state::kDivisionByZero, "division by zero"}.encode()};
  }
  Result<data::TickRead> ticks(Timestamp from, size_t, std::chrono::microseconds) override {
    if (while_waiting) while_waiting();
    data::TickRead read;
    read.next = std::max(from, Timestamp{memory.upper});
    for (const Tick& tick : memory.ticks) {
      if (tick.time < from.ms) continue;
      if (tick.rows.size() > tick_limit_rows) {
        read.next = {tick.time};
        if (read.ticks.empty()) read.large_tick = Timestamp{tick.time};
        break;
      }
      if (tick.rows.empty() && tick.errors == 0) continue;
      data::TickUpdates updates;
      updates.time = {tick.time};
      updates.rows.push_back(batch(tick.rows));
      if (tick.errors != 0) updates.errors.push_back(updates.rows.front());
      read.ticks.push_back(std::move(updates));
    }
    return read;
  }
  Result<std::unique_ptr<data::OrderedRows>> tick_rows(Timestamp time,
                                                       std::string_view position) override {
    return std::make_unique<Rows>(fold(time.ms, time.ms), position, *this);
  }
  Result<std::unique_ptr<data::OrderedRows>> net_change(Timestamp after, Timestamp until,
                                                        std::string_view position) override {
    return std::make_unique<Rows>(fold(after.ms + 1, until.ms), position, *this);
  }
  Timestamp durable() const override {
    return {(lies_about_durability ? memory.upper : disk.upper) - 1};
  }
  bool wait_durable(Timestamp time, std::chrono::microseconds) override {
    if (while_waiting) while_waiting();
    return durable() >= time;
  }

  // -- SinkLedger
  Result<SinkPlace> load() override { return memory.place; }
  void save(const SinkPlace& place) override {
    if (!dead) memory.place = place;
  }
  Status save_durably(const SinkPlace& place) override {
    save(place);
    if (!dead) sync();
    return {};
  }
  std::vector<Life> lives() const override {
    std::vector<Life> out = memory.lives;
    if (forgets_bounds || all_lives != nullptr) {
      for (Life& life : out) life.found = Timestamp{UINT64_MAX - 1};
    }
    if (all_lives != nullptr) {
      std::vector<Life> everybody = *all_lives;
      for (Life& life : everybody) life.found = Timestamp{UINT64_MAX - 1};
      std::erase_if(everybody, [&](const Life& life) { return life.id == out.back().id; });
      everybody.push_back(out.back());
      return everybody;
    }
    return out;
  }

 private:
  static data::BatchRef batch(const std::vector<Change>& rows) {
    std::vector<types::PhysicalKind> kinds = {types::PhysicalKind::kBytes,
                                              types::PhysicalKind::kInt64};
    data::BatchBuilder builder(kinds);
    for (const Change& row : rows) {
      std::vector<types::Datum> values = {types::Datum::bytes(row.key),
                                          types::Datum::integer(row.value)};
      builder.append_row(values, row.diff);
    }
    return std::make_shared<const data::DeltaBatch>(builder.finish());
  }
  // Net change over the ticks [from, until], in order.
  std::vector<Change> fold(uint64_t from, uint64_t until) const {
    std::map<std::pair<std::string, int64_t>, int64_t> sum;
    for (const Tick& tick : memory.ticks) {
      if (tick.time < from || tick.time > until) continue;
      for (const Change& row : tick.rows) sum[{row.key, row.value}] += row.diff;
    }
    std::vector<Change> out;
    for (const auto& [row, diff] : sum) {
      if (diff != 0) out.push_back({row.first, row.second, diff});
    }
    return out;
  }

  class Rows final : public data::OrderedRows {
   public:
    Rows(std::vector<Change> rows, std::string_view position, Directory& directory)
        : rows_(std::move(rows)), directory_(directory) {
      ++directory_.open_rows;
      if (!position.empty()) at_ = std::stoul(std::string(position));
    }
    ~Rows() override { --directory_.open_rows; }
    Result<std::optional<Chunk>> next() override {
      if (directory_.break_once_at && at_ >= *directory_.break_once_at) {
        directory_.break_once_at.reset();
        return fail(sql_state::kIoError, "could not read");
      }
      if (at_ >= rows_.size()) return std::nullopt;
      size_t end = std::min(at_ + directory_.chunk_rows, rows_.size());
      std::vector<Change> part(rows_.begin() + static_cast<std::ptrdiff_t>(at_),
                               rows_.begin() + static_cast<std::ptrdiff_t>(end));
      at_ = end;
      return Chunk{batch(part), std::to_string(end)};
    }

   private:
    std::vector<Change> rows_;
    Directory& directory_;
    size_t at_ = 0;
  };

  types::RelationType type_ = relation();
};

// Time that passes by being looked at, a millisecond at a time.
class StepClock final : public Clock {
 public:
  uint64_t wall_ms() const override { return 1'000'000 + now_us_ / 1'000; }
  uint64_t wall_us() const override { return wall_ms() * 1'000; }
  uint64_t monotonic_us() const override { return now_us_ += step_us; }
  void advance(uint64_t microseconds) { now_us_ += microseconds; }
  uint64_t step_us = 1'000;

 private:
  mutable uint64_t now_us_ = 0;
};

inline SinkConfig config() {
  SinkConfig out;
  out.id = {100'007};
  out.name = "s";
  out.def.topic = "data";
  out.def.compression = "lz4";
  out.def.key = std::vector<size_t>{0};
  out.def.key_is_proven = true;
  out.def.relation = relation();
  out.progress_topic = "progress";
  out.transactional_id = "txn";
  out.spill_directory = "/tmp";
  out.limits.ahead_bytes = 0;  // Nothing happens beside a step.
  out.limits.retry_first = std::chrono::milliseconds(0);
  out.limits.retry_most = std::chrono::milliseconds(0);
  out.limits.transaction_pace = std::chrono::microseconds(0);
  out.limits.idle_wait = std::chrono::milliseconds(0);
  out.limits.topic_wait = std::chrono::milliseconds(0);
  return out;
}

}  // namespace penstock::sinks::simulated
