// Entry points of printing.
#include "sql/parse/print.h"

#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

template <typename Node>
std::string print_node(const Node& node) {
  Printer printer(PrintOptions{});
  printer.put(node);
  return printer.take();
}

}  // namespace

void Printer::clause(std::string_view words) {
  out_ += pretty() ? '\n' : ' ';
  out_ += words;
}

// Each family prints its own kinds and ignores the others.
void Printer::put(const Statement& statement) {
  put_query_statement(*this, statement.kind);
  put_create_statement(*this, statement.kind);
  put_alter_statement(*this, statement.kind);
  put_session_statement(*this, statement.kind);
}

std::string print(const Statement& statement) {
  return print_node(statement);
}
std::string print(const Query& query) {
  return print_node(query);
}
std::string print(const Expr& expr) {
  return print_node(expr);
}
std::string print(const TypeName& type) {
  return print_node(type);
}
std::string print(const ItemName& name) {
  return print_node(name);
}
std::string print(const Identifier& identifier) {
  return print_node(identifier);
}

std::string print(const Statement& statement, const PrintOptions& options) {
  Printer printer(options);
  printer.put(statement);
  return printer.take();
}

std::string print_pretty(const Statement& statement, bool redacted) {
  return print(statement, PrintOptions{redacted, true}) + ";";
}

}  // namespace penstock::sql
