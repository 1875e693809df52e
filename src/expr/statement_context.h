// What functions that depend on the running statement read: now(), current_user, current_setting.
// Filled by the coordinator; fold.h replaces the calls by literals before anything is evaluated.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::expr {

struct StatementContext {
  int64_t now_us = 0;                       // Start of the transaction, microseconds since 1970.
  int64_t start_us = 0;                     // Start of the server.
  std::optional<uint64_t> logical_time_ms;  // mz_now(); absent where it has no value.
  std::string current_user;
  std::string session_user;
  bool is_superuser = false;
  std::string database;
  std::vector<std::string> search_path;  // Schemas that exist, in order; without system schemas.
  std::vector<std::string> system_schemas;
  int32_t backend_pid = 0;
  std::string version;          // version()
  std::string product_version;  // mz_version()
  int32_t product_version_number = 0;
  std::string environment_id;
  // The value of a parameter by its lower-case name; nothing when there is no such parameter.
  std::function<std::optional<std::string>(std::string_view)> setting;
};

}  // namespace penstock::expr
