// CREATE SINK. The order of its clauses is fixed.
#include <utility>

#include "sql/parse/format.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

// EXPLAIN … FOR CREATE SINK FROM … has no name; still a sink may be called `from` or `in`.
bool has_name(const Cursor& cursor) {
  if (cursor.is("FROM")) return cursor.peek(1).keyword == "FROM";
  return !cursor.is({"IN", "CLUSTER"});
}

// [KEY (columns) [NOT ENFORCED]]; KEY FORMAT begins another clause.
Result<std::optional<SinkKey>> parse_sink_key(Cursor& cursor) {
  if (!cursor.is("KEY") || cursor.peek(1).kind != TokenKind::kLeftParen) return std::nullopt;
  const std::size_t place = cursor.place();
  cursor.take();
  SinkKey key;
  ASSIGN_OR_RETURN(key.columns, cursor.identifiers_in_parens());
  if (cursor.accept("NOT")) {
    RETURN_IF_ERROR(cursor.expect("ENFORCED"));
    key.not_enforced = true;
  }
  key.range = cursor.range_from(place);
  return key;
}

}  // namespace

Result<StatementKind> parse_create_sink(Cursor& cursor) {
  CreateSink create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  if (has_name(cursor)) {
    ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  }
  ASSIGN_OR_RETURN(create.in_cluster, parse_in_cluster(cursor));
  RETURN_IF_ERROR(cursor.expect("FROM"));
  ASSIGN_OR_RETURN(create.from, parse_item_name(cursor));
  RETURN_IF_ERROR(cursor.expect({"INTO", "KAFKA", "CONNECTION"}));
  ASSIGN_OR_RETURN(create.connection, parse_item_name(cursor));
  ASSIGN_OR_RETURN(create.options,
                   parse_optional_options_in_parens(cursor, option_specs::kKafkaSink));
  ASSIGN_OR_RETURN(create.key, parse_sink_key(cursor));
  if (cursor.accept("HEADERS")) {
    ASSIGN_OR_RETURN(create.headers, cursor.identifier());
  }
  ASSIGN_OR_RETURN(create.format, parse_format_clause(cursor));
  if (cursor.accept("MODE")) {
    ASSIGN_OR_RETURN(create.mode, cursor.identifier());
  }
  ASSIGN_OR_RETURN(create.envelope, parse_sink_envelope(cursor));
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kSinkWith));
  return create;
}

}  // namespace penstock::sql
