// SHOW statements, and the words for kinds of objects that SHOW, DROP, ALTER, COMMENT and GRANT
// share. SHOW may stand in the place of a query, so this header is below ast_statement_query.h.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"

namespace penstock::sql {

enum class ObjectType {
  kTable,
  kView,
  kMaterializedView,
  kSource,
  kSink,
  kIndex,
  kType,
  kRole,
  kCluster,
  kClusterReplica,
  kSecret,
  kConnection,
  kDatabase,
  kSchema,
  kFunction,
  kNetworkPolicy,
  kSubsource,  // Only in SHOW.
  kObject      // Only in SHOW: SHOW OBJECTS.
};

struct ShowFilter {  // LIKE 'pattern' | WHERE expr
  std::optional<std::string> like;
  std::optional<Expr> where;
  friend bool operator==(const ShowFilter&, const ShowFilter&) = default;
};
struct ShowObjects {
  ObjectType type = ObjectType::kObject;
  std::optional<ItemName> from;  // Schema; of SHOW SCHEMAS the database.
  std::optional<ItemName> on;    // Relation of SHOW INDEXES, source of SHOW TABLES, SUBSOURCES.
  std::optional<Identifier> in_cluster;
  std::optional<ShowFilter> filter;
  friend bool operator==(const ShowObjects&, const ShowObjects&) = default;
};
struct ShowColumns {
  ItemName relation;
  std::optional<ShowFilter> filter;
  friend bool operator==(const ShowColumns&, const ShowColumns&) = default;
};
struct ShowCreate {
  ObjectType type = ObjectType::kTable;
  bool redacted = false;
  ItemName name;
  friend bool operator==(const ShowCreate&, const ShowCreate&) = default;
};
struct ShowPrivileges {  // SHOW [DEFAULT] PRIVILEGES [ON plural] [FOR role]
  bool defaults = false;
  std::optional<ObjectType> on;
  std::optional<Identifier> role;
  friend bool operator==(const ShowPrivileges&, const ShowPrivileges&) = default;
};
struct ShowRoleMembership {
  std::optional<Identifier> role;
  friend bool operator==(const ShowRoleMembership&, const ShowRoleMembership&) = default;
};
struct ShowVariable {  // Name in lower case; SHOW TIME ZONE is timezone, SHOW TRANSACTION ISOLATION
                       // LEVEL is transaction_isolation. Absent: SHOW ALL.
  std::optional<std::string> name;
  friend bool operator==(const ShowVariable&, const ShowVariable&) = default;
};
struct ShowStatement {
  ByteRange range;
  std::variant<ShowObjects, ShowColumns, ShowCreate, ShowPrivileges, ShowRoleMembership,
               ShowVariable>
      kind;
  friend bool operator==(const ShowStatement&, const ShowStatement&) = default;
};

}  // namespace penstock::sql
