// Schemas to a registry: the seam for those who publish them. What kind of registry stands behind
// it, they need not know.
//
// Each object belongs to one thread. Calls wait for the registry, but not longer than a short poll
// once told to stop, nor than a call's time limit.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/stop_token.h"

namespace penstock::connect {

enum class RegistryFault {
  kStopped,
  kUnavailable,  // May pass by itself.
  kRefused,      // Somebody must change something: the schema, a permission, the connection.
};

struct RegistryError {
  RegistryFault fault;
  std::string cause;  // "schema being registered is incompatible with an earlier schema"
};

template <typename T>
using RegistryResult = std::expected<T, RegistryError>;

struct SchemaToPublish {
  std::string subject;        // "topic-value"
  std::string schema;         // Avro, as JSON.
  std::string compatibility;  // "FULL"; set where none is. Empty: never set.
};

class SchemaRegistry {
 public:
  virtual ~SchemaRegistry() = default;
  // Registers the schema, which may be there already, and gives what stands in front of each value
  // that is written by it.
  virtual RegistryResult<std::string> publish(const SchemaToPublish& schema,
                                              const StopToken& stop) = 0;
  // Whether publish() would succeed, without publishing anything: what the registry says of it, in
  // words.
  virtual RegistryResult<std::string> validate(const SchemaToPublish& schema,
                                               const StopToken& stop) = 0;
  // Whether the registry answers, and lets us in.
  virtual RegistryResult<void> check(const StopToken& stop) = 0;
};

}  // namespace penstock::connect
