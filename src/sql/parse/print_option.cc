// Options, formats and includes as text.
#include <algorithm>
#include <iterator>
#include <string>
#include <variant>

#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

// Options whose literal value nobody but the owner may read.
bool is_sensitive(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "ACCESS KEY ID",
      "CREDENTIAL",
      "PASSWORD",
      "PARTITION BY",
      "SASL PASSWORD",
      "SASL USERNAME",
      "SECRET ACCESS KEY",
      "SERVICE ACCOUNT KEY",
      "SESSION TOKEN",
      "SSL CERTIFICATE",
      "SSL CERTIFICATE AUTHORITY",
      "SSL KEY",
      "USER",
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

struct OptionPrinter {
  Printer& out;

  void operator()(const NullLiteral&) { out.text("NULL"); }
  void operator()(const BoolLiteral& value) { out.text(value.value ? "true" : "false"); }
  void operator()(const NumberLiteral& value) { out.text(value.text); }
  void operator()(const StringLiteral& value) { out.plain_literal(value.value); }
  void operator()(const IntervalLiteral& value) { out.put(Expr{{}, value}); }
  void operator()(const Identifier& value) { out.put(value); }
  void operator()(const ItemName& value) { out.put(value); }
  void operator()(const SecretRef& value) {
    out.text("SECRET ");
    out.put(value.name);
  }
  void operator()(const OptionSequence& value) { out.list_in_parens(value.items); }
  void operator()(const OptionMap& value) {
    out.text("MAP[");
    for (std::size_t i = 0; i < value.entries.size(); ++i) {
      if (i > 0) out.text(", ");
      out.plain_literal(value.entries[i].first);
      out.text(" => ");
      out.put(value.entries[i].second);
    }
    out.text("]");
  }
  void operator()(const PrivatelinkRef& value) {
    out.put(value.connection);
    out.put_options(value.options);
  }
  void operator()(const BrokerValue& value) {
    if (value.matching) out.text("MATCHING ");
    out.plain_literal(value.address);
    if (const auto* ssh = std::get_if<SshTunnelRef>(&value.tunnel)) {
      out.text(" USING SSH TUNNEL ");
      out.put(ssh->connection);
    }
    if (const auto* link = std::get_if<PrivatelinkRef>(&value.tunnel)) {
      out.text(" USING AWS PRIVATELINK ");
      (*this)(*link);
    }
  }
  void operator()(const RefreshValue& value) {
    constexpr std::string_view kWords[] = {"ON COMMIT", "AT CREATION", "AT ", "EVERY "};
    out.text(kWords[static_cast<std::size_t>(value.kind)]);
    if (value.kind == RefreshKind::kEvery) {
      out.plain_literal(value.interval);
      if (value.time) out.text(" ALIGNED TO ");
    }
    if (value.time) out.put(**value.time);
  }
  void operator()(const ScheduleOnRefresh& value) {
    out.text("ON REFRESH");
    if (!value.hydration_time_estimate) return;
    out.text(" (HYDRATION TIME ESTIMATE = ");
    out.plain_literal(*value.hydration_time_estimate);
    out.text(")");
  }
  void operator()(const ReplicaDefinition& value) {
    out.put(value.name);
    out.text(" ");
    out.list_in_parens(value.options);
  }
  void operator()(const Box<Expr>& value) { out.put(*value); }
  void operator()(const TypeName& value) { out.put(value); }
};

struct FormatPrinter {
  Printer& out;

  void operator()(const AvroFormat& format) {
    out.text("AVRO USING ");
    std::visit(*this, format.schema);
  }
  void operator()(const ProtobufFormat& format) {
    out.text("PROTOBUF ");
    if (std::holds_alternative<InlineSchema>(format.schema)) {
      out.text("MESSAGE ");
      out.plain_literal(format.message);
      out.text(" ");
    }
    out.text("USING ");
    std::visit(*this, format.schema);
  }
  void operator()(const RegexFormat& format) {
    out.text("REGEX ");
    out.plain_literal(format.pattern);
  }
  void operator()(const CsvFormat& format) {
    out.text("CSV WITH ");
    if (format.header) {
      out.text("HEADER");
      if (!format.columns.empty()) out.text(" ");
      if (!format.columns.empty()) out.list_in_parens(format.columns);
    } else {
      out.text(std::to_string(format.column_count) + " COLUMNS");
    }
    if (format.delimiter == ",") return;
    out.text(" DELIMITED BY ");
    out.plain_literal(format.delimiter);
  }
  void operator()(const JsonFormat& format) { out.text(format.array ? "JSON ARRAY" : "JSON"); }
  void operator()(const TextFormat&) { out.text("TEXT"); }
  void operator()(const BytesFormat&) { out.text("BYTES"); }

  void operator()(const CsrReference& csr) {
    out.text("CONFLUENT SCHEMA REGISTRY CONNECTION ");
    out.put(csr.connection);
    out.put_options(csr.options);
    strategy(" KEY STRATEGY ", csr.key_strategy);
    strategy(" VALUE STRATEGY ", csr.value_strategy);
    if (!csr.seed) return;
    out.text(" SEED");
    if (csr.seed->key_schema) {
      out.text(" KEY SCHEMA ");
      out.plain_literal(*csr.seed->key_schema);
    }
    out.text(" VALUE SCHEMA ");
    out.plain_literal(csr.seed->value_schema);
  }
  void operator()(const GlueReference& glue) {
    out.text("AWS GLUE SCHEMA REGISTRY CONNECTION ");
    out.put(glue.connection);
    out.put_options(glue.options);
  }
  void operator()(const InlineSchema& schema) {
    out.text("SCHEMA ");
    out.plain_literal(schema.schema);
    out.put_options(schema.options);
  }
  void strategy(std::string_view words, const std::optional<SchemaStrategy>& value) {
    if (!value) return;
    out.text(words);
    if (value->kind == SchemaStrategyKind::kLatest) out.text("LATEST");
    if (value->kind == SchemaStrategyKind::kId) out.text("ID " + value->value);
    if (value->kind == SchemaStrategyKind::kInline) {
      out.text("INLINE ");
      out.plain_literal(value->value);
    }
  }
};

bool is_literal(const OptionValue& value) {
  return std::holds_alternative<StringLiteral>(value.kind) ||
         std::holds_alternative<NumberLiteral>(value.kind) ||
         std::holds_alternative<Identifier>(value.kind) ||
         std::holds_alternative<Box<Expr>>(value.kind);
}

}  // namespace

void Printer::put(const OptionValue& value) {
  std::visit(OptionPrinter{*this}, value.kind);
}

void Printer::put(const Option& option) {
  text(option.name);
  if (option.target) {
    text(" ");
    put(*option.target);
    if (option.target_column) {
      text(".");
      put(*option.target_column);
    }
  }
  if (!option.value) return;
  text(" = ");
  if (redacted() && is_sensitive(option.name) && is_literal(*option.value)) {
    text("'<REDACTED>'");
    return;
  }
  if (option.name == "RETAIN HISTORY") text("FOR ");
  put(*option.value);
}

void Printer::put_options(const std::vector<Option>& options) {
  if (options.empty()) return;
  text(" ");
  list_in_parens(options);
}

void Printer::put_with(const std::vector<Option>& options) {
  if (options.empty()) return;
  clause("WITH ");
  list_in_parens(options);
}

void Printer::put_option_names(const std::vector<Option>& options) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    text(i == 0 ? " (" : ", ");
    text(options[i].name);
  }
  text(")");
}

void Printer::put(const Format& format) {
  std::visit(FormatPrinter{*this}, format.kind);
}

void Printer::put(const FormatClause& clause_of_format) {
  const auto put_one = [&](std::string_view words, const Format& format) {
    const bool long_form = !std::holds_alternative<JsonFormat>(format.kind) &&
                           !std::holds_alternative<TextFormat>(format.kind) &&
                           !std::holds_alternative<BytesFormat>(format.kind);
    clause(words);
    text(pretty() && long_form ? "\n    " : " ");
    put(format);
  };
  if (clause_of_format.key) put_one("KEY FORMAT", *clause_of_format.key);
  put_one(clause_of_format.key ? "VALUE FORMAT" : "FORMAT", clause_of_format.value);
}

void Printer::put(const IncludeItem& item) {
  constexpr std::string_view kWords[] = {"KEY",       "PARTITION", "OFFSET",
                                         "TIMESTAMP", "HEADERS",   "HEADER "};
  text(kWords[static_cast<std::size_t>(item.kind)]);
  if (item.kind == IncludeKind::kHeader) plain_literal(item.header_key);
  if (item.alias) {
    text(" AS ");
    put(*item.alias);
  }
  if (item.bytes) text(" BYTES");
}

}  // namespace penstock::sql
