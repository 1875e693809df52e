// UpdateStream in terms of the reader and D.
#include "storage/collection_stream.h"

#include <algorithm>

namespace penstock::storage {

namespace {

constexpr size_t kErrorsShown = 16;

}  // namespace

Result<std::unique_ptr<data::OrderedRows>> CollectionStream::snapshot(Timestamp as_of,
                                                                      std::string_view position) {
  return reader_.ordered_snapshot(spec_.id, Stream::kRows, as_of, position);
}

Result<std::optional<uint64_t>> CollectionStream::row_count(Timestamp as_of) {
  return reader_.row_count(spec_.id, as_of);
}

Result<std::vector<std::string>> CollectionStream::errors_at(Timestamp time) {
  ASSIGN_OR_RETURN(auto rows, reader_.ordered_snapshot(spec_.id, Stream::kErrors, time, ""));
  std::vector<std::string> out;
  while (out.size() < kErrorsShown) {
    ASSIGN_OR_RETURN(auto chunk, rows->next());
    if (!chunk) break;
    const data::DeltaBatch& batch = *chunk->rows;
    for (size_t row = 0; row < batch.size() && out.size() < kErrorsShown; ++row) {
      out.emplace_back(batch.column(0).bytes(row));
    }
  }
  return out;
}

Result<data::TickRead> CollectionStream::ticks(Timestamp from, size_t limit_bytes,
                                               std::chrono::microseconds wait) {
  if (!durability_.wait_logged_upper(spec_.timeline, from, wait)) {
    if (auto failure = durability_.failure()) return fail(*failure);
    return data::TickRead{.ticks = {}, .next = from, .large_tick = std::nullopt};
  }
  Timestamp until = durability_.logged_upper(spec_.timeline);
  return reader_.ticks(spec_.id, from, until, limit_bytes);
}

Result<std::unique_ptr<data::OrderedRows>> CollectionStream::tick_rows(Timestamp time,
                                                                       std::string_view position) {
  return reader_.net_change(spec_.id, Stream::kRows, time.previous(), time, position);
}

Result<std::unique_ptr<data::OrderedRows>> CollectionStream::net_change(Timestamp after,
                                                                        Timestamp until,
                                                                        std::string_view position) {
  return reader_.net_change(spec_.id, Stream::kRows, after, until, position);
}

Timestamp CollectionStream::durable() const {
  return durability_.durable(spec_.timeline);
}

bool CollectionStream::wait_durable(Timestamp time, std::chrono::microseconds wait) {
  return durability_.wait_durable(spec_.timeline, time, wait);
}

}  // namespace penstock::storage
