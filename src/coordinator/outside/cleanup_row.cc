// Clean-ups as JSON.
#include "coordinator/outside/cleanup_row.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "catalog/facts_of.h"
#include "coordinator/outside/client_options.h"

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

std::optional<defs::TextOrSecret> decode_optional_text(const Json& json, const char* name) {
  return json.contains(name) ? std::optional(decode_text(json.at(name))) : std::nullopt;
}
std::optional<ObjectId> decode_optional_secret(const Json& json, const char* name) {
  if (!json.contains(name)) return std::nullopt;
  return ObjectId{json.at(name).get<uint64_t>()};
}

Json encode_aws(const defs::AwsConnectionDef& aws) {
  Json json{{"access_key_id", encode_text(aws.access_key_id)},
            {"secret_access_key", aws.secret_access_key.value}};
  if (aws.endpoint) json["endpoint"] = *aws.endpoint;
  if (aws.region) json["region"] = *aws.region;
  if (aws.session_token) json["session_token"] = encode_text(*aws.session_token);
  return json;
}
defs::AwsConnectionDef decode_aws(const Json& json) {
  defs::AwsConnectionDef aws;
  aws.access_key_id = decode_text(json.at("access_key_id"));
  aws.secret_access_key = ObjectId{json.at("secret_access_key").get<uint64_t>()};
  if (json.contains("endpoint")) aws.endpoint = json["endpoint"].get<std::string>();
  if (json.contains("region")) aws.region = json["region"].get<std::string>();
  aws.session_token = decode_optional_text(json, "session_token");
  return aws;
}

void encode_security(const SinkCleanup& cleanup, Json& json) {
  const defs::KafkaConnectionDef& c = cleanup.connection;
  json["security_protocol"] = c.security_protocol;
  if (c.ssl_certificate_authority) json["ca"] = encode_text(*c.ssl_certificate_authority);
  if (c.ssl_certificate) json["certificate"] = encode_text(*c.ssl_certificate);
  if (c.ssl_key) json["key"] = c.ssl_key->value;
  if (!c.sasl_mechanism.empty()) json["mechanism"] = c.sasl_mechanism;
  if (c.sasl_username) json["user"] = encode_text(*c.sasl_username);
  if (c.sasl_password) json["password"] = c.sasl_password->value;
  if (c.aws_connection) json["aws_connection"] = c.aws_connection->value;
  if (cleanup.aws) json["aws"] = encode_aws(*cleanup.aws);
}
void decode_security(const Json& json, SinkCleanup& cleanup) {
  defs::KafkaConnectionDef& c = cleanup.connection;
  c.security_protocol = json.at("security_protocol");
  c.ssl_certificate_authority = decode_optional_text(json, "ca");
  c.ssl_certificate = decode_optional_text(json, "certificate");
  c.ssl_key = decode_optional_secret(json, "key");
  c.sasl_mechanism = json.value("mechanism", "");
  c.sasl_username = decode_optional_text(json, "user");
  c.sasl_password = decode_optional_secret(json, "password");
  c.aws_connection = decode_optional_secret(json, "aws_connection");
  if (json.contains("aws")) cleanup.aws = decode_aws(json["aws"]);
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
  c.password = decode_optional_secret(json, "password");
  c.ssl_certificate_authority = decode_optional_text(json, "ca");
  c.ssl_certificate = decode_optional_text(json, "certificate");
  c.ssl_key = decode_optional_secret(json, "key");
  return out;
}

Json encode(const SinkCleanup& cleanup) {
  Json json{{"sink", cleanup.sink.value},
            {"connection", cleanup.connection_id.value},
            {"brokers", cleanup.connection.brokers},
            {"progress_topic", cleanup.progress_topic},
            {"transactional_id", cleanup.transactional_id},
            {"place", Json::binary([&] {
               std::string bytes = cleanup.place.encode();
               return std::vector<uint8_t>(bytes.begin(), bytes.end());
             }())}};
  if (cleanup.progress_id) json["progress_id"] = *cleanup.progress_id;
  encode_security(cleanup, json);
  return json;
}

Result<CleanupTask> decode_sink(const Json& json) {
  SinkCleanup out;
  out.sink = ObjectId{json.at("sink").get<uint64_t>()};
  out.connection_id = decode_connection(json);
  out.connection.brokers = json.at("brokers").get<std::vector<std::string>>();
  decode_security(json, out);
  out.progress_topic = json.at("progress_topic");
  out.transactional_id = json.at("transactional_id");
  if (json.contains("progress_id")) out.progress_id = json.at("progress_id").get<std::string>();
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

bool uses_secret(const SinkCleanup& cleanup, ObjectId secret) {
  const defs::KafkaConnectionDef& c = cleanup.connection;
  if (c.sasl_password == secret || c.ssl_key == secret || is_secret(c.sasl_username, secret) ||
      is_secret(c.ssl_certificate, secret) || is_secret(c.ssl_certificate_authority, secret)) {
    return true;
  }
  const auto& aws = cleanup.aws;
  return aws && (aws->secret_access_key == secret || is_secret(aws->access_key_id, secret) ||
                 is_secret(aws->session_token, secret));
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
  if (auto* sink = std::get_if<SinkCleanup>(&task)) {
    KafkaEndpoint present = kafka_endpoint(sink->connection, catalog);
    if (present.aws || !sink->connection.aws_connection) sink->aws = std::move(present.aws);
  }
  return encode_cleanup(task) != before;
}

bool uses_secret(const CleanupTask& task, ObjectId secret) {
  const auto* slot = std::get_if<SlotCleanup>(&task);
  if (slot == nullptr) return uses_secret(std::get<SinkCleanup>(task), secret);
  const defs::PostgresConnectionDef& c = slot->connection;
  return c.password == secret || c.ssl_key == secret || is_secret(c.user, secret) ||
         is_secret(c.ssl_certificate, secret) || is_secret(c.ssl_certificate_authority, secret);
}

}  // namespace penstock::coordinator
