// Syntax trees -> text. What `print` writes parses to an equal tree.
#pragma once

#include <string>
#include <string_view>

#include "sql/parse/ast_statement.h"

namespace penstock::sql {

struct PrintOptions {
  bool redacted = false;  // Literals and secrets are '<REDACTED>'.
  bool pretty = false;    // The layout of SHOW CREATE: clauses on lines of their own.
};

// One line without a semicolon: what the catalog stores. Identifiers are quoted where they must be,
// options are `NAME = value`.
std::string print(const Statement& statement);
std::string print(const Query& query);
std::string print(const Expr& expr);
std::string print(const TypeName& type);
std::string print(const ItemName& name);
std::string print(const Identifier& identifier);
std::string print(const Statement& statement, const PrintOptions& options);
// What SHOW CREATE prints: pretty, with a semicolon at the end.
std::string print_pretty(const Statement& statement, bool redacted);

// 'text' with quotes doubled.
std::string quote_literal(std::string_view text);
// Quoted when it has to be: not a plain lower-case word, or a reserved one.
std::string quote_identifier(std::string_view text);

}  // namespace penstock::sql
