// AWS Glue Schema Registry.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "connect/aws/aws_signature.h"
#include "connect/http/http_wait.h"
#include "connect/registry/schema_registry.h"

namespace penstock::connect {

struct GlueRegistryOptions {
  std::string endpoint;  // "https://glue.eu-central-1.amazonaws.com"
  std::string region;
  AwsCredentials credentials;
  std::string registry;                        // Its name.
  std::chrono::milliseconds timeout{60'000};   // Of each call.
  std::chrono::milliseconds settle{30'000};    // For a new version to become available.
  std::chrono::milliseconds settle_look{200};  // Before the first look; doubled up to 2 s.
  std::function<int64_t()> unix_ms = {};       // None: the system's clock.
};

// What stands in front of a value: 3, 0 (not compressed), then the 16 bytes of the version's UUID.
// Nothing if that is none.
std::optional<std::string> glue_header(std::string_view schema_version_id);

std::unique_ptr<SchemaRegistry> make_glue_registry(const GlueRegistryOptions& options);
// Over another way to call.
std::unique_ptr<SchemaRegistry> make_glue_registry(const GlueRegistryOptions& options,
                                                   WaitingHttp http);

}  // namespace penstock::connect
