// GET /health/live, /health/ready, /metrics, /api/addresses.
#include "server/http/routes.h"

#include <nlohmann/json.hpp>

#include "base/metrics.h"

namespace penstock::server {
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
constexpr unsigned kOk = 200;
constexpr unsigned kNotFound = 404;
constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kUnavailable = 503;

std::string addresses_json(const Addresses& addresses) {
  const nlohmann::json json = {
      {"sql", addresses.sql}, {"internal_sql", addresses.internal_sql}, {"http", addresses.http}};
  return json.dump() + "\n";
}

}  // namespace

HttpReply route(std::string_view method, std::string_view target, const Addresses& addresses,
                bool ready) {
  const std::string_view path = target.substr(0, target.find('?'));
  const bool known = path == "/health/live" || path == "/health/ready" || path == "/metrics" ||
                     path == "/api/addresses";
  if (!known) return {kNotFound, kPlain, "not found\n"};
  if (method != "GET" && method != "HEAD") {
    return {kMethodNotAllowed, kPlain, "method not allowed\n"};
  }
  if (path == "/health/live") return {kOk, kPlain, "live\n"};
  if (path == "/metrics") return {kOk, kPrometheus, metrics_text()};
  if (path == "/api/addresses") return {kOk, kJson, addresses_json(addresses)};
  return ready ? HttpReply{kOk, kPlain, "ready\n"} : HttpReply{kUnavailable, kPlain, "starting\n"};
}

}  // namespace penstock::server
