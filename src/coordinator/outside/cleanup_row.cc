// Clean-ups as JSON.
#include "coordinator/outside/cleanup_row.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "catalog/facts_of.h"

namespace penstock::coordinator {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kSlot = "cleanup/slot/";
constexpr std::string_view kSink = "cleanup/sink/";

Json encode_text(const defs::TextOrSecret& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {{"text", *text}};
  return {{"secret", std::get<ObjectId>(value).value}};
}
defs::TextOrSecret decode_text(const Json& json) {
  if (json.contains("text")) return json.at("text").get<std::string>();
  return ObjectId{json.at("secret").get<uint64_t>()};
}

// None in a row of an earlier version: that connection is as good as dropped.
ObjectId decode_connection(const Json& json) {
  return ObjectId{json.value("connection", uint64_t{0})};
}

Json encode(const SlotCleanup& cleanup) {
  const defs::PostgresConnectionDef& c = cleanup.connection;
  Json json{{"source", cleanup.source.value},
            {"connection", cleanup.connection_id.value},
            {"slot", cleanup.slot_name},
            {"host", c.host},
            {"port", c.port},
            {"database", c.database},
            {"user", encode_text(c.user)},
            {"tls", static_cast<int>(c.tls)}};
  if (c.password) json["password"] = c.password->value;
  if (c.ssl_certificate_authority) json["ca"] = encode_text(*c.ssl_certificate_authority);
  if (c.ssl_certificate) json["certificate"] = encode_text(*c.ssl_certificate);
  if (c.ssl_key) json["key"] = c.ssl_key->value;
  return json;
}

SlotCleanup decode_slot(const Json& json) {
  SlotCleanup out;
  out.source = ObjectId{json.at("source").get<uint64_t>()};
  out.slot_name = json.at("slot");
  out.connection_id = decode_connection(json);
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
}

Json encode(const SinkCleanup& cleanup) {
  return {{"sink", cleanup.sink.value},
          {"connection", cleanup.connection_id.value},
          {"brokers", cleanup.connection.brokers},
          {"security_protocol", cleanup.connection.security_protocol},
          {"progress_topic", cleanup.progress_topic},
          {"transactional_id", cleanup.transactional_id},
          {"place", Json::binary([&] {
             std::string bytes = cleanup.place.encode();
             return std::vector<uint8_t>(bytes.begin(), bytes.end());
           }())}};
}

Result<CleanupTask> decode_sink(const Json& json) {
  SinkCleanup out;
  out.sink = ObjectId{json.at("sink").get<uint64_t>()};
  out.connection_id = decode_connection(json);
  out.connection.brokers = json.at("brokers").get<std::vector<std::string>>();
  out.connection.security_protocol = json.at("security_protocol");
  out.progress_topic = json.at("progress_topic");
  out.transactional_id = json.at("transactional_id");
  const Json::binary_t& bytes = json.at("place").get_binary();
  std::optional<sinks::SinkPlace> place =
      sinks::SinkPlace::decode(std::string(bytes.begin(), bytes.end()));
  if (!place) return fail(sql_state::kInternalError, "the place of a dropped sink cannot be read");
  out.place = *place;
  return out;
}

bool is_secret(const std::optional<defs::TextOrSecret>& value, ObjectId secret) {
  return value && std::holds_alternative<ObjectId>(*value) && std::get<ObjectId>(*value) == secret;
}

}  // namespace

std::string cleanup_key(const CleanupTask& task) {
  if (const auto* slot = std::get_if<SlotCleanup>(&task)) {
    return fmt::format("{}{}", kSlot, slot->source.value);
  }
  return fmt::format("{}{}", kSink, std::get<SinkCleanup>(task).sink.value);
}

// CBOR, since a sink's place is bytes.
std::string encode_cleanup(const CleanupTask& task) {
  std::vector<uint8_t> bytes =
      Json::to_cbor(std::visit([](const auto& one) { return encode(one); }, task));
  return std::string(bytes.begin(), bytes.end());
}

Result<CleanupTask> decode_cleanup(const std::string& key, const std::string& value) {
  try {
    Json json = Json::from_cbor(value);
    if (key.starts_with(kSlot)) return decode_slot(json);
    return decode_sink(json);
  } catch (const Json::exception& error) {
    return fail(sql_state::kInternalError,
                fmt::format("the stored clean-up {} cannot be read: {}", key, error.what()));
  }
}

bool renew_connection(CleanupTask& task, const catalog::CatalogView& catalog) {
  const std::string before = encode_cleanup(task);
  std::visit(
      [&](auto& cleanup) {
        using Def = std::remove_cvref_t<decltype(cleanup.connection)>;
        const Def* present = catalog::find_facts<Def>(catalog, cleanup.connection_id);
        if (present != nullptr) cleanup.connection = *present;
      },
      task);
  return encode_cleanup(task) != before;
}

bool uses_secret(const CleanupTask& task, ObjectId secret) {
  const auto* slot = std::get_if<SlotCleanup>(&task);
  if (slot == nullptr) return false;
  const defs::PostgresConnectionDef& c = slot->connection;
  return c.password == secret || c.ssl_key == secret || is_secret(c.user, secret) ||
         is_secret(c.ssl_certificate, secret) || is_secret(c.ssl_certificate_authority, secret);
}

}  // namespace penstock::coordinator
