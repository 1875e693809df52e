// RocksDB as the one log and three maps of a data directory. Options are chosen for a small, known
// amount of memory: memtables and block cache share DatabaseOptions::memory_bytes.
#include "storage/rocksdb/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "storage/rocksdb/unsynced_file_system.h"
#include "storage/rocksdb/weight_merge.h"

namespace penstock::storage {

namespace {

Error io_error(const rocksdb::Status& status) {
  SqlState state = status.IsNoSpace() ? sql_state::kDiskFull : sql_state::kIoError;
  return Error(state, "storage: " + status.ToString());
}
Status to_status(const rocksdb::Status& status) {
  if (!status.ok()) return fail(io_error(status));
  return {};
}
rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& text) {
  return {text.data(), text.size()};
}

// Handles by family; ids are fixed by the order of creation, so a batch can be filled without them.
using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilies>;
constexpr const char* kFamilyNames[kFamilies] = {"default", "log", "rows"};

rocksdb::ColumnFamilyOptions family_options(Family family, size_t memory_bytes,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = family == Family::kLog ? 64 << 10 : 16 << 10;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  // Blocks of parts are got by their keys; a file that does not have one need not be read.
  if (family == Family::kLog) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = memory_bytes / (family == Family::kMeta  ? 32
                                              : family == Family::kLog ? 6
                                                                       : 4);
  options.max_write_buffer_number = 3;
  options.arena_block_size = 256 << 10;
  options.compression = rocksdb::kLZ4Compression;
  options.compression_per_level = {rocksdb::kNoCompression,  rocksdb::kLZ4Compression,
                                   rocksdb::kLZ4Compression, rocksdb::kLZ4Compression,
                                   rocksdb::kLZ4Compression, rocksdb::kLZ4Compression,
                                   rocksdb::kLZ4Compression};
  options.target_file_size_base = 32 << 20;
  options.max_bytes_for_level_base = 128 << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = 6;
  // The log is short-lived: rewriting it level by level would be for nothing.
  if (family == Family::kLog) options.compaction_style = rocksdb::kCompactionStyleUniversal;
  if (family == Family::kRows) {
    options.merge_operator = weight_merge_operator();
    options.compaction_filter = zero_weight_filter();
  }
  return options;
}

rocksdb::DBOptions database_options(const DatabaseOptions& options,
                                    const std::shared_ptr<rocksdb::Cache>& cache,
                                    rocksdb::Env* env) {
  rocksdb::DBOptions out;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  out.env = env;
  out.paranoid_checks = true;
  out.max_open_files = 256;
  out.max_background_jobs = 2;
  out.max_total_wal_size = 128 << 20;
  out.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes * 5 / 8, cache);
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  out.avoid_flush_during_shutdown = true;  // What is unlogged and unflushed belongs to nobody.
  out.keep_log_file_num = 2;
  out.max_log_file_size = 4 << 20;
  out.info_log_level = rocksdb::WARN_LEVEL;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.bytes_per_sync = 1 << 20;
  return out;
}

}  // namespace

struct WriteBatch::Inner {
  rocksdb::WriteBatch batch;
};

namespace {

// RocksDB's batch asks a handle for its id and comparator only.
class FamilyStandIn : public rocksdb::ColumnFamilyHandle {
 public:
  explicit FamilyStandIn(Family family) : family_(family) {}
  const std::string& GetName() const override { return name_; }
  uint32_t GetID() const override { return static_cast<uint32_t>(family_); }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor*) override {
    return rocksdb::Status::NotSupported();
  }
  const rocksdb::Comparator* GetComparator() const override {
    return rocksdb::BytewiseComparator();
  }

 private:
  Family family_;
  std::string name_ = kFamilyNames[static_cast<size_t>(family_)];
};

rocksdb::ColumnFamilyHandle* stand_in(Family family) {
  static FamilyStandIn meta(Family::kMeta);
  static FamilyStandIn log(Family::kLog);
  static FamilyStandIn rows(Family::kRows);
  return family == Family::kMeta ? &meta : family == Family::kLog ? &log : &rows;
}

}  // namespace

WriteBatch::WriteBatch() : inner_(std::make_unique<Inner>()) {}
WriteBatch::~WriteBatch() = default;
WriteBatch::WriteBatch(WriteBatch&&) noexcept = default;
WriteBatch& WriteBatch::operator=(WriteBatch&&) noexcept = default;

void WriteBatch::put(Family family, std::string_view key, std::string_view value) {
  inner_->batch.Put(stand_in(family), slice(key), slice(value));
}
void WriteBatch::remove(Family family, std::string_view key) {
  inner_->batch.Delete(stand_in(family), slice(key));
}
void WriteBatch::remove_range(Family family, std::string_view begin, std::string_view end) {
  inner_->batch.DeleteRange(stand_in(family), slice(begin), slice(end));
}
void WriteBatch::add_weight(std::string_view key, int64_t weight, std::string_view payload) {
  inner_->batch.Merge(stand_in(Family::kRows), slice(key), encode_weight(weight, payload));
}
size_t WriteBatch::size_bytes() const {
  return inner_->batch.GetDataSize();
}
bool WriteBatch::empty() const {
  return inner_->batch.Count() == 0;
}
void WriteBatch::clear() {
  inner_->batch.Clear();
}

struct Database::Inner {
  std::unique_ptr<rocksdb::Env> env;  // Only when unsynced writes are to be lost.
  std::unique_ptr<rocksdb::DB> db;
  Handles handles{};

  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles[static_cast<size_t>(family)];
  }
};

class DatabaseSnapshot {
 public:
  explicit DatabaseSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~DatabaseSnapshot() { db_->ReleaseSnapshot(snapshot_); }
  DatabaseSnapshot(const DatabaseSnapshot&) = delete;
  DatabaseSnapshot& operator=(const DatabaseSnapshot&) = delete;
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* db_;
  const rocksdb::Snapshot* snapshot_;
};

struct Cursor::Inner {
  std::string lower;
  std::string upper;
  rocksdb::Slice lower_slice;
  rocksdb::Slice upper_slice;
  DatabaseSnapshotRef snapshot;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

Cursor::Cursor(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;
void Cursor::seek(std::string_view key) {
  inner_->iterator->Seek(slice(key));
}
void Cursor::seek_to_first() {
  inner_->iterator->SeekToFirst();
}
void Cursor::next() {
  inner_->iterator->Next();
}
bool Cursor::valid() const {
  return inner_->iterator->Valid();
}
std::string_view Cursor::key() const {
  return view(inner_->iterator->key());
}
std::string_view Cursor::value() const {
  return view(inner_->iterator->value());
}
Status Cursor::status() const {
  return to_status(inner_->iterator->status());
}

Database::Database(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  auto inner = std::make_unique<Inner>();
  rocksdb::Env* env = rocksdb::Env::Default();
  if (options.lose_unsynced) {
    inner->env = rocksdb::NewCompositeEnv(unsynced_file_system(rocksdb::FileSystem::Default()));
    env = inner->env.get();
  }
  std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.memory_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (size_t i = 0; i < kFamilies; ++i) {
    families.emplace_back(kFamilyNames[i],
                          family_options(static_cast<Family>(i), options.memory_bytes, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(database_options(options, cache, env),
                                             options.directory, families, &handles, &db);
  if (!status.ok()) return fail(io_error(status));
  inner->db.reset(db);
  for (size_t i = 0; i < kFamilies; ++i) {
    inner->handles[i] = handles[i];
    CHECK_OP(==, handles[i]->GetID(), static_cast<uint32_t>(i));
  }
  return std::unique_ptr<Database>(new Database(std::move(inner)));
}

Database::~Database() {
  rocksdb::CancelAllBackgroundWork(inner_->db.get(), true);
  for (rocksdb::ColumnFamilyHandle* handle : inner_->handles) {
    inner_->db->DestroyColumnFamilyHandle(handle);
  }
  inner_->db->Close();
}

Status Database::write(WriteBatch& batch) {
  return to_status(inner_->db->Write(rocksdb::WriteOptions(), &batch.inner_->batch));
}

Status Database::write_unlogged(WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return to_status(inner_->db->Write(options, &batch.inner_->batch));
}

Status Database::flush(Family family) {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  return to_status(inner_->db->Flush(options, inner_->handle(family)));
}

Status Database::sync() {
  return to_status(inner_->db->SyncWAL());
}

DatabaseSnapshotRef Database::snapshot() const {
  return std::make_shared<const DatabaseSnapshot>(inner_->db.get());
}

Result<std::optional<std::string>> Database::get(const DatabaseSnapshotRef& snapshot, Family family,
                                                 std::string_view key) const {
  rocksdb::ReadOptions options;
  if (snapshot) options.snapshot = snapshot->get();
  options.fill_cache = family != Family::kLog;  // Its blocks are read once.
  std::string value;
  rocksdb::Status status = inner_->db->Get(options, inner_->handle(family), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail(io_error(status));
  return value;
}

Cursor Database::cursor(const DatabaseSnapshotRef& snapshot, Family family, std::string_view lower,
                        std::string_view upper) const {
  auto inner = std::make_unique<Cursor::Inner>();
  inner->lower = lower;
  inner->upper = upper;
  inner->lower_slice = inner->lower;
  inner->upper_slice = inner->upper;
  inner->snapshot = snapshot;
  rocksdb::ReadOptions options;
  if (snapshot) options.snapshot = snapshot->get();
  options.fill_cache = false;
  options.iterate_lower_bound = &inner->lower_slice;
  options.iterate_upper_bound = &inner->upper_slice;
  inner->iterator.reset(inner_->db->NewIterator(options, inner_->handle(family)));
  return Cursor(std::move(inner));
}

Status Database::compact(Family family, std::string_view begin, std::string_view end) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  rocksdb::Slice from = slice(begin);
  rocksdb::Slice to = slice(end);
  return to_status(inner_->db->CompactRange(options, inner_->handle(family), &from, &to));
}

uint64_t Database::size_bytes(Family family, std::string_view begin, std::string_view end) const {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  rocksdb::Range range(slice(begin), slice(end));
  uint64_t size = 0;
  inner_->db->GetApproximateSizes(options, inner_->handle(family), &range, 1, &size);
  return size;
}

}  // namespace penstock::storage
