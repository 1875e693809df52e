// Text forms of the simple types, in and out, case by case.
#include "types/text_io.h"

#include <gtest/gtest.h>

#include "types/compare.h"
#include "types/type_name.h"

namespace penstock::types {
namespace {

struct Case {
  TypeId type;
  std::string in;
  std::string out;
};

std::string print(const SqlType& type, const Datum& value) {
  std::string out;
  append_text(type, value, out);
  return out;
}

TEST(TextIo, ReadsAndPrints) {
  using enum TypeId;
  const Case cases[] = {
      {kBool, " tRu ", "t"},
      {kBool, "off", "f"},
      {kBool, "1", "t"},
      {kInt2, " -32768 ", "-32768"},
      {kInt4, "+7", "7"},
      {kInt8, "-9223372036854775808", "-9223372036854775808"},
      {kUInt2, "65535", "65535"},
      {kUInt4, "4294967295", "4294967295"},
      {kUInt8, "18446744073709551615", "18446744073709551615"},
      {kOid, "4294967295", "4294967295"},
      {kOid, "-1", "4294967295"},
      {kMzTimestamp, "1600000000000", "1600000000000"},
      {kMzTimestamp, "1970-01-01 00:00:01", "1000"},
      {kFloat8, "1e-7", "1e-7"},
      {kFloat8, "0.00001", "0.00001"},
      {kFloat8, "0.000001", "1e-6"},
      {kFloat8, "1e15", "1000000000000000"},
      {kFloat8, "1e16", "1e+16"},
      {kFloat8, "1.5e300", "1.5e+300"},
      {kFloat8, "-0", "-0"},
      {kFloat8, " infinity ", "Infinity"},
      {kFloat8, "-inf", "-Infinity"},
      {kFloat8, "nan", "NaN"},
      {kFloat8, "3.0", "3"},
      {kFloat8, ".5", "0.5"},
      {kFloat8, "0.1", "0.1"},
      {kFloat8, "123456789.125", "123456789.125"},
      {kFloat4, "1e12", "1000000000000"},
      {kFloat4, "1e13", "1e+13"},
      {kFloat4, "0.000001", "0.000001"},
      {kFloat4, "0.0000001", "1e-7"},
      {kFloat4, "3.4028235e38", "3.4028235e+38"},
      {kFloat4, "0.1", "0.1"},
      {kText, " as is ", " as is "},
      {kBytea, "\\xDEad be", "\\xdeadbe"},
      {kBytea, "a\\\\b\\001", "\\x615c6201"},
  };
  for (const Case& c : cases) {
    SqlType type = SqlType::of(c.type);
    Result<Datum> value = parse_text(type, c.in);
    ASSERT_TRUE(value.has_value()) << c.in << ": " << value.error().message;
    EXPECT_EQ(print(type, *value), c.out) << c.in;
  }
}

TEST(TextIo, RefusesWithPreciseText) {
  using enum TypeId;
  const Case cases[] = {
      {kBool, "o", "invalid input syntax for type boolean: \"o\""},
      {kInt4, "",
       "invalid input syntax for type integer: cannot parse integer from empty string: \"\""},
      {kInt4, "1.5",
       "invalid input syntax for type integer: invalid digit found in string: \"1.5\""},
      {kInt4, "0x1",
       "invalid input syntax for type integer: invalid digit found in string: \"0x1\""},
      {kInt4, "-", "invalid input syntax for type integer: invalid digit found in string: \"-\""},
      {kInt4, "2147483648",
       "invalid input syntax for type integer: number too large to fit in target type: "
       "\"2147483648\""},
      {kInt2, "-32769",
       "invalid input syntax for type smallint: number too small to fit in target type: "
       "\"-32769\""},
      {kUInt2, "-1", "invalid input syntax for type uint2: invalid digit found in string: \"-1\""},
      {kUInt8, "18446744073709551616",
       "invalid input syntax for type uint8: number too large to fit in target type: "
       "\"18446744073709551616\""},
      {kFloat8, "1e500", "\"1e500\" is out of range for type double precision"},
      {kFloat8, "1e-500", "\"1e-500\" is out of range for type double precision"},
      {kFloat8, "+-1", "invalid input syntax for type double precision: \"+-1\""},
      {kFloat8, "", "invalid input syntax for type double precision: \"\""},
      {kFloat8, "1x", "invalid input syntax for type double precision: \"1x\""},
      {kFloat4, "infinit", "invalid input syntax for type real: \"infinit\""},
      {kBytea, "\\xabc", "invalid hexadecimal data: odd number of digits"},
      {kBytea, "\\xag", "invalid hexadecimal digit: \"g\""},
  };
  for (const Case& c : cases) {
    Result<Datum> value = parse_text(SqlType::of(c.type), c.in);
    ASSERT_FALSE(value.has_value()) << c.in;
    EXPECT_EQ(value.error().message, c.out) << c.in;
  }
}

TEST(TextIo, CharacterLengths) {
  SqlType varchar{TypeId::kVarchar, 3, nullptr};
  SqlType bpchar{TypeId::kBpchar, 3, nullptr};
  EXPECT_EQ(print(varchar, *parse_text(varchar, "äöü  ")), "äöü");
  EXPECT_EQ(parse_text(varchar, "abcd").error().message,
            "value too long for type character varying(3)");
  EXPECT_EQ(parse_text(bpchar, "abcd").error().message, "value too long for type character(3)");
  EXPECT_EQ(print(bpchar, *parse_text(bpchar, "a")), "a  ");
  std::string cast;
  append_cast_text(bpchar, *parse_text(bpchar, "a "), cast);
  append_cast_text(SqlType::of(TypeId::kBool), Datum::boolean(true), cast);
  EXPECT_EQ(cast, "atrue");
}

TEST(Compare, OrdersValues) {
  auto compare = [](TypeId id, std::string_view a, std::string_view b) {
    SqlType type = SqlType::of(id);
    return compare_values(type, *parse_text(type, a), *parse_text(type, b));
  };
  EXPECT_EQ(compare(TypeId::kFloat8, "NaN", "Infinity"), std::strong_ordering::greater);
  EXPECT_EQ(compare(TypeId::kFloat8, "NaN", "NaN"), std::strong_ordering::equal);
  EXPECT_EQ(compare(TypeId::kFloat8, "-0", "0"), std::strong_ordering::equal);
  EXPECT_EQ(compare(TypeId::kUInt2, "65535", "1"), std::strong_ordering::greater);
  EXPECT_EQ(compare(TypeId::kInt2, "-1", "1"), std::strong_ordering::less);
  EXPECT_EQ(compare(TypeId::kText, "é", "z"), std::strong_ordering::greater);
  EXPECT_EQ(compare(TypeId::kText, "a", "ab"), std::strong_ordering::less);
  EXPECT_EQ(compare(TypeId::kBpchar, "a  ", "a"), std::strong_ordering::equal);
  EXPECT_EQ(compare(TypeId::kBool, "f", "t"), std::strong_ordering::less);
}

TEST(TypeName, BothWays) {
  EXPECT_EQ(display_name(SqlType::array_of(SqlType::of(TypeId::kInt4))), "integer[]");
  EXPECT_EQ(catalog_name(SqlType::array_of(SqlType::of(TypeId::kText))), "_text");
  EXPECT_EQ(display_name(SqlType::of(TypeId::kTimestampTz)), "timestamp with time zone");
  EXPECT_EQ(type_from_name("int"), SqlType::of(TypeId::kInt4));
  EXPECT_EQ(type_from_name("double precision"), SqlType::of(TypeId::kFloat8));
  EXPECT_EQ(type_from_name("char"), SqlType::of(TypeId::kBpchar));
  EXPECT_EQ(type_from_name("\"char\""), SqlType::of(TypeId::kChar));
  EXPECT_EQ(type_from_name("no such type"), std::nullopt);
  EXPECT_EQ(type_from_name("daterange"), SqlType::range_of(SqlType::of(TypeId::kDate)));
  EXPECT_EQ(type_oid(SqlType::array_of(SqlType::of(TypeId::kUInt8))), 16465U);
  EXPECT_EQ(type_from_oid(1009), SqlType::array_of(SqlType::of(TypeId::kText)));
  EXPECT_EQ(type_from_oid(1), std::nullopt);
  EXPECT_EQ(type_modifier_on_wire({TypeId::kVarchar, 10, nullptr}), 14);
  EXPECT_EQ(type_modifier_on_wire({TypeId::kNumeric, 2, nullptr}), ((39 << 16) | 2) + 4);
  EXPECT_EQ(type_size_on_wire(SqlType::of(TypeId::kInterval)), 16);
}

}  // namespace
}  // namespace penstock::types
