// The rows of an index, by key: in memory, one writer (the cluster), many readers (peeks).
//
// Thread-safe: a reader-writer lock; a lookup copies the rows it wants under it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/stop_token.h"
#include "base/timestamp.h"
#include "data/delta_batch.h"
#include "data/key_codec.h"
#include "data/row_codec.h"

namespace penstock::engine {

class IndexRows {
 public:
  IndexRows(std::vector<types::ColumnType> columns, std::vector<size_t> key);

  // Adds a step's changes; they become visible together, as of `time`.
  void apply(const std::vector<data::BatchRef>& rows, const std::vector<data::BatchRef>& errors,
             Timestamp time);
  // Adds what is there at first, piece by piece: nobody sees any of it before the first advance().
  void load(const std::vector<data::BatchRef>& rows, const std::vector<data::BatchRef>& errors);
  // Nothing is known any more: readers wait.
  void clear();
  // Nothing changed up to `time`.
  void advance(Timestamp time);

  struct Found {
    Timestamp time;
    std::vector<data::BatchRef> rows;
    std::vector<data::BatchRef> errors;
  };
  // Waits until the index has seen `at_least`; nothing when stopped or not in time. Rows with one
  // of `keys`, or all.
  std::optional<Found> lookup(Timestamp at_least,
                              const std::optional<std::vector<std::vector<types::Datum>>>& keys,
                              const StopToken& stop, uint64_t timeout_ms) const;
  size_t used_bytes() const;

 private:
  using Group = std::unordered_map<std::string, int64_t>;  // Row bytes -> weight.
  std::string key_of(const std::vector<types::Datum>& key) const;
  void add(const data::DeltaBatch& batch);
  void add_error(const data::DeltaBatch& batch);
  void append(const Group& group, data::BatchBuilder& out,
              std::vector<data::BatchRef>& batches) const;

  const std::vector<types::ColumnType> columns_;
  const std::vector<size_t> key_;
  const std::vector<data::PhysicalKind> kinds_;
  const data::KeyCodec key_codec_;
  const data::RowCodec row_codec_;

  mutable std::shared_mutex mutex_;
  mutable std::condition_variable_any moved_;
  std::unordered_map<std::string, Group> groups_;
  std::map<std::string, int64_t> errors_;
  std::optional<Timestamp> time_;
  size_t used_bytes_ = 0;
};

}  // namespace penstock::engine
