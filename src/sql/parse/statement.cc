// Dispatch on the first word, and the entry points of the parser.
#include "sql/parse/statement.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/lexer.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/parse.h"
#include "sql/parse/query.h"
#include "sql/parse/show.h"

namespace penstock::sql {
namespace {

struct Dispatch {
  std::string_view word;
  Result<StatementKind> (*parse)(Cursor&);
};

Result<StatementKind> parse_show_statement(Cursor& cursor) {
  ASSIGN_OR_RETURN(ShowStatement show, parse_show(cursor));
  return show;
}

constexpr Dispatch kDispatch[] = {
    {"SELECT", parse_select_or_values},
    {"WITH", parse_select_or_values},
    {"VALUES", parse_select_or_values},
    {"TABLE", parse_select_or_values},
    {"SUBSCRIBE", parse_subscribe},
    {"INSERT", parse_insert},
    {"UPDATE", parse_update},
    {"DELETE", parse_delete},
    {"COPY", parse_copy},
    {"EXPLAIN", parse_explain},
    {"SHOW", parse_show_statement},
    {"DECLARE", parse_cursor_statement},
    {"FETCH", parse_cursor_statement},
    {"CLOSE", parse_cursor_statement},
    {"PREPARE", parse_prepared_statement},
    {"EXECUTE", parse_prepared_statement},
    {"DEALLOCATE", parse_prepared_statement},
    {"BEGIN", parse_transaction},
    {"START", parse_transaction},
    {"COMMIT", parse_transaction},
    {"END", parse_transaction},
    {"ROLLBACK", parse_transaction},
    {"ABORT", parse_transaction},
    {"SET", parse_set},
    {"RESET", parse_set},
    {"DISCARD", parse_discard},
    {"CREATE", parse_create},
    {"DROP", parse_drop},
    {"ALTER", parse_alter},
    {"VALIDATE", parse_validate},
    {"AUDIT", parse_audit},
    {"COMMENT", parse_comment},
    {"GRANT", parse_grant},
    {"REVOKE", parse_grant},
};

// Statements of PostgreSQL that clients try and that there are not.
constexpr std::array<std::string_view, 19> kNotOffered = {
    "analyze",   "call",     "checkpoint", "cluster",  "do",      "import",  "listen",
    "lock",      "merge",    "notify",     "reassign", "refresh", "reindex", "release",
    "savepoint", "security", "truncate",   "unlisten", "vacuum"};

Result<StatementKind> dispatch(Cursor& cursor) {
  if (cursor.is(TokenKind::kLeftParen)) return parse_select_or_values(cursor);
  const std::string_view word = cursor.peek().keyword;
  for (const Dispatch& entry : kDispatch) {
    if (word == entry.word) return entry.parse(cursor);
  }
  const Token& token = cursor.peek();
  if (token.kind == TokenKind::kWord &&
      std::ranges::find(kNotOffered, token.text) != kNotOffered.end()) {
    std::string upper = token.text;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return cursor.not_supported(token.range, upper + " not yet supported");
  }
  return cursor.expected("a keyword at the beginning of a statement");
}

bool at_end(const Cursor& cursor) {
  return cursor.is(TokenKind::kSemicolon) || cursor.is(TokenKind::kEnd);
}

// All of `text` is one thing that `parse` reads.
template <typename Parse>
auto parse_whole(std::string_view text, const Parse& parse)
    -> decltype(parse(std::declval<Cursor&>())) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  Cursor cursor(text, std::move(tokens));
  auto parsed = parse(cursor);
  if (parsed && !cursor.is(TokenKind::kEnd)) return cursor.expected("EOF");
  return parsed;
}

}  // namespace

Result<Statement> parse_any_statement(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(StatementKind kind, dispatch(cursor));
  return Statement{cursor.range_from(place), std::move(kind)};
}

Result<std::vector<ParsedStatement>> parse_statements(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  Cursor cursor(text, std::move(tokens));
  std::vector<ParsedStatement> statements;
  while (true) {
    while (cursor.accept(TokenKind::kSemicolon)) {
    }
    if (cursor.is(TokenKind::kEnd)) return statements;
    ASSIGN_OR_RETURN(Statement statement, parse_any_statement(cursor));
    if (!at_end(cursor)) return cursor.expected("end of statement");
    const ByteRange range = statement.range;
    statements.push_back(ParsedStatement{std::move(statement), range});
  }
}

Result<Statement> parse_statement(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  Cursor cursor(text, std::move(tokens));
  ASSIGN_OR_RETURN(Statement statement, parse_any_statement(cursor));
  cursor.accept(TokenKind::kSemicolon);
  if (!cursor.is(TokenKind::kEnd)) return cursor.expected("end of statement");
  return statement;
}

Result<Expr> parse_expression(std::string_view text) {
  return parse_whole(text, parse_expr);
}

Result<TypeName> parse_type(std::string_view text) {
  return parse_whole(text, parse_type_name);
}

Result<ItemName> parse_item_name(std::string_view text) {
  return parse_whole(text, [](Cursor& cursor) { return parse_item_name(cursor); });
}

// --- shared pieces ---

Result<bool> parse_if_not_exists(Cursor& cursor) {
  if (!cursor.is("IF")) return false;
  const TokenKind next = cursor.peek(1).kind;
  if (next != TokenKind::kWord && next != TokenKind::kQuotedWord) return false;
  cursor.take();
  RETURN_IF_ERROR(cursor.expect({"NOT", "EXISTS"}));
  return true;
}

Result<bool> parse_if_exists(Cursor& cursor) {
  if (!cursor.is("IF")) return false;
  const TokenKind next = cursor.peek(1).kind;
  if (next != TokenKind::kWord && next != TokenKind::kQuotedWord) return false;
  cursor.take();
  RETURN_IF_ERROR(cursor.expect("EXISTS"));
  return true;
}

Result<std::optional<Identifier>> parse_in_cluster(Cursor& cursor) {
  if (!cursor.accept({"IN", "CLUSTER"})) return std::nullopt;
  ASSIGN_OR_RETURN(Identifier cluster, cursor.identifier());
  return cluster;
}

}  // namespace penstock::sql
