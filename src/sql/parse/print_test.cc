// Printing: what is printed parses to an equal tree; layouts of SHOW CREATE are exact.
#include "sql/parse/print.h"

#include <gtest/gtest.h>

#include <string>

#include "sql/parse/corpus.h"
#include "sql/parse/parse.h"

namespace penstock::sql {
namespace {

Statement statement(std::string_view text) {
  auto parsed = parse_statement(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? *std::move(parsed) : Statement{};
}

void expect_round_trip(std::string_view text) {
  const Statement first = statement(text);
  for (const bool pretty : {false, true}) {
    const std::string printed = print(first, PrintOptions{false, pretty});
    const auto second = parse_statement(printed);
    ASSERT_TRUE(second) << text << "\nprinted: " << printed << "\n" << second.error().message;
    EXPECT_TRUE(first == *second) << text << "\nprinted: " << printed
                                  << "\nagain:   " << print(*second);
    EXPECT_EQ(print(*second, PrintOptions{false, pretty}), printed) << text;
  }
}

TEST(Print, QueriesRoundTrip) {
  for (const std::string_view text : query_corpus()) expect_round_trip(text);
}

TEST(Print, StatementsRoundTrip) {
  for (const std::string_view text : statement_corpus()) expect_round_trip(text);
}

std::string expression(std::string_view text) {
  const auto parsed = parse_expression(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? print(*parsed) : "";
}

TEST(Print, ParenthesesOnlyWhereNeeded) {
  EXPECT_EQ(expression("((a)) + (b * c)"), "a + b * c");
  EXPECT_EQ(expression("(a + b) * c"), "(a + b) * c");
  EXPECT_EQ(expression("a - (b - c)"), "a - (b - c)");
  EXPECT_EQ(expression("NOT (a AND (b OR c))"), "NOT (a AND (b OR c))");
  EXPECT_EQ(expression("-(5)"), "-(5)");
  EXPECT_EQ(expression("- - a"), "-(-a)");
  EXPECT_EQ(expression("~ ~ a"), "~(~a)");
  EXPECT_EQ(expression("~ - a"), "~ -a");
  EXPECT_EQ(expression("(a::int[])[1]"), "(a::int4[])[1]");
  EXPECT_EQ(expression("(a OR b)::int"), "(a OR b)::int4");
  EXPECT_EQ(expression("(-5)::int"), "-5::int4");
}

TEST(Print, IdentifiersAreQuotedWhenTheyMustBe) {
  EXPECT_EQ(quote_identifier("abc_1$"), "abc_1$");
  EXPECT_EQ(quote_identifier("Abc"), "\"Abc\"");
  EXPECT_EQ(quote_identifier("1a"), "\"1a\"");
  EXPECT_EQ(quote_identifier("table"), "\"table\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_identifier(""), "\"\"");
  EXPECT_EQ(quote_identifier("text"), "text");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
}

TEST(Print, TypesAreReducedToTheCatalogsNames) {
  const auto name = [](std::string_view text) { return print(*parse_type(text)); };
  EXPECT_EQ(name("INT"), "int4");
  EXPECT_EQ(name("character varying(5)"), "varchar(5)");
  EXPECT_EQ(name("char"), "bpchar(1)");
  EXPECT_EQ(name("\"char\""), "\"char\"");
  EXPECT_EQ(name("float(24)"), "float4");
  EXPECT_EQ(name("float"), "float8");
  EXPECT_EQ(name("timestamp (3) with time zone"), "timestamptz(3)");
  EXPECT_EQ(name("decimal(38,2)[][]"), "numeric(38, 2)[]");
  EXPECT_EQ(name("map[text=>int list]"), "map[text => int4 list]");
  EXPECT_EQ(name("[u5 AS db.s.t]"), "[u5 AS db.s.t]");
}

TEST(Print, LayoutOfSinks) {
  const Statement sink = statement(
      "CREATE SINK materialize.public.sink IN CLUSTER quickstart FROM materialize.public.\"table\" "
      "INTO KAFKA CONNECTION materialize.public.kafka_conn (TOPIC 'topic') FORMAT JSON ENVELOPE "
      "DEBEZIUM");
  EXPECT_EQ(print_pretty(sink, false),
            "CREATE SINK materialize.public.sink\nIN CLUSTER quickstart\nFROM "
            "materialize.public.\"table\"\nINTO\n    KAFKA CONNECTION "
            "materialize.public.kafka_conn (TOPIC = 'topic')\nFORMAT JSON\nENVELOPE DEBEZIUM;");
  const Statement avro = statement(
      "CREATE SINK materialize.public.sink1 IN CLUSTER sink1_cluster FROM materialize.public.t "
      "INTO "
      "KAFKA CONNECTION materialize.public.kafka_conn (TOPIC = 'x') KEY (c2) NOT ENFORCED FORMAT "
      "AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION materialize.public.csr_conn (DOC ON COLUMN "
      "materialize.public.t.c1 = 'doc on t.c1') ENVELOPE UPSERT");
  EXPECT_EQ(
      print_pretty(avro, false),
      "CREATE SINK materialize.public.sink1\nIN CLUSTER sink1_cluster\nFROM "
      "materialize.public.t\nINTO\n    KAFKA CONNECTION materialize.public.kafka_conn (TOPIC = "
      "'x') KEY (c2) NOT ENFORCED\nFORMAT\n    AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION "
      "materialize.public.csr_conn (DOC ON COLUMN materialize.public.t.c1 = 'doc on "
      "t.c1')\nENVELOPE UPSERT;");
}

TEST(Print, OptionsOfEnvelopes) {
  EXPECT_EQ(print(statement("CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC 'x') KEY (op) "
                            "HEADERS h FORMAT JSON ENVELOPE DEBEZIUM (FIELDS (op, source), "
                            "TOMBSTONES) WITH (EXCLUDE COLUMNS (h))")),
            "CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC = 'x') KEY (op) HEADERS h FORMAT "
            "JSON ENVELOPE DEBEZIUM (FIELDS = (op, source), TOMBSTONES) WITH (EXCLUDE COLUMNS = "
            "(h))");
  EXPECT_EQ(
      print_pretty(statement("CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC 'x') FORMAT "
                             "JSON ENVELOPE APPEND (OPERATION COLUMN change)"),
                   false),
      "CREATE SINK s\nFROM t\nINTO\n    KAFKA CONNECTION k (TOPIC = 'x')\nFORMAT "
      "JSON\nENVELOPE APPEND (OPERATION COLUMN = change);");
}

TEST(Print, LayoutOfConnectionsSourcesTables) {
  EXPECT_EQ(print_pretty(statement("CREATE CONNECTION materialize.public.testconn TO KAFKA (BROKER "
                                   "'h:p', SECURITY PROTOCOL PLAINTEXT)"),
                         false),
            "CREATE CONNECTION materialize.public.testconn\nTO KAFKA (BROKER = 'h:p', SECURITY "
            "PROTOCOL = plaintext);");
  EXPECT_EQ(print(statement("CREATE CONNECTION c TO KAFKA (BROKERS ['a', 'b'])")),
            "CREATE CONNECTION c TO KAFKA (BROKERS = ('a', 'b'))");
  EXPECT_EQ(
      print_pretty(statement("CREATE SOURCE materialize.public.auction_house IN CLUSTER quickstart "
                             "FROM LOAD GENERATOR AUCTION (AS OF 300, UP TO 301)"),
                   false),
      "CREATE SOURCE materialize.public.auction_house\nIN CLUSTER quickstart\nFROM LOAD GENERATOR "
      "AUCTION (AS OF = 300, UP TO = 301);");
  EXPECT_EQ(print_pretty(statement("CREATE TABLE materialize.public.accounts FROM SOURCE "
                                   "materialize.public.auction_house (REFERENCE = "
                                   "mz_load_generators.auction.accounts)"),
                         false),
            "CREATE TABLE materialize.public.accounts\nFROM SOURCE "
            "materialize.public.auction_house (REFERENCE = mz_load_generators.auction.accounts);");
  EXPECT_EQ(print_pretty(statement("CREATE TABLE materialize.public.t (i pg_catalog.int4)"), false),
            "CREATE TABLE materialize.public.t (i pg_catalog.int4);");
  EXPECT_EQ(print(statement("CREATE TABLE materialize.public.t (i [s20 AS pg_catalog.int4])")),
            "CREATE TABLE materialize.public.t (i [s20 AS pg_catalog.int4])");
}

TEST(Print, LongViewsAreBroken) {
  EXPECT_EQ(print_pretty(statement("CREATE VIEW v AS SELECT a FROM t"), false),
            "CREATE VIEW v\nAS SELECT a FROM t;");
  const std::string wide(90, 'x');
  EXPECT_EQ(print_pretty(statement("CREATE VIEW v AS SELECT " + wide +
                                   " FROM t WHERE a IN (SELECT 1 "
                                   "FROM u) ORDER BY 1"),
                         false),
            "CREATE VIEW v\nAS\n    SELECT " + wide +
                "\n    FROM t\n    WHERE a IN (SELECT 1 FROM u)\n    ORDER BY 1;");
}

TEST(Print, RedactionHidesLiteralsAndSensitiveOptions) {
  const PrintOptions redacted{true, false};
  EXPECT_EQ(
      print(statement("CREATE VIEW v AS SELECT 'x', 5, a FROM t WHERE b = INTERVAL '1'"), redacted),
      "CREATE VIEW v AS SELECT '<REDACTED>', '<REDACTED>', a FROM t WHERE b = INTERVAL "
      "'<REDACTED>'");
  EXPECT_EQ(print(statement("CREATE SECRET leaked AS 'pw'"), redacted),
            "CREATE SECRET leaked AS '<REDACTED>'");
  EXPECT_EQ(
      print(statement("CREATE CONNECTION c TO POSTGRES (HOST 'h', USER 'u', SSL KEY SECRET k)"),
            redacted),
      "CREATE CONNECTION c TO POSTGRES (HOST = 'h', USER = '<REDACTED>', SSL KEY = SECRET k)");
  EXPECT_EQ(
      print(statement("CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC 'x', PARTITION BY a "
                      "+ 1)"),
            redacted),
      "CREATE SINK s FROM t INTO KAFKA CONNECTION k (TOPIC = 'x', PARTITION BY = "
      "'<REDACTED>')");
}

}  // namespace
}  // namespace penstock::sql
