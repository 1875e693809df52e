// CREATE SOURCE, CREATE TABLE … FROM SOURCE, webhooks.
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/format.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

struct GeneratorWord {
  std::string_view word;
  LoadGenerator generator;
};
constexpr GeneratorWord kGenerators[] = {
    {"AUCTION", LoadGenerator::kAuction},     {"CLOCK", LoadGenerator::kClock},
    {"COUNTER", LoadGenerator::kCounter},     {"DATUMS", LoadGenerator::kDatums},
    {"MARKETING", LoadGenerator::kMarketing}, {"TPCH", LoadGenerator::kTpch},
};

// From behind LOAD GENERATOR.
Result<GeneratorSource> parse_generator(Cursor& cursor) {
  GeneratorSource source;
  bool found = false;
  for (const GeneratorWord& entry : kGenerators) {
    if (found || !cursor.accept(entry.word)) continue;
    source.generator = entry.generator;
    found = true;
  }
  if (!found && cursor.accept({"KEY", "VALUE"})) {
    source.generator = LoadGenerator::kKeyValue;
    found = true;
  }
  if (!found) {
    return cursor.expected(
        "one of AUCTION or CLOCK or COUNTER or DATUMS or KEY VALUE or MARKETING or TPCH");
  }
  ASSIGN_OR_RETURN(source.options,
                   parse_optional_options_in_parens(cursor, option_specs::kLoadGenerator));
  return source;
}

// From behind FROM: KAFKA | POSTGRES | MYSQL | SQL SERVER, CONNECTION c (…)
Result<ConnectionSource> parse_connection_source(Cursor& cursor) {
  ConnectionSource source;
  OptionSpecs specs = option_specs::kMysqlSource;
  if (cursor.accept("KAFKA")) {
    specs = option_specs::kKafkaSource;
  } else if (cursor.accept("POSTGRES")) {
    source.system = SourceSystem::kPostgres;
    specs = option_specs::kPostgresSource;
  } else if (cursor.accept({"SQL", "SERVER"})) {
    source.system = SourceSystem::kSqlServer;
  } else if (cursor.accept("MYSQL")) {
    source.system = SourceSystem::kMysql;
  } else {
    return cursor.expected("KAFKA, POSTGRES, MYSQL, SQL SERVER, LOAD GENERATOR, or WEBHOOK");
  }
  RETURN_IF_ERROR(cursor.expect("CONNECTION"));
  ASSIGN_OR_RETURN(source.connection, parse_item_name(cursor));
  ASSIGN_OR_RETURN(source.options, parse_optional_options_in_parens(cursor, specs));
  return source;
}

// [FOR ALL TABLES | FOR SCHEMAS (…) | FOR TABLES (…)]
Status parse_references(Cursor& cursor, CreateSource& create) {
  if (!cursor.accept("FOR")) return {};
  ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"ALL", "SCHEMAS", "TABLES"}));
  if (word == "ALL") {
    create.references = ForAllTables{};
    return cursor.expect("TABLES");
  }
  if (word == "SCHEMAS") {
    ForSchemas schemas;
    ASSIGN_OR_RETURN(schemas.schemas, cursor.identifiers_in_parens());
    create.references = std::move(schemas);
    return {};
  }
  ForTables tables;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(tables.tables, parse_external_references(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  create.references = std::move(tables);
  return {};
}

// --- webhooks ---

// BODY | HEADERS | SECRET s, [AS name] [BYTES]
Result<WebhookInput> parse_webhook_input(Cursor& cursor) {
  WebhookInput input;
  ASSIGN_OR_RETURN(const std::string_view word,
                   cursor.expect_one_of({"BODY", "HEADERS", "SECRET"}));
  input.kind = word == "BODY"      ? WebhookInputKind::kBody
               : word == "HEADERS" ? WebhookInputKind::kHeaders
                                   : WebhookInputKind::kSecret;
  if (input.kind == WebhookInputKind::kSecret) {
    ASSIGN_OR_RETURN(input.secret, parse_item_name(cursor));
  }
  if (cursor.accept("AS")) {
    ASSIGN_OR_RETURN(input.alias, cursor.identifier());
  }
  input.bytes = cursor.accept("BYTES");
  return input;
}

// From behind CHECK: ( [WITH ( input, … )] expr )
Result<WebhookCheck> parse_webhook_check(Cursor& cursor) {
  WebhookCheck check;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (cursor.accept("WITH")) {
    RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
    do {
      ASSIGN_OR_RETURN(WebhookInput input, parse_webhook_input(cursor));
      check.inputs.push_back(std::move(input));
    } while (cursor.accept(TokenKind::kComma));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  ASSIGN_OR_RETURN(check.condition, parse_expr(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return check;
}

// INCLUDE HEADERS [( [NOT] 'h', … )], from behind HEADERS.
Status parse_header_filters(Cursor& cursor, CreateWebhook& create) {
  create.include_headers = true;
  if (!cursor.accept(TokenKind::kLeftParen)) return {};
  do {
    WebhookHeaderFilter filter;
    filter.excluded = cursor.accept("NOT");
    ASSIGN_OR_RETURN(filter.header, cursor.string_literal());
    create.header_filters.push_back(std::move(filter));
  } while (cursor.accept(TokenKind::kComma));
  return cursor.expect(TokenKind::kRightParen);
}

// From behind WEBHOOK.
Status parse_webhook(Cursor& cursor, CreateWebhook& create) {
  RETURN_IF_ERROR(cursor.expect({"BODY", "FORMAT"}));
  ASSIGN_OR_RETURN(create.body_format, parse_format(cursor));
  while (cursor.accept("INCLUDE")) {
    if (cursor.accept("HEADERS")) {
      RETURN_IF_ERROR(parse_header_filters(cursor, create));
      continue;
    }
    RETURN_IF_ERROR(cursor.expect("HEADER"));
    ASSIGN_OR_RETURN(IncludeItem column, parse_include_header(cursor));
    create.header_columns.push_back(std::move(column));
  }
  if (cursor.accept("CHECK")) {
    ASSIGN_OR_RETURN(create.check, parse_webhook_check(cursor));
  }
  return {};
}

// The clauses of CREATE SOURCE behind its connection.
Status parse_source_clauses(Cursor& cursor, CreateSource& create) {
  ASSIGN_OR_RETURN(create.format, parse_format_clause(cursor));
  ASSIGN_OR_RETURN(create.include, parse_include(cursor));
  ASSIGN_OR_RETURN(create.envelope, parse_source_envelope(cursor));
  RETURN_IF_ERROR(parse_references(cursor, create));
  if (cursor.accept({"EXPOSE", "PROGRESS", "AS"})) {
    ASSIGN_OR_RETURN(create.expose_progress_as, parse_item_name(cursor));
  }
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kSourceWith));
  return {};
}

}  // namespace

Result<std::vector<ExternalReference>> parse_external_references(Cursor& cursor) {
  std::vector<ExternalReference> references;
  do {
    ExternalReference reference;
    ASSIGN_OR_RETURN(reference.upstream, parse_item_name(cursor));
    if (cursor.accept("AS")) {
      ASSIGN_OR_RETURN(reference.alias, parse_item_name(cursor));
    }
    references.push_back(std::move(reference));
  } while (cursor.accept(TokenKind::kComma));
  return references;
}

Result<StatementKind> parse_create_source(Cursor& cursor) {
  CreateSource create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  ASSIGN_OR_RETURN(TableElements elements, parse_table_elements(cursor, true));
  create.columns = std::move(elements.columns);
  create.constraints = std::move(elements.constraints);
  ASSIGN_OR_RETURN(create.in_cluster, parse_in_cluster(cursor));
  RETURN_IF_ERROR(cursor.expect("FROM"));
  if (cursor.accept("WEBHOOK")) {
    CreateWebhook webhook;
    webhook.if_not_exists = create.if_not_exists;
    webhook.name = std::move(create.name);
    webhook.in_cluster = std::move(create.in_cluster);
    RETURN_IF_ERROR(parse_webhook(cursor, webhook));
    return webhook;
  }
  if (cursor.accept({"LOAD", "GENERATOR"})) {
    ASSIGN_OR_RETURN(create.from, parse_generator(cursor));
  } else {
    ASSIGN_OR_RETURN(create.from, parse_connection_source(cursor));
  }
  RETURN_IF_ERROR(parse_source_clauses(cursor, create));
  return create;
}

Result<StatementKind> parse_table_from_source(Cursor& cursor, CreateTable head) {
  ASSIGN_OR_RETURN(std::optional<Identifier> in_cluster, parse_in_cluster(cursor));
  RETURN_IF_ERROR(cursor.expect("FROM"));
  if (cursor.accept("WEBHOOK")) {
    CreateWebhook webhook;
    webhook.is_table = true;
    webhook.if_not_exists = head.if_not_exists;
    webhook.name = std::move(head.name);
    webhook.in_cluster = std::move(in_cluster);
    RETURN_IF_ERROR(parse_webhook(cursor, webhook));
    return webhook;
  }
  CreateTableFromSource create;
  create.if_not_exists = head.if_not_exists;
  create.name = std::move(head.name);
  create.columns = std::move(head.columns);
  create.constraints = std::move(head.constraints);
  if (in_cluster || !cursor.accept("SOURCE")) {
    return cursor.expected(in_cluster ? "WEBHOOK" : "one of SOURCE or WEBHOOK");
  }
  ASSIGN_OR_RETURN(create.source, parse_item_name(cursor));
  ASSIGN_OR_RETURN(create.options,
                   parse_optional_options_in_parens(cursor, option_specs::kTableFromSource));
  ASSIGN_OR_RETURN(create.format, parse_format_clause(cursor));
  ASSIGN_OR_RETURN(create.include, parse_include(cursor));
  ASSIGN_OR_RETURN(create.envelope, parse_source_envelope(cursor));
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kTableFromSourceWith));
  return create;
}

}  // namespace penstock::sql
