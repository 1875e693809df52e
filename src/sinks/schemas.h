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

// In Avro, to be published. None where the format has none, or there is no KEY.
std::optional<std::string> key_schema(const defs::SinkDef& def);
std::optional<std::string> value_schema(const defs::SinkDef& def);
// Those that JSON carries itself (JSON SCHEMAS). None where there are none.
std::optional<std::string> carried_key_schema(const defs::SinkDef& def);
std::optional<std::string> carried_value_schema(const defs::SinkDef& def);

// Where each is published; null where there is no schema.
struct SchemaRegistries {
  connect::SchemaRegistry* key = nullptr;
  connect::SchemaRegistry* value = nullptr;
};

// Publishes the key's schema, then the value's. What stands around keys and values then.
Step<MessageHeads> publish_schemas(const defs::SinkDef& def, const SchemaRegistries& registries,
                                   const StopToken& stop);

}  // namespace penstock::sinks
