// One function a DDL statement: pure, from a statement and the catalog (and what the outside was
// found to be) to a list of changes and effects. All run on the coordinator's thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/sequence/context.h"
#include "defs/source_def.h"
#include "sql/parse/ast_statement_alter.h"
#include "sql/parse/ast_statement_create.h"
#include "sql/planner.h"

namespace penstock::coordinator {

// What contacting a PostgreSQL server found out, before CREATE SOURCE or CREATE TABLE FROM SOURCE.
struct PostgresFindings {
  std::string database;
  defs::PostgresIdentity identity;
  std::vector<defs::UpstreamTable> published;
  // Whether these of them can be ingested as they stand: privileges, replica identity.
  std::function<Status(std::span<const defs::UpstreamTable>)> check;
};

// databases_and_schemas.cc
Result<Sequenced> sequence(const sql::CreateDatabase& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateSchema& statement, SequenceContext& context);
Result<Sequenced> drop_databases(const sql::DropObjects& statement, SequenceContext& context);
Result<Sequenced> drop_schemas(const sql::DropObjects& statement, SequenceContext& context);
struct SchemaName {
  std::string database;
  std::string schema;
};
// A schema's name in full: the session's database unless another is named. Error 42601.
Result<SchemaName> schema_name(const sql::ItemName& name, const SequenceContext& context);

// clusters.cc
Result<Sequenced> sequence(const sql::CreateCluster& statement, SequenceContext& context);
Result<Sequenced> drop_clusters(const sql::DropObjects& statement, SequenceContext& context);
Result<Sequenced> alter_cluster(const sql::AlterStatement& statement, SequenceContext& context);

// connections_and_secrets.cc
Result<Sequenced> sequence(const sql::CreateSecret& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateConnection& statement, SequenceContext& context);
// A connection's definition as a statement that is checked and contacted before anything changes.
Result<sql::CreateConnection> altered_connection(const sql::AlterStatement& statement,
                                                 const SequenceContext& context);

// sources.cc
// No findings: the name was taken when the outside was to be asked. Error 40001 if it is free now.
Result<Sequenced> sequence(const sql::CreateSource& statement,
                           const std::optional<PostgresFindings>& findings,
                           SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateTableFromSource& statement,
                           const std::optional<PostgresFindings>& findings,
                           SequenceContext& context);

// tables_and_views.cc
Result<Sequenced> sequence(const sql::CreateTable& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateView& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateMaterializedView& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateIndex& statement, SequenceContext& context);

// types.cc
Result<Sequenced> sequence(const sql::CreateType& statement, SequenceContext& context);

// sinks.cc
Result<Sequenced> sequence(const sql::CreateSink& statement, SequenceContext& context);

// sink_comments.cc
// The comments on what a sink reads, and on the types of its columns, become options of its Avro
// formats. REQUIRES: names are resolved.
void add_comments_as_docs(sql::CreateSink& sink, const catalog::CatalogView& catalog);

// sinks.cc
// The collection that a sink of KEY VIOLATIONS 'resolve' reads, and what keeps it up to date.
// Error 0A000: clusters would wait for each other.
Result<CollectionId> make_resolved_collection(const catalog::CatalogItem& sink,
                                              const defs::SinkDef& def, SequenceContext& context,
                                              Sequenced& out);
// Writes it into the stored statement, in place of what is there; none: takes it out.
void set_resolved_collection(std::optional<CollectionId> collection, sql::CreateSink& sink);
void drop_resolved_collection(CollectionId collection, Sequenced& out);

// alter_sink.cc
struct AlteredSink {
  catalog::ItemRef before;
  bool is_change = false;  // Not so when every option has that value already.
  sql::SinkPlan plan;
  std::string create_sql;
};
// SET FROM, SET and RESET of options: the sink as it will be.
Result<AlteredSink> altered_sink(const sql::AlterStatement& statement,
                                 const SequenceContext& context);
Result<Sequenced> sequence_altered_sink(const sql::AlterStatement& statement,
                                        const SequenceContext& context);
// SET FROM where the key has to be resolved, in two turns. First what picks its rows out of the new
// relation begins to run, as the def's `pending`; when that can be read, the sink moves there. Or
// the statement ends before, and what was made for it is dropped.
Result<Sequenced> sequence_prepared_sink(const sql::AlterStatement& statement,
                                         SequenceContext& context);
Result<Sequenced> sequence_moved_sink(const sql::AlterStatement& statement, CollectionId pending,
                                      const SequenceContext& context);
Result<Sequenced> sequence_abandoned_sink(ObjectId sink, CollectionId pending,
                                          const SequenceContext& context);
// ADOPT PROGRESS and RESTART WITH SNAPSHOT: the sink as it is, under another version.
Result<Sequenced> sequence_sink_order(const catalog::ItemRef& sink, uint64_t version,
                                      const PlaceOrder& order, const SequenceContext& context);

// comments.cc
Result<Sequenced> sequence(const sql::CommentOn& statement, SequenceContext& context);

// drop.cc
Result<Sequenced> sequence(const sql::DropObjects& statement, SequenceContext& context);
// Appends what dropping these items takes: `items` hold dependents before what they depend on.
void drop_items(const std::vector<catalog::ItemRef>& items, const SequenceContext& context,
                Sequenced& out);

// rename.cc
Result<Sequenced> rename_item(const catalog::ItemRef& item, const sql::RenameTo& action,
                              std::string tag, const SequenceContext& context);
Result<Sequenced> change_item_owner(const catalog::ItemRef& item, const sql::OwnerTo& action,
                                    std::string tag, const SequenceContext& context);
Result<Sequenced> alter_schema(const sql::AlterStatement& statement, SequenceContext& context);
Result<Sequenced> alter_database(const sql::AlterStatement& statement, SequenceContext& context);
// Error 42704: there is no such role.
Status check_role(const std::string& role, const SequenceContext& context);

// alter.cc
Result<Sequenced> sequence(const sql::AlterStatement& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::AlterSystemSet& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::AlterSystemReset& statement, SequenceContext& context);
Result<Sequenced> sequence(const sql::CreateRole& statement, SequenceContext& context);

}  // namespace penstock::coordinator
