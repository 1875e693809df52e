// EXPLAIN in all its forms.
#include <string>
#include <utility>

#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/query.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

// [AS TEXT | JSON | DOT | VERBOSE TEXT]
Result<ExplainFormat> parse_explain_format(Cursor& cursor) {
  if (!cursor.accept("AS")) return ExplainFormat::kDefault;
  ASSIGN_OR_RETURN(const std::string_view word,
                   cursor.expect_one_of({"TEXT", "JSON", "DOT", "VERBOSE"}));
  if (word == "TEXT") return ExplainFormat::kText;
  if (word == "JSON") return ExplainFormat::kJson;
  if (word == "DOT") return ExplainFormat::kDot;
  cursor.accept("TEXT");
  return ExplainFormat::kVerboseText;
}

bool starts_explain_object(const Cursor& cursor) {
  return cursor.is_one_of({"VIEW", "INDEX", "REPLAN"}) || cursor.is({"MATERIALIZED", "VIEW"});
}

// [REPLAN] {VIEW | MATERIALIZED VIEW | INDEX} name
Result<ExplainObject> parse_explain_object(Cursor& cursor) {
  ExplainObject object;
  object.replan = cursor.accept("REPLAN");
  if (cursor.accept({"MATERIALIZED", "VIEW"})) {
    object.kind = ExplainObjectKind::kMaterializedView;
  } else if (cursor.accept("INDEX")) {
    object.kind = ExplainObjectKind::kIndex;
  } else if (!cursor.accept("VIEW")) {
    return cursor.expected("one of VIEW or MATERIALIZED VIEW or INDEX");
  }
  ASSIGN_OR_RETURN(object.name, parse_item_name(cursor));
  return object;
}

Result<std::variant<Box<Statement>, ExplainObject>> parse_explain_subject(Cursor& cursor) {
  if (starts_explain_object(cursor)) {
    ASSIGN_OR_RETURN(ExplainObject object, parse_explain_object(cursor));
    return std::variant<Box<Statement>, ExplainObject>(std::move(object));
  }
  const bool query = starts_query(cursor) || cursor.is(TokenKind::kLeftParen);
  if (!query && !cursor.is_one_of({"SUBSCRIBE", "CREATE"})) {
    return cursor.expected(
        "one of SELECT or VALUES or WITH or SUBSCRIBE or CREATE or VIEW or MATERIALIZED VIEW or "
        "INDEX");
  }
  ASSIGN_OR_RETURN(Statement statement, parse_any_statement(cursor));
  return std::variant<Box<Statement>, ExplainObject>(Box<Statement>(std::move(statement)));
}

// [RAW | DECORRELATED | LOCALLY OPTIMIZED | OPTIMIZED | PHYSICAL] PLAN; kDefault if none.
Result<ExplainStage> parse_stage(Cursor& cursor) {
  ExplainStage stage = ExplainStage::kDefault;
  if (cursor.accept("RAW")) {
    stage = ExplainStage::kRaw;
  } else if (cursor.accept("DECORRELATED")) {
    stage = ExplainStage::kDecorrelated;
  } else if (cursor.accept({"LOCALLY", "OPTIMIZED"})) {
    stage = ExplainStage::kLocallyOptimized;
  } else if (cursor.accept("OPTIMIZED")) {
    stage = ExplainStage::kOptimized;
  } else if (cursor.accept("PHYSICAL")) {
    stage = ExplainStage::kPhysical;
  } else {
    return stage;
  }
  RETURN_IF_ERROR(cursor.expect("PLAN"));
  return stage;
}

Result<ExplainStatement> parse_explain_plan(Cursor& cursor) {
  ASSIGN_OR_RETURN(ExplainStage stage, parse_stage(cursor));
  if (stage == ExplainStage::kDefault) cursor.accept("PLAN");
  std::vector<Option> options;
  if (cursor.is("WITH") && cursor.peek(1).kind == TokenKind::kLeftParen) {
    cursor.take();
    ASSIGN_OR_RETURN(options, parse_free_options_in_parens(cursor));
  }
  ASSIGN_OR_RETURN(const ExplainFormat format, parse_explain_format(cursor));
  cursor.accept("FOR");
  ASSIGN_OR_RETURN(auto subject, parse_explain_subject(cursor));
  return ExplainStatement{ExplainPlan{stage, std::move(options), format, std::move(subject)}};
}

// From SCHEMA on.
Result<ExplainStatement> parse_explain_schema(Cursor& cursor, ExplainSchemaSide side) {
  RETURN_IF_ERROR(cursor.expect("SCHEMA"));
  if (cursor.accept("AS")) RETURN_IF_ERROR(cursor.expect("JSON"));
  RETURN_IF_ERROR(cursor.expect("FOR"));
  if (!cursor.is({"CREATE", "SINK"})) {
    RETURN_IF_ERROR(cursor.expect({"CREATE", "SINK"}));
  }
  ASSIGN_OR_RETURN(Statement sink, parse_any_statement(cursor));
  return ExplainStatement{ExplainSchema{side, Box<Statement>(std::move(sink))}};
}

Result<ExplainStatement> parse_explain_pushdown(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect({"FILTER", "PUSHDOWN", "FOR"}));
  if (starts_explain_object(cursor)) {
    ASSIGN_OR_RETURN(ExplainObject object, parse_explain_object(cursor));
    return ExplainStatement{ExplainFilterPushdown{std::move(object)}};
  }
  ASSIGN_OR_RETURN(SelectStatement select, parse_select_statement(cursor));
  return ExplainStatement{ExplainFilterPushdown{std::move(select)}};
}

// ANALYZE word [, word …] FOR object
Result<ExplainStatement> parse_explain_analyze(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("ANALYZE"));
  ExplainAnalyze analyze;
  do {
    ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"MEMORY", "CPU", "HINTS"}));
    analyze.properties.emplace_back(word);
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect("FOR"));
  ASSIGN_OR_RETURN(analyze.object, parse_explain_object(cursor));
  return ExplainStatement{std::move(analyze)};
}

Result<ExplainStatement> parse_explain_statement(Cursor& cursor) {
  if (cursor.is("SCHEMA")) return parse_explain_schema(cursor, ExplainSchemaSide::kDefault);
  if (cursor.accept("KEY")) return parse_explain_schema(cursor, ExplainSchemaSide::kKey);
  if (cursor.is({"VALUE", "SCHEMA"})) {
    cursor.take();
    return parse_explain_schema(cursor, ExplainSchemaSide::kValue);
  }
  if (cursor.is({"FILTER", "PUSHDOWN"})) return parse_explain_pushdown(cursor);
  if (cursor.is("ANALYZE")) return parse_explain_analyze(cursor);
  if (cursor.is({"ALTER", "SINK"})) {
    ASSIGN_OR_RETURN(Statement alter, parse_any_statement(cursor));
    return ExplainStatement{ExplainAlter{Box<Statement>(std::move(alter))}};
  }
  if (cursor.accept("TIMESTAMP")) {
    ASSIGN_OR_RETURN(const ExplainFormat format, parse_explain_format(cursor));
    RETURN_IF_ERROR(cursor.expect("FOR"));
    ASSIGN_OR_RETURN(SelectStatement select, parse_select_statement(cursor));
    return ExplainStatement{ExplainTimestamp{format, std::move(select)}};
  }
  return parse_explain_plan(cursor);
}

}  // namespace

Result<StatementKind> parse_explain(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("EXPLAIN"));
  ASSIGN_OR_RETURN(ExplainStatement explain, parse_explain_statement(cursor));
  return explain;
}

}  // namespace penstock::sql
