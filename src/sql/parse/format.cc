// FORMAT, INCLUDE and ENVELOPE clauses of sources, tables and sinks.
#include "sql/parse/format.h"

#include <string>
#include <utility>

#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"

namespace penstock::sql {
namespace {

// LATEST | ID n | INLINE '…'
Result<SchemaStrategy> parse_strategy(Cursor& cursor) {
  ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"ID", "LATEST", "INLINE"}));
  SchemaStrategy strategy;
  if (word == "ID") {
    strategy.kind = SchemaStrategyKind::kId;
    if (!cursor.is(TokenKind::kNumber)) return cursor.expected("literal integer");
    strategy.value = cursor.take().text;
  } else if (word == "INLINE") {
    strategy.kind = SchemaStrategyKind::kInline;
    ASSIGN_OR_RETURN(strategy.value, cursor.string_literal());
  }
  return strategy;
}

// From behind CONFLUENT SCHEMA REGISTRY.
Result<CsrReference> parse_csr(Cursor& cursor) {
  CsrReference csr;
  RETURN_IF_ERROR(cursor.expect("CONNECTION"));
  ASSIGN_OR_RETURN(csr.connection, parse_item_name(cursor));
  ASSIGN_OR_RETURN(csr.options,
                   parse_optional_options_in_parens(cursor, option_specs::kConfluentRegistry));
  if (cursor.accept({"KEY", "STRATEGY"})) {
    ASSIGN_OR_RETURN(csr.key_strategy, parse_strategy(cursor));
  }
  if (cursor.accept({"VALUE", "STRATEGY"})) {
    ASSIGN_OR_RETURN(csr.value_strategy, parse_strategy(cursor));
  }
  if (cursor.accept("SEED")) {
    SchemaSeed seed;
    if (cursor.accept({"KEY", "SCHEMA"})) {
      ASSIGN_OR_RETURN(seed.key_schema, cursor.string_literal());
    }
    RETURN_IF_ERROR(cursor.expect({"VALUE", "SCHEMA"}));
    ASSIGN_OR_RETURN(seed.value_schema, cursor.string_literal());
    csr.seed = std::move(seed);
  }
  return csr;
}

Result<AvroFormat> parse_avro(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("USING"));
  if (cursor.accept({"CONFLUENT", "SCHEMA", "REGISTRY"})) {
    ASSIGN_OR_RETURN(CsrReference csr, parse_csr(cursor));
    return AvroFormat{std::move(csr)};
  }
  if (cursor.accept({"AWS", "GLUE", "SCHEMA", "REGISTRY"})) {
    GlueReference glue;
    RETURN_IF_ERROR(cursor.expect("CONNECTION"));
    ASSIGN_OR_RETURN(glue.connection, parse_item_name(cursor));
    ASSIGN_OR_RETURN(glue.options,
                     parse_optional_options_in_parens(cursor, option_specs::kGlueRegistry));
    return AvroFormat{std::move(glue)};
  }
  if (cursor.accept("SCHEMA")) {
    InlineSchema schema;
    ASSIGN_OR_RETURN(schema.schema, cursor.string_literal());
    ASSIGN_OR_RETURN(schema.options,
                     parse_optional_options_in_parens(cursor, option_specs::kAvroInline));
    return AvroFormat{std::move(schema)};
  }
  return cursor.expected("CONFLUENT SCHEMA REGISTRY, AWS GLUE SCHEMA REGISTRY, or SCHEMA");
}

Result<ProtobufFormat> parse_protobuf(Cursor& cursor) {
  ProtobufFormat format;
  if (cursor.accept("USING")) {
    RETURN_IF_ERROR(cursor.expect({"CONFLUENT", "SCHEMA", "REGISTRY"}));
    ASSIGN_OR_RETURN(format.schema, parse_csr(cursor));
    return format;
  }
  if (!cursor.accept("MESSAGE")) return cursor.expected("one of USING or MESSAGE");
  ASSIGN_OR_RETURN(format.message, cursor.string_literal());
  RETURN_IF_ERROR(cursor.expect({"USING", "SCHEMA"}));
  InlineSchema schema;
  ASSIGN_OR_RETURN(schema.schema, cursor.string_literal());
  format.schema = std::move(schema);
  return format;
}

// WITH HEADER [(a, …)] | WITH n COLUMNS, [DELIMITED BY 'c']
Result<CsvFormat> parse_csv(Cursor& cursor) {
  CsvFormat format;
  RETURN_IF_ERROR(cursor.expect("WITH"));
  if (cursor.accept("HEADER") || cursor.accept("HEADERS")) {
    format.header = true;
    if (cursor.is(TokenKind::kLeftParen)) {
      ASSIGN_OR_RETURN(format.columns, cursor.identifiers_in_parens());
    }
  } else {
    ASSIGN_OR_RETURN(format.column_count, cursor.unsigned_number());
    RETURN_IF_ERROR(cursor.expect("COLUMNS"));
  }
  if (cursor.accept({"DELIMITED", "BY"})) {
    const ByteRange range = cursor.peek().range;
    ASSIGN_OR_RETURN(format.delimiter, cursor.string_literal());
    if (format.delimiter.size() != 1) {
      const bool ascii = format.delimiter.empty() || (format.delimiter[0] & 0x80) == 0;
      return cursor.error_at(range, ascii ? "CSV delimiter must be a single character"
                                          : "CSV delimiter must be an ASCII character");
    }
  }
  return format;
}

// KEY | PARTITION | OFFSET | TIMESTAMP | HEADERS, [AS n]; HEADER 'k' AS n [BYTES]
Result<IncludeItem> parse_include_item(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(
      const std::string_view word,
      cursor.expect_one_of({"KEY", "TIMESTAMP", "PARTITION", "OFFSET", "HEADERS", "HEADER"}));
  if (word == "HEADER") {
    ASSIGN_OR_RETURN(IncludeItem header, parse_include_header(cursor));
    header.range = cursor.range_from(place);
    return header;
  }
  IncludeItem item;
  item.kind = word == "KEY"         ? IncludeKind::kKey
              : word == "TIMESTAMP" ? IncludeKind::kTimestamp
              : word == "PARTITION" ? IncludeKind::kPartition
              : word == "OFFSET"    ? IncludeKind::kOffset
                                    : IncludeKind::kHeaders;
  if (cursor.accept("AS")) {
    ASSIGN_OR_RETURN(item.alias, cursor.identifier());
  }
  item.range = cursor.range_from(place);
  return item;
}

// (VALUE DECODING ERRORS [=] INLINE [AS name])
Status parse_upsert_options(Cursor& cursor, Envelope& envelope) {
  if (!cursor.accept(TokenKind::kLeftParen)) return {};
  RETURN_IF_ERROR(cursor.expect({"VALUE", "DECODING", "ERRORS"}));
  cursor.accept(TokenKind::kEqual);
  const bool parens = cursor.accept(TokenKind::kLeftParen);
  RETURN_IF_ERROR(cursor.expect("INLINE"));
  envelope.inline_errors = true;
  if (cursor.accept("AS")) {
    ASSIGN_OR_RETURN(envelope.inline_errors_alias, cursor.identifier());
  }
  if (parens) RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return cursor.expect(TokenKind::kRightParen);
}

}  // namespace

Result<Format> parse_format(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const auto finish = [&](auto result) -> Result<Format> {
    if (!result) return std::unexpected(std::move(result).error());
    return Format{cursor.range_from(place), std::move(result).value()};
  };
  if (cursor.accept("AVRO")) return finish(parse_avro(cursor));
  if (cursor.accept("PROTOBUF")) return finish(parse_protobuf(cursor));
  if (cursor.accept("REGEX")) {
    ASSIGN_OR_RETURN(std::string pattern, cursor.string_literal());
    return Format{cursor.range_from(place), RegexFormat{std::move(pattern)}};
  }
  if (cursor.accept("CSV")) return finish(parse_csv(cursor));
  if (cursor.accept("JSON")) {
    const bool array = cursor.accept("ARRAY");
    return Format{cursor.range_from(place), JsonFormat{array}};
  }
  if (cursor.accept("TEXT")) return Format{cursor.range_from(place), TextFormat{}};
  if (cursor.accept("BYTES")) return Format{cursor.range_from(place), BytesFormat{}};
  return cursor.expected("AVRO, PROTOBUF, REGEX, CSV, JSON, TEXT, or BYTES");
}

Result<std::optional<FormatClause>> parse_format_clause(Cursor& cursor) {
  if (cursor.accept("FORMAT")) {
    ASSIGN_OR_RETURN(Format format, parse_format(cursor));
    return FormatClause{std::nullopt, std::move(format)};
  }
  if (!cursor.accept({"KEY", "FORMAT"})) return std::nullopt;
  ASSIGN_OR_RETURN(Format key, parse_format(cursor));
  RETURN_IF_ERROR(cursor.expect({"VALUE", "FORMAT"}));
  ASSIGN_OR_RETURN(Format value, parse_format(cursor));
  return FormatClause{std::move(key), std::move(value)};
}

Result<IncludeItem> parse_include_header(Cursor& cursor) {
  IncludeItem item;
  item.kind = IncludeKind::kHeader;
  ASSIGN_OR_RETURN(item.header_key, cursor.string_literal());
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(item.alias, cursor.identifier());
  item.bytes = cursor.accept("BYTES");
  return item;
}

Result<std::vector<IncludeItem>> parse_include(Cursor& cursor) {
  std::vector<IncludeItem> items;
  if (!cursor.accept("INCLUDE")) return items;
  do {
    ASSIGN_OR_RETURN(IncludeItem item, parse_include_item(cursor));
    items.push_back(std::move(item));
  } while (cursor.accept(TokenKind::kComma));
  return items;
}

Result<std::optional<Envelope>> parse_source_envelope(Cursor& cursor) {
  const std::size_t place = cursor.place();
  if (!cursor.accept("ENVELOPE")) return std::nullopt;
  Envelope envelope;
  if (cursor.accept("DEBEZIUM")) {
    envelope.kind = EnvelopeKind::kDebezium;
  } else if (cursor.accept("UPSERT")) {
    envelope.kind = EnvelopeKind::kUpsert;
    RETURN_IF_ERROR(parse_upsert_options(cursor, envelope));
  } else if (cursor.accept("MATERIALIZE")) {
    envelope.kind = EnvelopeKind::kMaterialize;
  } else if (!cursor.accept("NONE")) {
    return cursor.expected("NONE, DEBEZIUM, UPSERT, or MATERIALIZE");
  }
  envelope.range = cursor.range_from(place);
  return envelope;
}

Result<std::optional<Envelope>> parse_sink_envelope(Cursor& cursor) {
  const std::size_t place = cursor.place();
  if (!cursor.accept("ENVELOPE")) return std::nullopt;
  Envelope envelope;
  if (cursor.accept("UPSERT")) {
    envelope.kind = EnvelopeKind::kUpsert;
  } else if (cursor.accept("DEBEZIUM")) {
    envelope.kind = EnvelopeKind::kDebezium;
    ASSIGN_OR_RETURN(envelope.options,
                     parse_optional_options_in_parens(cursor, option_specs::kDebeziumSink));
  } else if (cursor.accept("APPEND")) {
    envelope.kind = EnvelopeKind::kAppend;
    ASSIGN_OR_RETURN(envelope.options,
                     parse_optional_options_in_parens(cursor, option_specs::kAppendSink));
  } else {
    return cursor.expected("UPSERT, DEBEZIUM");
  }
  envelope.range = cursor.range_from(place);
  return envelope;
}

}  // namespace penstock::sql
