// How a durable collection is read by whoever carries it outside (sinks): its rows at one time in
// storage order, and then tick after tick. Implemented over storage; the reader's hold on `since`
// is the implementer's business.
//
// Thread rule: one reader thread; durable() may be asked from any thread. Rows that were opened
// belong to one thread, which may be another one.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "data/delta_batch.h"
#include "types/sql_type.h"

namespace penstock::data {

// Rows in storage order: by key bytes, then row bytes; equal rows added up. Never more than a chunk
// in memory (and what reading ahead needs).
class OrderedRows {
 public:
  virtual ~OrderedRows() = default;
  struct Chunk {
    BatchRef rows;
    std::string position;  // Of its last row: opening again `after` it continues there.
  };
  // The next chunk; nothing at the end.
  virtual Result<std::optional<Chunk>> next() = 0;
};

// One tick's change to one collection. `errors` are batches of one column, see row_error.h.
struct TickUpdates {
  Timestamp time;
  std::vector<BatchRef> rows;
  std::vector<BatchRef> errors;
};

// Everything in [from, next) that changed: `ticks`, ascending, only those with a change. When the
// first change is larger than the reader's limit, `ticks` is empty, next = large_tick, and the
// reader takes it through tick_rows().
struct TickRead {
  std::vector<TickUpdates> ticks;
  Timestamp next;
  std::optional<Timestamp> large_tick;
};

class UpdateStream {
 public:
  virtual ~UpdateStream() = default;

  virtual const types::RelationType& relation_type() const = 0;

  // The rows present at `as_of`, after `position` ("" = all). REQUIRES: since <= as_of < upper.
  virtual Result<std::unique_ptr<OrderedRows>> snapshot(Timestamp as_of,
                                                        std::string_view position) = 0;
  // How many rows snapshot(as_of) has, each as often as it is there; none if that is not known.
  virtual Result<std::optional<uint64_t>> row_count(Timestamp as_of) = 0;
  // The errors present at `time`, some of them; empty when there are none.
  virtual Result<std::vector<std::string>> errors_at(Timestamp time) = 0;

  // Waits up to `wait` for the upper to pass `from`. next = from when nothing came.
  virtual Result<TickRead> ticks(Timestamp from, size_t limit_bytes,
                                 std::chrono::microseconds wait) = 0;
  // The rows of one large tick, with their diffs, in storage order.
  virtual Result<std::unique_ptr<OrderedRows>> tick_rows(Timestamp time,
                                                         std::string_view position) = 0;
  // The net change of rows over (after, until], in storage order.
  virtual Result<std::unique_ptr<OrderedRows>> net_change(Timestamp after, Timestamp until,
                                                          std::string_view position) = 0;

  // D: the last tick of this collection that a finished sync covers.
  virtual Timestamp durable() const = 0;
  // Waits up to `wait` for durable() >= time; whether it is.
  virtual bool wait_durable(Timestamp time, std::chrono::microseconds wait) = 0;
};

}  // namespace penstock::data
