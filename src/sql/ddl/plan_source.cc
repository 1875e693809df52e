// References to upstream tables, TEXT COLUMNS and EXCLUDE COLUMNS, and imported keys.
#include "sql/ddl/plan_source.h"

#include <fmt/core.h>

#include <algorithm>

#include "sql/ddl/option_reader.h"
#include "sql/resolve/item_names.h"
#include "types/type_name.h"

namespace penstock::sql {
namespace {

using defs::UpstreamTable;

constexpr const char* kValidation = "POSTGRES source validation: ";

std::unexpected<Error> refused(const std::string& cause) {
  return fail(sql_state::kInvalidParameterValue, kValidation + cause);
}

// Names of columns as options give them: (t.c, schema.t.c).
Result<std::vector<std::vector<std::string>>> column_names(const OptionReader& options,
                                                           std::string_view name) {
  std::vector<std::vector<std::string>> out;
  const Option* option = options.find(name);
  if (!option) return out;
  const auto* sequence =
      option->value ? std::get_if<OptionSequence>(&option->value->kind) : nullptr;
  if (!sequence) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid {}: must provide a sequence of column names", name));
  }
  for (const OptionValue& item : sequence->items) {
    if (const auto* column = std::get_if<ItemName>(&item.kind)) {
      out.push_back(name_parts(*column));
    } else {
      ASSIGN_OR_RETURN(std::string text, option_text(item));
      out.push_back({text});
    }
  }
  return out;
}

bool names_column_of(const std::vector<std::string>& parts, const UpstreamTable& table,
                     const std::string& column) {
  if (parts.back() != column) return false;
  if (parts.size() >= 2 && parts[parts.size() - 2] != table.table_name) return false;
  return parts.size() < 3 || parts[parts.size() - 3] == table.schema_name;
}

struct ColumnChoice {
  std::vector<std::vector<std::string>> text;
  std::vector<std::vector<std::string>> excluded;
};

Result<ColumnChoice> column_choice(const std::vector<Option>& list) {
  OptionReader options(list);
  ColumnChoice choice;
  ASSIGN_OR_RETURN(choice.text, column_names(options, "TEXT COLUMNS"));
  ASSIGN_OR_RETURN(choice.excluded, column_names(options, "EXCLUDE COLUMNS"));
  return choice;
}

bool any_names(const std::vector<std::vector<std::string>>& names, const UpstreamTable& table,
               const std::string& column) {
  return std::ranges::any_of(
      names, [&](const auto& parts) { return names_column_of(parts, table, column); });
}

// Every name must mean a column of one of the tables being added.
Status check_choice(const std::vector<std::vector<std::string>>& names, std::string_view option,
                    const std::vector<const UpstreamTable*>& tables) {
  for (const auto& parts : names) {
    std::string shown;
    for (const std::string& part : parts) shown += (shown.empty() ? "" : ".") + part;
    bool table_found = false;
    bool found = false;
    for (const UpstreamTable* table : tables) {
      table_found = table_found || parts.size() < 2 || parts[parts.size() - 2] == table->table_name;
      for (const defs::UpstreamColumn& column : table->columns) {
        found = found || names_column_of(parts, *table, column.name);
      }
    }
    if (!table_found) {
      return refused(fmt::format("{} refers to table not currently being added", option));
    }
    if (!found) {
      return fail(
          sql_state::kUndefinedColumn,
          fmt::format("invalid {} option value: column \"{}\" does not exist", option, shown));
    }
  }
  return {};
}

std::optional<types::SqlType> column_type(const defs::UpstreamColumn& column) {
  std::optional<types::SqlType> type = types::type_from_oid(column.type_oid);
  if (!type) return std::nullopt;
  using types::TypeId;
  switch (type->id) {
    case TypeId::kUnknown:
    case TypeId::kRecord:
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kMzTimestamp:
      return std::nullopt;
    case TypeId::kVarchar:
    case TypeId::kBpchar:
      if (column.type_modifier >= 4) type->modifier = column.type_modifier - 4;
      break;
    case TypeId::kNumeric:
      if (column.type_modifier >= 4) {
        int32_t precision = (column.type_modifier - 4) >> 16;
        if (precision > 39) return std::nullopt;
        type->modifier = (column.type_modifier - 4) & 0xFFFF;
      }
      break;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      if (column.type_modifier >= 0) type->modifier = column.type_modifier;
      break;
    default:
      break;
  }
  return type;
}

// A unique constraint is a key only if no NULL can slip by it.
bool is_key(const defs::UpstreamKey& key, const UpstreamTable& table) {
  if (key.primary || key.nulls_not_distinct) return true;
  return std::ranges::all_of(key.columns, [&](size_t c) { return table.columns[c].not_null; });
}

Result<defs::SourceTableDef> make_def(const UpstreamTable& table, ObjectId source,
                                      const ColumnChoice& choice) {
  defs::SourceTableDef def;
  def.source = source;
  def.upstream = table;
  std::string unsupported;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const defs::UpstreamColumn& column = table.columns[i];
    if (any_names(choice.excluded, table, column.name)) continue;
    bool as_text = any_names(choice.text, table, column.name);
    if (!as_text && !column_type(column)) {
      unsupported += fmt::format("{}{}.{}.{} (OID {})", unsupported.empty() ? "" : "\n",
                                 table.schema_name, table.table_name, column.name, column.type_oid);
    }
    def.columns.push_back(i);
    def.as_text.push_back(as_text);
  }
  if (!unsupported.empty()) {
    return fail(Error(sql_state::kFeatureNotSupported,
                      std::string(kValidation) + "referenced tables use unsupported types")
                    .with_detail(unsupported)
                    .with_hint("Use TEXT COLUMNS to read these columns as text, or EXCLUDE COLUMNS "
                               "to leave them out."));
  }
  ASSIGN_OR_RETURN(def.relation, source_table_relation(def));
  return def;
}

Result<const UpstreamTable*> find_reference(const std::vector<std::string>& parts,
                                            const std::string& database,
                                            const std::vector<UpstreamTable>& published) {
  std::string shown;
  for (const std::string& part : parts) shown += (shown.empty() ? "" : ".") + part;
  const UpstreamTable* found = nullptr;
  for (const UpstreamTable& table : published) {
    bool matches = parts.back() == table.table_name &&
                   (parts.size() < 2 || parts[parts.size() - 2] == table.schema_name) &&
                   (parts.size() < 3 || database.empty() || parts[parts.size() - 3] == database);
    if (!matches) continue;
    if (found) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("reference {} is ambiguous, consider specifying an additional layer "
                              "of qualification",
                              shown));
    }
    found = &table;
  }
  if (!found) {
    return fail(sql_state::kUndefinedTable,
                fmt::format("reference to {} not found in source", shown));
  }
  return found;
}

struct Chosen {
  const UpstreamTable* table = nullptr;
  std::optional<ItemName> alias;
};

Result<std::vector<Chosen>> chosen_tables(const CreateSource& statement,
                                          const std::vector<UpstreamTable>& published) {
  std::vector<Chosen> out;
  if (std::holds_alternative<ForAllTables>(statement.references)) {
    for (const UpstreamTable& table : published) out.push_back({&table, std::nullopt});
  } else if (const auto* schemas = std::get_if<ForSchemas>(&statement.references)) {
    for (const Identifier& schema : schemas->schemas) {
      size_t before = out.size();
      for (const UpstreamTable& table : published) {
        if (table.schema_name == schema.text) out.push_back({&table, std::nullopt});
      }
      if (out.size() == before) {
        return fail(
            Error(sql_state::kInvalidSchemaName,
                  std::string(kValidation) + "database missing referenced schemas")
                .with_detail("The publication has no table in schema " + schema.text + "."));
      }
    }
  } else if (const auto* tables = std::get_if<ForTables>(&statement.references)) {
    for (const ExternalReference& reference : tables->tables) {
      ASSIGN_OR_RETURN(const UpstreamTable* table,
                       find_reference(name_parts(reference.upstream), "", published));
      out.push_back({table, reference.alias});
    }
  }
  return out;
}

}  // namespace

Result<types::RelationType> source_table_relation(const defs::SourceTableDef& def) {
  types::RelationType relation;
  std::vector<std::optional<size_t>> position(def.upstream.columns.size());
  for (size_t i = 0; i < def.columns.size(); ++i) {
    const defs::UpstreamColumn& column = def.upstream.columns[def.columns[i]];
    position[def.columns[i]] = i;
    types::SqlType type = types::SqlType::of(types::TypeId::kText);
    if (!def.as_text[i]) {
      std::optional<types::SqlType> upstream = column_type(column);
      if (!upstream) {
        return fail(sql_state::kFeatureNotSupported,
                    fmt::format("column {} has an unsupported type", column.name));
      }
      type = *upstream;
    }
    relation.columns.push_back({column.name, {type, !column.not_null}});
  }
  for (const defs::UpstreamKey& key : def.upstream.keys) {
    if (!is_key(key, def.upstream)) continue;
    std::vector<size_t> columns;
    for (size_t column : key.columns) {
      // A key over an excluded column is lost; over one read as text, kept: text is one-to-one.
      if (!position[column]) break;
      columns.push_back(*position[column]);
    }
    if (columns.size() != key.columns.size()) continue;
    std::ranges::sort(columns);
    relation.keys.push_back(std::move(columns));
  }
  return relation;
}

Result<SourceRequest> plan_create_source(const CreateSource& statement,
                                         const catalog::CatalogView& catalog,
                                         const catalog::NameContext& context) {
  const auto* from = std::get_if<ConnectionSource>(&statement.from);
  if (!from || from->system != SourceSystem::kPostgres) {
    return fail(sql_state::kFeatureNotSupported,
                "sources other than FROM POSTGRES CONNECTION not yet supported");
  }
  if (statement.format || statement.envelope || !statement.include.empty()) {
    return fail(sql_state::kInvalidParameterValue,
                "FORMAT, ENVELOPE and INCLUDE are not for PostgreSQL sources");
  }
  if (!statement.columns.empty()) {
    return fail(sql_state::kInvalidParameterValue, "columns cannot be named for Postgres sources");
  }
  OptionReader options(from->options);
  RETURN_IF_ERROR(options.check_unique());
  if (options.has("DETAILS")) return refused("CREATE SOURCE specifies DETAILS option");
  SourceRequest request;
  ASSIGN_OR_RETURN(request.connection, lookup_item(from->connection, catalog, context));
  if (!std::holds_alternative<defs::PostgresConnectionDef>(request.connection->facts)) {
    return refused(catalog.minimal_name(*request.connection, context) +
                   " is not a POSTGRES CONNECTION");
  }
  ASSIGN_OR_RETURN(std::optional<std::string> publication, options.text("PUBLICATION"));
  if (!publication) return refused("CONNECTION must specify PUBLICATION");
  request.publication = *publication;
  if (std::holds_alternative<std::monostate>(statement.references)) {
    for (const char* option : {"TEXT COLUMNS", "EXCLUDE COLUMNS"}) {
      if (options.has(option)) {
        return refused(fmt::format("{} option is unnecessary when no tables are added", option));
      }
    }
  }
  return request;
}

Result<std::vector<PlannedSourceTable>> plan_source_tables(
    const CreateSource& statement, ObjectId source, const std::vector<UpstreamTable>& published) {
  const auto& from = std::get<ConnectionSource>(statement.from);
  ASSIGN_OR_RETURN(ColumnChoice choice, column_choice(from.options));
  ASSIGN_OR_RETURN(std::vector<Chosen> chosen, chosen_tables(statement, published));
  std::vector<const UpstreamTable*> tables;
  for (const Chosen& one : chosen) tables.push_back(one.table);
  RETURN_IF_ERROR(check_choice(choice.text, "TEXT COLUMNS", tables));
  RETURN_IF_ERROR(check_choice(choice.excluded, "EXCLUDE COLUMNS", tables));
  std::vector<PlannedSourceTable> out;
  for (const Chosen& one : chosen) {
    PlannedSourceTable planned;
    planned.name = one.alias ? one.alias->parts.back().text : one.table->table_name;
    if (one.alias && one.alias->parts.size() >= 2) {
      planned.schema = one.alias->parts[one.alias->parts.size() - 2].text;
    }
    ASSIGN_OR_RETURN(planned.def, make_def(*one.table, source, choice));
    for (const PlannedSourceTable& other : out) {
      if (other.name == planned.name && other.schema == planned.schema) {
        return fail(Error(sql_state::kDuplicateTable,
                          fmt::format("two upstream tables would both be named {}", planned.name))
                        .with_hint("Name them with FOR TABLES (schema.table AS name, ...)."));
      }
    }
    out.push_back(std::move(planned));
  }
  return out;
}

Result<SourceTableRequest> plan_table_request(const CreateTableFromSource& statement,
                                              const catalog::CatalogView& catalog,
                                              const catalog::NameContext& context) {
  if (!statement.columns.empty()) {
    return fail(sql_state::kInvalidParameterValue, "columns cannot be named for Postgres sources");
  }
  if (statement.format || statement.envelope || !statement.include.empty()) {
    return fail(sql_state::kInvalidParameterValue,
                "FORMAT, ENVELOPE and INCLUDE are not for tables of PostgreSQL sources");
  }
  SourceTableRequest request;
  ASSIGN_OR_RETURN(request.source, lookup_item(statement.source, catalog, context));
  if (!std::holds_alternative<defs::PostgresSourceDef>(request.source->facts)) {
    return fail(
        sql_state::kWrongObjectType,
        fmt::format("\"{}\" is a {} not a source", catalog.minimal_name(*request.source, context),
                    catalog::item_kind_name(request.source->kind)));
  }
  OptionReader options(statement.options);
  RETURN_IF_ERROR(options.check_unique());
  const Option* reference = options.find("REFERENCE");
  if (!reference || !reference->value) {
    return fail(sql_state::kInvalidParameterValue,
                "multi-output sources require an external reference");
  }
  if (const auto* name = std::get_if<ItemName>(&reference->value->kind)) {
    request.reference = name_parts(*name);
  } else {
    ASSIGN_OR_RETURN(std::string text, option_text(*reference->value));
    request.reference = {text};
  }
  return request;
}

Result<defs::SourceTableDef> plan_source_table(const CreateTableFromSource& statement,
                                               const SourceTableRequest& request,
                                               const std::string& database,
                                               const std::vector<UpstreamTable>& published) {
  ASSIGN_OR_RETURN(const UpstreamTable* table,
                   find_reference(request.reference, database, published));
  ASSIGN_OR_RETURN(ColumnChoice choice, column_choice(statement.with));
  RETURN_IF_ERROR(check_choice(choice.text, "TEXT COLUMNS", {table}));
  RETURN_IF_ERROR(check_choice(choice.excluded, "EXCLUDE COLUMNS", {table}));
  return make_def(*table, request.source->id, choice);
}

}  // namespace penstock::sql
