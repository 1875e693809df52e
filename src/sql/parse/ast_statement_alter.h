// ALTER, DROP, COMMENT, VALIDATE, GRANT and REVOKE.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_option.h"
#include "sql/parse/ast_show.h"
#include "sql/parse/ast_statement_create.h"
#include "sql/parse/ast_statement_session.h"

namespace penstock::sql {

enum class DropBehavior { kDefault, kCascade, kRestrict };
struct DropObjects {
  ObjectType type = ObjectType::kTable;
  bool if_exists = false;
  std::vector<ItemName> names;  // Of a cluster replica: cluster.replica.
  DropBehavior behavior = DropBehavior::kDefault;
  friend bool operator==(const DropObjects&, const DropObjects&) = default;
};

// --- ALTER <type> [IF EXISTS] name … ---
struct RenameTo {
  Identifier name;
  friend bool operator==(const RenameTo&, const RenameTo&) = default;
};
struct OwnerTo {
  Identifier role;
  friend bool operator==(const OwnerTo&, const OwnerTo&) = default;
};
struct SwapWith {
  Identifier name;
  friend bool operator==(const SwapWith&, const SwapWith&) = default;
};
struct SetCluster {
  Identifier cluster;
  friend bool operator==(const SetCluster&, const SetCluster&) = default;
};
struct SetOptions {  // SET (options) of everything but connections
  std::vector<Option> options;
  friend bool operator==(const SetOptions&, const SetOptions&) = default;
};
struct ResetOptions {  // RESET (names): options without values
  std::vector<Option> options;
  friend bool operator==(const ResetOptions&, const ResetOptions&) = default;
};
struct SetSecretValue {  // ALTER SECRET s AS expr
  Expr value;
  friend bool operator==(const SetSecretValue&, const SetSecretValue&) = default;
};
struct SetSinkFrom {  // ALTER SINK s SET FROM relation
  ItemName relation;
  friend bool operator==(const SetSinkFrom&, const SetSinkFrom&) = default;
};
struct AdoptSinkProgress {  // ALTER SINK s ADOPT PROGRESS
  friend bool operator==(const AdoptSinkProgress&, const AdoptSinkProgress&) = default;
};
struct RestartWithSnapshot {  // ALTER SINK s RESTART WITH SNAPSHOT [AS DIFFERENCE]
  bool as_difference = false;
  friend bool operator==(const RestartWithSnapshot&, const RestartWithSnapshot&) = default;
};
enum class ConnectionActionKind { kSet, kDrop, kRotateKeys };
struct ConnectionAction {  // SET (opt [= v]) | DROP (opt) | RESET (opt), the same | ROTATE KEYS
  ConnectionActionKind kind = ConnectionActionKind::kSet;
  std::optional<Option> option;
  ByteRange range;
  friend bool operator==(const ConnectionAction&, const ConnectionAction&) = default;
};
struct AlterConnectionActions {
  std::vector<ConnectionAction> actions;
  std::vector<Option> with;  // VALIDATE
  friend bool operator==(const AlterConnectionActions&, const AlterConnectionActions&) = default;
};
struct RefreshReferences {  // ALTER SOURCE s REFRESH REFERENCES
  friend bool operator==(const RefreshReferences&, const RefreshReferences&) = default;
};
struct AddSubsources {  // ALTER SOURCE s ADD SUBSOURCE t [AS n], … [WITH (…)]
  std::vector<ExternalReference> tables;
  std::vector<Option> with;
  friend bool operator==(const AddSubsources&, const AddSubsources&) = default;
};
struct DropSubsources {  // ALTER SOURCE s DROP SUBSOURCE …: the planner refuses it.
  std::vector<ItemName> names;
  friend bool operator==(const DropSubsources&, const DropSubsources&) = default;
};
struct AddColumn {  // ALTER TABLE t ADD COLUMN [IF NOT EXISTS] c type
  bool if_not_exists = false;
  ColumnDefinition column;
  friend bool operator==(const AddColumn&, const AddColumn&) = default;
};
struct ApplyReplacement {  // ALTER MATERIALIZED VIEW mv APPLY REPLACEMENT r
  ItemName replacement;
  friend bool operator==(const ApplyReplacement&, const ApplyReplacement&) = default;
};
struct AlterRoleAttributes {
  std::vector<Option> attributes;
  friend bool operator==(const AlterRoleAttributes&, const AlterRoleAttributes&) = default;
};
struct AlterRoleVariable {  // ALTER ROLE r SET v = … | RESET v
  std::variant<SetVariable, ResetVariable> change;
  friend bool operator==(const AlterRoleVariable&, const AlterRoleVariable&) = default;
};
struct AlterStatement {
  ObjectType type = ObjectType::kTable;
  bool if_exists = false;
  ItemName name;
  std::variant<RenameTo, OwnerTo, SwapWith, SetCluster, SetOptions, ResetOptions, SetSecretValue,
               SetSinkFrom, AdoptSinkProgress, RestartWithSnapshot, AlterConnectionActions,
               RefreshReferences, AddSubsources, DropSubsources, AddColumn, ApplyReplacement,
               AlterRoleAttributes, AlterRoleVariable>
      action;
  friend bool operator==(const AlterStatement&, const AlterStatement&) = default;
};
struct AlterSystemSet {
  std::string name;
  std::vector<SetValue> values;  // Empty: DEFAULT.
  friend bool operator==(const AlterSystemSet&, const AlterSystemSet&) = default;
};
struct AlterSystemReset {
  std::optional<std::string> name;  // Absent: ALL.
  friend bool operator==(const AlterSystemReset&, const AlterSystemReset&) = default;
};

struct ValidateConnection {
  ItemName name;
  friend bool operator==(const ValidateConnection&, const ValidateConnection&) = default;
};
struct ValidateSink {
  ItemName name;
  friend bool operator==(const ValidateSink&, const ValidateSink&) = default;
};
struct AuditSink {
  ItemName name;
  std::optional<Expr> at;  // Absent: what the sink has sent so far.
  friend bool operator==(const AuditSink&, const AuditSink&) = default;
};
struct CommentOn {  // Of a column, `name` is its relation.
  ObjectType type = ObjectType::kTable;
  ItemName name;
  std::optional<Identifier> column;
  std::optional<std::string> comment;  // Absent: NULL.
  friend bool operator==(const CommentOn&, const CommentOn&) = default;
};

// --- privileges ---
struct GrantTarget {  // [type] names | ALL plural [IN SCHEMA|DATABASE …] | SYSTEM
  bool system = false;
  ObjectType type = ObjectType::kTable;
  std::vector<ItemName> names;  // Empty: all.
  std::vector<ItemName> in_schemas;
  std::vector<Identifier> in_databases;
  friend bool operator==(const GrantTarget&, const GrantTarget&) = default;
};
struct GrantPrivileges {  // GRANT p ON t TO r | REVOKE p ON t FROM r
  bool revoke = false;
  std::vector<std::string> privileges;  // Upper case; empty: ALL [PRIVILEGES].
  GrantTarget target;
  std::vector<Identifier> roles;
  friend bool operator==(const GrantPrivileges&, const GrantPrivileges&) = default;
};
struct GrantRole {  // GRANT role TO member | REVOKE role FROM member
  bool revoke = false;
  std::vector<Identifier> roles;
  std::vector<Identifier> members;
  friend bool operator==(const GrantRole&, const GrantRole&) = default;
};

}  // namespace penstock::sql
