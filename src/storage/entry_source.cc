// The sources and a binary heap over them.
#include "storage/entry_source.h"

#include <algorithm>

namespace penstock::storage {

namespace {

class RowsSource : public EntrySource {
 public:
  RowsSource(Cursor cursor, std::string_view stream_prefix, std::string_view position)
      : cursor_(std::move(cursor)), prefix_(stream_prefix), position_(position) {}

  Result<bool> next() override {
    if (!started_) {
      started_ = true;
      cursor_.seek(prefix_ + position_);
      if (cursor_.valid() && !position_.empty() && sort_key() == position_) cursor_.next();
    } else {
      cursor_.next();
    }
    if (!cursor_.valid()) {
      RETURN_IF_ERROR(cursor_.status());
      return false;
    }
    WeightedValue value = decode_weight(cursor_.value());
    entry_ = {sort_key(), value.payload, value.weight, Timestamp::min()};
    return true;
  }
  const Entry& entry() const override { return entry_; }
  bool distinct() const override { return true; }

 private:
  std::string_view sort_key() const { return cursor_.key().substr(prefix_.size()); }

  Cursor cursor_;
  std::string prefix_;
  std::string position_;
  bool started_ = false;
  Entry entry_;
};

// Blocks under consecutive keys, got one at a time: a cursor would keep a block of every file of
// the database in memory, and there may be hundreds of sources.
class BlockSource : public EntrySource {
 public:
  // Keys are `prefix` and the block's number, which is in [first, end).
  struct Blocks {
    std::string prefix;
    uint32_t first = 0;
    uint32_t end = 0;
    Timestamp time;  // Of blocks that are not timed.
    bool timed = false;
  };
  BlockSource(const Database& database, const DatabaseSnapshotRef& snapshot, Blocks blocks,
              TimeRange times, std::string_view position)
      : database_(database),
        snapshot_(snapshot),
        blocks_(std::move(blocks)),
        times_(times),
        position_(position),
        reader_("", Timestamp::min()) {}

  // Finds the last block that begins at or before the position.
  Status open() {
    uint32_t low = blocks_.first;
    uint32_t high = blocks_.end;
    while (!position_.empty() && high - low > 1) {
      uint32_t middle = low + (high - low) / 2;
      RETURN_IF_ERROR(load(middle));
      BlockReader reader(block_, blocks_.time);
      if (!reader.next()) return fail(damaged_error("a block"));
      (reader.entry().sort_key <= position_ ? low : high) = middle;
    }
    next_block_ = low;
    return {};
  }

  Result<bool> next() override {
    while (true) {
      while (reader_.next()) {
        const Entry& entry = reader_.entry();
        if (times_.contains(entry.time) && entry.sort_key > position_) return true;
      }
      if (reader_.damaged() && loaded_) return fail(damaged_error("a block"));
      if (next_block_ >= blocks_.end) return false;
      RETURN_IF_ERROR(load(next_block_++));
      reader_ = BlockReader(block_, blocks_.time);
      loaded_ = true;
    }
  }
  const Entry& entry() const override { return reader_.entry(); }
  bool distinct() const override { return !blocks_.timed; }

 private:
  static std::string numbered(std::string key, uint32_t block) {
    put_big_endian32(key, block);
    return key;
  }
  Status load(uint32_t block) {
    ASSIGN_OR_RETURN(auto found,
                     database_.get(snapshot_, Family::kLog, numbered(blocks_.prefix, block)));
    if (!found) return fail(damaged_error("a part"));
    block_ = std::move(*found);
    return {};
  }

  const Database& database_;
  DatabaseSnapshotRef snapshot_;
  Blocks blocks_;
  TimeRange times_;
  std::string position_;
  uint32_t next_block_ = 0;
  bool loaded_ = false;
  std::string block_;
  BlockReader reader_;
};

class RunSource : public EntrySource {
 public:
  RunSource(std::unique_ptr<RunBuilder> run, std::string_view position) : run_(std::move(run)) {
    std::string after(position);
    run_->for_each([&](const Entry& entry) {
      if (entry.sort_key > after) entries_.push_back(entry);
    });
  }
  Result<bool> next() override {
    if (next_ == entries_.size()) return false;
    ++next_;
    return true;
  }
  const Entry& entry() const override { return entries_[next_ - 1]; }
  bool distinct() const override { return true; }

 private:
  std::unique_ptr<RunBuilder> run_;
  std::vector<Entry> entries_;
  size_t next_ = 0;
};

class MergedEntries : public EntrySource {
 public:
  explicit MergedEntries(std::vector<std::unique_ptr<EntrySource>> sources)
      : sources_(std::move(sources)) {}

  Result<bool> next() override {
    if (!started_) {
      RETURN_IF_ERROR(start());
    } else if (lent_) {
      RETURN_IF_ERROR(step());
    }
    while (!heap_.empty()) {
      // Alone, a source's entries pass as they are: most of a large collection lies in one place.
      lent_ = heap_.size() == 1 && sources_[heap_.front().source]->distinct();
      if (lent_) {
        entry_ = sources_[heap_.front().source]->entry();
      } else {
        RETURN_IF_ERROR(add_up());
      }
      entry_.time = Timestamp::min();
      if (entry_.weight != 0) return true;
      if (lent_) RETURN_IF_ERROR(step());
    }
    lent_ = false;
    return false;
  }
  const Entry& entry() const override { return entry_; }
  bool distinct() const override { return true; }

 private:
  struct Head {
    std::string_view sort_key;  // Of the source's entry.
    size_t source = 0;
  };
  static bool later(const Head& a, const Head& b) { return a.sort_key > b.sort_key; }

  Status start() {
    started_ = true;
    for (size_t i = 0; i < sources_.size(); ++i) {
      ASSIGN_OR_RETURN(bool more, sources_[i]->next());
      if (more) heap_.push_back({sources_[i]->entry().sort_key, i});
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
    return {};
  }

  // The entry of the least sort key, over all sources that have it.
  Status add_up() {
    const Entry& first = sources_[heap_.front().source]->entry();
    sort_key_ = first.sort_key;
    payload_ = first.payload;
    int64_t weight = 0;
    while (!heap_.empty() && heap_.front().sort_key == sort_key_) {
      weight += sources_[heap_.front().source]->entry().weight;
      RETURN_IF_ERROR(step());
    }
    entry_ = {sort_key_, payload_, weight, Timestamp::min()};
    return {};
  }

  // Moves the source on top.
  Status step() {
    EntrySource& source = *sources_[heap_.front().source];
    ASSIGN_OR_RETURN(bool more, source.next());
    if (more) {
      heap_.front().sort_key = source.entry().sort_key;
    } else {
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    sift_down();
    return {};
  }

  // The one on top may have become later than those below.
  void sift_down() {
    size_t at = 0;
    while (true) {
      size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && later(heap_[child], heap_[child + 1])) ++child;
      if (!later(heap_[at], heap_[child])) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  std::vector<std::unique_ptr<EntrySource>> sources_;
  std::vector<Head> heap_;
  bool started_ = false;
  bool lent_ = false;  // The entry is the top source's own, which is moved on by the next step.
  std::string sort_key_;
  std::string payload_;
  Entry entry_;
};

class MergedRows : public data::OrderedRows {
 public:
  MergedRows(std::shared_ptr<const RowFormat> format, std::unique_ptr<EntrySource> entries)
      : format_(std::move(format)), entries_(std::move(entries)), builder_(format_->kinds()) {}

  Result<std::optional<Chunk>> next() override {
    std::string position;
    while (!at_end_ && !builder_.full()) {
      ASSIGN_OR_RETURN(bool more, entries_->next());
      if (!more) {
        at_end_ = true;
        break;
      }
      const Entry& entry = entries_->entry();
      RETURN_IF_ERROR(format_->decode(RowFormat::row_of(entry.sort_key, entry.payload),
                                      entry.weight, builder_));
      position = entry.sort_key;
    }
    if (builder_.empty()) return std::nullopt;
    return Chunk{std::make_shared<const data::DeltaBatch>(builder_.finish()), std::move(position)};
  }

 private:
  std::shared_ptr<const RowFormat> format_;
  std::unique_ptr<EntrySource> entries_;
  bool at_end_ = false;
  data::BatchBuilder builder_;
};

}  // namespace

Error damaged_error(std::string_view what) {
  return Error(sql_state::kIoError, "storage: " + std::string(what) + " is damaged");
}

std::unique_ptr<EntrySource> rows_source(const Database& database,
                                         const DatabaseSnapshotRef& snapshot,
                                         std::string_view stream_prefix,
                                         std::string_view position) {
  return std::make_unique<RowsSource>(
      database.cursor(snapshot, Family::kRows, stream_prefix, after_prefix(stream_prefix)),
      stream_prefix, position);
}

Result<std::unique_ptr<EntrySource>> part_source(const Database& database,
                                                 const DatabaseSnapshotRef& snapshot,
                                                 const PartEntry& part, TimeRange times,
                                                 std::string_view position) {
  BlockSource::Blocks blocks{part_prefix(part.part), part.first_block, part.blocks, part.first,
                             part.timed};
  auto source =
      std::make_unique<BlockSource>(database, snapshot, std::move(blocks), times, position);
  RETURN_IF_ERROR(source->open());
  return source;
}

Result<std::unique_ptr<EntrySource>> tick_source(const Database& database,
                                                 const DatabaseSnapshotRef& snapshot,
                                                 const TickRun& run, std::string_view position) {
  BlockSource::Blocks blocks{tick_prefix(run.collection, run.stream, run.time), run.first, run.end,
                             run.time, false};
  auto source = std::make_unique<BlockSource>(database, snapshot, std::move(blocks),
                                              TimeRange{run.time, run.time}, position);
  RETURN_IF_ERROR(source->open());
  return source;
}

std::unique_ptr<EntrySource> run_source(std::unique_ptr<RunBuilder> run,
                                        std::string_view position) {
  return std::make_unique<RunSource>(std::move(run), position);
}

std::unique_ptr<EntrySource> merge_entries(std::vector<std::unique_ptr<EntrySource>> sources) {
  return std::make_unique<MergedEntries>(std::move(sources));
}

std::unique_ptr<data::OrderedRows> merge_sources(
    std::shared_ptr<const RowFormat> format, std::vector<std::unique_ptr<EntrySource>> sources) {
  return std::make_unique<MergedRows>(std::move(format), merge_entries(std::move(sources)));
}

}  // namespace penstock::storage
