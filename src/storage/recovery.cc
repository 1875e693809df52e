// Opening a directory: everything in memory is found again in the database, what no tick published
// is discarded, what was found is synced (rule D3), and a life begins (rule K2).
#include <algorithm>
#include <cstdlib>
#include <random>
#include <string_view>

#include "base/bytes_io.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "storage/directory_storage.h"
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

std::array<char, 16> random_id() {
  std::random_device device;
  std::array<char, 16> id;
  for (char& byte : id) byte = static_cast<char>(device());
  return id;
}

std::string encode_life(const Life& life) {
  std::string out(life.id.data(), life.id.size());
  put_varint(out, life.found.ms);
  return out;
}

bool test_asks(const char* name) {
  const char* variable = std::getenv(name);
  return variable != nullptr && std::string_view(variable) == "1";
}

bool loses_unsynced(const StorageOptions& options) {
  return options.lose_unsynced || test_asks("PENSTOCK_TEST_UNSYNCED_LOSS");
}

MaintenancePolicy policy_of(const StorageOptions& options) {
  MaintenancePolicy policy = options.maintenance;
  if (test_asks("PENSTOCK_TEST_EAGER_MAINTENANCE")) {
    policy.fold_entries = 32;
    policy.merge_entries = 128;
    policy.base_bytes = 16 << 10;
  }
  return policy;
}

}  // namespace

std::string Life::text() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char byte : id) {
    out.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
  return out;
}

Result<std::unique_ptr<Storage>> Storage::open(const StorageOptions& options) {
  ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::acquire(options.directory));
  ASSIGN_OR_RETURN(auto database, Database::open({.directory = options.directory + "/db",
                                                  .memory_bytes = options.memory_bytes,
                                                  .lose_unsynced = loses_unsynced(options)}));
  StorageOptions used = options;
  used.maintenance = policy_of(options);
  auto storage = std::make_unique<DirectoryStorage>(used, std::move(lock), std::move(database));
  RETURN_IF_ERROR(storage->recover());
  return storage;
}

Status DirectoryStorage::recover() {
  RETURN_IF_ERROR(check_format());
  RETURN_IF_ERROR(load_collections());
  RETURN_IF_ERROR(load_times());
  RETURN_IF_ERROR(load_skipped());
  RETURN_IF_ERROR(load_holds());
  RETURN_IF_ERROR(load_log());
  RETURN_IF_ERROR(begin_life());
  // Covers what was found, too: the machine may have survived the process that wrote it.
  RETURN_IF_ERROR(durability_.sync_now());
  failpoint("storage.life_stored");
  look_at_disk();
  if (options_.background) durability_.start();
  return {};
}

Status DirectoryStorage::check_format() {
  ASSIGN_OR_RETURN(auto value, database_->get(nullptr, Family::kMeta, meta_key::kFormat));
  if (!value) {
    WriteBatch batch;
    std::string version;
    put_varint(version, kFormatVersion);
    batch.put(Family::kMeta, meta_key::kFormat, version);
    RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kSoon));
    return {};
  }
  ByteReader reader(*value);
  uint64_t version = reader.varint();
  if (reader.failed() || version != kFormatVersion) {
    return fail(Error(sql_state::kObjectNotInState,
                      "data directory \"" + options_.directory + "\" has storage format " +
                          std::to_string(version) + ", this version reads " +
                          std::to_string(kFormatVersion))
                    .with_hint("Use the version that wrote the directory, or a newer one."));
  }
  return {};
}

Status DirectoryStorage::load_collections() {
  Cursor cursor =
      database_->cursor(nullptr, Family::kMeta, meta_key::kSpecs, after_prefix(meta_key::kSpecs));
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    std::optional<CollectionSpec> spec = decode_spec(cursor.value());
    if (!spec) return fail(damaged_error("the description of a collection"));
    state_.add(*spec);
  }
  RETURN_IF_ERROR(cursor.status());
  for (auto& [id, collection] : state_.collections) {
    ASSIGN_OR_RETURN(auto since, database_->get(nullptr, Family::kMeta, meta_key::since(id)));
    if (since) collection.since = decode_time(*since).value_or(Timestamp::min());
    ASSIGN_OR_RETURN(auto publication,
                     database_->get(nullptr, Family::kMeta, meta_key::publication(id)));
    if (publication) collection.publication = decode_time(*publication);
    ASSIGN_OR_RETURN(auto hash, database_->get(nullptr, Family::kMeta, meta_key::hash(id)));
    if (!hash) continue;
    CollectionSum sum = decode_sum(*hash).value_or(CollectionSum());
    collection.hash = sum.hash;
    // At which time it became so is not known, but it is so at the last one; see load_times().
    sum.rows ? collection.rows.set(Timestamp::min(), *sum.rows) : collection.rows.clear();
  }
  return {};
}

Status DirectoryStorage::load_times() {
  Cursor cursor =
      database_->cursor(nullptr, Family::kMeta, meta_key::kUppers, after_prefix(meta_key::kUppers));
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    Timeline timeline{big_endian_at(cursor.key(), meta_key::kUppers.size())};
    std::optional<Timestamp> upper = decode_time(cursor.value());
    if (!upper) return fail(damaged_error("an upper"));
    durability_.restore(timeline, *upper);
  }
  RETURN_IF_ERROR(cursor.status());
  for (auto& [id, collection] : state_.collections) {
    Timestamp upper = durability_.logged_upper(collection.spec.timeline);
    std::optional<int64_t> rows = collection.rows.latest();
    if (rows && upper.ms > 0) collection.rows.set(upper.previous(), *rows);
  }
  ASSIGN_OR_RETURN(auto bound, database_->get(nullptr, Family::kMeta, meta_key::kBound));
  if (bound) state_.time_bound = decode_time(*bound).value_or(Timestamp::min());
  return {};
}

// What nobody can read any more because `since` has passed it is forgotten.
Status DirectoryStorage::load_skipped() {
  Cursor cursor = database_->cursor(nullptr, Family::kMeta, meta_key::kSkipped,
                                    after_prefix(meta_key::kSkipped));
  WriteBatch batch;
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    Timeline timeline{big_endian_at(cursor.key(), meta_key::kSkipped.size())};
    Timestamp from{big_endian_at(cursor.key(), meta_key::kSkipped.size() + 8)};
    std::optional<Timestamp> until = decode_time(cursor.value());
    if (!until) return fail(damaged_error("a skipped time"));
    bool past = std::ranges::all_of(state_.collections, [&](const auto& entry) {
      return entry.second.spec.timeline != timeline || entry.second.since >= *until;
    });
    if (past) {
      batch.remove(Family::kMeta, cursor.key());
    } else {
      durability_.restore_skipped(timeline, from, *until);
    }
  }
  RETURN_IF_ERROR(cursor.status());
  if (batch.empty()) return {};
  RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kWithNext));
  return {};
}

Status DirectoryStorage::load_holds() {
  Cursor cursor =
      database_->cursor(nullptr, Family::kMeta, meta_key::kHolds, after_prefix(meta_key::kHolds));
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    std::string_view key = cursor.key();
    std::optional<Timestamp> time = decode_time(cursor.value());
    if (!time) return fail(damaged_error("a hold"));
    state_.set_durable_hold(std::string(key.substr(meta_key::kHolds.size() + 8)),
                            CollectionId{big_endian_at(key, meta_key::kHolds.size())}, *time);
  }
  return cursor.status();
}

Status DirectoryStorage::load_log() {
  std::vector<uint64_t> published;
  for (auto& [id, collection] : state_.collections) {
    for (Stream stream : {Stream::kRows, Stream::kErrors}) {
      StreamState& state = collection.stream(stream);
      auto add = [&](const LogValue& value) -> Status {
        LogEntry entry;
        entry.last = value.key.last;
        entry.first = value.part ? value.part->first : entry.last;
        entry.ordinal = value.key.ordinal;
        entry.part = value.part;
        entry.updates = value.part ? value.part->updates : BlockReader::count_entries(value.value);
        entry.bytes = value.part ? value.part->bytes : value.value.size();
        if (value.part) published.push_back(value.part->part);
        if (!value.part || !value.part->base) state.log_bytes += entry.bytes;
        state.last_change = entry.last;
        state.log.push_back(std::move(entry));
        return {};
      };
      RETURN_IF_ERROR(for_each_log_value(*database_, nullptr, id, stream,
                                         {Timestamp::min(), Timestamp::max()}, add));
      std::string rows = stream_prefix(id, stream);
      state.rows_bytes = database_->size_bytes(Family::kRows, rows, after_prefix(rows));
    }
  }
  std::sort(published.begin(), published.end());
  return discard_unpublished(published);
}

Status DirectoryStorage::discard_unpublished(const std::vector<uint64_t>& published) {
  Cursor cursor = database_->cursor(nullptr, Family::kLog, all_parts_begin(), all_parts_end());
  WriteBatch batch;
  cursor.seek_to_first();
  while (cursor.valid()) {
    uint64_t part = big_endian_at(cursor.key(), 1);
    state_.next_part = std::max(state_.next_part, part + 1);
    if (!std::binary_search(published.begin(), published.end(), part)) remove_part(part, batch);
    cursor.seek(part_key(part + 1, 0));
  }
  RETURN_IF_ERROR(cursor.status());
  if (batch.empty()) return {};
  RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kWithNext));
  return {};
}

Status DirectoryStorage::begin_life() {
  Cursor cursor =
      database_->cursor(nullptr, Family::kMeta, meta_key::kLives, after_prefix(meta_key::kLives));
  uint64_t number = 1;
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    ByteReader reader(cursor.value());
    Life life;
    std::string_view id = reader.bytes(life.id.size());
    life.found = Timestamp{reader.varint()};
    if (reader.failed()) return fail(damaged_error("the record of a life"));
    std::copy(id.begin(), id.end(), life.id.begin());
    lives_.push_back(life);
    life_numbers_.push_back(big_endian_at(cursor.key(), meta_key::kLives.size()));
    number = life_numbers_.back() + 1;
  }
  RETURN_IF_ERROR(cursor.status());
  Timestamp upper = durability_.greatest_upper();
  Life life{.id = random_id(), .found = upper.ms == 0 ? upper : upper.previous()};
  WriteBatch batch;
  batch.put(Family::kMeta, meta_key::life(number), encode_life(life));
  RETURN_IF_ERROR(writer_.append(batch, SyncUrgency::kSoon));
  lives_.push_back(life);
  life_numbers_.push_back(number);
  log_info("storage", "a life begins",
           {{"directory", options_.directory},
            {"life", life.text()},
            {"found", std::to_string(life.found.ms)}});
  return {};
}

}  // namespace penstock::storage
