// Formats of sinks: the key's first, then the value's.
#include "sql/plan_sink_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "defs/avro_names.h"
#include "sql/bind/binder.h"
#include "sql/ddl/option_reader.h"
#include "sql/resolve/item_names.h"
#include "types/type_name.h"

namespace penstock::sql {

using catalog::ItemRef;
using defs::SinkFormatKind;

namespace {

constexpr const char* kKeyFullName = "AVRO KEY FULLNAME";
constexpr const char* kValueFullName = "AVRO VALUE FULLNAME";

std::unexpected<Error> refused(std::string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}
std::unexpected<Error> unsupported(const Format& format, const std::string& what) {
  return fail(positioned(Error(sql_state::kFeatureNotSupported, what + " not yet supported")
                             .with_hint("Use FORMAT AVRO, JSON, TEXT or BYTES."),
                         format.range));
}

// "invalid X: cause" to "invalid X option value: cause", as options of registries say it.
Error as_registry_option(Error error, std::string_view option) {
  const std::string prefix = fmt::format("invalid {}: ", option);
  if (!error.message.starts_with(prefix)) return error;
  error.message = fmt::format("invalid {} option value: {}", option,
                              std::string_view(error.message).substr(prefix.size()));
  return error;
}
template <typename T>
Result<T> registry_option(Result<T> read, std::string_view option) {
  if (read) return read;
  return fail(as_registry_option(std::move(read).error(), option));
}

std::string spelled(const Option& option) {
  std::string out = option.name + " ";
  for (size_t i = 0; i < option.target->parts.size(); ++i) {
    out += (i > 0 ? "." : "") + option.target->parts[i].text;
  }
  if (option.target_column) out += "." + option.target_column->text;
  return out;
}

std::string default_subject(const defs::SinkDef& def, std::string_view side) {
  return def.topic + (side == "KEY" ? "-key" : "-value");
}

Result<std::string> compatibility(const OptionReader& options, std::string_view side) {
  const std::string option = fmt::format("{} COMPATIBILITY LEVEL", side);
  const Option* given = options.find(option);
  if (given == nullptr) return std::string();
  Result<std::string> text = given->value ? option_text(*given->value) : Result<std::string>("");
  if (!given->value || !text) {
    return refused(fmt::format("invalid {} option value: must be a string", option));
  }
  std::ranges::transform(*text, text->begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const char* known : {"BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE",
                            "FULL", "FULL_TRANSITIVE", "NONE"}) {
    if (*text == known) return *text;
  }
  return refused(
      fmt::format("invalid {} option value: invalid compatibility level: {}", option, *text));
}

// Of a relation or a type with fields; null where there are none.
const std::vector<types::ColumnDesc>* columns_of(const catalog::CatalogItem& item) {
  if (item.relation) return &item.relation->columns;
  const auto* type = std::get_if<catalog::TypeFacts>(&item.facts);
  return type != nullptr ? type->type.fields.get() : nullptr;
}

std::optional<size_t> column_position(const std::vector<types::ColumnDesc>* columns,
                                      const std::string& name) {
  for (size_t i = 0; columns != nullptr && i < columns->size(); ++i) {
    if ((*columns)[i].name == name) return i;
  }
  return std::nullopt;
}

Status check_documented(const Format& format, const PlanContext& context) {
  const auto* avro = std::get_if<AvroFormat>(&format.kind);
  const auto* registry = avro != nullptr ? std::get_if<CsrReference>(&avro->schema) : nullptr;
  if (registry == nullptr) return {};
  for (const Option& option : registry->options) {
    if (!option.target_column) continue;
    ASSIGN_OR_RETURN(ItemRef item, lookup_item(*option.target, context.catalog, context.names));
    const std::string& column = option.target_column->text;
    if (column_position(columns_of(*item), column)) continue;
    return fail(
        positioned(Error(sql_state::kUndefinedColumn,
                         fmt::format("column \"{}.{}\" does not exist",
                                     context.catalog.minimal_name(*item, context.names), column)),
                   option.target_column->range));
  }
  return {};
}

// Of the record of a schema, unless it is named. With more of Debezium's fields, as Debezium names
// it.
std::string default_full_name(const defs::SinkDef& def, std::string_view side) {
  if (def.change_fields.any()) {
    return defs::avro_namespace(def.topic) + (side == "KEY" ? ".Key" : ".Envelope");
  }
  return side == "KEY" ? "row" : "envelope";
}

class AvroPlanner {
 public:
  AvroPlanner(const CsrReference& registry, const PlanContext& context, const defs::SinkDef& def,
              std::vector<ObjectId>& uses)
      : registry_(registry),
        options_(registry.options),
        context_(context),
        def_(def),
        uses_(uses) {}

  Result<defs::AvroSinkFormat> plan(std::string_view side) {
    defs::AvroSinkFormat out;
    ASSIGN_OR_RETURN(out.registry, connection());
    out.subject = default_subject(def_, side);
    RETURN_IF_ERROR(check_source_clauses());
    RETURN_IF_ERROR(options_.check_unique());
    ASSIGN_OR_RETURN(out.full_name, full_name(side));
    ASSIGN_OR_RETURN(std::optional<bool> null_defaults,
                     registry_option(options_.boolean("NULL DEFAULTS"), "NULL DEFAULTS"));
    out.null_defaults = null_defaults.value_or(false);
    ASSIGN_OR_RETURN(out.compatibility, compatibility(options_, side));
    // What is said of this side alone weighs more.
    RETURN_IF_ERROR(read_docs("DOC ON ", out));
    RETURN_IF_ERROR(read_docs(std::string(side) + " DOC ON ", out));
    return out;
  }

 private:
  Result<ObjectId> connection() {
    ASSIGN_OR_RETURN(ItemRef item,
                     lookup_item(registry_.connection, context_.catalog, context_.names));
    if (std::holds_alternative<defs::SchemaRegistryConnectionDef>(item->facts)) {
      use_item(item->id, uses_);
      return item->id;
    }
    return fail(positioned(
        Error(sql_state::kWrongObjectType, fmt::format("\"{}\" is not a schema registry connection",
                                                       context_.catalog.full_name(*item))),
        registry_.connection.range));
  }

  Status check_source_clauses() const {
    const std::pair<bool, const char*> clauses[] = {
        {registry_.seed.has_value(), "SEED"},
        {registry_.key_strategy.has_value(), "KEY STRATEGY"},
        {registry_.value_strategy.has_value(), "VALUE STRATEGY"}};
    for (const auto& [given, clause] : clauses) {
      if (given) return refused(fmt::format("{} option does not make sense with sinks", clause));
    }
    return {};
  }

  Result<std::string> full_name(std::string_view side) const {
    ASSIGN_OR_RETURN(std::optional<std::string> key,
                     registry_option(options_.text(kKeyFullName), kKeyFullName));
    ASSIGN_OR_RETURN(std::optional<std::string> value,
                     registry_option(options_.text(kValueFullName), kValueFullName));
    if (key && !def_.key) {
      return refused("Cannot specify AVRO KEY FULLNAME without a corresponding KEY field");
    }
    if (def_.key && key.has_value() != value.has_value()) {
      return refused(
          "Must specify both AVRO KEY FULLNAME and AVRO VALUE FULLNAME when specifying generated "
          "schema names");
    }
    const bool of_key = side == "KEY";
    const std::string name = (of_key ? key : value).value_or(default_full_name(def_, side));
    RETURN_IF_ERROR(check_name(name, of_key));
    return name;
  }

  Status check_name(const std::string& name, bool of_key) const {
    if (defs::malformed_avro_name(name)) {
      return refused(
          "Invalid name. Must start with [A-Za-z_] and subsequently only contain [A-Za-z0-9_]. "
          "Found: " +
          name);
    }
    if (defs::is_avro_primitive(name)) {
      return refused("Invalid name. Avro has a type of that name. Found: " + name);
    }
    const std::string last = name.substr(name.rfind('.') + 1);  // npos + 1 is 0.
    if (!of_key && def_.envelope == defs::SinkEnvelope::kDebezium && last == def_.row_record()) {
      return refused(
          fmt::format("Invalid name. The record of before and after is called {} under ENVELOPE "
                      "DEBEZIUM. Found: {}",
                      def_.row_record(), name));
    }
    return {};
  }

  // Of the options `{prefix}TYPE` and `{prefix}COLUMN`.
  Status read_docs(const std::string& prefix, defs::AvroSinkFormat& out) {
    for (const Option& option : registry_.options) {
      const bool on_type = option.name == prefix + "TYPE";
      if (!on_type && option.name != prefix + "COLUMN") continue;
      if (!option.value) {
        return refused(fmt::format("invalid {} option value: cannot be empty", spelled(option)));
      }
      Result<std::string> text = option_text(*option.value);
      if (!text) {
        return refused(
            fmt::format("invalid {} option value: cannot use value as string", spelled(option)));
      }
      ASSIGN_OR_RETURN(ItemRef item, lookup_item(*option.target, context_.catalog, context_.names));
      use_item(item->id, uses_);
      place_doc(option, *item, *text, out);
    }
    return {};
  }

  // What is said of other objects stays in the statement: the sink may be altered to read them.
  void place_doc(const Option& option, const catalog::CatalogItem& item, const std::string& text,
                 defs::AvroSinkFormat& out) const {
    const auto* type = std::get_if<catalog::TypeFacts>(&item.facts);
    if (!option.target_column) {
      if (item.id == def_.from) out.doc = text;
      if (type != nullptr) out.type_docs[item.id].doc = text;
      return;
    }
    const size_t column = *column_position(columns_of(item), option.target_column->text);
    if (item.id == def_.from) out.column_docs[column] = text;
    if (type != nullptr) out.type_docs[item.id].field_docs[column] = text;
  }

  const CsrReference& registry_;
  const OptionReader options_;
  const PlanContext& context_;
  const defs::SinkDef& def_;
  std::vector<ObjectId>& uses_;
};

// Neither names of records nor docs.
Result<defs::AvroSinkFormat> plan_glue(const GlueReference& glue, std::string_view side,
                                       const PlanContext& context, const defs::SinkDef& def,
                                       std::vector<ObjectId>& uses) {
  const OptionReader options(glue.options);
  defs::AvroSinkFormat out;
  ASSIGN_OR_RETURN(ItemRef item, lookup_item(glue.connection, context.catalog, context.names));
  if (!std::holds_alternative<defs::GlueRegistryConnectionDef>(item->facts)) {
    return fail(positioned(Error(sql_state::kWrongObjectType,
                                 fmt::format("\"{}\" is not an AWS Glue Schema Registry connection",
                                             context.catalog.full_name(*item))),
                           glue.connection.range));
  }
  RETURN_IF_ERROR(options.check_unique());
  if (options.has("SCHEMA NAME")) {
    return refused(
        "SCHEMA NAME is not supported for AWS Glue Schema Registry sinks, use KEY SCHEMA NAME and "
        "VALUE SCHEMA NAME instead");
  }
  if (!def.key && (options.has("KEY SCHEMA NAME") || options.has("KEY COMPATIBILITY LEVEL"))) {
    return refused("KEY SCHEMA NAME and KEY COMPATIBILITY LEVEL require a corresponding KEY field");
  }
  const std::string option = std::string(side) + " SCHEMA NAME";
  ASSIGN_OR_RETURN(std::optional<std::string> name, registry_option(options.text(option), option));
  ASSIGN_OR_RETURN(out.compatibility, compatibility(options, side));
  out.registry = item->id;
  out.subject = name.value_or(default_subject(def, side));
  out.full_name = default_full_name(def, side);
  use_item(item->id, uses);
  return out;
}

Result<defs::AvroSinkFormat> plan_avro(const Format& format, const AvroFormat& avro,
                                       std::string_view side, const PlanContext& context,
                                       const defs::SinkDef& def, std::vector<ObjectId>& uses) {
  if (std::holds_alternative<InlineSchema>(avro.schema)) {
    return unsupported(format, "sink format AVRO USING SCHEMA");
  }
  if (const auto* glue = std::get_if<GlueReference>(&avro.schema)) {
    return plan_glue(*glue, side, context, def, uses);
  }
  return AvroPlanner(std::get<CsrReference>(avro.schema), context, def, uses).plan(side);
}

// PostgreSQL has no binary form of these.
bool has_binary_form(const types::SqlType& type) {
  if (type.id == types::TypeId::kList || type.id == types::TypeId::kMap) return false;
  if (type.element && !has_binary_form(*type.element)) return false;
  return !type.fields || std::ranges::all_of(*type.fields, [](const types::ColumnDesc& field) {
    return has_binary_form(field.type.type);
  });
}

// What Kafka Connect has a schema for: of jsonb and arrays the form is not known, and uint8 is
// larger than any number there.
bool has_connect_form(const types::SqlType& type) {
  if (type.id == types::TypeId::kJsonb || type.id == types::TypeId::kArray ||
      type.id == types::TypeId::kUInt8) {
    return false;
  }
  if (type.element && !has_connect_form(*type.element)) return false;
  return !type.fields || std::ranges::all_of(*type.fields, [](const types::ColumnDesc& field) {
    return has_connect_form(field.type.type);
  });
}

Status check_carried_schema(const std::vector<size_t>& columns, const defs::SinkDef& def) {
  if (!def.json_schemas) return {};
  for (size_t column : columns) {
    const types::ColumnDesc& desc = def.relation.columns[column];
    if (has_connect_form(desc.type.type)) continue;
    return fail(
        Error(sql_state::kFeatureNotSupported,
              fmt::format("JSON SCHEMAS with column \"{}\" of type {} not yet supported", desc.name,
                          types::display_name(desc.type.type)))
            .with_hint(
                "Kafka Connect has no schema for jsonb, arrays and uint8 as JSON shows them. "
                "Cast the column in a view, to text for instance, or leave it out with "
                "EXCLUDE COLUMNS."));
  }
  return {};
}

// TEXT and BYTES: one column, and nothing around it.
Status check_single_column(const Format& format, std::string_view side, size_t columns,
                           const defs::SinkDef& def) {
  if (columns != 1) return unsupported(format, "BYTES or TEXT format with multiple columns");
  if (side == "KEY" || def.envelope == defs::SinkEnvelope::kUpsert) return {};
  const bool append = def.envelope == defs::SinkEnvelope::kAppend;
  return fail(positioned(
      Error(sql_state::kFeatureNotSupported,
            fmt::format("BYTES or TEXT format with ENVELOPE {} not yet supported",
                        append ? "APPEND" : "DEBEZIUM"))
          .with_hint(fmt::format("{} could not be told apart. Use FORMAT AVRO or JSON for the "
                                 "value, or ENVELOPE UPSERT.",
                                 append ? "Insertions and deletions" : "Before and after")),
      format.range));
}

Result<defs::SinkFormat> plan_format(const Format& format, std::string_view side,
                                     const PlanContext& context, const defs::SinkDef& def,
                                     std::vector<ObjectId>& uses) {
  defs::SinkFormat out;
  const std::vector<size_t> columns = side == "KEY" ? *def.key : def.value_columns();
  if (const auto* avro = std::get_if<AvroFormat>(&format.kind)) {
    out.kind = SinkFormatKind::kAvro;
    ASSIGN_OR_RETURN(out.avro, plan_avro(format, *avro, side, context, def, uses));
  } else if (const auto* json = std::get_if<JsonFormat>(&format.kind)) {
    if (json->array) return unsupported(format, "JSON ARRAY format in sinks");
    RETURN_IF_ERROR(check_carried_schema(columns, def));
    out.kind = SinkFormatKind::kJson;
  } else if (std::holds_alternative<TextFormat>(format.kind)) {
    RETURN_IF_ERROR(check_single_column(format, side, columns.size(), def));
    out.kind = SinkFormatKind::kText;
  } else if (std::holds_alternative<BytesFormat>(format.kind)) {
    RETURN_IF_ERROR(check_single_column(format, side, columns.size(), def));
    const types::SqlType& type = def.relation.columns[columns.front()].type.type;
    if (!has_binary_form(type)) {
      return unsupported(format,
                         "BYTES format with non-encodable type: " + types::display_name(type));
    }
    out.kind = SinkFormatKind::kBytes;
  } else {
    static constexpr std::string_view kNames[] = {"AVRO", "PROTOBUF", "REGEX", "CSV"};
    return unsupported(format, fmt::format("sink format {}", kNames[format.kind.index()]));
  }
  return out;
}

}  // namespace

Status check_documented_columns(const CreateSink& statement, const PlanContext& context) {
  if (!statement.format) return {};
  if (statement.format->key) RETURN_IF_ERROR(check_documented(*statement.format->key, context));
  return check_documented(statement.format->value, context);
}

void use_item(ObjectId id, std::vector<ObjectId>& uses) {
  if (std::ranges::find(uses, id) == uses.end()) uses.push_back(id);
}

Status plan_sink_formats(const CreateSink& statement, const PlanContext& context,
                         defs::SinkDef& def, std::vector<ObjectId>& uses) {
  if (!statement.format) {
    return fail(sql_state::kFeatureNotSupported, "sink without format not yet supported");
  }
  const Format& value = statement.format->value;
  if (def.key) {
    const Format& key = statement.format->key ? *statement.format->key : value;
    ASSIGN_OR_RETURN(def.key_format, plan_format(key, "KEY", context, def, uses));
  }
  ASSIGN_OR_RETURN(def.value_format, plan_format(value, "VALUE", context, def, uses));
  const bool some_json = def.value_format.kind == SinkFormatKind::kJson ||
                         (def.key && def.key_format.kind == SinkFormatKind::kJson);
  if (def.json_schemas && !some_json) return refused("JSON SCHEMAS is for FORMAT JSON");
  return {};
}

}  // namespace penstock::sql
