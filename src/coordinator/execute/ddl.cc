// DDL: what contacts the outside does so here, in the session's thread; the decision and what
// follows from it happen on the coordinator's.
#include <fmt/core.h>

#include <set>

#include "base/check.h"
#include "catalog/facts_of.h"
#include "coordinator/apply_effects.h"
#include "coordinator/execute/alter_sink.h"
#include "coordinator/execute/execute.h"
#include "coordinator/execute/order_sink.h"
#include "coordinator/execute/validate_sink.h"
#include "coordinator/system_parameters.h"
#include "defs/names.h"
#include "sql/check_sink.h"
#include "sql/ddl/plan_connection.h"
#include "sql/ddl/plan_source.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

template <typename Statement>
DdlFunction plain(const Statement& statement) {
  return [&statement](SequenceContext& context) { return sequence(statement, context); };
}

// Whether the name is taken already, so that IF NOT EXISTS need not ask anybody outside.
bool is_taken(const sql::ItemName& name, const catalog::CatalogState& catalog,
              const SessionView& view) {
  return catalog.find_item(sql::name_parts(name), view.names) != nullptr;
}

// The parameter turns off what happens by default only.
bool is_validated(const std::vector<sql::Option>& with, const sql::ConnectionPlan& plan,
                  const catalog::CatalogState& catalog) {
  return plan.validate && (!with.empty() || is_on(kValidateConnections, catalog));
}

Result<DdlFunction> create_connection(Session& session, const sql::CreateConnection& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  if (!is_taken(statement.name, *catalog, view)) {
    ASSIGN_OR_RETURN(sql::ConnectionPlan plan,
                     sql::plan_create_connection(statement, *catalog, view.names));
    if (is_validated(statement.with, plan, *catalog)) {
      RETURN_IF_ERROR(
          session.services().contacts.validate(plan.def, *catalog, session.cancelled()));
    }
  }
  return plain(statement);
}

Result<DdlFunction> create_source(Session& session, const sql::CreateSource& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  std::optional<PostgresFindings> findings;  // None while the name is taken.
  if (!is_taken(statement.name, *catalog, view)) {
    ASSIGN_OR_RETURN(sql::SourceRequest request,
                     sql::plan_create_source(statement, *catalog, view.names));
    ASSIGN_OR_RETURN(findings, session.services().contacts.describe_postgres(
                                   *request.connection, request.publication, session.cancelled()));
  }
  return [&statement, findings](SequenceContext& context) {
    return sequence(statement, findings, context);
  };
}

Result<DdlFunction> create_source_table(Session& session,
                                        const sql::CreateTableFromSource& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  std::optional<PostgresFindings> findings;  // None while the name is taken.
  if (!is_taken(statement.name, *catalog, view)) {
    ASSIGN_OR_RETURN(sql::SourceTableRequest request,
                     sql::plan_table_request(statement, *catalog, view.names));
    const auto& source = std::get<defs::PostgresSourceDef>(request.source->facts);
    catalog::ItemRef connection = catalog->item(source.connection);
    CHECK(connection != nullptr);
    ASSIGN_OR_RETURN(findings, session.services().contacts.describe_postgres(
                                   *connection, source.publication, session.cancelled()));
  }
  return [&statement, findings](SequenceContext& context) {
    return sequence(statement, findings, context);
  };
}

// Whether there are a schema and a cluster for what is to be created.
Status check_place(const sql::ItemName& name, const std::optional<sql::Identifier>& in_cluster,
                   const catalog::CatalogState& catalog, const SessionView& view) {
  IdMint unused(0);
  SequenceContext context{catalog,           view.names, view.role,     view.cluster_name,
                          view.is_superuser, unused,     view.statement};
  RETURN_IF_ERROR(creation_name(name, context));
  RETURN_IF_ERROR(cluster_for(in_cluster, context));
  return {};
}

Status validate_registries(Session& session, const defs::SinkDef& sink,
                           const catalog::CatalogState& catalog) {
  std::set<ObjectId> registries;
  if (sink.key && sink.key_format.avro) registries.insert(sink.key_format.avro->registry);
  if (sink.value_format.avro) registries.insert(sink.value_format.avro->registry);
  for (ObjectId id : registries) {
    const auto* registry = catalog::find_facts<defs::SchemaRegistryConnectionDef>(catalog, id);
    if (registry == nullptr) continue;  // Glue is asked when the sink runs.
    Status valid = session.services().contacts.validate(*registry, catalog, session.cancelled());
    if (valid) continue;
    Error error(sql_state::kSystemError,
                "CONFLUENT SCHEMA REGISTRY validation: list subjects failed");
    return fail(std::move(error).with_detail(valid.error().message));
  }
  return {};
}

Result<DdlFunction> create_sink(Session& session, const sql::CreateSink& statement) {
  // Planned once here so that mistakes in the statement are told before the broker is asked.
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context{.catalog = *catalog, .names = view.names};
  RETURN_IF_ERROR(sql::check_create_sink(statement, context));
  if (!statement.name) return fail(sql_state::kSyntaxError, "unspecified name for sink");
  if (!is_taken(*statement.name, *catalog, view)) {
    ASSIGN_OR_RETURN(sql::SinkPlan plan, sql::plan_create_sink(statement, context));
    RETURN_IF_ERROR(check_place(*statement.name, statement.in_cluster, *catalog, view));
    const auto& kafka = catalog::facts_of<defs::KafkaConnectionDef>(*catalog, plan.def.connection);
    RETURN_IF_ERROR(check_topics(session, plan.def, *catalog));
    Status valid = session.services().contacts.validate(kafka, *catalog, session.cancelled());
    if (!valid) {
      Error error(sql_state::kSystemError, "KAFKA sink validation: admin client errored");
      return fail(std::move(error).with_detail(valid.error().message));
    }
    RETURN_IF_ERROR(validate_registries(session, plan.def, *catalog));
    RETURN_IF_ERROR(check_new_sink(session, plan, *catalog));
  }
  return plain(statement);
}

Result<DdlFunction> alter(Session& session, const sql::AlterStatement& statement) {
  if (const auto* actions = std::get_if<sql::AlterConnectionActions>(&statement.action)) {
    CatalogSnapshot catalog = session.services().catalog.snapshot();
    SessionView view = session.view();
    if (is_taken(statement.name, *catalog, view)) {
      IdMint unused(0);
      SequenceContext context{*catalog,          view.names, view.role,     view.cluster_name,
                              view.is_superuser, unused,     view.statement};
      ASSIGN_OR_RETURN(sql::CreateConnection altered, altered_connection(statement, context));
      Result<sql::ConnectionPlan> plan = sql::plan_create_connection(altered, *catalog, view.names);
      if (!plan) {
        return fail(sql_state::kFeatureNotSupported,
                    "invalid ALTER CONNECTION: " + plan.error().message);
      }
      if (is_validated(altered.with, *plan, *catalog)) {
        RETURN_IF_ERROR(
            session.services().contacts.validate(plan->def, *catalog, session.cancelled()));
      }
    }
    (void)actions;
  }
  const bool of_sink = std::holds_alternative<sql::SetSinkFrom>(statement.action) ||
                       std::holds_alternative<sql::SetOptions>(statement.action) ||
                       std::holds_alternative<sql::ResetOptions>(statement.action);
  const bool orders = is_sink_order(statement);
  if (statement.type == sql::ObjectType::kSink && (of_sink || orders)) {
    CatalogSnapshot catalog = session.services().catalog.snapshot();
    if (!statement.if_exists || is_taken(statement.name, *catalog, session.view())) {
      return orders ? order_sink(session, statement) : alter_sink(session, statement);
    }
  }
  return plain(statement);
}

Result<ExecuteResponse> validate_connection(Session& session,
                                            const sql::ValidateConnection& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  ASSIGN_OR_RETURN(catalog::ItemRef item, sql::lookup_item(statement.name, *catalog, view.names));
  defs::ConnectionDef def;
  if (const auto* kafka = std::get_if<defs::KafkaConnectionDef>(&item->facts)) {
    def = *kafka;
  } else if (const auto* postgres = std::get_if<defs::PostgresConnectionDef>(&item->facts)) {
    def = *postgres;
  } else if (const auto* aws = std::get_if<defs::AwsConnectionDef>(&item->facts)) {
    def = *aws;
  } else if (const auto* registry = std::get_if<defs::SchemaRegistryConnectionDef>(&item->facts)) {
    def = *registry;
  } else if (const auto* glue = std::get_if<defs::GlueRegistryConnectionDef>(&item->facts)) {
    def = *glue;
  } else {
    return fail(sql_state::kWrongObjectType,
                fmt::format("cannot validate {} '{}'", catalog::item_kind_name(item->kind),
                            catalog->full_name(*item)));
  }
  RETURN_IF_ERROR(session.services().contacts.validate(def, *catalog, session.cancelled()));
  return CommandDone{"VALIDATE CONNECTION"};
}

Result<DdlFunction> ddl_function(Session& session, const sql::Statement& statement) {
  return std::visit(
      Overloaded{
          [](const sql::CreateDatabase& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateSchema& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateRole& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateCluster& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateSecret& s) -> Result<DdlFunction> { return plain(s); },
          [&](const sql::CreateConnection& s) { return create_connection(session, s); },
          [](const sql::CreateTable& s) -> Result<DdlFunction> { return plain(s); },
          [&](const sql::CreateSource& s) { return create_source(session, s); },
          [&](const sql::CreateTableFromSource& s) { return create_source_table(session, s); },
          [](const sql::CreateView& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateMaterializedView& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateIndex& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateType& s) -> Result<DdlFunction> { return plain(s); },
          [&](const sql::CreateSink& s) { return create_sink(session, s); },
          [](const sql::DropObjects& s) -> Result<DdlFunction> { return plain(s); },
          [&](const sql::AlterStatement& s) { return alter(session, s); },
          [](const sql::AlterSystemSet& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::AlterSystemReset& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CommentOn& s) -> Result<DdlFunction> { return plain(s); },
          [](const sql::CreateClusterReplica&) -> Result<DdlFunction> {
            return fail(sql_state::kFeatureNotSupported,
                        "CREATE CLUSTER REPLICA not yet supported");
          },
          [](const sql::CreateWebhook&) -> Result<DdlFunction> {
            return fail(sql_state::kFeatureNotSupported, "webhooks not yet supported");
          },
          [](const sql::GrantPrivileges&) -> Result<DdlFunction> {
            return fail(sql_state::kFeatureNotSupported, "GRANT and REVOKE not yet supported");
          },
          [](const sql::GrantRole&) -> Result<DdlFunction> {
            return fail(sql_state::kFeatureNotSupported, "GRANT and REVOKE not yet supported");
          },
          [](const auto&) -> Result<DdlFunction> {
            return fail(sql_state::kInternalError, "this statement is no DDL");
          }},
      statement.kind);
}

}  // namespace

bool is_ddl(const sql::Statement& statement) {
  return std::visit(Overloaded{[](const sql::SelectStatement&) { return false; },
                               [](const sql::SubscribeStatement&) { return false; },
                               [](const sql::InsertStatement&) { return false; },
                               [](const sql::UpdateStatement&) { return false; },
                               [](const sql::DeleteStatement&) { return false; },
                               [](const sql::CopyStatement&) { return false; },
                               [](const sql::ExplainStatement&) { return false; },
                               [](const sql::ValidateSink&) { return false; },
                               [](const sql::AuditSink&) { return false; },
                               [](const sql::ShowStatement&) { return false; },
                               [](const sql::DeclareStatement&) { return false; },
                               [](const sql::FetchStatement&) { return false; },
                               [](const sql::CloseStatement&) { return false; },
                               [](const sql::PrepareStatement&) { return false; },
                               [](const sql::ExecuteStatement&) { return false; },
                               [](const sql::DeallocateStatement&) { return false; },
                               [](const sql::BeginStatement&) { return false; },
                               [](const sql::CommitStatement&) { return false; },
                               [](const sql::RollbackStatement&) { return false; },
                               [](const sql::SetTransaction&) { return false; },
                               [](const sql::SetVariable&) { return false; },
                               [](const sql::ResetVariable&) { return false; },
                               [](const sql::DiscardStatement&) { return false; },
                               [](const auto&) { return true; }},
                    statement.kind);
}

namespace {

// A sink that has begun a large change between being waited for and its turn is waited for again.
Result<Sequenced> run_ddl(Session& session, const sql::Statement& statement, DdlFunction ddl) {
  while (true) {
    Result<Sequenced> done = session.services().run_ddl(session.view(), ddl, session.cancelled());
    if (done || done.error().message != kLargeChangeBegun) return done;
    ddl = {};  // What it has prepared goes first.
    ASSIGN_OR_RETURN(ddl, ddl_function(session, statement));
  }
}

// In a block, DDL is decided now, for its tag, notices and errors, and once more at COMMIT, which
// alone has an effect. ROLLBACK forgets it.
Result<ExecuteResponse> defer_ddl(Session& session, const sql::Statement& statement) {
  if (std::holds_alternative<sql::CreateSecret>(statement.kind)) {
    return fail(sql_state::kActiveTransaction,
                "CREATE SECRET cannot be run inside a transaction block");
  }
  RETURN_IF_ERROR(session.transaction().enter(Flavour::kDdl));
  auto kept = std::make_shared<const sql::Statement>(statement);
  ASSIGN_OR_RETURN(DdlFunction ddl, ddl_function(session, *kept));
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  constexpr uint64_t kNobodysIds = uint64_t{1} << 48;  // What is made here is thrown away.
  IdMint ids(kNobodysIds);
  SequenceContext context{*catalog,          view.names, view.role,     view.cluster_name,
                          view.is_superuser, ids,        view.statement};
  ASSIGN_OR_RETURN(Sequenced rehearsal, ddl(context));
  for (Notice& notice : rehearsal.notices) session.add_notice(std::move(notice));
  session.transaction().defer([kept, ddl, &session]() -> Status {
    RETURN_IF_ERROR(run_ddl(session, *kept, ddl));
    return {};
  });
  return CommandDone{rehearsal.tag};
}

}  // namespace

Result<ExecuteResponse> execute_ddl(Session& session, const sql::Statement& statement) {
  const bool validates = std::holds_alternative<sql::ValidateConnection>(statement.kind);
  if (session.in_block() && !validates) return defer_ddl(session, statement);
  RETURN_IF_ERROR(session.commit_writes());
  if (validates) {
    return validate_connection(session, std::get<sql::ValidateConnection>(statement.kind));
  }
  ASSIGN_OR_RETURN(DdlFunction ddl, ddl_function(session, statement));
  ASSIGN_OR_RETURN(Sequenced done, run_ddl(session, statement, std::move(ddl)));
  for (Notice& notice : done.notices) session.add_notice(std::move(notice));
  return CommandDone{done.tag};
}

}  // namespace penstock::coordinator
