// Rows that go out under one time in several transactions (rule K5): a snapshot, what a topic lacks
// of one, a tick too large for one transaction, the net change after errors are gone.
//
// Units come in an order that is the same in every run: a snapshot's rows in storage order, the
// keys of a change in byte order (sorted on disk). So a cursor of so many units can be found again,
// and the hash proves that it is the same place.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "data/update_stream.h"
#include "sinks/change_encoder.h"
#include "sinks/pairing.h"
#include "sinks/progress.h"
#include "sinks/spilled_sort.h"
#include "sinks/topic_difference.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// The messages of one unit; more than `changes` 1 is a violation of the key.
struct BulkUnit {
  std::vector<SinkMessage> messages;  // Views live until the next unit.
  uint64_t changes = 0;
  std::string violation;  // Of a key that is proven: which one, and which rows.
};

// One owner thread.
class Bulk {
 public:
  static std::unique_ptr<Bulk> make(const BulkCursor& cursor, const DifferenceSources& sources,
                                    ChangeEncoder& encoder, const SinkConfig& config);
  virtual ~Bulk() = default;

  // Where next() stands.
  const BulkCursor& cursor() const { return cursor_; }
  // Of the units before it: a snapshot's rows, each as often as it is there.
  uint64_t messages() const { return messages_; }
  bool is_of(const BulkCursor& other) const {
    return cursor_.kind == other.kind && cursor_.from == other.from && cursor_.time == other.time;
  }
  // The next unit; false at the end.
  Step<bool> next(BulkUnit& unit);
  // Goes to a cursor of this bulk. A halt when the rows before it are not the same any more.
  Step<void> seek(const BulkCursor& cursor);
  // Lets go of the rows being read; seek() opens them again. Nothing else is called in between.
  virtual void pause() {}
  // Nothing before the cursor will be asked for again.
  virtual void forget_before(const BulkCursor&) {}

 protected:
  Bulk(const BulkCursor& cursor, ChangeEncoder& encoder, const StopToken& stop)
      : cursor_(cursor), encoder_(encoder), stop_(stop) {
    cursor_.units = 0;
    cursor_.hash = 0;
  }
  // Also moves cursor_.hash.
  virtual Step<bool> read_unit(BulkUnit& unit) = 0;
  // Stands again at the start, or at a later place that is not behind `units`; sets cursor_ and
  // messages_.
  virtual Step<void> rewind(uint64_t units) = 0;

  BulkCursor cursor_;
  uint64_t messages_ = 0;
  ChangeEncoder& encoder_;
  const StopToken& stop_;
};

// Goes on with one message. Without the heads: a registry that lost its schemas gives other ids to
// the same.
uint64_t hash_message(uint64_t hash, const SinkMessage& message, const MessageHeads& heads);
// "key {...} changes more than once at time 17: ... and ...".
std::string violation_text(std::string_view key, Timestamp time, std::string_view first,
                           std::string_view second);
// Of ChangeEncoder::take_refusal().
std::unexpected<Trouble> refused_row(const std::string& refusal);

}  // namespace penstock::sinks
