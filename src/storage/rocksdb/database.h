// The seam to RocksDB: three ordered byte maps with atomic batches, one log, snapshots and an
// explicit sync. Nothing above it knows which engine this is, and nothing here knows what is
// stored.
//
// Families: kMeta small facts; kLog the parts; kRows sort key → weight, where add_weight() adds up
// and what sums to zero disappears. Thread-safe, except that a WriteBatch and a Cursor belong to
// one thread. An error of write() or sync() means the log's end is unknown: the process must end.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::storage {

enum class Family : uint8_t { kMeta, kLog, kRows };
inline constexpr size_t kFamilies = 3;

class WriteBatch {
 public:
  WriteBatch();
  ~WriteBatch();
  WriteBatch(WriteBatch&&) noexcept;
  WriteBatch& operator=(WriteBatch&&) noexcept;

  void put(Family family, std::string_view key, std::string_view value);
  void remove(Family family, std::string_view key);
  // Everything in [begin, end).
  void remove_range(Family family, std::string_view begin, std::string_view end);
  // Adds to the weight of a row; `payload` belongs to the key (the same in every call).
  void add_weight(std::string_view key, int64_t weight, std::string_view payload);
  size_t size_bytes() const;
  bool empty() const;
  void clear();

 private:
  friend class Database;
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

// A value of kRows. Zero is as good as absent.
struct WeightedValue {
  int64_t weight = 0;
  std::string_view payload;
};
WeightedValue decode_weight(std::string_view value);

// The database as it was at one moment. Must go before the Database does.
class DatabaseSnapshot;
using DatabaseSnapshotRef = std::shared_ptr<const DatabaseSnapshot>;

// Pairs of [lower, upper) in order. Views live until the cursor moves.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  ~Cursor();
  void seek(std::string_view key);
  void seek_to_first();
  void next();
  bool valid() const;  // False at the end and after an error.
  std::string_view key() const;
  std::string_view value() const;
  Status status() const;

 private:
  friend class Database;
  struct Inner;
  explicit Cursor(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

struct DatabaseOptions {
  std::string directory;
  size_t memory_bytes = 64 << 20;
  bool lose_unsynced = false;
};

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();

  // Atomic; in the log when it returns, not synced.
  Status write(WriteBatch& batch);
  // Not in the log: lost in a crash unless flush() follows. For what nothing refers to yet.
  Status write_unlogged(WriteBatch& batch);
  // Makes unlogged writes to the family durable.
  Status flush(Family family);
  // Everything written before the call survives a crash after it.
  Status sync();

  DatabaseSnapshotRef snapshot() const;
  // `snapshot` may be null: the present.
  Result<std::optional<std::string>> get(const DatabaseSnapshotRef& snapshot, Family family,
                                         std::string_view key) const;
  Cursor cursor(const DatabaseSnapshotRef& snapshot, Family family, std::string_view lower,
                std::string_view upper) const;

  // Rewrites [begin, end) so that what was deleted or sums to zero takes no room.
  Status compact(Family family, std::string_view begin, std::string_view end);
  // Approximate bytes on disk in [begin, end), memtables included.
  uint64_t size_bytes(Family family, std::string_view begin, std::string_view end) const;

 private:
  struct Inner;
  explicit Database(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

}  // namespace penstock::storage
