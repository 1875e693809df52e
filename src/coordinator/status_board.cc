// Status entries by object.
#include "coordinator/status_board.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "defs/names.h"

namespace penstock::coordinator {

void StatusBoard::set(ObjectId object, const std::string& status, const std::string& space,
                      const std::string& cause, const std::string& hint) {
  StatusEntry entry;
  entry.object = object;
  entry.occurred_at_us = clock_.wall_us();
  entry.status = status;
  if (!cause.empty()) {
    entry.error = space + ": " + cause;
    nlohmann::json details;
    details["namespaced"] = {{space, cause}};
    details["hints"] = nlohmann::json::array();
    if (!hint.empty()) details["hints"].push_back(hint);
    entry.details_json = details.dump();
  }
  std::lock_guard lock(mutex_);
  std::deque<StatusEntry>& entries = entries_[object];
  if (!entries.empty() && entries.back().status == status && entries.back().error == entry.error) {
    return;
  }
  log_info("status", status,
           {{"object", defs::object_id_text(object)}, {"error", entry.error.value_or("")}});
  entries.push_back(std::move(entry));
  if (entries.size() > history_limit_) entries.pop_front();
}

std::optional<StatusEntry> StatusBoard::current(ObjectId object) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(object);
  if (found == entries_.end() || found->second.empty()) return std::nullopt;
  StatusEntry entry = found->second.back();
  auto warning = warnings_.find(object);
  if (warning == warnings_.end()) return entry;
  nlohmann::json details = nlohmann::json::parse(entry.details_json.value_or("{}"));
  details["hints"].push_back(warning->second);
  entry.details_json = details.dump();
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
