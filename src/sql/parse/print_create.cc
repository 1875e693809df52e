// CREATE statements as text. Pretty, the clauses that SHOW CREATE sets on lines of their own are
// set apart with Printer::clause.
#include <string>
#include <variant>

#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

constexpr std::size_t kPrettyWidth = 100;

struct CreatePrinter {
  Printer& out;

  void operator()(const CreateDatabase& create) {
    head("DATABASE", create.if_not_exists, create.name);
  }
  void operator()(const CreateSchema& create) { head("SCHEMA", create.if_not_exists, create.name); }
  void operator()(const CreateRole& create) {
    head("ROLE", false, create.name);
    attributes(create.attributes);
  }
  void operator()(const CreateCluster& create) {
    head("CLUSTER", create.if_not_exists, create.name);
    out.put_options(create.options);
  }
  void operator()(const CreateClusterReplica& create) {
    head("CLUSTER REPLICA", false, create.cluster);
    out.text(".");
    out.put(create.name);
    out.put_options(create.options);
    if (create.options.empty()) out.text(" ()");
  }
  void operator()(const CreateSecret& create) {
    head("SECRET", create.if_not_exists, create.name);
    out.text(" AS ");
    out.put(create.value);
  }
  void operator()(const CreateConnection& create) {
    head("CONNECTION", create.if_not_exists, create.name);
    out.clause("TO ");
    out.text(words_of(create.type));
    out.text(" ");
    out.list_in_parens(create.options);
    out.put_with(create.with);
  }

  // --- tables ---
  void operator()(const CreateTable& create) {
    head(create.temporary ? "TEMPORARY TABLE" : "TABLE", create.if_not_exists, create.name);
    out.text(" ");
    elements(create.columns, create.constraints);
    out.put_with(create.with);
  }
  void operator()(const CreateTableFromSource& create) {
    head("TABLE", create.if_not_exists, create.name);
    optional_elements(create.columns, create.constraints);
    out.clause("FROM SOURCE ");
    out.put(create.source);
    out.put_options(create.options);
    ingestion(create);
    out.put_with(create.with);
  }
  void operator()(const CreateSource& create) {
    head("SOURCE", create.if_not_exists, create.name);
    optional_elements(create.columns, create.constraints);
    in_cluster(create.in_cluster);
    out.clause("FROM ");
    std::visit(*this, create.from);
    ingestion(create);
    std::visit(*this, create.references);
    if (create.expose_progress_as) {
      out.clause("EXPOSE PROGRESS AS ");
      out.put(*create.expose_progress_as);
    }
    out.put_with(create.with);
  }
  void operator()(const ConnectionSource& source) {
    constexpr std::string_view kWords[] = {"KAFKA", "POSTGRES", "MYSQL", "SQL SERVER"};
    out.text(kWords[static_cast<std::size_t>(source.system)]);
    out.text(" CONNECTION ");
    out.put(source.connection);
    out.put_options(source.options);
  }
  void operator()(const GeneratorSource& source) {
    constexpr std::string_view kWords[] = {"AUCTION", "MARKETING", "TPCH",     "COUNTER",
                                           "CLOCK",   "DATUMS",    "KEY VALUE"};
    out.text("LOAD GENERATOR ");
    out.text(kWords[static_cast<std::size_t>(source.generator)]);
    out.put_options(source.options);
  }
  void operator()(std::monostate) {}
  void operator()(const ForAllTables&) { out.clause("FOR ALL TABLES"); }
  void operator()(const ForSchemas& references) {
    out.clause("FOR SCHEMAS ");
    out.list_in_parens(references.schemas);
  }
  void operator()(const ForTables& references) {
    out.clause("FOR TABLES ");
    for (std::size_t i = 0; i < references.tables.size(); ++i) {
      out.text(i == 0 ? "(" : ", ");
      out.put(references.tables[i].upstream);
      if (!references.tables[i].alias) continue;
      out.text(" AS ");
      out.put(*references.tables[i].alias);
    }
    out.text(")");
  }
  void operator()(const CreateWebhook& create) {
    head(create.is_table ? "TABLE" : "SOURCE", create.if_not_exists, create.name);
    in_cluster(create.in_cluster);
    out.clause("FROM WEBHOOK");
    out.clause("BODY FORMAT ");
    out.put(create.body_format);
    for (const IncludeItem& column : create.header_columns) {
      out.clause("INCLUDE ");
      out.put(column);
    }
    if (create.include_headers) {
      out.clause("INCLUDE HEADERS");
      for (std::size_t i = 0; i < create.header_filters.size(); ++i) {
        out.text(i == 0 ? " (" : ", ");
        if (create.header_filters[i].excluded) out.text("NOT ");
        out.plain_literal(create.header_filters[i].header);
      }
      if (!create.header_filters.empty()) out.text(")");
    }
    if (create.check) webhook_check(*create.check);
  }

  // --- views and indexes ---
  void operator()(const CreateView& create) {
    out.text(create.or_replace ? "CREATE OR REPLACE " : "CREATE ");
    out.text(create.temporary ? "TEMPORARY VIEW " : "VIEW ");
    name_of(create.if_not_exists, create.name);
    columns(create.columns);
    defining_query(create.query);
  }
  void operator()(const CreateMaterializedView& create) {
    out.text(create.or_replace        ? "CREATE OR REPLACE MATERIALIZED VIEW "
             : create.replacement_for ? "CREATE REPLACEMENT MATERIALIZED VIEW "
                                      : "CREATE MATERIALIZED VIEW ");
    name_of(create.if_not_exists, create.name);
    if (create.replacement_for) {
      out.text(" FOR ");
      out.put(*create.replacement_for);
    }
    columns(create.columns);
    in_cluster(create.in_cluster);
    out.put_with(create.with);
    defining_query(create.query);
    out.put(create.as_of);
  }
  void operator()(const CreateIndex& create) {
    out.text(create.is_default ? "CREATE DEFAULT INDEX" : "CREATE INDEX");
    if (create.if_not_exists) out.text(" IF NOT EXISTS");
    if (create.name) {
      out.text(" ");
      out.put(*create.name);
    }
    in_cluster(create.in_cluster);
    out.clause("ON ");
    out.put(create.on);
    if (create.method) {
      out.text(" USING ");
      out.put(*create.method);
    }
    if (!create.is_default) {
      out.text(" (");
      for (std::size_t i = 0; i < create.key.size(); ++i) {
        if (i > 0) out.text(", ");
        out.put(create.key[i]);
      }
      out.text(")");
    }
    out.put_with(create.with);
  }

  // --- sinks, types ---
  void operator()(const CreateSink& create) {
    out.text(create.if_not_exists ? "CREATE SINK IF NOT EXISTS" : "CREATE SINK");
    if (create.name) {
      out.text(" ");
      out.put(*create.name);
    }
    in_cluster(create.in_cluster);
    out.clause("FROM ");
    out.put(create.from);
    out.clause("INTO");
    out.text(out.pretty() ? "\n    " : " ");
    out.text("KAFKA CONNECTION ");
    out.put(create.connection);
    out.put_options(create.options);
    if (create.key) {
      out.text(" KEY ");
      out.list_in_parens(create.key->columns);
      if (create.key->not_enforced) out.text(" NOT ENFORCED");
    }
    if (create.headers) {
      out.text(" HEADERS ");
      out.put(*create.headers);
    }
    if (create.format) out.put(*create.format);
    if (create.mode) {
      out.clause("MODE ");
      out.put(*create.mode);
    }
    if (create.envelope) envelope(*create.envelope);
    out.put_with(create.with);
  }
  void operator()(const CreateType& create) {
    head("TYPE", false, create.name);
    out.text(" AS ");
    if (create.kind == TypeDefinitionKind::kList) out.text("LIST ");
    if (create.kind == TypeDefinitionKind::kMap) out.text("MAP ");
    if (create.kind == TypeDefinitionKind::kRecord) {
      elements(create.fields, {});
    } else {
      out.list_in_parens(create.options);
    }
  }
  template <typename Other>
  void operator()(const Other&) {}  // Printed by another family.

  // --- pieces ---
  template <typename Name>
  void name_of(bool if_not_exists, const Name& name) {
    if (if_not_exists) out.text("IF NOT EXISTS ");
    out.put(name);
  }
  template <typename Name>
  void head(std::string_view kind, bool if_not_exists, const Name& name) {
    out.text("CREATE ");
    out.text(kind);
    out.text(" ");
    name_of(if_not_exists, name);
  }
  void in_cluster(const std::optional<Identifier>& cluster) {
    if (!cluster) return;
    out.clause("IN CLUSTER ");
    out.put(*cluster);
  }
  void columns(const std::vector<Identifier>& names) {
    if (names.empty()) return;
    out.text(" ");
    out.list_in_parens(names);
  }
  void attributes(const std::vector<Option>& options) {
    for (const Option& option : options) {
      out.text(" " + option.name);
      if (!option.value) continue;
      out.text(" ");
      if (out.redacted()) {
        out.text("'<REDACTED>'");
      } else {
        out.put(*option.value);
      }
    }
  }
  // AS query: on the same line when it fits, else its clauses on lines of their own.
  void defining_query(const Query& query) {
    out.clause("AS");
    Printer line({out.redacted(), false});
    line.put(query);
    const std::string text = line.take();
    if (!out.pretty() || text.size() < kPrettyWidth) {
      out.text(" " + text);
    } else {
      out.text("\n    ");
      out.put_broken(query);
    }
  }
  void optional_elements(const std::vector<ColumnDefinition>& columns_of,
                         const std::vector<TableConstraint>& constraints) {
    if (columns_of.empty() && constraints.empty()) return;
    out.text(" ");
    elements(columns_of, constraints);
  }
  void elements(const std::vector<ColumnDefinition>& columns_of,
                const std::vector<TableConstraint>& constraints) {
    out.text("(");
    std::string_view separator;
    for (const ColumnDefinition& column : columns_of) {
      out.text(separator);
      put_column(out, column);
      separator = ", ";
    }
    for (const TableConstraint& constraint : constraints) {
      out.text(separator);
      table_constraint(constraint);
      separator = ", ";
    }
    out.text(")");
  }
  template <typename Constraint>
  static void references(Printer& out, const Constraint& constraint) {
    out.text("REFERENCES ");
    out.put(*constraint.referenced_table);
    if (constraint.referenced_columns.empty()) return;
    out.text(" ");
    out.list_in_parens(constraint.referenced_columns);
  }
  static void check(Printer& out, const Expr& condition) {
    out.text("CHECK (");
    out.put(condition);
    out.text(")");
  }
  static void named(Printer& out, const std::optional<Identifier>& name) {
    if (!name) return;
    out.text("CONSTRAINT ");
    out.put(*name);
    out.text(" ");
  }
  static void put_column(Printer& out, const ColumnDefinition& column) {
    out.put(column.name);
    if (column.type) {
      out.text(" ");
      out.put(*column.type);
    }
    if (column.collation) {
      out.text(" COLLATE ");
      out.put(*column.collation);
    }
    for (const ColumnConstraint& constraint : column.constraints) {
      out.text(" ");
      column_constraint(out, constraint);
    }
  }
  static void column_constraint(Printer& out, const ColumnConstraint& constraint) {
    named(out, constraint.name);
    switch (constraint.kind) {
      case ConstraintKind::kNotNull:
        return out.text("NOT NULL");
      case ConstraintKind::kNull:
        return out.text("NULL");
      case ConstraintKind::kDefault:
        out.text("DEFAULT ");
        return out.put_above(*constraint.expr, Precedence::kNot);
      case ConstraintKind::kPrimaryKey:
        return out.text("PRIMARY KEY");
      case ConstraintKind::kUnique:
        return out.text("UNIQUE");
      case ConstraintKind::kCheck:
        return check(out, *constraint.expr);
      case ConstraintKind::kReferences:
        return references(out, constraint);
    }
  }
  void table_constraint(const TableConstraint& constraint) {
    named(out, constraint.name);
    if (constraint.kind == ConstraintKind::kCheck) return check(out, *constraint.expr);
    if (constraint.kind == ConstraintKind::kReferences) {
      out.text("FOREIGN KEY ");
      out.list_in_parens(constraint.columns);
      out.text(" ");
      return references(out, constraint);
    }
    out.text(constraint.kind == ConstraintKind::kUnique ? "UNIQUE " : "PRIMARY KEY ");
    if (constraint.nulls_not_distinct) out.text("NULLS NOT DISTINCT ");
    out.list_in_parens(constraint.columns);
    if (constraint.not_enforced) out.text(" NOT ENFORCED");
  }
  template <typename Create>
  void ingestion(const Create& create) {
    if (create.format) out.put(*create.format);
    if (!create.include.empty()) {
      out.clause("INCLUDE ");
      out.list(create.include);
    }
    if (create.envelope) envelope(*create.envelope);
  }
  void envelope(const Envelope& value) {
    constexpr std::string_view kWords[] = {"NONE", "UPSERT", "DEBEZIUM", "MATERIALIZE", "APPEND"};
    out.clause("ENVELOPE ");
    out.text(kWords[static_cast<std::size_t>(value.kind)]);
    out.put_options(value.options);
    if (!value.inline_errors) return;
    out.text(" (VALUE DECODING ERRORS = INLINE");
    if (value.inline_errors_alias) {
      out.text(" AS ");
      out.put(*value.inline_errors_alias);
    }
    out.text(")");
  }
  void webhook_check(const WebhookCheck& value) {
    out.clause("CHECK (");
    for (std::size_t i = 0; i < value.inputs.size(); ++i) {
      constexpr std::string_view kWords[] = {"BODY", "HEADERS", "SECRET "};
      const WebhookInput& input = value.inputs[i];
      out.text(i == 0 ? "WITH (" : ", ");
      out.text(kWords[static_cast<std::size_t>(input.kind)]);
      if (input.secret) out.put(*input.secret);
      if (input.alias) {
        out.text(" AS ");
        out.put(*input.alias);
      }
      if (input.bytes) out.text(" BYTES");
    }
    if (!value.inputs.empty()) out.text(") ");
    out.put(value.condition);
    out.text(")");
  }
};

}  // namespace

std::string_view words_of(ConnectionType type) {
  constexpr std::string_view kWords[] = {
      "KAFKA",           "CONFLUENT SCHEMA REGISTRY", "POSTGRES", "SSH TUNNEL", "AWS",
      "AWS PRIVATELINK", "AWS GLUE SCHEMA REGISTRY",  "MYSQL",    "SQL SERVER", "GCP",
      "ICEBERG CATALOG"};
  return kWords[static_cast<std::size_t>(type)];
}

void put_create_statement(Printer& out, const StatementKind& kind) {
  std::visit(CreatePrinter{out}, kind);
}

void put_column_definition(Printer& out, const ColumnDefinition& column) {
  CreatePrinter::put_column(out, column);
}

}  // namespace penstock::sql
