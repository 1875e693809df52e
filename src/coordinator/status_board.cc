// Status entries by object.
#include "coordinator/status_board.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

using Json = nlohmann::json;

constexpr const char* kDropped = "dropped";

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What others say may be anything.
std::string as_utf8(const std::string& text) {
  return Json::parse(dump(Json(text))).get<std::string>();
}

}  // namespace

void StatusBoard::set(ObjectId object, const std::string& status, const std::string& space,
                      const std::string& said, const std::string& hint) {
  const std::string cause = as_utf8(said);
  StatusEntry entry;
  entry.object = object;
  entry.occurred_at_us = clock_.wall_us();
  entry.status = status;
  if (!cause.empty()) {
    entry.error = space + ": " + cause;
    Json details;
    details["namespaced"] = {{space, cause}};
    details["hints"] = Json::array();
    if (!hint.empty()) details["hints"].push_back(hint);
    entry.details_json = dump(details);
  }
  std::lock_guard lock(mutex_);
  const std::deque<StatusEntry>& entries = entries_[object];
  if (!entries.empty() && entries.back().status == status && entries.back().error == entry.error) {
    return;
  }
  log_info("status", status,
           {{"object", defs::object_id_text(object)}, {"error", entry.error.value_or("")}});
  add(std::move(entry));
}

void StatusBoard::add(StatusEntry entry) {
  changed_.insert(entry.object);
  std::deque<StatusEntry>& entries = entries_[entry.object];
  entries.push_back(std::move(entry));
  if (entries.size() > history_limit_) entries.pop_front();
}

void StatusBoard::drop_sink(ObjectId sink) {
  std::lock_guard lock(mutex_);
  warnings_.erase(sink);
  add({sink, clock_.wall_us(), kDropped, std::nullopt, std::nullopt});
}

bool StatusBoard::is_dropped_sink(ObjectId object) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(object);
  return found != entries_.end() && !found->second.empty() &&
         found->second.back().status == kDropped;
}

void StatusBoard::restore(const std::vector<StatusEntry>& entries) {
  std::lock_guard lock(mutex_);
  for (const StatusEntry& entry : entries) entries_[entry.object].push_back(entry);
}

std::vector<std::pair<ObjectId, std::vector<StatusEntry>>> StatusBoard::take_changed(size_t most) {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<ObjectId, std::vector<StatusEntry>>> out;
  for (ObjectId object : std::exchange(changed_, {})) {
    const std::deque<StatusEntry>& entries = entries_[object];
    const size_t count = std::min(most, entries.size());
    out.emplace_back(object,
                     std::vector<StatusEntry>(entries.end() - static_cast<std::ptrdiff_t>(count),
                                              entries.end()));
  }
  return out;
}

std::optional<StatusEntry> StatusBoard::current(ObjectId object) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(object);
  if (found == entries_.end() || found->second.empty()) return std::nullopt;
  StatusEntry entry = found->second.back();
  auto warning = warnings_.find(object);
  if (warning == warnings_.end()) return entry;
  Json details = Json::parse(entry.details_json.value_or("{}"));
  details["hints"].push_back(warning->second);
  entry.details_json = dump(details);
  return entry;
}

void StatusBoard::warn(ObjectId object, const std::string& warning) {
  std::lock_guard lock(mutex_);
  if (warning.empty()) {
    warnings_.erase(object);
  } else {
    warnings_[object] = warning;
  }
}

std::vector<StatusEntry> StatusBoard::history() const {
  std::lock_guard lock(mutex_);
  std::vector<StatusEntry> out;
  for (const auto& [object, entries] : entries_) {
    out.insert(out.end(), entries.begin(), entries.end());
  }
  return out;
}

}  // namespace penstock::coordinator
