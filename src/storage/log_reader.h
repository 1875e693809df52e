// CollectionReader over the database.
#pragma once

#include <functional>

#include "storage/collection_reader.h"
#include "storage/entry_source.h"
#include "storage/log_durability.h"
#include "storage/store_state.h"

namespace penstock::storage {

class LogReader : public CollectionReader {
 public:
  LogReader(const Database& database, StoreState& state, const LogDurability& durability)
      : database_(database), state_(state), durability_(durability) {}

  Result<CollectionInfo> info(CollectionId collection) const override;
  std::vector<CollectionInfo> all() const override;
  Result<Backlog> backlog(CollectionId collection, Timestamp time) const override;
  Result<std::optional<uint64_t>> row_count(CollectionId collection, Timestamp time) const override;
  Result<std::unique_ptr<UnorderedRows>> snapshot(CollectionId collection, Stream stream,
                                                  Timestamp time) const override;
  Result<std::unique_ptr<data::OrderedRows>> ordered_snapshot(
      CollectionId collection, Stream stream, Timestamp time,
      std::string_view position) const override;
  Result<data::TickRead> ticks(CollectionId collection, Timestamp from, Timestamp until,
                               size_t limit_bytes) const override;
  Result<std::unique_ptr<data::OrderedRows>> net_change(CollectionId collection, Stream stream,
                                                        Timestamp after, Timestamp until,
                                                        std::string_view position) const override;
  // Everything up to `time`, as it is stored. For who folds: nobody else knows that nothing was
  // folded after `time` while since is not.
  Result<std::unique_ptr<EntrySource>> entries_until(CollectionId collection, Stream stream,
                                                     Timestamp time, Timestamp since) const;

 private:
  struct View;  // What one read sees.
  CollectionInfo info_of(const CollectionState& collection) const;
  // A database snapshot in which nothing after `since_at_most` is folded and everything at or
  // before `time` is there.
  Result<View> open(CollectionId collection, Stream stream, Timestamp since_at_most,
                    Timestamp time) const;
  // For what is there at `time` itself, which has to be offered.
  Result<View> open_at(CollectionId collection, Stream stream, Timestamp time) const;
  using Sources = std::vector<std::unique_ptr<EntrySource>>;
  Status add_log_sources(const View& view, TimeRange times, std::string_view position,
                         Sources& sources) const;
  Result<Sources> sources_at(const View& view, Timestamp time, std::string_view position) const;

  const Database& database_;
  StoreState& state_;
  const LogDurability& durability_;
};

// Visits the log's values of one z-set that may hold updates in `times`, in order of time, until
// the visitor fails. `start` is at or before the last time of the first of them.
struct LogValue {
  TickKey key;
  std::string_view value;
  std::optional<PartEntry> part;
};
Status for_each_log_value(const Database& database, const DatabaseSnapshotRef& snapshot,
                          CollectionId collection, Stream stream, TimeRange times,
                          const std::function<Status(const LogValue&)>& visit);

}  // namespace penstock::storage
