// Statuses as JSON in the meta store: status/{object} -> [{"at":µs,"status":..,"error":..,
// "details":".."}, ...], the newest last. Of sinks that are gone only the latest are kept.
#include "coordinator/outside/status_keeper.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/system_parameters.h"

namespace penstock::coordinator {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kPrefix = "status/";
constexpr std::chrono::seconds kWriteEvery{1};
constexpr size_t kDroppedKept = 100;

std::string key_of(ObjectId object) {
  return std::string(kPrefix) + std::to_string(object.value);
}

std::string encode(const std::vector<StatusEntry>& entries) {
  Json out = Json::array();
  for (const StatusEntry& entry : entries) {
    Json json = {{"at", entry.occurred_at_us}, {"status", entry.status}};
    if (entry.error) json["error"] = *entry.error;
    if (entry.details_json) json["details"] = *entry.details_json;
    out.push_back(std::move(json));
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Empty: it is not readable.
std::vector<StatusEntry> decode(ObjectId object, const std::string& bytes) {
  std::vector<StatusEntry> out;
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_array()) return {};
  auto text = [](const Json& of, const char* name) -> std::optional<std::string> {
    auto found = of.find(name);
    if (found == of.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  for (const Json& each : json) {
    if (!each.is_object() || !each.contains("at") || !each["at"].is_number_unsigned()) return {};
    out.push_back({object, each["at"].get<uint64_t>(), text(each, "status").value_or(""),
                   text(each, "error"), text(each, "details")});
  }
  return out;
}

std::optional<ObjectId> object_of(std::string_view key) {
  key.remove_prefix(kPrefix.size());
  uint64_t id = 0;
  auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return ObjectId{id};
}

using Kept = std::vector<std::pair<std::string, std::vector<StatusEntry>>>;

// Takes those out that are too many, by when they were dropped; their keys.
std::vector<std::string> forget_oldest(Kept& dropped) {
  std::ranges::sort(dropped, {}, [](const auto& one) { return one.second.back().occurred_at_us; });
  std::vector<std::string> out;
  while (dropped.size() > kDroppedKept) {
    out.push_back(std::move(dropped.front().first));
    dropped.erase(dropped.begin());
  }
  return out;
}

}  // namespace

Status StatusKeeper::restore() {
  CatalogSnapshot catalog = catalog_();
  const size_t most = value_of(kKeptSinkStatuses, *catalog);
  ASSIGN_OR_RETURN(auto stored, storage_.meta().scan(kPrefix));
  Kept present;
  Kept dropped;
  std::vector<std::string> forgotten;
  for (const auto& [key, bytes] : stored) {
    std::optional<ObjectId> object = object_of(key);
    std::vector<StatusEntry> entries = object ? decode(*object, bytes) : std::vector<StatusEntry>();
    if (entries.size() > most)
      entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(most));
    if (!entries.empty() && catalog->item(*object)) {
      present.emplace_back(key, std::move(entries));
    } else if (!entries.empty() && entries.back().status == "dropped") {
      dropped.emplace_back(key, std::move(entries));
    } else {
      forgotten.push_back(key);
    }
  }
  std::ranges::move(forget_oldest(dropped), std::back_inserter(forgotten));
  for (const Kept* kept : {&present, &dropped}) {
    for (const auto& [key, entries] : *kept) statuses_.restore(entries);
  }
  storage::Changes changes;
  for (const std::string& key : forgotten) changes.meta.push_back({key, std::nullopt});
  if (changes.meta.empty()) return {};
  RETURN_IF_ERROR(storage_.writer().append_changes(changes, storage::SyncUrgency::kWithNext));
  return {};
}

Status StatusKeeper::write() {
  const size_t most = value_of(kKeptSinkStatuses, *catalog_());
  storage::Changes changes;
  for (const auto& [object, entries] : statuses_.take_changed(most)) {
    changes.meta.push_back({key_of(object), encode(entries)});
  }
  if (changes.meta.empty()) return {};
  RETURN_IF_ERROR(storage_.writer().append_changes(changes, storage::SyncUrgency::kWithNext));
  return {};
}

void StatusKeeper::write_or_log() {
  Status written = write();
  if (!written) {
    log_error("coordinator", "statuses could not be written", {{"error", written.error().message}});
  }
}

Status StatusKeeper::start() {
  RETURN_IF_ERROR(restore());
  thread_ = std::thread([this] {
    name_this_thread("statuses");
    while (!stop_.wait_for(kWriteEvery)) write_or_log();
  });
  return {};
}

void StatusKeeper::stop() {
  stop_.stop();
  if (!thread_.joinable()) return;
  thread_.join();
  write_or_log();
}

}  // namespace penstock::coordinator
