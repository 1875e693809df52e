// What a directory is made of at run time.
#include "storage/directory_storage.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"
#include "storage/collection_stream.h"
#include "storage/part_staging.h"

namespace penstock::storage {

namespace {

constexpr std::chrono::milliseconds kMaintenancePause(20);
constexpr int kTurnsBetweenDiskLooks = 50;

}  // namespace

Result<std::optional<std::string>> DatabaseMetaStore::get(std::string_view key) const {
  return database_.get(nullptr, Family::kMeta, meta_key::user(key));
}

Result<std::vector<std::pair<std::string, std::string>>> DatabaseMetaStore::scan(
    std::string_view prefix) const {
  std::string lower = meta_key::user(prefix);
  Cursor cursor = database_.cursor(nullptr, Family::kMeta, lower, after_prefix(lower));
  std::vector<std::pair<std::string, std::string>> out;
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    out.emplace_back(cursor.key().substr(1), cursor.value());
  }
  RETURN_IF_ERROR(cursor.status());
  return out;
}

std::string binding_key(uint64_t source) {
  return "binding/" + std::to_string(source);
}

DirectoryStorage::DirectoryStorage(const StorageOptions& options, DirectoryLock lock,
                                   std::unique_ptr<Database> database)
    : options_(options),
      lock_(std::move(lock)),
      database_(std::move(database)),
      durability_(*database_),
      writer_(*database_, state_, durability_, rewriting_),
      reader_(*database_, state_, durability_),
      holds_(state_),
      meta_(*database_),
      maintenance_(*database_, state_, durability_, reader_, rewriting_) {}

DirectoryStorage::~DirectoryStorage() {
  stop_maintenance();
  durability_.stop();
  if (options_.sync_on_close && !durability_.failure()) static_cast<void>(durability_.sync_now());
}

Result<std::unique_ptr<StagingWriter>> DirectoryStorage::stage(CollectionId collection) {
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  return std::make_unique<PartStaging>(*database_, state_, *known);
}

Status DirectoryStorage::discard(const StagedParts& parts) {
  WriteBatch batch;
  for (const PartRef& part : parts.parts) remove_part(part.id, batch);
  RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kWithNext));
  return {};
}

Result<std::unique_ptr<data::OrderedRows>> DirectoryStorage::staged_rows(const StagedParts& parts,
                                                                         Stream stream) const {
  std::shared_ptr<const RowFormat> format;
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(parts.collection);
    if (known == nullptr) return fail(no_such_collection(parts.collection));
    format = known->format(stream);
  }
  DatabaseSnapshotRef snapshot = database_->snapshot();
  std::vector<std::unique_ptr<EntrySource>> sources;
  for (const PartRef& part : parts.parts) {
    if (part.errors != (stream == Stream::kErrors)) continue;
    PartEntry entry{.first = Timestamp::min(),
                    .part = part.id,
                    .first_block = 0,
                    .blocks = part.blocks,
                    .updates = part.updates,
                    .bytes = part.bytes,
                    .timed = false};
    ASSIGN_OR_RETURN(
        std::unique_ptr<EntrySource> source,
        part_source(*database_, snapshot, entry, {Timestamp::min(), Timestamp::max()}, ""));
    sources.push_back(std::move(source));
  }
  return merge_sources(std::move(format), std::move(sources));
}

Result<std::unique_ptr<data::UpdateStream>> DirectoryStorage::open_stream(CollectionId collection) {
  ASSIGN_OR_RETURN(CollectionInfo info, reader_.info(collection));
  return std::make_unique<CollectionStream>(reader_, durability_, std::move(info.spec));
}

std::vector<Life> DirectoryStorage::lives() const {
  std::lock_guard lock(lives_mutex_);
  return lives_;
}

Status DirectoryStorage::forget_lives_before(const std::array<char, 16>& oldest_needed) {
  std::lock_guard lock(lives_mutex_);
  auto needed = std::find_if(lives_.begin(), lives_.end(),
                             [&](const Life& life) { return life.id == oldest_needed; });
  if (needed == lives_.begin() || needed == lives_.end()) return {};
  auto count = needed - lives_.begin();
  WriteBatch batch;
  for (auto i = life_numbers_.begin(); i != life_numbers_.begin() + count; ++i) {
    batch.remove(Family::kMeta, meta_key::life(*i));
  }
  RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kWithNext));
  lives_.erase(lives_.begin(), needed);
  life_numbers_.erase(life_numbers_.begin(), life_numbers_.begin() + count);
  return {};
}

void DirectoryStorage::start_maintenance() {
  if (options_.background && !maintenance_thread_.joinable()) {
    maintenance_thread_ = std::thread([this] { run_maintenance(); });
  }
}

void DirectoryStorage::stop_maintenance() {
  stop_.stop();
  if (maintenance_thread_.joinable()) maintenance_thread_.join();
}

Result<bool> DirectoryStorage::maintain() {
  look_at_disk();
  return maintenance_.run(options_.maintenance, true);
}

void DirectoryStorage::run_maintenance() {
  name_this_thread("maintenance");
  int turns = 0;
  while (!stop_.stopped() && !durability_.failure()) {
    if (turns++ % kTurnsBetweenDiskLooks == 0) look_at_disk();
    Result<bool> done = maintenance_.run(options_.maintenance, false);
    if (!done) {
      log_error("storage", "could not fold the log", {{"error", done.error().message}});
      stop_.wait_for(std::chrono::seconds(1));
    } else if (!*done) {
      stop_.wait_for(kMaintenancePause);
    }
  }
}

void DirectoryStorage::look_at_disk() {
  static Gauge& free_share = metric_gauge("penstock_storage_free_disk_ratio",
                                          "Share of the data directory's disk that is free.", {});
  struct statvfs disk{};
  if (statvfs(options_.directory.c_str(), &disk) != 0 || disk.f_blocks == 0) return;
  double share = static_cast<double>(disk.f_bavail) / static_cast<double>(disk.f_blocks);
  free_share.set(share);
  bool low = share < options_.min_free_disk;
  if (low != disk_low_.exchange(low)) {
    if (low) {
      log_warn("storage", "the disk is nearly full: ingestion pauses",
               {{"directory", options_.directory}});
    } else {
      log_info("storage", "the disk has room again", {{"directory", options_.directory}});
    }
  }
}

}  // namespace penstock::storage
