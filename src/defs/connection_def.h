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
  std::vector<std::string> brokers;           // "host:port"
  std::string security_protocol;              // Lower case; "plaintext".
  std::optional<std::string> progress_topic;  // Absent: the default name, see names.h.
  std::optional<int32_t> progress_topic_replication_factor;
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

using ConnectionDef = std::variant<KafkaConnectionDef, PostgresConnectionDef>;

}  // namespace penstock::defs
