// The rows present at one time, in storage order. Each is an insertion, and a unit.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "sinks/bulk.h"
#include "sinks/snapshot_encoder.h"

namespace penstock::sinks {

class SnapshotBulk final : public Bulk {
 public:
  SnapshotBulk(const BulkCursor& cursor, data::UpdateStream& stream, ChangeEncoder& encoder,
               const SinkConfig& config, const StopToken& stop);

  void pause() override;
  void forget_before(const BulkCursor& cursor) override;

 protected:
  Step<bool> read_unit(BulkUnit& unit) override;
  Step<void> rewind(uint64_t units) override;

 private:
  // Where a chunk begins.
  struct Mark {
    std::string position;
    uint64_t units = 0;
    uint64_t hash = 0;
    uint64_t messages = 0;
    std::optional<SnapshotRow> previous = {};  // The row before, which may be of the same key.
  };
  Step<void> open();
  Step<void> next_chunk();

  data::UpdateStream& stream_;
  const SinkConfig& config_;
  std::deque<Mark> marks_;
  std::unique_ptr<EncodeAhead> ahead_;
  EncodedChunk* chunk_ = nullptr;  // Of ahead_.
  size_t row_ = 0;
};

}  // namespace penstock::sinks
