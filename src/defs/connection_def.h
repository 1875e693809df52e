// What CREATE CONNECTION declares. Plain values; secrets are named by id, never held.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace penstock::defs {

// An option that takes a literal or SECRET x.
using TextOrSecret = std::variant<std::string, ObjectId>;

struct KafkaConnectionDef {
  std::vector<std::string> brokers;  // "host:port"
  std::string security_protocol;     // "plaintext", "ssl", "sasl_plaintext", "sasl_ssl"
  std::optional<TextOrSecret> ssl_certificate_authority;  // PEM; absent: the system's.
  std::optional<TextOrSecret> ssl_certificate;            // PEM
  std::optional<ObjectId> ssl_key;                        // PEM
  std::string sasl_mechanism;                             // Upper case; of sasl_* only.
  std::optional<TextOrSecret> sasl_username;
  std::optional<ObjectId> sasl_password;
  std::optional<ObjectId> aws_connection;     // Instead of user and password: its tokens.
  std::optional<std::string> progress_topic;  // Absent: the default name, see names.h.
  std::optional<int32_t> progress_topic_replication_factor;
};

struct AwsConnectionDef {
  std::optional<std::string> endpoint;
  std::optional<std::string> region;
  TextOrSecret access_key_id;
  ObjectId secret_access_key;
  std::optional<TextOrSecret> session_token;  // Of temporary credentials.
};

enum class TlsMode { kDisable, kRequire, kVerifyCa, kVerifyFull };

struct PostgresConnectionDef {
  std::string host;
  uint16_t port = 5432;
  std::string database;
  TextOrSecret user;
  std::optional<ObjectId> password;
  TlsMode tls = TlsMode::kDisable;
  std::optional<TextOrSecret> ssl_certificate_authority;  // PEM
  std::optional<TextOrSecret> ssl_certificate;            // PEM
  std::optional<ObjectId> ssl_key;                        // PEM
};

// Of Confluent's protocol.
struct SchemaRegistryConnectionDef {
  std::string url;                   // "https://host:port", without a path.
  std::optional<TextOrSecret> user;  // HTTP Basic authentication, if given.
  std::optional<ObjectId> password;
  std::optional<TextOrSecret> ssl_certificate_authority;  // PEM; absent: the system's.
  std::optional<TextOrSecret> ssl_certificate;            // PEM
  std::optional<ObjectId> ssl_key;                        // PEM
};

struct GlueRegistryConnectionDef {
  ObjectId aws_connection;
  std::string registry;  // Its name.
};

using ConnectionDef = std::variant<KafkaConnectionDef, PostgresConnectionDef, AwsConnectionDef,
                                   SchemaRegistryConnectionDef, GlueRegistryConnectionDef>;

}  // namespace penstock::defs
