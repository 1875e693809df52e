// Envelopes of sinks.
#include "sql/plan_sink_envelope.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::sql {
namespace {

using types::SqlType;
using types::TypeId;

constexpr const char* kFields = "FIELDS";
constexpr const char* kTombstones = "TOMBSTONES";
constexpr const char* kOperationColumn = "OPERATION COLUMN";
constexpr const char* kExclude = "EXCLUDE COLUMNS";

std::unexpected<Error> refused(std::string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}

Status read_fields(const OptionReader& options, defs::SinkChangeFields& out) {
  ASSIGN_OR_RETURN(auto names, options.texts(kFields));
  if (!names) return {};
  const std::pair<const char*, bool*> known[] = {{"op", &out.op},
                                                 {"ts_ms", &out.ts_ms},
                                                 {"source", &out.source},
                                                 {"transaction", &out.transaction}};
  for (const std::string& name : *names) {
    const auto* field =
        std::ranges::find_if(known, [&](const auto& entry) { return name == entry.first; });
    if (field == std::end(known)) {
      return fail(Error(sql_state::kInvalidParameterValue,
                        fmt::format("invalid {}: unknown field {}", kFields, name))
                      .with_hint("There are op, ts_ms, source and transaction."));
    }
    if (*field->second) {
      return fail(sql_state::kSyntaxError,
                  fmt::format("invalid {}: {} specified more than once", kFields, name));
    }
    *field->second = true;
  }
  return {};
}

std::vector<size_t> columns_called(const std::string& name, const types::RelationType& relation) {
  std::vector<size_t> out;
  for (size_t i = 0; i < relation.columns.size(); ++i) {
    if (relation.columns[i].name == name) out.push_back(i);
  }
  return out;
}

bool is_text_or_bytes(const SqlType& type) {
  return type.id == TypeId::kText || type.id == TypeId::kBytea;
}

bool holds_headers(const SqlType& type) {
  if (!type.element) return false;
  if (type.id == TypeId::kMap) return is_text_or_bytes(*type.element);
  if (type.id != TypeId::kList || !type.element->fields) return false;
  const types::RecordFields& fields = *type.element->fields;
  return fields.size() == 2 && fields[0].type.type.id == TypeId::kText &&
         is_text_or_bytes(fields[1].type.type);
}

// A member that a value would have twice is a guess which one is meant.
Status check_operation_column(const defs::SinkDef& def) {
  if (def.envelope != defs::SinkEnvelope::kAppend) return {};
  for (size_t column : def.value_columns()) {
    if (def.relation.columns[column].name != def.op_name) continue;
    return fail(
        Error(
            sql_state::kDuplicateColumn,
            fmt::format("ENVELOPE APPEND adds column \"{}\", which is there already", def.op_name))
            .with_hint("ENVELOPE APPEND (OPERATION COLUMN = '...') gives it another name."));
  }
  return {};
}

}  // namespace

Status plan_sink_envelope(const CreateSink& statement, defs::SinkDef& def) {
  const OptionReader options(statement.envelope->options);
  RETURN_IF_ERROR(options.check_unique());
  switch (statement.envelope->kind) {
    case EnvelopeKind::kDebezium: {
      def.envelope = defs::SinkEnvelope::kDebezium;
      RETURN_IF_ERROR(read_fields(options, def.change_fields));
      ASSIGN_OR_RETURN(std::optional<bool> tombstones, options.boolean(kTombstones));
      def.tombstones = tombstones.value_or(false);
      return {};
    }
    case EnvelopeKind::kAppend: {
      def.envelope = defs::SinkEnvelope::kAppend;
      ASSIGN_OR_RETURN(std::optional<std::string> name, options.text(kOperationColumn));
      def.op_name = name.value_or("op");
      return {};
    }
    default:
      def.envelope = defs::SinkEnvelope::kUpsert;
      return {};
  }
}

Status plan_sink_headers(const CreateSink& statement, defs::SinkDef& def) {
  if (!statement.headers) return {};
  const std::string& name = statement.headers->text;
  const std::vector<size_t> found = columns_called(name, def.relation);
  if (found.empty()) {
    return fail(sql_state::kUndefinedColumn, fmt::format("HEADERS column ({}) is unknown", name));
  }
  if (found.size() > 1) {
    return fail(sql_state::kAmbiguousColumn, fmt::format("HEADERS column ({}) is ambiguous", name));
  }
  def.headers = found.front();
  if (holds_headers(def.relation.columns[*def.headers].type.type)) return {};
  return fail(
      Error(sql_state::kDatatypeMismatch,
            "HEADERS column must have type map[text => text] or map[text => bytea]")
          .with_hint(
              "Or be a list of records of two fields, a name of type text and a value of type "
              "text or bytea: then order and repeated names are kept."));
}

Status plan_value_columns(const OptionReader& with, defs::SinkDef& def) {
  ASSIGN_OR_RETURN(auto names, with.texts(kExclude));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const std::vector<size_t> found = columns_called(name, def.relation);
    if (found.empty()) {
      return fail(sql_state::kUndefinedColumn,
                  "column referenced in EXCLUDE COLUMNS does not exist: " + name);
    }
    if (found.size() > 1) {
      return fail(sql_state::kAmbiguousColumn,
                  "column referenced in EXCLUDE COLUMNS is ambiguous: " + name);
    }
    const size_t column = found.front();
    if (std::ranges::find(def.excluded, column) != def.excluded.end()) {
      return fail(sql_state::kDuplicateColumn,
                  "duplicate column referenced in EXCLUDE COLUMNS: " + name);
    }
    def.excluded.push_back(column);
  }
  std::ranges::sort(def.excluded);
  if (!def.excluded.empty() && def.value_columns().empty()) {
    return refused("EXCLUDE COLUMNS leaves no column for values");
  }
  return check_operation_column(def);
}

}  // namespace penstock::sql
