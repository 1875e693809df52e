// Arrays: text forms, order, bytes.
#include "types/array_value.h"

#include <gtest/gtest.h>

#include "types/compare.h"
#include "types/text_io.h"

namespace penstock::types {
namespace {

std::string through(TypeId element, std::string_view text) {
  SqlType type = SqlType::array_of(SqlType::of(element));
  Result<Datum> value = parse_text(type, text);
  if (!value) return value.error().message;
  std::string out;
  append_text(type, *value, out);
  return out;
}

TEST(ArrayValue, ReadsAndPrints) {
  const std::pair<std::string, std::string> texts[] = {
      {"{}", "{}"},
      {" { a , b c ,\"d\" , null, \"NULL\" } ", "{a,\"b c\",d,NULL,\"NULL\"}"},
      {"{\"\",\"a\\\"b\",\"\\\\\"}", "{\"\",\"a\\\"b\",\"\\\\\"}"},
      {"{{a,b},{c,d}}", "{{a,b},{c,d}}"},
      {"{a\\,b}", "{\"a,b\"}"},
      {"{\\null}", "{\"null\"}"},
  };
  for (const auto& [in, out] : texts) EXPECT_EQ(through(TypeId::kText, in), out) << in;
  EXPECT_EQ(through(TypeId::kInt4, "{1, -2,NULL}"), "{1,-2,NULL}");
  EXPECT_EQ(through(TypeId::kNumeric, "{1.50,NaN}"), "{1.5,NaN}");
  EXPECT_EQ(through(TypeId::kBool, "{yes,no}"), "{t,f}");
  EXPECT_EQ(through(TypeId::kTimestamp, "{2020-01-01}"), "{\"2020-01-01 00:00:00\"}");
  EXPECT_EQ(through(TypeId::kUInt2, "{65535}"), "{65535}");
}

TEST(ArrayValue, Refuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"1", "Array value must start with \"{\""},
      {"[1:2]={1,2}", "Specifying array lower bounds is not supported"},
      {"{1,,2}", "Unexpected \",\" character."},
      {"{1", "Unexpected end of input."},
      {"{1}x", "Junk after closing right brace."},
      {"{{1},{2,3}}", "Multidimensional arrays must have sub-arrays with matching dimensions."},
      {"{1,{2}}", "Multidimensional arrays must have sub-arrays with matching dimensions."},
      {"{{1},2}", "Multidimensional arrays must have sub-arrays with matching dimensions."},
      {"{a}", "invalid input syntax for type integer: invalid digit found in string: \"a\""},
  };
  for (const auto& [in, detail] : cases) {
    EXPECT_EQ(through(TypeId::kInt4, in),
              "invalid input syntax for type array: " + detail + ": \"" + in + "\"");
  }
  EXPECT_EQ(through(TypeId::kInt4, "{{{{{{{1}}}}}}}"),
            "number of array dimensions (7) exceeds the maximum allowed (6)");
}

TEST(ArrayValue, LowerBoundsPrint) {
  SqlType element = SqlType::of(TypeId::kInt4);
  ArrayValue array;
  array.dimensions = {{2, 2}};
  array.elements = {Datum::integer(7), Datum::null()};
  std::string bytes = encode_array(element, array);
  EXPECT_EQ(decode_array(element, bytes), array);
  std::string out;
  append_array_text(element, bytes, out);
  EXPECT_EQ(out, "[2:3]={7,NULL}");
}

TEST(ArrayValue, Order) {
  SqlType type = SqlType::array_of(SqlType::of(TypeId::kInt4));
  const std::string ascending[] = {"{}", "{1}", "{1,2}", "{{1,2}}", "{1,3}", "{2}", "{NULL}"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(
          compare_values(type, *parse_text(type, ascending[i]), *parse_text(type, ascending[j])),
          i <=> j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

}  // namespace
}  // namespace penstock::types
