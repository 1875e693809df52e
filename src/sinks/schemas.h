// Schemas of a sink's messages: what they say, and publishing them.
#pragma once

#include <optional>
#include <string>

#include "base/stop_token.h"
#include "connect/registry/schema_registry.h"
#include "defs/sink_def.h"
#include "sinks/change_encoder.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// None where the format has none, or there is no KEY.
std::optional<std::string> key_schema(const defs::SinkDef& def);
std::optional<std::string> value_schema(const defs::SinkDef& def);

// Where each is published; null where there is no schema.
struct SchemaRegistries {
  connect::SchemaRegistry* key = nullptr;
  connect::SchemaRegistry* value = nullptr;
};

// Publishes the key's schema, then the value's.
Step<MessageHeads> publish_schemas(const defs::SinkDef& def, const SchemaRegistries& registries,
                                   const StopToken& stop);

}  // namespace penstock::sinks
