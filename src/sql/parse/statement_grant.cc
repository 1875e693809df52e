// GRANT and REVOKE.
#include <string>
#include <utility>

#include "sql/parse/name_and_type.h"
#include "sql/parse/show.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

constexpr std::string_view kPrivileges[] = {
    "SELECT", "INSERT",   "UPDATE",     "DELETE",        "USAGE",
    "CREATE", "CREATEDB", "CREATEROLE", "CREATECLUSTER", "CREATENETWORKPOLICY",
};

Result<std::vector<Identifier>> parse_identifiers(Cursor& cursor) {
  std::vector<Identifier> names;
  do {
    ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
    names.push_back(std::move(name));
  } while (cursor.accept(TokenKind::kComma));
  return names;
}

// Roles, each with an optional GROUP in front.
Result<std::vector<Identifier>> parse_roles(Cursor& cursor) {
  std::vector<Identifier> roles;
  do {
    if (cursor.peek(1).kind == TokenKind::kWord || cursor.peek(1).kind == TokenKind::kQuotedWord) {
      cursor.accept("GROUP");
    }
    ASSIGN_OR_RETURN(Identifier role, cursor.identifier());
    roles.push_back(std::move(role));
  } while (cursor.accept(TokenKind::kComma));
  return roles;
}

bool starts_privileges(const Cursor& cursor) {
  const TokenKind next = cursor.peek(1).kind;
  const std::string_view word = cursor.peek(1).keyword;
  if (next != TokenKind::kComma && word != "ON" && word != "PRIVILEGES") return false;
  if (cursor.is("ALL")) return true;
  for (const std::string_view privilege : kPrivileges) {
    if (cursor.is(privilege)) return true;
  }
  return false;
}

// ALL [PRIVILEGES] | p, …
Result<std::vector<std::string>> parse_privileges(Cursor& cursor) {
  std::vector<std::string> privileges;
  if (cursor.accept("ALL")) {
    cursor.accept("PRIVILEGES");
    return privileges;
  }
  do {
    ASSIGN_OR_RETURN(const std::string_view privilege, cursor.expect_one_of(kPrivileges));
    privileges.emplace_back(privilege);
  } while (cursor.accept(TokenKind::kComma));
  return privileges;
}

// ALL plural [IN SCHEMA … | IN DATABASE …], from behind ALL.
Result<GrantTarget> parse_all_target(Cursor& cursor) {
  GrantTarget target;
  const std::optional<ObjectType> type = accept_plural_object_type(cursor);
  if (!type) return cursor.expected("object type");
  target.type = *type;
  if (cursor.accept({"IN", "SCHEMA"})) {
    ASSIGN_OR_RETURN(target.in_schemas, parse_item_names(cursor));
  } else if (cursor.accept({"IN", "DATABASE"})) {
    ASSIGN_OR_RETURN(target.in_databases, parse_identifiers(cursor));
  }
  return target;
}

// SYSTEM | ALL … | [type] names
Result<GrantTarget> parse_target(Cursor& cursor) {
  GrantTarget target;
  if (cursor.accept("SYSTEM")) {
    target.system = true;
    return target;
  }
  if (cursor.accept("ALL")) return parse_all_target(cursor);
  const TokenKind next = cursor.peek(1).kind;
  if (next == TokenKind::kWord || next == TokenKind::kQuotedWord) {
    const bool relation = cursor.peek(1).keyword == "TO" || cursor.peek(1).keyword == "FROM";
    if (!relation) {
      ASSIGN_OR_RETURN(target.type, parse_object_type(cursor));
    }
  }
  ASSIGN_OR_RETURN(target.names, parse_item_names(cursor));
  return target;
}

}  // namespace

Result<StatementKind> parse_grant(Cursor& cursor) {
  const bool revoke = cursor.take().keyword == "REVOKE";
  const std::string_view preposition = revoke ? "FROM" : "TO";
  if (!starts_privileges(cursor)) {
    GrantRole grant;
    grant.revoke = revoke;
    ASSIGN_OR_RETURN(grant.roles, parse_identifiers(cursor));
    RETURN_IF_ERROR(cursor.expect(preposition));
    ASSIGN_OR_RETURN(grant.members, parse_roles(cursor));
    return grant;
  }
  GrantPrivileges grant;
  grant.revoke = revoke;
  ASSIGN_OR_RETURN(grant.privileges, parse_privileges(cursor));
  RETURN_IF_ERROR(cursor.expect("ON"));
  ASSIGN_OR_RETURN(grant.target, parse_target(cursor));
  RETURN_IF_ERROR(cursor.expect(preposition));
  ASSIGN_OR_RETURN(grant.roles, parse_roles(cursor));
  return grant;
}

}  // namespace penstock::sql
