// Confluent's Schema Registry, and what speaks its REST protocol (Karapace, Apicurio, Redpanda).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/secret_string.h"
#include "connect/http/http_wait.h"
#include "connect/registry/schema_registry.h"

namespace penstock::connect {

struct ConfluentRegistryOptions {
  std::string url;  // "https://host:port", or with a path before all of its own.
  std::optional<std::string> user = {};  // HTTP Basic authentication.
  SecretString password = {};
  std::string authorities = {};  // PEM. None given: the system's.
  std::string certificate = {};  // PEM, of ours.
  SecretString key = {};
  std::chrono::milliseconds timeout{60'000};  // Of each call.
};

// What stands in front of a value: 0, then the schema's id as four bytes, big-endian.
std::string confluent_header(int32_t schema_id);

std::unique_ptr<SchemaRegistry> make_confluent_registry(const ConfluentRegistryOptions& options);
// Over another way to call.
std::unique_ptr<SchemaRegistry> make_confluent_registry(const ConfluentRegistryOptions& options,
                                                        WaitingHttp http);

}  // namespace penstock::connect
