// Ranges: text forms, canonical form, order, bytes.
#include "types/range_value.h"

#include <gtest/gtest.h>

#include "types/compare.h"
#include "types/text_io.h"
#include "types/type_name.h"

namespace penstock::types {
namespace {

SqlType range(TypeId element) {
  return SqlType::range_of(SqlType::of(element));
}
const SqlType kInts = range(TypeId::kInt4);
const SqlType kBigints = range(TypeId::kInt8);
const SqlType kNumerics = range(TypeId::kNumeric);
const SqlType kDates = range(TypeId::kDate);
const SqlType kTimestamps = range(TypeId::kTimestamp);
const SqlType kInstants = range(TypeId::kTimestampTz);

// What reading a text and printing the value gives; an error's message.
std::string through(const SqlType& type, std::string_view text) {
  Result<Datum> value = parse_text(type, text);
  if (!value) return value.error().message;
  std::string out;
  append_text(type, *value, out);
  return out;
}

struct TextCase {
  SqlType type;
  std::string in;
  std::string out;
};

// Checked against PostgreSQL 15, but for the form of timestamps with a zone.
TEST(RangeValue, ReadsAndPrints) {
  const TextCase cases[] = {
      {kInts, "[1,4)", "[1,4)"},
      {kInts, "[1,4]", "[1,5)"},
      {kInts, "(1,4]", "[2,5)"},
      {kInts, "(1,4)", "[2,4)"},
      {kInts, " [ 1 , 4 ) ", "[1,4)"},
      {kInts, "[\"1\",\\4)", "[1,4)"},
      {kInts, "empty", "empty"},
      {kInts, " Empty ", "empty"},
      {kInts, "[1,1]", "[1,2)"},
      {kInts, "[1,1)", "empty"},
      {kInts, "(1,2)", "empty"},
      {kInts, "(,)", "(,)"},
      {kInts, "[,]", "(,)"},
      {kInts, "[,4]", "(,5)"},
      {kInts, "(4,]", "[5,)"},
      {kInts, "[-2147483648,2147483647)", "[-2147483648,2147483647)"},
      {kBigints, "[9223372036854775806,9223372036854775807)",
       "[9223372036854775806,9223372036854775807)"},
      {kNumerics, "[1.0,2.50]", "[1,2.5]"},
      {kNumerics, "(1,1.1)", "(1,1.1)"},
      {kNumerics, "(1,1]", "empty"},
      {kNumerics, "[1,NaN]", "[1,NaN]"},
      {kDates, "[2000-01-01,2000-01-03]", "[2000-01-01,2000-01-04)"},
      {kTimestamps, "(2000-01-01,2000-01-01 10:00]",
       "(\"2000-01-01 00:00:00\",\"2000-01-01 10:00:00\"]"},
      {kInstants, "[2000-01-01 00:00:00+01,]", "[\"1999-12-31 23:00:00+00\",)"},
      {SqlType::array_of(kInts), "{\"[1,4)\",empty,NULL}", "{\"[1,4)\",empty,NULL}"},
      {SqlType::record_of({{"r", {kInts, true}}}), "(\"[1,4]\")", "(\"[1,5)\")"},
      {SqlType::map_of(kTimestamps), "{a=>\"[2000-01-01,)\"}",
       "{a=>\"[\\\"2000-01-01 00:00:00\\\",)\"}"},
  };
  for (const TextCase& one : cases) {
    EXPECT_EQ(through(one.type, one.in), one.out) << display_name(one.type) << " " << one.in;
    EXPECT_EQ(through(one.type, one.out), one.out) << display_name(one.type) << " " << one.out;
  }
}

TEST(RangeValue, RefusesText) {
  auto refused = [](const SqlType& type, std::string_view text, std::string_view message,
                    const char* state) {
    Result<Datum> value = parse_text(type, text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message, message);
    EXPECT_EQ(value.error().state.view(), state) << text;
  };
  auto malformed = [&](std::string_view text, const std::string& detail) {
    refused(kInts, text,
            "invalid input syntax for type range: " + detail + ": \"" + std::string(text) + "\"",
            "22P02");
  };
  malformed("", "Missing left parenthesis or bracket.");
  malformed("1,4", "Missing left parenthesis or bracket.");
  malformed("[1,4", "Unexpected end of input.");
  malformed("[1", "Unexpected end of input.");
  malformed("[1)", "Missing comma after lower bound.");
  malformed("[1,2,3)", "Too many commas.");
  malformed("[1,2) x", "Junk after right parenthesis or bracket.");
  malformed("empty x", "Junk after \"empty\" key word.");
  malformed("[\"1,2)", "Unexpected end of input.");
  malformed("[a,2)", "invalid input syntax for type integer: invalid digit found in string: \"a\"");
  refused(kInts, "[4,1)", "range lower bound must be less than or equal to range upper bound",
          "22000");
  refused(kInts, "[1,2147483647]", "integer out of range", "22003");
  refused(kBigints, "(9223372036854775807,)", "bigint out of range", "22003");
  refused(kDates, "[2000-01-01,262142-12-31]", "date out of range", "22008");
}

TEST(RangeValue, HasPostgresOrder) {
  const SqlType& type = kNumerics;
  const char* const ascending[] = {"empty",   "(,1)",  "(,1]",  "(,2)", "(,)",   "[1,1]",
                                   "[1,1.5)", "[1,2)", "[1,2]", "[1,)", "(1,2)", "(1,)"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      const Datum a = *parse_text(type, ascending[i]);
      const Datum b = *parse_text(type, ascending[j]);
      EXPECT_EQ(compare_values(type, a, b), i <=> j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(a == b, i == j);
    }
  }
}

TEST(RangeValue, EndsOfBothKindsHaveAnOrder) {
  const SqlType element = SqlType::of(TypeId::kInt4);
  auto at = [](int value, bool inclusive) { return RangeBound{Datum::integer(value), inclusive}; };
  using enum RangeEnd;
  auto order = [&](const RangeBound& a, RangeEnd a_end, const RangeBound& b, RangeEnd b_end) {
    EXPECT_EQ(compare_bounds(element, a, a_end, b, b_end),
              0 <=> compare_bounds(element, b, b_end, a, a_end));
    return compare_bounds(element, a, a_end, b, b_end);
  };
  EXPECT_EQ(order(at(1, true), kUpper, at(1, true), kLower), std::strong_ordering::equal);
  EXPECT_EQ(order(at(1, false), kUpper, at(1, true), kLower), std::strong_ordering::less);
  EXPECT_EQ(order(at(1, true), kUpper, at(1, false), kLower), std::strong_ordering::less);
  EXPECT_EQ(order(at(1, false), kUpper, at(1, false), kLower), std::strong_ordering::less);
  EXPECT_EQ(order({}, kLower, {}, kUpper), std::strong_ordering::less);
  EXPECT_EQ(order({}, kUpper, at(1, true), kUpper), std::strong_ordering::greater);
}

TEST(RangeValue, HasNamesAndNumbers) {
  EXPECT_EQ(display_name(kInts), "int4range");
  EXPECT_EQ(display_name(SqlType::array_of(kInstants)), "tstzrange[]");
  EXPECT_EQ(catalog_name(SqlType::array_of(kNumerics)), "_numrange");
  EXPECT_EQ(type_oid(kDates), 3912U);
  EXPECT_EQ(type_oid(SqlType::array_of(kTimestamps)), 3909U);
  EXPECT_EQ(type_from_oid(3926), kBigints);
  EXPECT_EQ(type_from_oid(3911), SqlType::array_of(kInstants));
  EXPECT_EQ(type_from_name("numrange"), kNumerics);
  EXPECT_EQ(name_of_oid(3910), "tstzrange");
}

}  // namespace
}  // namespace penstock::types
