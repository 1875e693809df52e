// A stored collection as data::UpdateStream: what a sink reads.
#pragma once

#include "data/update_stream.h"
#include "storage/log_durability.h"
#include "storage/log_reader.h"

namespace penstock::storage {

class CollectionStream : public data::UpdateStream {
 public:
  CollectionStream(const LogReader& reader, LogDurability& durability, CollectionSpec spec)
      : reader_(reader), durability_(durability), spec_(std::move(spec)) {}

  const types::RelationType& relation_type() const override { return spec_.type; }
  Result<std::unique_ptr<data::OrderedRows>> snapshot(Timestamp as_of,
                                                      std::string_view position) override;
  Result<std::optional<uint64_t>> row_count(Timestamp as_of) override;
  Result<std::vector<std::string>> errors_at(Timestamp time) override;
  // Ends at the upper in the log, not at one that was advanced in memory: what a sink commits up to
  // must be found again by a restart (rule K2).
  Result<data::TickRead> ticks(Timestamp from, size_t limit_bytes,
                               std::chrono::microseconds wait) override;
  Result<std::unique_ptr<data::OrderedRows>> tick_rows(Timestamp time,
                                                       std::string_view position) override;
  Result<std::unique_ptr<data::OrderedRows>> net_change(Timestamp after, Timestamp until,
                                                        std::string_view position) override;
  Timestamp durable() const override;
  bool wait_durable(Timestamp time, std::chrono::microseconds wait) override;

 private:
  const LogReader& reader_;
  LogDurability& durability_;
  CollectionSpec spec_;
};

}  // namespace penstock::storage
