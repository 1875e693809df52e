// CREATE SOURCE ... FROM POSTGRES and CREATE TABLE ... FROM SOURCE: what the statement asks for,
// and, once the upstream has been described, which tables with which columns that is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_view.h"
#include "defs/source_def.h"
#include "sql/parse/ast_statement_create.h"

namespace penstock::sql {

struct SourceRequest {
  catalog::ItemRef connection;
  std::string publication;
};
Result<SourceRequest> plan_create_source(const CreateSource& statement,
                                         const catalog::CatalogView& catalog,
                                         const catalog::NameContext& context);

// A table to be created: its name here and what it ingests.
struct PlannedSourceTable {
  std::string name;
  std::optional<std::string> schema;  // Of the name here; absent: the session's.
  defs::SourceTableDef def;
};
// The tables that FOR ALL TABLES / SCHEMAS / TABLES names, out of those the publication has.
// `source` is put into the defs. Nothing is named: no tables.
Result<std::vector<PlannedSourceTable>> plan_source_tables(
    const CreateSource& statement, ObjectId source,
    const std::vector<defs::UpstreamTable>& published);

// CREATE TABLE ... FROM SOURCE s (REFERENCE ref) WITH (TEXT COLUMNS (...), EXCLUDE COLUMNS (...)).
struct SourceTableRequest {
  catalog::ItemRef source;
  std::vector<std::string> reference;  // table, schema.table or database.schema.table
};
Result<SourceTableRequest> plan_table_request(const CreateTableFromSource& statement,
                                              const catalog::CatalogView& catalog,
                                              const catalog::NameContext& context);
Result<defs::SourceTableDef> plan_source_table(const CreateTableFromSource& statement,
                                               const SourceTableRequest& request,
                                               const std::string& database,
                                               const std::vector<defs::UpstreamTable>& published);

// The relation that a stored def has: used when the catalog is loaded.
Result<types::RelationType> source_table_relation(const defs::SourceTableDef& def);

}  // namespace penstock::sql
