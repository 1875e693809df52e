// Everything in the corpus parses; trees have the right shape where precedence is at stake.
#include "sql/parse/parse.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include <string>

#include "sql/parse/corpus.h"

namespace penstock::sql {
namespace {

std::string why(const Error& error) {
  return fmt::format("{} at {}", error.message, error.position);
}

TEST(Parse, CorpusOfQueries) {
  for (const std::string_view text : query_corpus()) {
    const auto parsed = parse_statements(text);
    ASSERT_TRUE(parsed) << text << "\n" << why(parsed.error());
    EXPECT_EQ(parsed->size(), 1U) << text;
    EXPECT_TRUE(std::holds_alternative<SelectStatement>((*parsed)[0].statement.kind)) << text;
  }
}

TEST(Parse, CorpusOfStatements) {
  for (const std::string_view text : statement_corpus()) {
    const auto parsed = parse_statements(text);
    ASSERT_TRUE(parsed) << text << "\n" << why(parsed.error());
    ASSERT_EQ(parsed->size(), 1U) << text;
    const ByteRange range = (*parsed)[0].range;
    EXPECT_EQ(range.begin, 0U) << text;
    EXPECT_EQ(range.end, text.size()) << text;
  }
}

TEST(Parse, SplitsStatementsAndKnowsTheirRanges) {
  const std::string text = ";; SELECT 1 ;\n-- nothing\nSELECT 2; BEGIN;";
  const auto parsed = parse_statements(text);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 3U);
  const auto piece = [&](std::size_t i) {
    const ByteRange range = (*parsed)[i].range;
    return text.substr(range.begin, range.end - range.begin);
  };
  EXPECT_EQ(piece(0), "SELECT 1");
  EXPECT_EQ(piece(1), "SELECT 2");
  EXPECT_EQ(piece(2), "BEGIN");
  EXPECT_EQ(parse_statements(" ; -- no statement")->size(), 0U);
}

TEST(Parse, NodesKnowWhereTheyStand) {
  const std::string text = "a + (b * 2)";
  const auto expr = parse_expression(text);
  ASSERT_TRUE(expr);
  const auto& sum = std::get<BinaryOp>(expr->kind);
  EXPECT_EQ(expr->range.end, text.size());
  EXPECT_EQ(sum.right->range.begin, 4U);
  EXPECT_EQ(sum.right->range.end, text.size());
}

template <typename Kind>
const Kind* as(const Expr& expr) {
  return std::get_if<Kind>(&expr.kind);
}

Expr expression(std::string_view text) {
  auto parsed = parse_expression(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *std::move(parsed) : Expr{};
}

TEST(Parse, MinusBeforeALiteralBindsFirst) {
  const Expr cast = expression("-32768::int2");
  ASSERT_TRUE(as<Cast>(cast));
  const auto* number = as<NumberLiteral>(*as<Cast>(cast)->operand);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->text, "-32768");
  EXPECT_TRUE(as<UnaryOp>(expression("-(32768)::int2")));
  EXPECT_TRUE(as<UnaryOp>(expression("-0")));
  EXPECT_TRUE(as<UnaryOp>(expression("-0.0e7")));
  EXPECT_TRUE(as<NumberLiteral>(expression("-0.01")));
  EXPECT_TRUE(as<UnaryOp>(expression("-a::int2")));
  EXPECT_TRUE(as<BinaryOp>(expression("a -1")));
}

TEST(Parse, Precedence) {
  EXPECT_EQ(expression("a + b * c"), expression("a + (b * c)"));
  EXPECT_EQ(expression("a - b - c"), expression("(a - b) - c"));
  EXPECT_EQ(expression("a || b + c"), expression("a || (b + c)"));
  EXPECT_EQ(expression("a -> 'x' = b"), expression("(a -> 'x') = b"));
  EXPECT_EQ(expression("a = b OR c AND NOT d = e"), expression("(a = b) OR (c AND (NOT (d = e)))"));
  EXPECT_EQ(expression("a < b IS NULL"), expression("(a < b) IS NULL"));
  EXPECT_EQ(expression("a LIKE b || c AND d"), expression("(a LIKE (b || c)) AND d"));
  EXPECT_EQ(expression("a IN (1) = b"), expression("(a IN (1)) = b"));
  EXPECT_EQ(expression("a BETWEEN b + 1 AND c AND d"),
            expression("(a BETWEEN (b + 1) AND c) AND d"));
  EXPECT_EQ(expression("- a ^ b"), expression("(- a) ^ b"));
  EXPECT_EQ(expression("- a[1]::int"), expression("- ((a[1])::int)"));
  EXPECT_EQ(expression("a AT TIME ZONE 'x' = b"), expression("(a AT TIME ZONE 'x') = b"));
  EXPECT_EQ(expression("a ~ b || c"), expression("(a ~ b) || c"));
}

TEST(Parse, ChainsOfAndAreFlat) {
  const Expr chain = expression("a AND b AND c AND d");
  ASSERT_TRUE(as<LogicalOp>(chain));
  EXPECT_EQ(as<LogicalOp>(chain)->operands.size(), 4U);
  const Expr nested = expression("(a AND b) AND c");
  EXPECT_EQ(as<LogicalOp>(nested)->operands.size(), 2U);
}

TEST(Parse, DialectBeforePostgres) {
  const auto list = std::get<Cast>(expression("'{1}'::int list").kind);
  EXPECT_TRUE(std::holds_alternative<ListType>(list.type.kind));
  EXPECT_TRUE(as<ListExpr>(expression("LIST[1]")));
  EXPECT_TRUE(as<MapExpr>(expression("MAP['a' => 1]")));
  const Expr interval = expression("INTERVAL '30' minutes");
  EXPECT_EQ(as<IntervalLiteral>(interval)->head, IntervalField::kMinute);
}

TEST(Parse, SinkNameMayBeMissing) {
  const auto sink = [](std::string_view head) {
    auto parsed = parse_statement(std::string(head) + " INTO KAFKA CONNECTION k (TOPIC 'x')");
    EXPECT_TRUE(parsed) << head;
    return std::get<CreateSink>(parsed->kind);
  };
  EXPECT_FALSE(sink("CREATE SINK FROM t").name);
  EXPECT_FALSE(sink("CREATE SINK IN CLUSTER c FROM t").name);
  EXPECT_EQ(sink("CREATE SINK from FROM t").name->parts[0].text, "from");
  EXPECT_EQ(sink("CREATE SINK in FROM t").name->parts[0].text, "in");
}

TEST(Parse, OptionsKeepWhatWasWritten) {
  const auto parsed = parse_statement(
      "CREATE CONNECTION c TO KAFKA (BROKER = 'a', broker 'b', SASL USERNAME, SECURITY PROTOCOL "
      "PLAINTEXT, USERNAME u)");
  ASSERT_TRUE(parsed);
  const auto& options = std::get<CreateConnection>(parsed->kind).options;
  ASSERT_EQ(options.size(), 5U);
  EXPECT_EQ(options[0].name, "BROKER");
  EXPECT_EQ(options[1].name, "BROKER");
  EXPECT_FALSE(options[2].value);
  EXPECT_EQ(std::get<Identifier>(options[3].value->kind).text, "plaintext");
  EXPECT_EQ(options[4].name, "USER");
}

}  // namespace
}  // namespace penstock::sql
