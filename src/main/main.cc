// The only place that sees everything: flags, wiring, signals.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/version.h"
#include "main/server_process.h"

namespace penstock {
namespace {

bool parse_log(const std::string& level, const std::string& format) {
  const std::pair<const char*, LogLevel> levels[] = {{"debug", LogLevel::kDebug},
                                                     {"info", LogLevel::kInfo},
                                                     {"warn", LogLevel::kWarn},
                                                     {"error", LogLevel::kError}};
  for (const auto& [name, value] : levels) {
    if (level != name) continue;
    configure_log(value, format == "json" ? LogFormat::kJson : LogFormat::kText);
    return true;
  }
  return false;
}

bool parse_parameters(const std::vector<std::string>& given,
                      std::map<std::string, std::string>& out) {
  for (const std::string& parameter : given) {
    size_t equals = parameter.find('=');
    if (equals == std::string::npos || equals == 0) {
      std::fprintf(stderr, "penstock: --system-parameter wants NAME=VALUE, not %s\n",
                   parameter.c_str());
      return false;
    }
    out[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  return true;
}

int run(int argc, char** argv) {
  ServerOptions options;
  options.version = kVersion;
  std::string log_level = "info";
  std::string log_format = "text";
  std::vector<std::string> parameters;
  CLI::App app{"Penstock: SQL views over changing data, written to Kafka exactly once.",
               "penstock"};
  app.set_version_flag("--version", std::string("penstock ") + kVersion);
  auto flag = [&](const char* name, auto& value, const char* help, const char* environment) {
    return app.add_option(name, value, help)->envname(environment)->capture_default_str();
  };
  flag("--data-directory", options.data_directory, "where everything durable is kept",
       "PENSTOCK_DATA_DIRECTORY")
      ->required();
  flag("--sql-listen-addr", options.sql_address, "PostgreSQL protocol", "PENSTOCK_SQL_LISTEN_ADDR");
  flag("--internal-sql-listen-addr", options.internal_sql_address,
       "PostgreSQL protocol for the superuser mz_system", "PENSTOCK_INTERNAL_SQL_LISTEN_ADDR");
  flag("--http-listen-addr", options.http_address, "health and metrics",
       "PENSTOCK_HTTP_LISTEN_ADDR");
  flag("--environment-id", options.environment_id, "default: minted at the first start and kept",
       "PENSTOCK_ENVIRONMENT_ID");
  flag("--bootstrap-database", options.bootstrap_database, "of a new data directory",
       "PENSTOCK_BOOTSTRAP_DATABASE");
  flag("--bootstrap-role", options.bootstrap_role, "of a new data directory",
       "PENSTOCK_BOOTSTRAP_ROLE");
  flag("--system-parameter", parameters, "NAME=VALUE, may be repeated",
       "PENSTOCK_SYSTEM_PARAMETER");
  flag("--log-level", log_level, "debug, info, warn or error", "PENSTOCK_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  flag("--log-format", log_format, "text or json", "PENSTOCK_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  CLI11_PARSE(app, argc, argv);
  if (!parse_log(log_level, log_format)) return 2;
  if (!parse_parameters(parameters, options.system_parameters)) return 2;
  Status served = serve(options);
  if (served) return 0;
  log_error("main", served.error().message, {{"detail", served.error().detail}});
  std::fprintf(stderr, "penstock: %s%s%s\n", served.error().message.c_str(),
               served.error().detail.empty() ? "" : ": ", served.error().detail.c_str());
  return 1;
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  // A peer that goes away is an error of its socket, not of the process.
  signal(SIGPIPE, SIG_IGN);
  return penstock::run(argc, argv);
}
