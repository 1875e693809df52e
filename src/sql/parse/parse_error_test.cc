// Syntax errors: text, SQLSTATE and position; limits; and that no mutation of good text hurts.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/rng.h"
#include "sql/parse/corpus.h"
#include "sql/parse/keyword.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/parse.h"

namespace penstock::sql {
namespace {

Error error_of(std::string_view text) {
  const auto parsed = parse_statements(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? Error(sql_state::kInternalError, "parsed") : parsed.error();
}

std::string message_of(std::string_view text) {
  const Error error = error_of(text);
  EXPECT_EQ(error.state.view(), "42601") << text << ": " << error.message;
  EXPECT_GT(error.position, 0) << text;
  return error.message;
}

constexpr std::string_view kSink = "CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC 'x') ";

std::string sink_message(std::string_view rest) {
  return message_of(std::string(kSink) += rest);
}

TEST(ParseError, Sinks) {
  EXPECT_EQ(sink_message("FORMAT JSON ENVELOPE NONE"), "Expected UPSERT, DEBEZIUM, found NONE");
  EXPECT_EQ(sink_message("FORMAT JSON ENVELOPE DEBEZIUM (OP)"),
            "Expected one of FIELDS or TOMBSTONES, found identifier \"op\"");
  EXPECT_EQ(sink_message("FORMAT JSON ENVELOPE UPSERT (TOMBSTONES)"),
            "Expected end of statement, found left parenthesis");
  EXPECT_EQ(sink_message("KEY FORMAT JSON"), "Expected VALUE, found EOF");
  EXPECT_EQ(sink_message("FORMAT no_such_format"),
            "Expected AVRO, PROTOBUF, REGEX, CSV, JSON, TEXT, or BYTES, found identifier "
            "\"no_such_format\"");
  EXPECT_EQ(sink_message("FORMAT AVRO USING x"),
            "Expected CONFLUENT SCHEMA REGISTRY, AWS GLUE SCHEMA REGISTRY, or SCHEMA, found "
            "identifier \"x\"");
  EXPECT_EQ(
      sink_message("WITH (SIZE = 's')"),
      "Expected one of PARTITION or SNAPSHOT or VERSION or COMMIT or TRANSACTION or MAX or "
      "LINGER or PRODUCER or VALIDATE or EXCLUDE or JSON or DELIVERY or KEY or REFUSED or DEAD "
      "or RESOLVED, found SIZE");
  EXPECT_EQ(
      sink_message("WITH (property = 1) FORMAT JSON"),
      "Expected one of PARTITION or SNAPSHOT or VERSION or COMMIT or TRANSACTION or MAX or "
      "LINGER or PRODUCER or VALIDATE or EXCLUDE or JSON or DELIVERY or KEY or REFUSED or DEAD "
      "or RESOLVED, found identifier \"property\"");
  EXPECT_EQ(sink_message("WITH (SNAPSHOT) FORMAT JSON"), "Expected end of statement, found FORMAT");
  const std::string csr = "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION c ";
  EXPECT_EQ(sink_message(csr + "(NULL VALUES)"), "Expected DEFAULTS, found VALUES");
  EXPECT_EQ(sink_message(csr + "(DOC ON bar = 'x')"),
            "Expected one of TYPE or COLUMN, found identifier \"bar\"");
  EXPECT_EQ(sink_message(csr + "(DOC ON COLUMN t = 'x')"),
            "need to specify an object and a column");
  EXPECT_EQ(sink_message(csr + "(DOC ON COLUMN = 'x')"), "Expected identifier, found equals sign");
  EXPECT_EQ(message_of("CREATE SINK IF EXISTS s FROM t"), "Expected NOT, found EXISTS");
  EXPECT_EQ(message_of("CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC CONFIG MAP[1 => 'x'])"),
            "Expected string, found number \"1\"");
  EXPECT_EQ(message_of("CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC = \"\")"),
            "Expected option value, found identifier \"\"");
  EXPECT_EQ(message_of("EXPLAIN VALUE SCHEMA AS TEXT FOR CREATE SINK s FROM t"),
            "Expected JSON, found TEXT");
}

TEST(ParseError, Statements) {
  EXPECT_EQ(message_of("FROB t"),
            "Expected a keyword at the beginning of a statement, found identifier \"frob\"");
  EXPECT_EQ(message_of("SELECT 1 2"), "Expected end of statement, found number \"2\"");
  EXPECT_EQ(message_of("SELECT 1 FROM"), "Expected identifier, found EOF");
  EXPECT_EQ(message_of("SELECT (1"), "Expected right parenthesis, found EOF");
  EXPECT_EQ(message_of("SELECT 1 + FROM t"), "Expected an expression, found FROM");
  EXPECT_EQ(message_of("SELECT 1 + * FROM t"), "Expected an expression, found star");
  EXPECT_EQ(message_of("SELECT 'a"), "unterminated quoted string");
  EXPECT_EQ(message_of("SELECT \"a"), "unterminated quoted identifier");
  EXPECT_EQ(message_of("SELECT $$a"), "unterminated dollar-quoted string");
  EXPECT_EQ(message_of("SELECT /* a"), "unterminated multiline comment");
  EXPECT_EQ(message_of("SELECT {"), "unexpected character in input: {");
  EXPECT_EQ(message_of("SELECT 1a"), "trailing junk after numeric literal");
  EXPECT_EQ(message_of("SELECT * FROM \"\""), "zero-length delimited identifier");
  EXPECT_EQ(message_of("SELECT * FROM a.b.c.d.e"), "qualified name has more than 4 parts");
  EXPECT_EQ(message_of("SELECT x::float(54)"), "precision for type float must be within ([1-53])");
  EXPECT_EQ(message_of("SELECT $0"), "there is no parameter $0");
  EXPECT_EQ(message_of("CREATE TABLE t (a)"), "Expected identifier, found right parenthesis");
  EXPECT_EQ(message_of("SHOW REDACTED TABLES"),
            "SHOW REDACTED is only supported for SHOW REDACTED CREATE ...");
  EXPECT_EQ(message_of("COMMENT ON COLUMN t IS ''"), "need to specify an object and a column");
  EXPECT_EQ(message_of("INSERT INTO t VALUES (1,)"),
            "Expected an expression, found right parenthesis");
  EXPECT_EQ(message_of("CREATE CONNECTION c TO KAFKA (TOPIC 'x')").substr(0, 34),
            "Expected one of ACCESS or ASSUME o");
}

TEST(ParseError, NotSupported) {
  for (const std::string_view text : {"SELECT x'1F'", "SELECT a BETWEEN SYMMETRIC 1 AND 2",
                                      "WITH RECURSIVE a AS (SELECT 1) SELECT 1",
                                      "SELECT sum(a) OVER (ROWS CURRENT ROW EXCLUDE TIES)"}) {
    EXPECT_EQ(error_of(text).state.view(), "0A000") << text;
  }
  EXPECT_EQ(error_of("SELECT x'1F'").message, "hex string literals not yet supported");
}

TEST(ParseError, PositionsCountCharacters) {
  EXPECT_EQ(error_of("SELECT 1 2").position, 10);
  EXPECT_EQ(error_of("SELECT 'äöü', 1 2").position, 17);
  EXPECT_EQ(error_of("SELECT 1;\nSELECT (").position, 19);
  EXPECT_TRUE(parse_statements(""));
}

TEST(ParseError, Identifiers) {
  const std::string longest(255, 'a');
  EXPECT_TRUE(parse_statements("SELECT " + longest));
  EXPECT_EQ(message_of("SELECT " + longest + "a"), "identifier length exceeds 255 bytes");
  EXPECT_EQ(message_of("SELECT \"" + longest + "a\""), "identifier length exceeds 255 bytes");
}

TEST(ParseError, TextMustBeUtf8) {
  for (const std::string_view bad :
       {std::string_view("SELECT '\xff'"), std::string_view("SELECT '\xc0\x80'"),
        std::string_view("SELECT '\xed\xa0\x80'"), std::string_view("SELECT '\xe2\x82'"),
        std::string_view("SELECT 'a\0b'", 12)}) {
    EXPECT_EQ(error_of(bad).state.view(), "22021");
    EXPECT_EQ(error_of(bad).message.substr(0, 40), "invalid byte sequence for encoding \"UTF8");
  }
  EXPECT_EQ(error_of("SELECT E'\\xff'").state.view(), "22021");
  EXPECT_TRUE(parse_statements("SELECT '\xf0\x9f\x98\x80', E'\\xf0\\x9f\\x98\\x80'"));
}

std::string repeated(std::string_view piece, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += piece;
  return text;
}

// However deep or long the text, the answer is an error, not a crash.
TEST(ParseError, NestingIsBounded) {
  constexpr int kMany = 20'000;
  for (const std::string& text : {"SELECT " + repeated("(", kMany),
                                  repeated("(", kMany) + "SELECT 1",
                                  "SELECT " + repeated("NOT ", kMany) + "a",
                                  "SELECT " + repeated("- ", kMany) + "a",
                                  "SELECT " + repeated("ARRAY[", kMany),
                                  "SELECT ARRAY" + repeated("[", kMany),
                                  "SELECT " + repeated("CASE WHEN ", kMany),
                                  "SELECT " + repeated("f(", kMany),
                                  "SELECT 1" + repeated("::int", kMany),
                                  "SELECT a" + repeated("[1]", kMany),
                                  "SELECT 1" + repeated(" + 1", kMany),
                                  "SELECT 1" + repeated(" UNION SELECT 1", kMany),
                                  "SELECT * FROM t" + repeated(" JOIN t ON true", kMany),
                                  "SELECT * FROM " + repeated("t JOIN ", kMany),
                                  "SELECT * FROM " + repeated("(", kMany),
                                  "SELECT " + repeated("(SELECT ", kMany),
                                  "SELECT x::" + repeated("map[text=>", kMany),
                                  "SELECT x::int" + repeated(" list", kMany),
                                  repeated("EXPLAIN ", kMany) + "SELECT 1",
                                  repeated("PREPARE p AS ", kMany) + "SELECT 1",
                                  "CREATE CLUSTER c (SIZE " + repeated("(", kMany),
                                  "SELECT " + repeated("a = ANY (", kMany),
                                  "SELECT (a" + repeated(").b", kMany)}) {
    const auto parsed = parse_statements(text);
    ASSERT_FALSE(parsed) << text.substr(0, 60);
  }
  EXPECT_EQ(message_of("SELECT " + repeated("(", kMany)), "statement exceeds nesting limit of 256");
  EXPECT_EQ(message_of("SELECT 1" + repeated(" + 1", kMany)),
            "statement exceeds nesting limit of 1000");
}

// What is long without being deep has no limit.
TEST(ParseError, LengthIsNotBounded) {
  constexpr int kMany = 5'000;
  EXPECT_TRUE(parse_statements("SELECT a" + repeated(" AND a", kMany)));
  EXPECT_TRUE(parse_statements("SELECT a IN (1" + repeated(", 1", kMany) + ")"));
  EXPECT_TRUE(parse_statements("VALUES (1)" + repeated(", (1)", kMany)));
  EXPECT_TRUE(parse_statements("SELECT 1" + repeated(", -1::int + 2", kMany)));
  EXPECT_TRUE(parse_statements("SELECT 1" + repeated(" + 1", 900)));
  EXPECT_TRUE(parse_statements("SELECT " + repeated("(", 200) + "1" + repeated(")", 200)));
}

TEST(ParseError, WordsOfOptionsAreKeywords) {
  const auto check = [](OptionSpecs specs) {
    for (const OptionSpec& spec : specs) {
      std::string_view rest = spec.name;
      while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        if (word != "1" && word != "2") {
          EXPECT_EQ(find_keyword(word), word) << spec.name;
        }
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      }
    }
  };
  check(option_specs::kConnection);
  check(option_specs::kKafkaSource);
  check(option_specs::kPostgresSource);
  check(option_specs::kLoadGenerator);
  check(option_specs::kTableFromSourceWith);
  check(option_specs::kMaterializedViewWith);
  check(option_specs::kKafkaSink);
  check(option_specs::kConfluentRegistry);
  check(option_specs::kGlueRegistry);
  check(option_specs::kCluster);
  check(option_specs::kCopy);
}

// Mutations of the corpus, from a seed: any answer will do, but there must be one, and what is
// accepted must have a place for every error.
std::string mutated(std::string_view text, Rng& rng) {
  constexpr std::string_view kBytes = "()[]{},;.:*=<>+-'\"$ \n\\aAxE1e_%\x80\xff|~";
  std::string result(text);
  const std::uint64_t edits = 1 + rng.next() % 4;
  for (std::uint64_t i = 0; i < edits && !result.empty(); ++i) {
    const std::size_t at = rng.next() % result.size();
    switch (rng.next() % 4) {
      case 0:
        result.erase(at, 1 + rng.next() % 8);
        break;
      case 1:
        result.insert(at, 1, kBytes[rng.next() % kBytes.size()]);
        break;
      case 2:
        result[at] = kBytes[rng.next() % kBytes.size()];
        break;
      default:
        result.insert(at, result.substr(rng.next() % result.size(), rng.next() % 20));
        break;
    }
  }
  return result;
}

TEST(ParseError, MutationsAreAnswered) {
  Rng rng(20260801);
  constexpr int kRounds = 40;
  std::size_t accepted = 0;
  for (const std::span<const std::string_view> corpus : {query_corpus(), statement_corpus()}) {
    for (const std::string_view text : corpus) {
      for (int round = 0; round < kRounds; ++round) {
        const auto parsed = parse_statements(mutated(text, rng));
        accepted += parsed ? 1 : 0;
        if (!parsed) {
          EXPECT_GT(parsed.error().position, 0);
        }
      }
    }
  }
  EXPECT_GT(accepted, 0U);
}

}  // namespace
}  // namespace penstock::sql
