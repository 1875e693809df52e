// Transactions, parameters, cursors, prepared statements, DISCARD.
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

// READ UNCOMMITTED | READ COMMITTED | REPEATABLE READ | SERIALIZABLE | …
Result<std::string> parse_isolation_level(Cursor& cursor) {
  if (cursor.accept({"READ", "UNCOMMITTED"})) return "read uncommitted";
  if (cursor.accept({"READ", "COMMITTED"})) return "read committed";
  if (cursor.accept({"REPEATABLE", "READ"})) return "repeatable read";
  if (cursor.accept("SERIALIZABLE")) return "serializable";
  if (cursor.accept({"STRICT", "SERIALIZABLE"})) return "strict serializable";
  if (cursor.accept({"STRONG", "SESSION", "SERIALIZABLE"})) return "strong session serializable";
  if (cursor.accept({"BOUNDED", "STALENESS"})) {
    ASSIGN_OR_RETURN(const std::string bound, cursor.string_literal());
    return "bounded staleness " + bound;
  }
  return cursor.expected("isolation level");
}

// [ISOLATION LEVEL …] [READ ONLY | READ WRITE], commas between them may be left out.
Result<TransactionModes> parse_modes(Cursor& cursor) {
  TransactionModes modes;
  bool comma = false;
  while (true) {
    if (cursor.accept({"ISOLATION", "LEVEL"})) {
      ASSIGN_OR_RETURN(modes.isolation, parse_isolation_level(cursor));
    } else if (cursor.accept({"READ", "ONLY"})) {
      modes.read_only = true;
    } else if (cursor.accept({"READ", "WRITE"})) {
      modes.read_only = false;
    } else if (comma) {
      return cursor.expected("transaction mode");
    } else {
      return modes;
    }
    comma = cursor.accept(TokenKind::kComma);
  }
}

// [TRANSACTION | WORK] [AND [NO] CHAIN]
Result<bool> parse_transaction_end(Cursor& cursor) {
  if (!cursor.accept("TRANSACTION")) cursor.accept("WORK");
  if (!cursor.accept("AND")) return false;
  const bool chain = !cursor.accept("NO");
  RETURN_IF_ERROR(cursor.expect("CHAIN"));
  return chain;
}

Result<SetValue> parse_set_value(Cursor& cursor) {
  if (cursor.is("INTERVAL") && cursor.peek(1).kind == TokenKind::kString) {
    cursor.take();
    ASSIGN_OR_RETURN(IntervalLiteral interval, parse_interval(cursor));
    return SetValue{std::move(interval)};
  }
  if (cursor.accept("TRUE")) return SetValue{BoolLiteral{true}};
  if (cursor.accept("FALSE")) return SetValue{BoolLiteral{false}};
  if (cursor.is(TokenKind::kString)) return SetValue{StringLiteral{cursor.take().text}};
  const bool sign = cursor.is_operator("-") || cursor.is_operator("+");
  if (cursor.is(TokenKind::kNumber) || (sign && cursor.peek(1).kind == TokenKind::kNumber)) {
    std::string text = sign && cursor.peek().text == "-" ? "-" : "";
    if (sign) cursor.take();
    return SetValue{NumberLiteral{text + cursor.take().text}};
  }
  if (!cursor.is_name()) return cursor.expected("variable value");
  const bool quoted = cursor.is(TokenKind::kQuotedWord);
  const ByteRange range = cursor.peek().range;
  return SetValue{Identifier{cursor.take().text, quoted, range}};
}

// The value of SET TIME ZONE, NAMES, SCHEMA: no TO in front.
Result<std::vector<SetValue>> parse_bare_set_values(Cursor& cursor) {
  std::vector<SetValue> values;
  if (cursor.accept("DEFAULT")) return values;
  do {
    ASSIGN_OR_RETURN(SetValue value, parse_set_value(cursor));
    values.push_back(std::move(value));
  } while (cursor.accept(TokenKind::kComma));
  return values;
}

Result<StatementKind> parse_set_statement(Cursor& cursor) {
  if (cursor.is("TRANSACTION") && cursor.peek(1).kind == TokenKind::kWord &&
      cursor.peek(1).keyword != "TO") {
    cursor.take();
    ASSIGN_OR_RETURN(TransactionModes modes, parse_modes(cursor));
    return SetTransaction{false, std::move(modes)};
  }
  if (cursor.accept({"SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"})) {
    ASSIGN_OR_RETURN(TransactionModes modes, parse_modes(cursor));
    return SetTransaction{true, std::move(modes)};
  }
  const TokenKind next = cursor.peek(1).kind;
  const bool scoped = (next == TokenKind::kWord || next == TokenKind::kQuotedWord) &&
                      cursor.peek(1).keyword != "TO";
  const bool local = scoped && cursor.accept("LOCAL");
  if (scoped && !local) cursor.accept("SESSION");
  ASSIGN_OR_RETURN(SetVariable set, parse_set_variable(cursor));
  set.local = local;
  return set;
}

// --- cursors ---

Result<DeclareStatement> parse_declare(Cursor& cursor) {
  ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
  RETURN_IF_ERROR(cursor.expect("CURSOR"));
  const bool hold = cursor.accept({"WITH", "HOLD"});
  if (!hold) cursor.accept({"WITHOUT", "HOLD"});
  RETURN_IF_ERROR(cursor.expect("FOR"));
  ASSIGN_OR_RETURN(Statement statement, parse_any_statement(cursor));
  return DeclareStatement{std::move(name), hold, Box<Statement>(std::move(statement))};
}

// [FORWARD] [n | ALL | NEXT] [FROM | IN] c [WITH (TIMEOUT …)]
Result<FetchStatement> parse_fetch_statement(Cursor& cursor) {
  FetchStatement fetch;
  const auto before_name = [&] {
    const TokenKind next = cursor.peek(1).kind;
    return next == TokenKind::kWord || next == TokenKind::kQuotedWord || next == TokenKind::kNumber;
  };
  if (before_name()) cursor.accept("FORWARD");
  if (cursor.is(TokenKind::kNumber)) {
    ASSIGN_OR_RETURN(fetch.count, cursor.unsigned_number());
  } else if (before_name() && cursor.peek(1).keyword != "WITH") {
    fetch.all = cursor.accept("ALL");
    if (!fetch.all) cursor.accept("NEXT");
  }
  if (before_name() && cursor.peek(1).keyword != "WITH") {
    if (!cursor.accept("FROM")) cursor.accept("IN");
  }
  ASSIGN_OR_RETURN(fetch.cursor, cursor.identifier());
  ASSIGN_OR_RETURN(fetch.options, parse_with_options(cursor, option_specs::kFetch));
  return fetch;
}

// --- prepared statements ---

Result<PrepareStatement> parse_prepare(Cursor& cursor) {
  ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
  std::vector<TypeName> types;
  if (cursor.accept(TokenKind::kLeftParen)) {
    do {
      ASSIGN_OR_RETURN(TypeName type, parse_type_name(cursor));
      types.push_back(std::move(type));
    } while (cursor.accept(TokenKind::kComma));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(Statement statement, parse_any_statement(cursor));
  return PrepareStatement{std::move(name), std::move(types), Box<Statement>(std::move(statement))};
}

Result<ExecuteStatement> parse_execute(Cursor& cursor) {
  ExecuteStatement execute;
  ASSIGN_OR_RETURN(execute.name, cursor.identifier());
  if (cursor.accept(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(execute.arguments, parse_expr_list(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  return execute;
}

}  // namespace

Result<StatementKind> parse_transaction(Cursor& cursor) {
  const std::string_view word = cursor.take().keyword;
  if (word == "BEGIN" || word == "START") {
    if (word == "START") {
      RETURN_IF_ERROR(cursor.expect("TRANSACTION"));
    } else if (!cursor.accept("TRANSACTION")) {
      cursor.accept("WORK");
    }
    ASSIGN_OR_RETURN(TransactionModes modes, parse_modes(cursor));
    return BeginStatement{std::move(modes)};
  }
  ASSIGN_OR_RETURN(const bool chain, parse_transaction_end(cursor));
  if (word == "COMMIT" || word == "END") return CommitStatement{chain};
  return RollbackStatement{chain};
}

Result<std::string> parse_variable_name(Cursor& cursor) {
  std::string name;
  do {
    ASSIGN_OR_RETURN(const Identifier part, cursor.identifier());
    if (!name.empty()) name += '.';
    for (const char c : part.text) {
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  } while (cursor.accept(TokenKind::kDot));
  return name;
}

Result<std::vector<SetValue>> parse_set_values(Cursor& cursor) {
  if (!cursor.accept(TokenKind::kEqual) && !cursor.accept("TO")) {
    return cursor.expected("equals sign or TO");
  }
  return parse_bare_set_values(cursor);
}

Result<SetVariable> parse_set_variable(Cursor& cursor) {
  SetVariable set;
  const auto bare = [&](std::string_view name) -> Result<SetVariable> {
    set.name = name;
    ASSIGN_OR_RETURN(set.values, parse_bare_set_values(cursor));
    return std::move(set);
  };
  const bool plain = cursor.peek(1).kind == TokenKind::kEqual || cursor.peek(1).keyword == "TO" ||
                     cursor.peek(1).kind == TokenKind::kDot;
  if (cursor.is({"TIME", "ZONE"})) {
    RETURN_IF_ERROR(cursor.expect({"TIME", "ZONE"}));
    if (cursor.accept("LOCAL")) {
      set.name = "timezone";
      return set;
    }
    return bare("timezone");
  }
  if (!plain && cursor.accept("NAMES")) return bare("client_encoding");
  if (!plain && cursor.accept("SCHEMA")) return bare("search_path");
  ASSIGN_OR_RETURN(set.name, parse_variable_name(cursor));
  ASSIGN_OR_RETURN(set.values, parse_set_values(cursor));
  return set;
}

Result<StatementKind> parse_set(Cursor& cursor) {
  if (cursor.accept("SET")) return parse_set_statement(cursor);
  RETURN_IF_ERROR(cursor.expect("RESET"));
  if (cursor.accept("ALL")) return ResetVariable{};
  if (cursor.accept({"TIME", "ZONE"})) return ResetVariable{"timezone"};
  ASSIGN_OR_RETURN(std::string name, parse_variable_name(cursor));
  return ResetVariable{std::move(name)};
}

Result<StatementKind> parse_discard(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("DISCARD"));
  ASSIGN_OR_RETURN(const std::string_view word,
                   cursor.expect_one_of({"ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"}));
  if (word == "ALL") return DiscardStatement{DiscardTarget::kAll};
  if (word == "PLANS") return DiscardStatement{DiscardTarget::kPlans};
  if (word == "SEQUENCES") return DiscardStatement{DiscardTarget::kSequences};
  return DiscardStatement{DiscardTarget::kTemp};
}

Result<StatementKind> parse_cursor_statement(Cursor& cursor) {
  const std::string_view word = cursor.take().keyword;
  if (word == "DECLARE") {
    ASSIGN_OR_RETURN(DeclareStatement declare, parse_declare(cursor));
    return declare;
  }
  if (word == "FETCH") {
    ASSIGN_OR_RETURN(FetchStatement fetch, parse_fetch_statement(cursor));
    return fetch;
  }
  ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
  return CloseStatement{std::move(name)};
}

Result<StatementKind> parse_prepared_statement(Cursor& cursor) {
  const std::string_view word = cursor.take().keyword;
  if (word == "PREPARE") {
    ASSIGN_OR_RETURN(PrepareStatement prepare, parse_prepare(cursor));
    return prepare;
  }
  if (word == "EXECUTE") {
    ASSIGN_OR_RETURN(ExecuteStatement execute, parse_execute(cursor));
    return execute;
  }
  if (cursor.peek(1).kind == TokenKind::kWord || cursor.peek(1).kind == TokenKind::kQuotedWord) {
    cursor.accept("PREPARE");
  }
  if (cursor.accept("ALL")) return DeallocateStatement{};
  ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
  return DeallocateStatement{std::move(name)};
}

}  // namespace penstock::sql
