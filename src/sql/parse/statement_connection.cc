// CREATE CONNECTION, CREATE CLUSTER [REPLICA], CREATE ROLE.
#include <string>
#include <utility>

#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

struct ConnectionWords {
  std::string_view words;
  ConnectionType type;
};
// Longer spellings come before their beginnings.
constexpr ConnectionWords kConnectionTypes[] = {
    {"KAFKA", ConnectionType::kKafka},
    {"CONFLUENT SCHEMA REGISTRY", ConnectionType::kConfluentSchemaRegistry},
    {"POSTGRES", ConnectionType::kPostgres},
    {"SSH TUNNEL", ConnectionType::kSshTunnel},
    {"AWS PRIVATELINK", ConnectionType::kAwsPrivatelink},
    {"AWS GLUE SCHEMA REGISTRY", ConnectionType::kAwsGlueSchemaRegistry},
    {"AWS", ConnectionType::kAws},
    {"MYSQL", ConnectionType::kMysql},
    {"SQL SERVER", ConnectionType::kSqlServer},
    {"GCP", ConnectionType::kGcp},
    {"ICEBERG CATALOG", ConnectionType::kIcebergCatalog},
};

Result<ConnectionType> parse_connection_type(Cursor& cursor) {
  for (const ConnectionWords& entry : kConnectionTypes) {
    if (cursor.accept_phrase(entry.words)) return entry.type;
  }
  return cursor.expected(
      "one of AWS or CONFLUENT SCHEMA REGISTRY or GCP or ICEBERG CATALOG or KAFKA or MYSQL or "
      "POSTGRES or SQL SERVER or SSH TUNNEL");
}

// TO type ( options ) | FOR type option, …
Status parse_connection_body(Cursor& cursor, CreateConnection& create) {
  ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"FOR", "TO"}));
  ASSIGN_OR_RETURN(create.type, parse_connection_type(cursor));
  const OptionSpecs specs = option_specs::kConnection;
  if (word == "TO" || cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(create.options, parse_options_in_parens(cursor, specs));
  } else if (!cursor.is("WITH")) {
    ASSIGN_OR_RETURN(create.options, parse_option_list(cursor, specs));
  }
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kConnectionWith));
  return {};
}

}  // namespace

Result<StatementKind> parse_create_connection(Cursor& cursor) {
  CreateConnection create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  RETURN_IF_ERROR(parse_connection_body(cursor, create));
  return create;
}

Result<StatementKind> parse_create_cluster(Cursor& cursor) {
  CreateCluster create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, cursor.identifier());
  const OptionSpecs specs = option_specs::kCluster;
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(create.options, parse_options_in_parens(cursor, specs));
  } else if (!cursor.is(TokenKind::kEnd) && !cursor.is(TokenKind::kSemicolon)) {
    ASSIGN_OR_RETURN(create.options, parse_option_list(cursor, specs));
  }
  return create;
}

Result<StatementKind> parse_create_cluster_replica(Cursor& cursor) {
  CreateClusterReplica create;
  ASSIGN_OR_RETURN(create.cluster, cursor.identifier());
  RETURN_IF_ERROR(cursor.expect(TokenKind::kDot));
  ASSIGN_OR_RETURN(create.name, cursor.identifier());
  const OptionSpecs specs = option_specs::kClusterReplica;
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(create.options, parse_options_in_parens(cursor, specs));
  } else {
    ASSIGN_OR_RETURN(create.options, parse_option_list(cursor, specs));
  }
  return create;
}

Result<std::vector<Option>> parse_role_attributes(Cursor& cursor) {
  constexpr std::string_view kWords[] = {
      "SUPERUSER",    "NOSUPERUSER",     "LOGIN",    "NOLOGIN",    "INHERIT",
      "NOINHERIT",    "CREATECLUSTER",   "CREATEDB", "NOCREATEDB", "CREATEROLE",
      "NOCREATEROLE", "NOCREATECLUSTER", "PASSWORD",
  };
  std::vector<Option> attributes;
  cursor.accept("WITH");
  while (!cursor.is(TokenKind::kEnd) && !cursor.is(TokenKind::kSemicolon)) {
    const std::size_t place = cursor.place();
    ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of(kWords));
    Option attribute;
    attribute.name = word;
    if (word == "PASSWORD") {
      if (!cursor.is("NULL") && !cursor.is(TokenKind::kString)) {
        return cursor.expected("literal string");
      }
      ASSIGN_OR_RETURN(attribute.value, parse_option_value(cursor));
    }
    attribute.range = cursor.range_from(place);
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

Result<StatementKind> parse_create_role(Cursor& cursor) {
  CreateRole create;
  ASSIGN_OR_RETURN(create.name, cursor.identifier());
  ASSIGN_OR_RETURN(create.attributes, parse_role_attributes(cursor));
  return create;
}

}  // namespace penstock::sql
