// Dropping slots of dropped sources.
#include "coordinator/outside/cleanup.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/backoff.h"
#include "base/log.h"
#include "coordinator/outside/client_options.h"
#include "sources/postgres/postgres_describe.h"

namespace penstock::coordinator {
namespace {

using Json = nlohmann::json;
constexpr const char* kPrefix = "cleanup/slot/";

Json encode(const defs::TextOrSecret& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {{"text", *text}};
  return {{"secret", std::get<ObjectId>(value).value}};
}
defs::TextOrSecret decode_text(const Json& json) {
  if (json.contains("text")) return json.at("text").get<std::string>();
  return ObjectId{json.at("secret").get<uint64_t>()};
}

std::string encode(const SlotCleanup& cleanup) {
  const defs::PostgresConnectionDef& c = cleanup.connection;
  Json json{{"source", cleanup.source.value},
            {"slot", cleanup.slot_name},
            {"host", c.host},
            {"port", c.port},
            {"database", c.database},
            {"user", encode(c.user)},
            {"tls", static_cast<int>(c.tls)}};
  if (c.password) json["password"] = c.password->value;
  if (c.ssl_certificate_authority) json["ca"] = encode(*c.ssl_certificate_authority);
  if (c.ssl_certificate) json["certificate"] = encode(*c.ssl_certificate);
  if (c.ssl_key) json["key"] = c.ssl_key->value;
  return json.dump();
}

Result<SlotCleanup> decode(const std::string& text) {
  try {
    Json json = Json::parse(text);
    SlotCleanup out;
    out.source = ObjectId{json.at("source").get<uint64_t>()};
    out.slot_name = json.at("slot");
    defs::PostgresConnectionDef& c = out.connection;
    c.host = json.at("host");
    c.port = json.at("port");
    c.database = json.at("database");
    c.user = decode_text(json.at("user"));
    c.tls = static_cast<defs::TlsMode>(json.at("tls").get<int>());
    if (json.contains("password")) c.password = ObjectId{json["password"].get<uint64_t>()};
    if (json.contains("ca")) c.ssl_certificate_authority = decode_text(json["ca"]);
    if (json.contains("certificate")) c.ssl_certificate = decode_text(json["certificate"]);
    if (json.contains("key")) c.ssl_key = ObjectId{json["key"].get<uint64_t>()};
    return out;
  } catch (const Json::exception& error) {
    return fail(sql_state::kInternalError,
                fmt::format("a stored clean-up cannot be read: {}", error.what()));
  }
}

bool uses_secret(const defs::PostgresConnectionDef& connection, ObjectId secret) {
  auto is = [&](const std::optional<defs::TextOrSecret>& value) {
    return value && std::holds_alternative<ObjectId>(*value) &&
           std::get<ObjectId>(*value) == secret;
  };
  return connection.password == secret || connection.ssl_key == secret || is(connection.user) ||
         is(connection.ssl_certificate) || is(connection.ssl_certificate_authority);
}

}  // namespace

Cleanup::Cleanup(storage::Storage& storage, SecretStore& secrets)
    : storage_(storage), secrets_(secrets) {}

storage::MetaChange Cleanup::row(const SlotCleanup& cleanup) {
  return {kPrefix + std::to_string(cleanup.source.value), encode(cleanup)};
}

Status Cleanup::start() {
  ASSIGN_OR_RETURN(auto rows, storage_.meta().scan(kPrefix));
  for (const auto& [key, value] : rows) {
    ASSIGN_OR_RETURN(SlotCleanup cleanup, decode(value));
    pending_[cleanup.source] = std::move(cleanup);
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void Cleanup::stop() {
  stop_.stop();
  if (thread_.joinable()) thread_.join();
}

void Cleanup::begin(const SlotCleanup& cleanup) {
  std::lock_guard lock(mutex_);
  pending_[cleanup.source] = cleanup;
}

bool Cleanup::keeps_secret(ObjectId secret) {
  std::lock_guard lock(mutex_);
  for (const auto& [source, cleanup] : pending_) {
    if (!uses_secret(cleanup.connection, secret)) continue;
    orphaned_secrets_.push_back(secret);
    return true;
  }
  return false;
}

bool Cleanup::attempt(const SlotCleanup& cleanup) {
  Result<connect::PostgresOptions> options = postgres_client_options(cleanup.connection, secrets_);
  Status dropped = options ? sources::drop_replication_slot(*options, cleanup.slot_name, stop_)
                           : Status(std::unexpected(options.error()));
  if (!dropped) {
    log_warn("coordinator", "a replication slot could not be dropped yet",
             {{"slot", cleanup.slot_name}, {"error", dropped.error().message}});
    return false;
  }
  storage::Changes changes;
  changes.meta.push_back({row(cleanup).key, std::nullopt});
  return storage_.writer().append_changes(changes, storage::SyncUrgency::kWithNext).has_value();
}

void Cleanup::run() {
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(30));
  std::chrono::milliseconds wait(50);
  while (!stop_.wait_for(wait)) {
    std::map<ObjectId, SlotCleanup> pending;
    {
      std::lock_guard lock(mutex_);
      pending = pending_;
    }
    bool all = true;
    for (const auto& [source, cleanup] : pending) {
      if (!attempt(cleanup)) {
        all = false;
        continue;
      }
      std::lock_guard lock(mutex_);
      pending_.erase(source);
      std::erase_if(orphaned_secrets_, [&](ObjectId secret) {
        return std::ranges::none_of(pending_,
                                    [&](const auto& entry) {
                                      return uses_secret(entry.second.connection, secret);
                                    }) &&
               secrets_.remove(secret).has_value();
      });
    }
    if (all) backoff.reset();
    wait = all ? std::chrono::milliseconds(50) : backoff.next();
  }
}

}  // namespace penstock::coordinator
