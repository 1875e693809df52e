// One server, from opening the data directory to closing it.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace penstock {

struct ServerOptions {
  std::string version;
  std::string data_directory;
  std::string sql_address = "127.0.0.1:6875";
  std::string internal_sql_address = "127.0.0.1:6877";
  std::string http_address = "127.0.0.1:6876";
  std::string environment_id;
  std::string bootstrap_database = "penstock";
  std::string bootstrap_role = "penstock";
  std::map<std::string, std::string> system_parameters;
};

// Serves until SIGTERM or SIGINT, or until the disk refuses. Errors: what kept it from starting, or
// made it stop.
Status serve(const ServerOptions& options);

}  // namespace penstock
