// Appends syntax trees to a text. One Printer, one text, one thread.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/parse/ast_statement.h"
#include "sql/parse/expression.h"
#include "sql/parse/print.h"

namespace penstock::sql {

class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}
  std::string take() { return std::move(out_); }

  // --- names and types ---
  void put(const Identifier& identifier);
  void put(const ItemName& name);
  void put(const TypeName& type);

  // --- expressions ---
  void put(const Expr& expr);
  // In parentheses unless it binds tighter than `floor`.
  void put_above(const Expr& expr, Precedence floor);
  void put(const OrderItem& item);
  void put(const FunctionCall& call);
  void put_window(const WindowSpec& spec);

  // --- queries ---
  void put(const Query& query);
  // The clauses of the outermost query are on lines of their own, indented.
  void put_broken(const Query& query);
  void put(const QueryBody& body);
  void put(const TableExpr& table);
  void put(const TableAlias& alias);
  void put(const SelectItem& item);
  void put(const std::optional<AsOf>& as_of);
  void put(const ShowStatement& show);

  // --- options ---
  void put(const Option& option);
  void put(const OptionValue& value);
  void put(const Format& format);
  void put(const FormatClause& clause);
  void put_options(const std::vector<Option>& options);       // " (…)" if there are any.
  void put_with(const std::vector<Option>& options);          // " WITH (…)" if any.
  void put_option_names(const std::vector<Option>& options);  // " (…)"
  void put(const IncludeItem& item);

  // --- statements ---
  void put(const Statement& statement);

  // --- text ---
  void text(std::string_view words) { out_ += words; }
  void literal(std::string_view value);  // Quoted; hidden when redacting.
  void plain_literal(std::string_view value);
  // A clause of a statement: on a line of its own when pretty, else behind a blank.
  void clause(std::string_view words);
  bool pretty() const { return options_.pretty; }
  bool redacted() const { return options_.redacted; }
  template <typename T>
  void list(const std::vector<T>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ", ";
      put(items[i]);
    }
  }
  template <typename T>
  void list_in_parens(const std::vector<T>& items) {
    out_ += '(';
    list(items);
    out_ += ')';
  }

 private:
  friend struct ExprPrinter;
  friend struct QueryPrinter;

  std::string out_;
  PrintOptions options_;
  bool break_clauses_ = false;  // In the query that is being printed, not in its subqueries.
};

// Words of the enums that several printers need.
std::string_view words_of(ObjectType type);         // MATERIALIZED VIEW
std::string_view plural_words_of(ObjectType type);  // MATERIALIZED VIEWS
std::string_view words_of(ConnectionType type);
void put_query_statement(Printer& out, const StatementKind& kind);
void put_create_statement(Printer& out, const StatementKind& kind);
void put_alter_statement(Printer& out, const StatementKind& kind);
void put_session_statement(Printer& out, const StatementKind& kind);
void put_column_definition(Printer& out, const ColumnDefinition& column);

}  // namespace penstock::sql
