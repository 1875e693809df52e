// Statements about rows and sessions as text; CREATE and ALTER are in files of their own.
#include <string>
#include <variant>

#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

std::string_view words_of(ExplainStage stage) {
  constexpr std::string_view kWords[] = {"",
                                         "RAW PLAN",
                                         "DECORRELATED PLAN",
                                         "LOCALLY OPTIMIZED PLAN",
                                         "OPTIMIZED PLAN",
                                         "PHYSICAL PLAN"};
  return kWords[static_cast<std::size_t>(stage)];
}

std::string_view words_of(ExplainFormat format) {
  constexpr std::string_view kWords[] = {"", " AS TEXT", " AS VERBOSE TEXT", " AS JSON", " AS DOT"};
  return kWords[static_cast<std::size_t>(format)];
}

// Prints each kind of statement about rows.
struct RowPrinter {
  Printer& out;

  void operator()(const SelectStatement& select) {
    out.put(select.query);
    out.put(select.as_of);
  }
  void operator()(const SubscribeStatement& subscribe) {
    out.text("SUBSCRIBE ");
    if (const auto* name = std::get_if<ItemName>(&subscribe.relation)) {
      const bool to = !name->id && name->parts.size() == 1 && name->parts[0].text == "to";
      out.text(to ? "TO " : "");
      out.put(*name);
    } else {
      out.text("(");
      out.put(std::get<Query>(subscribe.relation));
      out.text(")");
    }
    out.put_with(subscribe.options);
    out.put(subscribe.as_of);
    optional(" UP TO ", subscribe.up_to);
    if (subscribe.output == SubscribeOutput::kWithinTimestampOrderBy) {
      out.text(" WITHIN TIMESTAMP ORDER BY ");
      out.list(subscribe.order_by);
    } else if (subscribe.output != SubscribeOutput::kDiffs) {
      const bool upsert = subscribe.output == SubscribeOutput::kUpsert;
      out.text(upsert ? " ENVELOPE UPSERT (KEY " : " ENVELOPE DEBEZIUM (KEY ");
      out.list_in_parens(subscribe.key);
      out.text(")");
    }
  }
  void operator()(const InsertStatement& insert) {
    out.text("INSERT INTO ");
    out.put(insert.table);
    columns(insert.columns);
    if (insert.source) {
      out.text(" ");
      out.put(*insert.source);
    } else {
      out.text(" DEFAULT VALUES");
    }
    if (insert.returning.empty()) return;
    out.text(" RETURNING ");
    out.list(insert.returning);
  }
  void operator()(const UpdateStatement& update) {
    out.text("UPDATE ");
    out.put(update.table);
    alias(update.alias);
    for (std::size_t i = 0; i < update.assignments.size(); ++i) {
      out.text(i == 0 ? " SET " : ", ");
      out.put(update.assignments[i].column);
      out.text(" = ");
      out.put(update.assignments[i].value);
    }
    optional(" WHERE ", update.where);
  }
  void operator()(const DeleteStatement& statement) {
    out.text("DELETE FROM ");
    out.put(statement.table);
    alias(statement.alias);
    if (!statement.using_tables.empty()) {
      out.text(" USING ");
      out.list(statement.using_tables);
    }
    optional(" WHERE ", statement.where);
  }
  void operator()(const CopyStatement& copy) {
    out.text("COPY ");
    std::visit([&](const auto& relation) { copy_relation(relation); }, copy.relation);
    constexpr std::string_view kWords[] = {" FROM STDIN", " TO STDOUT", " FROM ", " TO "};
    out.text(kWords[static_cast<std::size_t>(copy.direction)]);
    if (copy.target) out.put(*copy.target);
    out.put_with(copy.options);
  }
  void operator()(const ExplainStatement& explain) {
    out.text("EXPLAIN ");
    std::visit(*this, explain.kind);
  }
  void operator()(const ShowStatement& show) { out.put(show); }

  // --- EXPLAIN ---
  void operator()(const ExplainPlan& plan) {
    const std::string_view stage = words_of(plan.stage);
    out.text(stage.empty() ? "PLAN" : stage);
    out.put_with(plan.options);
    out.text(words_of(plan.format));
    out.text(" FOR ");
    std::visit(*this, plan.subject);
  }
  void operator()(const ExplainSchema& schema) {
    constexpr std::string_view kSides[] = {"", "KEY ", "VALUE "};
    out.text(kSides[static_cast<std::size_t>(schema.side)]);
    out.text("SCHEMA FOR ");
    out.put(*schema.sink);
  }
  void operator()(const ExplainTimestamp& timestamp) {
    out.text("TIMESTAMP");
    out.text(words_of(timestamp.format));
    out.text(" FOR ");
    (*this)(timestamp.select);
  }
  void operator()(const ExplainFilterPushdown& pushdown) {
    out.text("FILTER PUSHDOWN FOR ");
    std::visit(*this, pushdown.subject);
  }
  void operator()(const ExplainAnalyze& analyze) {
    out.text("ANALYZE ");
    for (std::size_t i = 0; i < analyze.properties.size(); ++i) {
      if (i > 0) out.text(", ");
      out.text(analyze.properties[i]);
    }
    out.text(" FOR ");
    (*this)(analyze.object);
  }
  void operator()(const ExplainAlter& alter) { out.put(*alter.statement); }
  void operator()(const Box<Statement>& statement) { out.put(*statement); }
  void operator()(const ExplainObject& object) {
    constexpr std::string_view kWords[] = {"VIEW ", "MATERIALIZED VIEW ", "INDEX "};
    if (object.replan) out.text("REPLAN ");
    out.text(kWords[static_cast<std::size_t>(object.kind)]);
    out.put(object.name);
  }

  // --- cursors and prepared statements ---
  void operator()(const DeclareStatement& declare) {
    out.text("DECLARE ");
    out.put(declare.name);
    out.text(declare.with_hold ? " CURSOR WITH HOLD FOR " : " CURSOR FOR ");
    out.put(*declare.statement);
  }
  void operator()(const FetchStatement& fetch) {
    out.text("FETCH ");
    if (fetch.all) out.text("ALL ");
    if (fetch.count) out.text(std::to_string(*fetch.count) + " ");
    out.text("FROM ");
    out.put(fetch.cursor);
    out.put_with(fetch.options);
  }
  void operator()(const CloseStatement& close) {
    out.text("CLOSE ");
    out.put(close.cursor);
  }
  void operator()(const PrepareStatement& prepare) {
    out.text("PREPARE ");
    out.put(prepare.name);
    if (!prepare.parameter_types.empty()) {
      out.text(" ");
      out.list_in_parens(prepare.parameter_types);
    }
    out.text(" AS ");
    out.put(*prepare.statement);
  }
  void operator()(const ExecuteStatement& execute) {
    out.text("EXECUTE ");
    out.put(execute.name);
    if (execute.arguments.empty()) return;
    out.text(" ");
    out.list_in_parens(execute.arguments);
  }
  void operator()(const DeallocateStatement& deallocate) {
    out.text("DEALLOCATE ");
    if (deallocate.name) {
      out.put(*deallocate.name);
    } else {
      out.text("ALL");
    }
  }

  // --- pieces ---
  void copy_relation(const CopyTable& table) {
    out.put(table.table);
    columns(table.columns);
  }
  template <typename Source>
  void copy_relation(const Source& source) {
    out.text("(");
    (*this)(source);
    out.text(")");
  }
  void columns(const std::vector<Identifier>& names) {
    if (names.empty()) return;
    out.text(" ");
    out.list_in_parens(names);
  }
  void alias(const std::optional<TableAlias>& table_alias) {
    if (!table_alias) return;
    out.text(" AS ");
    out.put(*table_alias);
  }
  void optional(std::string_view words, const std::optional<Expr>& expr) {
    if (!expr) return;
    out.text(words);
    out.put(*expr);
  }
  template <typename Other>
  void operator()(const Other&) {}  // Printed by another family.
};

// Prints each kind of statement about the session.
struct SessionPrinter {
  Printer& out;

  void operator()(const BeginStatement& begin) {
    out.text("BEGIN");
    modes(begin.modes);
  }
  void operator()(const CommitStatement& commit) {
    out.text(commit.and_chain ? "COMMIT AND CHAIN" : "COMMIT");
  }
  void operator()(const RollbackStatement& rollback) {
    out.text(rollback.and_chain ? "ROLLBACK AND CHAIN" : "ROLLBACK");
  }
  void operator()(const SetTransaction& set) {
    out.text(set.session ? "SET SESSION CHARACTERISTICS AS TRANSACTION" : "SET TRANSACTION");
    modes(set.modes);
  }
  void operator()(const SetVariable& set) {
    out.text(set.local ? "SET LOCAL " : "SET ");
    assignment(set.name, set.values);
  }
  void operator()(const ResetVariable& reset) {
    out.text("RESET ");
    out.text(reset.name ? variable(*reset.name) : "ALL");
  }
  void operator()(const DiscardStatement& discard) {
    constexpr std::string_view kWords[] = {"ALL", "TEMP", "PLANS", "SEQUENCES"};
    out.text("DISCARD ");
    out.text(kWords[static_cast<std::size_t>(discard.target)]);
  }
  void operator()(const AlterSystemSet& set) {
    out.text("ALTER SYSTEM SET ");
    assignment(set.name, set.values);
  }
  void operator()(const AlterSystemReset& reset) {
    out.text("ALTER SYSTEM RESET ");
    out.text(reset.name ? variable(*reset.name) : "ALL");
  }

  // --- pieces ---
  static std::string variable(const std::string& name) {
    std::string text;
    std::string_view rest = name;
    while (true) {
      const std::size_t dot = rest.find('.');
      text += quote_identifier(rest.substr(0, dot));
      if (dot == std::string_view::npos) return text;
      text += '.';
      rest.remove_prefix(dot + 1);
    }
  }
  void assignment(const std::string& name, const std::vector<SetValue>& values) {
    out.text(variable(name));
    out.text(" = ");
    if (values.empty()) out.text("DEFAULT");
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out.text(", ");
      std::visit(*this, values[i].kind);
    }
  }
  void operator()(const StringLiteral& value) { out.plain_literal(value.value); }
  void operator()(const NumberLiteral& value) { out.text(value.text); }
  void operator()(const BoolLiteral& value) { out.text(value.value ? "true" : "false"); }
  void operator()(const IntervalLiteral& value) { out.put(Expr{{}, value}); }
  void operator()(const Identifier& value) { out.put(value); }
  void modes(const TransactionModes& transaction) {
    if (transaction.isolation) {
      const std::string& level = *transaction.isolation;
      constexpr std::string_view kBounded = "bounded staleness ";
      out.text(" ISOLATION LEVEL ");
      if (level.starts_with(kBounded)) {
        out.text("BOUNDED STALENESS ");
        out.plain_literal(std::string_view(level).substr(kBounded.size()));
      } else {
        for (const char c : level) {
          const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
          out.text(std::string_view(&upper, 1));
        }
      }
    }
    if (!transaction.read_only) return;
    out.text(transaction.isolation ? ", " : " ");
    out.text(*transaction.read_only ? "READ ONLY" : "READ WRITE");
  }
  template <typename Other>
  void operator()(const Other&) {}  // Printed by another family.
};

}  // namespace

void put_query_statement(Printer& out, const StatementKind& kind) {
  std::visit(RowPrinter{out}, kind);
}

void put_session_statement(Printer& out, const StatementKind& kind) {
  std::visit(SessionPrinter{out}, kind);
}

}  // namespace penstock::sql
