// A statement: any of them.
#pragma once

#include <variant>

#include "sql/parse/ast_name.h"
#include "sql/parse/ast_show.h"
#include "sql/parse/ast_statement_alter.h"
#include "sql/parse/ast_statement_create.h"
#include "sql/parse/ast_statement_query.h"
#include "sql/parse/ast_statement_session.h"

namespace penstock::sql {

using StatementKind =
    std::variant<SelectStatement, SubscribeStatement, InsertStatement, UpdateStatement,
                 DeleteStatement, CopyStatement, ExplainStatement, ShowStatement, DeclareStatement,
                 FetchStatement, CloseStatement, PrepareStatement, ExecuteStatement,
                 DeallocateStatement, BeginStatement, CommitStatement, RollbackStatement,
                 SetTransaction, SetVariable, ResetVariable, DiscardStatement, CreateDatabase,
                 CreateSchema, CreateRole, CreateCluster, CreateClusterReplica, CreateSecret,
                 CreateConnection, CreateTable, CreateSource, CreateTableFromSource, CreateWebhook,
                 CreateView, CreateMaterializedView, CreateIndex, CreateSink, CreateType,
                 DropObjects, AlterStatement, AlterSystemSet, AlterSystemReset, ValidateConnection,
                 ValidateSink, AuditSink, CommentOn, GrantPrivileges, GrantRole>;

struct Statement {
  ByteRange range;
  StatementKind kind;
  friend bool operator==(const Statement&, const Statement&) = default;
};

}  // namespace penstock::sql
