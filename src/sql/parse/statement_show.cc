// SHOW, and the words for kinds of objects.
#include <optional>
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/show.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

struct TypeWords {
  std::string_view words;
  ObjectType type;
};

// Longer spellings come before their beginnings.
constexpr TypeWords kSingular[] = {
    {"TABLE", ObjectType::kTable},
    {"VIEW", ObjectType::kView},
    {"MATERIALIZED VIEW", ObjectType::kMaterializedView},
    {"SOURCE", ObjectType::kSource},
    {"SINK", ObjectType::kSink},
    {"INDEX", ObjectType::kIndex},
    {"TYPE", ObjectType::kType},
    {"ROLE", ObjectType::kRole},
    {"USER", ObjectType::kRole},
    {"CLUSTER REPLICA", ObjectType::kClusterReplica},
    {"CLUSTER", ObjectType::kCluster},
    {"SECRET", ObjectType::kSecret},
    {"CONNECTION", ObjectType::kConnection},
    {"DATABASE", ObjectType::kDatabase},
    {"SCHEMA", ObjectType::kSchema},
    {"FUNCTION", ObjectType::kFunction},
    {"NETWORK POLICY", ObjectType::kNetworkPolicy},
};
constexpr TypeWords kPlural[] = {
    {"TABLES", ObjectType::kTable},
    {"VIEWS", ObjectType::kView},
    {"MATERIALIZED VIEWS", ObjectType::kMaterializedView},
    {"SOURCES", ObjectType::kSource},
    {"SINKS", ObjectType::kSink},
    {"INDEXES", ObjectType::kIndex},
    {"TYPES", ObjectType::kType},
    {"ROLES", ObjectType::kRole},
    {"USERS", ObjectType::kRole},
    {"CLUSTER REPLICAS", ObjectType::kClusterReplica},
    {"CLUSTERS", ObjectType::kCluster},
    {"SECRETS", ObjectType::kSecret},
    {"CONNECTIONS", ObjectType::kConnection},
    {"DATABASES", ObjectType::kDatabase},
    {"SCHEMAS", ObjectType::kSchema},
    {"FUNCTIONS", ObjectType::kFunction},
    {"NETWORK POLICIES", ObjectType::kNetworkPolicy},
    {"SUBSOURCES", ObjectType::kSubsource},
    {"OBJECTS", ObjectType::kObject},
};

// [LIKE 'pattern' | WHERE expr]
Result<std::optional<ShowFilter>> parse_filter(Cursor& cursor) {
  ShowFilter filter;
  if (cursor.accept("LIKE")) {
    ASSIGN_OR_RETURN(filter.like, cursor.string_literal());
    return filter;
  }
  if (cursor.accept("WHERE")) {
    ASSIGN_OR_RETURN(filter.where, parse_expr(cursor));
    return filter;
  }
  return std::nullopt;
}

// [FROM schema] [ON relation] [IN CLUSTER c] [filter]; IN is FROM too.
Result<ShowObjects> parse_show_objects(Cursor& cursor, ObjectType type) {
  ShowObjects show;
  show.type = type;
  while (true) {
    if (cursor.is({"IN", "CLUSTER"}) && !show.in_cluster) {
      ASSIGN_OR_RETURN(show.in_cluster, parse_in_cluster(cursor));
    } else if (cursor.is_one_of({"FROM", "IN"}) && !show.from) {
      cursor.take();
      ASSIGN_OR_RETURN(show.from, parse_item_name(cursor));
    } else if (cursor.is("ON") && !show.on) {
      cursor.take();
      ASSIGN_OR_RETURN(show.on, parse_item_name(cursor));
    } else {
      break;
    }
  }
  ASSIGN_OR_RETURN(show.filter, parse_filter(cursor));
  return show;
}

Result<ShowColumns> parse_show_columns(Cursor& cursor) {
  ShowColumns show;
  if (!cursor.accept("FROM") && !cursor.accept("IN")) {
    return cursor.expected("one of FROM or IN");
  }
  ASSIGN_OR_RETURN(show.relation, parse_item_name(cursor));
  ASSIGN_OR_RETURN(show.filter, parse_filter(cursor));
  return show;
}

// From behind CREATE.
Result<ShowCreate> parse_show_create(Cursor& cursor, bool redacted) {
  ShowCreate show;
  show.redacted = redacted;
  ASSIGN_OR_RETURN(show.type, parse_object_type(cursor));
  ASSIGN_OR_RETURN(show.name, parse_item_name(cursor));
  return show;
}

// From behind [DEFAULT] PRIVILEGES.
Result<ShowPrivileges> parse_show_privileges(Cursor& cursor, bool defaults) {
  ShowPrivileges show;
  show.defaults = defaults;
  if (cursor.accept("ON")) {
    show.on = accept_plural_object_type(cursor);
    if (!show.on) return cursor.expected("object type");
  }
  if (cursor.accept("FOR")) {
    ASSIGN_OR_RETURN(show.role, cursor.identifier());
  }
  return show;
}

Result<ShowVariable> parse_show_variable(Cursor& cursor) {
  if (cursor.accept("ALL")) return ShowVariable{};
  if (cursor.accept({"TIME", "ZONE"})) return ShowVariable{"timezone"};
  if (cursor.accept({"TRANSACTION", "ISOLATION", "LEVEL"})) {
    return ShowVariable{"transaction_isolation"};
  }
  ASSIGN_OR_RETURN(std::string name, parse_variable_name(cursor));
  return ShowVariable{std::move(name)};
}

bool at_end_of_show(const Cursor& cursor, std::size_t words) {
  const TokenKind kind = cursor.peek(words).kind;
  return kind == TokenKind::kEnd || kind == TokenKind::kSemicolon || kind == TokenKind::kRightParen;
}

Result<decltype(ShowStatement::kind)> parse_show_kind(Cursor& cursor) {
  using Kind = decltype(ShowStatement::kind);
  const auto found = [](auto result) -> Result<Kind> {
    if (!result) return std::unexpected(std::move(result).error());
    return Kind(std::move(result).value());
  };
  if (cursor.is("REDACTED") && !at_end_of_show(cursor, 1)) {
    cursor.take();
    if (!cursor.accept("CREATE")) {
      return cursor.error("SHOW REDACTED is only supported for SHOW REDACTED CREATE ...");
    }
    return found(parse_show_create(cursor, true));
  }
  if (cursor.is("CREATE") && !at_end_of_show(cursor, 1)) {
    cursor.take();
    return found(parse_show_create(cursor, false));
  }
  if (cursor.accept("COLUMNS")) return found(parse_show_columns(cursor));
  if (cursor.accept("PRIVILEGES")) return found(parse_show_privileges(cursor, false));
  if (cursor.accept({"DEFAULT", "PRIVILEGES"})) return found(parse_show_privileges(cursor, true));
  if (cursor.accept({"ROLE", "MEMBERSHIP"})) {
    ShowRoleMembership show;
    if (cursor.accept("FOR")) {
      ASSIGN_OR_RETURN(show.role, cursor.identifier());
    }
    return Kind(std::move(show));
  }
  if (cursor.is_one_of({"INDEX", "KEYS"}) && !at_end_of_show(cursor, 1)) {
    cursor.take();
    return found(parse_show_objects(cursor, ObjectType::kIndex));
  }
  if (const std::optional<ObjectType> type = accept_plural_object_type(cursor)) {
    return found(parse_show_objects(cursor, *type));
  }
  return found(parse_show_variable(cursor));
}

}  // namespace

Result<ObjectType> parse_object_type(Cursor& cursor) {
  for (const TypeWords& entry : kSingular) {
    if (cursor.accept_phrase(entry.words)) return entry.type;
  }
  return cursor.expected(
      "one of TABLE or VIEW or MATERIALIZED VIEW or SOURCE or SINK or INDEX or TYPE or ROLE or "
      "CLUSTER or SECRET or CONNECTION or DATABASE or SCHEMA or FUNCTION or NETWORK POLICY");
}

std::optional<ObjectType> accept_plural_object_type(Cursor& cursor) {
  for (const TypeWords& entry : kPlural) {
    if (cursor.accept_phrase(entry.words)) return entry.type;
  }
  return std::nullopt;
}

Result<ShowStatement> parse_show(Cursor& cursor) {
  const std::size_t place = cursor.place();
  RETURN_IF_ERROR(cursor.expect("SHOW"));
  ASSIGN_OR_RETURN(auto kind, parse_show_kind(cursor));
  return ShowStatement{cursor.range_from(place), std::move(kind)};
}

}  // namespace penstock::sql
