// Queries and SHOW as text.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "sql/parse/printer.h"

namespace penstock::sql {

// Prints the kinds of tables, bodies and SHOW.
struct QueryPrinter {
  Printer& out;

  // --- FROM ---
  void operator()(const NamedTable& table) {
    out.put(table.name);
    alias(table.alias);
  }
  void operator()(const DerivedTable& table) {
    if (table.lateral) out.text("LATERAL ");
    in_parens(*table.query);
    alias(table.alias);
  }
  void operator()(const FunctionTable& table) {
    if (table.lateral) out.text("LATERAL ");
    if (table.rows_from) out.text("ROWS FROM (");
    out.list(table.calls);
    if (table.rows_from) out.text(")");
    if (table.with_ordinality) out.text(" WITH ORDINALITY");
    alias(table.alias);
  }
  void operator()(const Join& join) {
    constexpr std::string_view kWords[] = {"JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ",
                                           "CROSS JOIN "};
    out.put(*join.left);
    out.text(join.natural ? " NATURAL " : " ");
    out.text(kWords[static_cast<std::size_t>(join.kind)]);
    out.put(*join.right);
    if (join.on) {
      out.text(" ON ");
      out.put(*join.on);
    }
    if (!join.using_columns.empty()) {
      out.text(" USING ");
      out.list_in_parens(join.using_columns);
    }
    if (join.using_alias) {
      out.text(" AS ");
      out.put(*join.using_alias);
    }
  }
  void operator()(const NestedTable& table) {
    out.text("(");
    out.put(*table.inner);
    out.text(")");
    alias(table.alias);
  }

  // --- bodies ---
  void operator()(const ValuesBody& values) {
    out.text("VALUES ");
    for (std::size_t i = 0; i < values.rows.size(); ++i) {
      if (i > 0) out.text(", ");
      out.list_in_parens(values.rows[i]);
    }
  }
  void operator()(const Box<Select>& select) { put_select(*select); }
  void operator()(const SetOperation& operation) {
    constexpr std::string_view kWords[] = {"UNION", "EXCEPT", "INTERSECT"};
    out.put(*operation.left);
    break_line();
    out.text(kWords[static_cast<std::size_t>(operation.op)]);
    out.text(operation.all ? " ALL" : "");
    break_line();
    out.put(*operation.right);
  }
  void operator()(const TableBody& table) {
    out.text("TABLE ");
    out.put(table.name);
  }
  void operator()(const NestedQuery& nested) { in_parens(*nested.query); }
  void operator()(const ShowBody& show) { out.put(*show.show); }

  // --- SHOW ---
  void operator()(const ShowObjects& show) {
    out.text(plural_words_of(show.type));
    named(" FROM ", show.from);
    named(" ON ", show.on);
    named(" IN CLUSTER ", show.in_cluster);
    filter(show.filter);
  }
  void operator()(const ShowColumns& show) {
    out.text("COLUMNS FROM ");
    out.put(show.relation);
    filter(show.filter);
  }
  void operator()(const ShowCreate& show) {
    out.text(show.redacted ? "REDACTED CREATE " : "CREATE ");
    out.text(words_of(show.type));
    out.text(" ");
    out.put(show.name);
  }
  void operator()(const ShowPrivileges& show) {
    out.text(show.defaults ? "DEFAULT PRIVILEGES" : "PRIVILEGES");
    if (show.on) {
      out.text(" ON ");
      out.text(plural_words_of(*show.on));
    }
    named(" FOR ", show.role);
  }
  void operator()(const ShowRoleMembership& show) {
    out.text("ROLE MEMBERSHIP");
    named(" FOR ", show.role);
  }
  void operator()(const ShowVariable& show) {
    out.text(show.name ? quote_identifier(*show.name) : "ALL");
  }

  // --- pieces ---
  void put_select(const Select& select) {
    out.text("SELECT");
    if (select.distinct) out.text(" DISTINCT");
    if (!select.distinct_on.empty()) {
      out.text(" ON ");
      out.list_in_parens(select.distinct_on);
    }
    if (!select.items.empty()) out.text(" ");
    out.list(select.items);
    if (!select.from.empty()) {
      clause("FROM ");
      out.list(select.from);
    }
    optional("WHERE ", select.where);
    if (select.group_by_present) {
      clause("GROUP BY ");
      out.list(select.group_by);
      if (select.group_by.empty()) out.text("()");
    }
    optional("HAVING ", select.having);
    put_windows(select.windows);
    optional("QUALIFY ", select.qualify);
    put_hints(select.hints);
  }
  void put_windows(const std::vector<NamedWindow>& windows) {
    for (std::size_t i = 0; i < windows.size(); ++i) {
      if (i == 0) {
        clause("WINDOW ");
      } else {
        out.text(", ");
      }
      out.put(windows[i].name);
      out.text(" AS ");
      out.put_window(windows[i].spec);
    }
  }
  void put_hints(const std::vector<GroupSizeHint>& hints) {
    if (hints.empty()) return;
    clause("OPTIONS (");
    for (std::size_t i = 0; i < hints.size(); ++i) {
      if (i > 0) out.text(", ");
      out.text(hints[i].name + " = " + std::to_string(hints[i].value));
    }
    out.text(")");
  }
  void put_with(const Query& query) {
    for (std::size_t i = 0; i < query.with.size(); ++i) {
      out.text(i == 0 ? "WITH " : ", ");
      out.put(query.with[i].alias);
      out.text(" AS ");
      in_parens(*query.with[i].query);
    }
    if (!query.with.empty()) break_line();
    if (query.recursion) put_recursion(*query.recursion);
  }
  void put_recursion(const MutualRecursion& recursion) {
    out.text("WITH MUTUALLY RECURSIVE ");
    for (std::size_t i = 0; i < recursion.limits.size(); ++i) {
      out.text(i == 0 ? "(" : ", ");
      out.text(recursion.limits[i].name + " = " + recursion.limits[i].value);
    }
    if (!recursion.limits.empty()) out.text(") ");
    for (std::size_t i = 0; i < recursion.tables.size(); ++i) {
      const RecursiveTable& table = recursion.tables[i];
      if (i > 0) out.text(", ");
      out.put(table.name);
      out.text(" (");
      for (std::size_t column = 0; column < table.columns.size(); ++column) {
        if (column > 0) out.text(", ");
        out.put(table.columns[column].name);
        out.text(" ");
        out.put(table.columns[column].type);
      }
      out.text(") AS ");
      in_parens(*table.query);
    }
    break_line();
  }
  void put_end(const Query& query) {
    if (!query.order_by.empty()) {
      clause("ORDER BY ");
      out.list(query.order_by);
    }
    if (query.limit && !query.with_ties) optional("LIMIT ", query.limit);
    optional("OFFSET ", query.offset);
    if (query.limit && query.with_ties) {
      optional("FETCH FIRST ", query.limit);
      out.text(" ROWS WITH TIES");
    }
  }
  void break_line() { out.text(out.break_clauses_ ? "\n    " : " "); }
  void clause(std::string_view words) {
    break_line();
    out.text(words);
  }
  void optional(std::string_view words, const std::optional<Expr>& expr) {
    if (!expr) return;
    clause(words);
    out.put(*expr);
  }
  template <typename Name>
  void named(std::string_view words, const std::optional<Name>& name) {
    if (!name) return;
    out.text(words);
    out.put(*name);
  }
  void alias(const std::optional<TableAlias>& table_alias) { named(" AS ", table_alias); }
  void filter(const std::optional<ShowFilter>& show_filter) {
    if (!show_filter) return;
    if (show_filter->like) {
      out.text(" LIKE ");
      out.literal(*show_filter->like);
    } else {
      out.text(" WHERE ");
      out.put(*show_filter->where);
    }
  }
  void in_parens(const Query& query) {
    out.text("(");
    out.put(query);
    out.text(")");
  }
};

void Printer::put(const Query& query) {
  const bool outer = std::exchange(break_clauses_, false);
  QueryPrinter printer{*this};
  printer.put_with(query);
  put(query.body);
  printer.put_end(query);
  break_clauses_ = outer;
}

void Printer::put_broken(const Query& query) {
  break_clauses_ = true;
  QueryPrinter printer{*this};
  printer.put_with(query);
  put(query.body);
  printer.put_end(query);
  break_clauses_ = false;
}

void Printer::put(const QueryBody& body) {
  std::visit(QueryPrinter{*this}, body.kind);
}

void Printer::put(const TableExpr& table) {
  std::visit(QueryPrinter{*this}, table.kind);
}

void Printer::put(const ShowStatement& show) {
  text("SHOW ");
  std::visit(QueryPrinter{*this}, show.kind);
}

void Printer::put(const TableAlias& alias) {
  put(alias.name);
  if (alias.columns.empty()) return;
  text(" ");
  list_in_parens(alias.columns);
}

void Printer::put(const SelectItem& item) {
  put(item.expr);
  if (!item.alias) return;
  text(" AS ");
  put(*item.alias);
}

void Printer::put(const std::optional<AsOf>& as_of) {
  if (!as_of) return;
  text(as_of->at_least ? " AS OF AT LEAST " : " AS OF ");
  put(as_of->time);
}

std::string_view words_of(ObjectType type) {
  constexpr std::string_view kWords[] = {
      "TABLE",    "VIEW",   "MATERIALIZED VIEW", "SOURCE",          "SINK",      "INDEX",
      "TYPE",     "ROLE",   "CLUSTER",           "CLUSTER REPLICA", "SECRET",    "CONNECTION",
      "DATABASE", "SCHEMA", "FUNCTION",          "NETWORK POLICY",  "SUBSOURCE", "OBJECT"};
  return kWords[static_cast<std::size_t>(type)];
}

std::string_view plural_words_of(ObjectType type) {
  constexpr std::string_view kWords[] = {
      "TABLES",    "VIEWS",   "MATERIALIZED VIEWS", "SOURCES",          "SINKS",      "INDEXES",
      "TYPES",     "ROLES",   "CLUSTERS",           "CLUSTER REPLICAS", "SECRETS",    "CONNECTIONS",
      "DATABASES", "SCHEMAS", "FUNCTIONS",          "NETWORK POLICIES", "SUBSOURCES", "OBJECTS"};
  return kWords[static_cast<std::size_t>(type)];
}

}  // namespace penstock::sql
