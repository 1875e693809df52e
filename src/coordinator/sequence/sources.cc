// CREATE SOURCE ... FROM POSTGRES and CREATE TABLE ... FROM SOURCE.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <span>

#include "coordinator/sequence/statements.h"
#include "sql/ddl/plan_source.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::FullName;
using catalog::ItemKind;

types::RelationType progress_relation() {
  types::RelationType relation;
  relation.columns.push_back({"lsn", {types::SqlType::of(types::TypeId::kUInt8), true}});
  relation.keys.push_back({});
  return relation;
}

// A slot's name may have lower-case letters, digits and underscores only.
std::string slot_name_for(ObjectId source, const SequenceContext& context) {
  std::string environment;
  for (char c : context.statement.environment_id) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) environment += c;
  }
  if (environment.size() > 40) environment = environment.substr(environment.size() - 40);
  return fmt::format("penstock_{}_{}", environment, source.value);
}

CreateCollection collection_for(const CatalogItem& item, ClusterId timeline, bool publish) {
  return {{CollectionId{item.id.value}, *item.relation, timeline}, publish};
}

sql::CreateTableFromSource table_statement(const CatalogItem& table, const CatalogItem& source,
                                           const std::string& database,
                                           const defs::SourceTableDef& def,
                                           std::vector<sql::Option> with) {
  sql::CreateTableFromSource statement;
  statement.name = sql::name_reference(table);
  statement.source = sql::id_reference(source);
  sql::ItemName reference;
  for (const std::string& part : {database, def.upstream.schema_name, def.upstream.table_name}) {
    reference.parts.push_back({part, false, {}});
  }
  sql::Option option;
  option.name = "REFERENCE";
  option.value = sql::OptionValue{{}, reference};
  statement.options.push_back(std::move(option));
  statement.with = std::move(with);
  return statement;
}

// Only the columns of this table, of those TEXT COLUMNS or EXCLUDE COLUMNS of the source name.
std::vector<sql::Option> column_options(const defs::SourceTableDef& def) {
  sql::OptionSequence text;
  sql::OptionSequence excluded;
  auto value = [](const std::string& name) {
    return sql::OptionValue{{}, sql::Identifier{name, false, {}}};
  };
  for (size_t i = 0; i < def.upstream.columns.size(); ++i) {
    auto at = std::ranges::find(def.columns, i);
    const std::string& name = def.upstream.columns[i].name;
    if (at == def.columns.end()) {
      excluded.items.push_back(value(name));
    } else if (def.as_text[static_cast<size_t>(at - def.columns.begin())]) {
      text.items.push_back(value(name));
    }
  }
  std::vector<sql::Option> out;
  auto add = [&](const char* name, sql::OptionSequence sequence) {
    if (sequence.items.empty()) return;
    sql::Option option;
    option.name = name;
    option.value = sql::OptionValue{{}, std::move(sequence)};
    out.push_back(std::move(option));
  };
  add("TEXT COLUMNS", std::move(text));
  add("EXCLUDE COLUMNS", std::move(excluded));
  return out;
}

void add_table(CatalogItem item, const CatalogItem& source, const std::string& database,
               defs::SourceTableDef def, Sequenced& out) {
  sql::Statement statement{{}, table_statement(item, source, database, def, column_options(def))};
  item.create_sql = sql::print(statement);
  item.relation = def.relation;
  item.facts = std::move(def);
  item.uses = {source.id};
  out.effects.push_back(collection_for(item, storage::kInputs, false));
  out.effects.push_back(StartSourceTable{item.id});
  out.changes.push_back(put_item(std::move(item)));
}

Status add_named_tables(const sql::CreateSource& statement, const CatalogItem& source,
                        const PostgresFindings& findings, SequenceContext& context,
                        Sequenced& out) {
  ASSIGN_OR_RETURN(std::vector<sql::PlannedSourceTable> tables,
                   sql::plan_source_tables(statement, source.id, findings.published));
  std::vector<defs::UpstreamTable> upstream;
  for (const sql::PlannedSourceTable& table : tables) upstream.push_back(table.def.upstream);
  RETURN_IF_ERROR(findings.check(upstream));
  std::set<FullName> names;
  for (sql::PlannedSourceTable& table : tables) {
    FullName name{source.name.database, table.schema.value_or(source.name.schema), table.name};
    if (!context.catalog.has_schema(name.database, name.schema)) {
      return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", name.schema));
    }
    ASSIGN_OR_RETURN([[maybe_unused]] bool free, name_is_free(name, false, context, out));
    if (name == source.name) {
      return fail(sql_state::kDuplicateTable,
                  fmt::format("table \"{}\" would have the name of its source", name.item));
    }
    if (!names.insert(name).second) {
      return fail(sql_state::kDuplicateTable,
                  fmt::format("table \"{}.{}\" is named twice", name.schema, name.item));
    }
    add_table(new_item(name, ItemKind::kTable, context), source, findings.database,
              std::move(table.def), out);
  }
  return {};
}

// The object that had the name was dropped by another session meanwhile.
std::unexpected<Error> freed_meanwhile(const FullName& name) {
  return fail(Error(sql_state::kSerializationFailure,
                    fmt::format("\"{}\" was dropped by another session meanwhile", name.item))
                  .with_hint("Run the statement again."));
}

}  // namespace

Result<Sequenced> sequence(const sql::CreateSource& statement,
                           const std::optional<PostgresFindings>& findings,
                           SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE SOURCE";
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  if (!findings) return freed_meanwhile(name);
  ASSIGN_OR_RETURN(sql::SourceRequest request,
                   sql::plan_create_source(statement, context.catalog, context.names));
  CatalogItem item = new_item(name, ItemKind::kSource, context);
  ASSIGN_OR_RETURN(item.cluster, cluster_for(statement.in_cluster, context));
  item.relation = progress_relation();
  item.uses = {request.connection->id};
  item.facts = defs::PostgresSourceDef{request.connection->id, request.publication,
                                       slot_name_for(item.id, context), findings->database,
                                       findings->identity};
  // What is stored is the source alone: the tables it names are objects of their own.
  sql::Statement stored{{}, statement};
  auto& source = std::get<sql::CreateSource>(stored.kind);
  ASSIGN_OR_RETURN([[maybe_unused]] std::vector<ObjectId> ids,
                   sql::resolve_item_names(stored, context.catalog, context.names));
  source.name = sql::name_reference(item);
  source.if_not_exists = false;
  source.in_cluster = sql::Identifier{context.catalog.cluster_name(item.cluster), false, {}};
  source.references = std::monostate();
  std::erase_if(std::get<sql::ConnectionSource>(source.from).options,
                [](const sql::Option& option) {
                  return option.name == "TEXT COLUMNS" || option.name == "EXCLUDE COLUMNS";
                });
  item.create_sql = sql::print(stored);
  out.effects.push_back(StartSource{item.id});
  out.changes.push_back(put_item(item));
  RETURN_IF_ERROR(add_named_tables(statement, item, *findings, context, out));
  return out;
}

Result<Sequenced> sequence(const sql::CreateTableFromSource& statement,
                           const std::optional<PostgresFindings>& findings,
                           SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE TABLE";
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  if (!findings) return freed_meanwhile(name);
  ASSIGN_OR_RETURN(sql::SourceTableRequest request,
                   sql::plan_table_request(statement, context.catalog, context.names));
  ASSIGN_OR_RETURN(
      defs::SourceTableDef def,
      sql::plan_source_table(statement, request, findings->database, findings->published));
  RETURN_IF_ERROR(findings->check(std::span(&def.upstream, 1)));
  add_table(new_item(name, ItemKind::kTable, context), *request.source, findings->database,
            std::move(def), out);
  return out;
}

}  // namespace penstock::coordinator
