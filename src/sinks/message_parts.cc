// Messages to keys and rows.
#include "sinks/message_parts.h"

#include "base/check.h"
#include "format/avro/avro_change.h"
#include "format/json/connect_schema.h"
#include "format/json/json_change.h"
#include "format/json/json_scan.h"

namespace penstock::sinks {
namespace {

using connect::IncomingMessage;
using Kind = MessageParts::Kind;

bool is_avro(const defs::SinkFormat& format) {
  return format.kind == defs::SinkFormatKind::kAvro;
}

bool is_object(std::string_view json) {
  return json.starts_with('{') && format::object_end(json, 0) == json.size();
}

format::ChangeFields fields_of(const defs::SinkChangeFields& fields) {
  return {.source = fields.source,
          .transaction = fields.transaction,
          .op = fields.op,
          .ts_ms = fields.ts_ms};
}

}  // namespace

MessageSplitter::MessageSplitter(const SinkConfig& config, const ChangeEncoder& encoder)
    : config_(config), encoder_(encoder) {
  const defs::SinkDef& def = config.def;
  if (def.key && is_avro(def.key_format)) key_rows_.emplace(def.relation, *def.key);
  if (is_avro(def.value_format)) value_rows_.emplace(def.relation, def.value_columns());
}

std::optional<std::string_view> MessageSplitter::take_out(
    const defs::SinkFormat& format, const std::optional<connect::HeadForm>& head,
    std::string_view wrapped) const {
  if (is_avro(format)) {
    CHECK(head.has_value());
    return connect::take_head_off(*head, wrapped);
  }
  const bool carries_schema =
      config_.def.json_schemas && format.kind == defs::SinkFormatKind::kJson;
  return carries_schema ? format::take_payload(wrapped) : wrapped;
}

bool MessageSplitter::split_value(std::string_view value, MessageParts& parts) {
  switch (config_.def.envelope) {
    case defs::SinkEnvelope::kUpsert:
      parts.after = value;
      return true;
    case defs::SinkEnvelope::kDebezium: {
      const defs::SinkChangeFields& fields = config_.def.change_fields;
      const std::optional<format::ChangeRows> rows =
          value_rows_ ? format::split_avro_change(value, *value_rows_, fields_of(fields))
                      : format::split_json_change(value, fields.any());
      if (!rows) return false;
      parts.before = rows->before;
      parts.after = rows->after;
      return true;
    }
    case defs::SinkEnvelope::kAppend: {
      auto appended = encoder_.take_apart(value);
      if (!appended) return false;
      const bool is_row =
          value_rows_ ? format::is_avro_row(appended->row, *value_rows_) : is_object(appended->row);
      if (!is_row) return false;
      appended_ = std::move(appended->row);
      (appended->inserted ? parts.after : parts.before) = appended_;
      return true;
    }
  }
  return false;
}

MessageParts MessageSplitter::split(const IncomingMessage& message) {
  const defs::SinkDef& def = config_.def;
  MessageParts parts;
  if (message.key.has_value() != def.key.has_value()) return parts;
  if (message.key) {
    parts.key = take_out(def.key_format, config_.key_head, *message.key);
    if (parts.key && key_rows_ && !format::is_avro_row(*parts.key, *key_rows_)) parts.key.reset();
    if (!parts.key) {
      parts.kind = Kind::kMalformed;
      return parts;
    }
  }
  if (!message.value) {
    if (def.envelope == defs::SinkEnvelope::kUpsert) parts.kind = Kind::kRows;
    if (def.tombstones && message.key) parts.kind = Kind::kTombstone;
    return parts;
  }
  const auto value = take_out(def.value_format, config_.value_head, *message.value);
  parts.kind = value && split_value(*value, parts) ? Kind::kRows : Kind::kMalformed;
  return parts;
}

}  // namespace penstock::sinks
