// Lists, maps and records: text forms, order, bytes; limits of types.
#include "types/nested_value.h"

#include <gtest/gtest.h>

#include "types/compare.h"
#include "types/text_io.h"
#include "types/type_name.h"

namespace penstock::types {
namespace {

const SqlType kText = SqlType::of(TypeId::kText);
const SqlType kInt = SqlType::of(TypeId::kInt4);
const SqlType kTexts = SqlType::list_of(kText);
const SqlType kInts = SqlType::list_of(kInt);
const SqlType kTextMap = SqlType::map_of(kText);
const SqlType kPair = SqlType::record_of({{"a", {kInt, true}}, {"b", {kText, true}}});

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

TEST(NestedValue, ReadsAndPrints) {
  const TextCase cases[] = {
      {kTexts, "{}", "{}"},
      {kTexts, " { a , b c ,\"d\" , null, \"NULL\" } ", "{a,\"b c\",d,NULL,\"NULL\"}"},
      {kTexts, "{\"\",\"a\\\"b\",\"\\\\\",\"{\"}", "{\"\",\"a\\\"b\",\"\\\\\",\"{\"}"},
      {kTexts, "{\\null,a\\,b}", "{\"null\",\"a,b\"}"},
      {kInts, "{1,-2,NULL}", "{1,-2,NULL}"},
      {SqlType::list_of(kInts), "{{1},{},{2,3},NULL}", "{{1},{},{2,3},NULL}"},
      {SqlType::list_of(kTexts), "{{\"}\",\"\\\"{\"},{\"a b\"}}", "{{\"}\",\"\\\"{\"},{\"a b\"}}"},
      {SqlType::list_of(SqlType::array_of(kInt)), "{{1,2},{3}}", "{{1,2},{3}}"},
      {SqlType::list_of(kPair), "{\"(1,x)\",\"(,\\\"a b\\\")\"}", "{\"(1,x)\",\"(,\\\"a b\\\")\"}"},
      {SqlType::list_of(SqlType::of(TypeId::kTimestamp)), "{2020-01-01}",
       "{\"2020-01-01 00:00:00\"}"},
      {kTextMap, "{}", "{}"},
      {kTextMap, "{b=>1, a => x y ,c=>NULL}", "{a=>\"x y\",b=>1,c=>NULL}"},
      {kTextMap, "{a=>1,a=>2}", "{a=>2}"},
      {kTextMap, "{\"\"=>\"\",\"=\"=>\">\",\"NULL\"=>null}",
       "{\"\"=>\"\",\"=\"=>\">\",\"NULL\"=>NULL}"},
      {kTextMap, "{a=>b=>c}", "{a=>\"b=>c\"}"},
      {SqlType::map_of(kTextMap), "{a=>{b=>1,c=>2},d=>{}}", "{a=>{b=>1,c=>2},d=>{}}"},
      {SqlType::map_of(SqlType::of(TypeId::kBytea)), "{a=>\\\\x62}", "{a=>\"\\\\x62\"}"},
      {SqlType::list_of(kTextMap), "{{a=>1},{}}", "{{a=>1},{}}"},
      {kPair, "(1,x)", "(1,x)"},
      {kPair, " (,) ", "(,)"},
      {kPair, "( 1 ,\"a \"\"b\"\"\\\\\")", "(1,\"a \"\"b\"\"\\\\\")"},
      {kPair, "(1,\"\")", "(1,\"\")"},
      {SqlType::record_of({{"r", {kPair, true}}}), "(\"(1,\"\"a b\"\")\")",
       "(\"(1,\"\"a b\"\")\")"},
  };
  for (const TextCase& one : cases) {
    EXPECT_EQ(through(one.type, one.in), one.out) << display_name(one.type) << " " << one.in;
    EXPECT_EQ(through(one.type, one.out), one.out) << display_name(one.type) << " " << one.out;
  }
}

TEST(NestedValue, RefusesText) {
  const TextCase cases[] = {
      {kInts, "1", "type list: expected '{', found 1"},
      {kInts, "", "type list: expected '{', found end of input"},
      {kInts, "{1", "type list: expected ',' or '}', found end of input"},
      {kInts, "{1,}", "type list: malformed literal; missing element"},
      {kInts, "{1}x", "type list: malformed literal; extra input after the closing brace"},
      {kInts, "{a}",
       "type list: invalid input syntax for type integer: invalid digit found in string: \"a\""},
      {kTexts, "{{a}}",
       "type list: unescaped '{' at beginning of element; perhaps you want a nested list, e.g. "
       "'{a}'::text list list"},
      {kTexts, "{\"a}", "type list: unterminated quoted string"},
      {kTexts, "{a\\", "type list: unterminated escape sequence"},
      {SqlType::list_of(kTexts), "{{a}", "type list: expected ',' or '}', found end of input"},
      {SqlType::list_of(kTexts), "{{a", "type list: unterminated braces"},
      {kTextMap, "{a}", "type map: expected =>"},
      {kTextMap, "{a=>}", "type map: malformed literal; missing element"},
      {kTextMap, "{NULL=>1}", "type map: a key cannot be NULL"},
      {kTextMap, "{{a}=>1}", "type map: unescaped '{' at beginning of key"},
      {kTextMap, "{a=>{b=>1}}",
       "type map: unescaped '{' at beginning of value; perhaps you want a nested map, e.g. "
       "'{a=>{b=>c}}'::map[text=>map[text=>text]]"},
      {kPair, "1,x", "type record: Missing left parenthesis."},
      {kPair, "(1)", "type record: Too few columns."},
      {kPair, "(1,x,y)", "type record: Too many columns."},
      {kPair, "(1,x", "type record: Unexpected end of input."},
      {kPair, "(1,x) y", "type record: Junk after right parenthesis."},
  };
  for (const TextCase& one : cases) {
    EXPECT_EQ(through(one.type, one.in),
              "invalid input syntax for " + one.out + ": \"" + one.in + "\"");
  }
}

TEST(NestedValue, Orders) {
  const std::pair<SqlType, std::vector<std::string>> ascending[] = {
      {kInts, {"{}", "{1}", "{1,2}", "{1,3}", "{2}", "{NULL}", "{NULL,1}"}},
      {kTextMap, {"{}", "{a=>1}", "{a=>1,b=>1}", "{a=>2}", "{a=>NULL}", "{b=>0}"}},
      {kPair, {"(1,a)", "(1,b)", "(1,)", "(2,a)", "(,a)"}},
  };
  for (const auto& [type, texts] : ascending) {
    for (size_t i = 0; i < texts.size(); ++i) {
      for (size_t j = 0; j < texts.size(); ++j) {
        EXPECT_EQ(compare_values(type, *parse_text(type, texts[i]), *parse_text(type, texts[j])),
                  i <=> j)
            << texts[i] << " " << texts[j];
      }
    }
  }
}

TEST(NestedValue, EqualMapsHaveEqualBytes) {
  std::vector<MapEntry> one = {
      {"b", Datum::integer(1)}, {"a", Datum::null()}, {"b", Datum::integer(2)}};
  std::vector<MapEntry> other = {{"a", Datum::null()}, {"b", Datum::integer(2)}};
  EXPECT_EQ(encode_map(kInt, one), encode_map(kInt, other));
  EXPECT_EQ(decode_map(kInt, encode_map(kInt, one)), other);
  EXPECT_EQ(map_length(encode_map(kInt, one)), 2u);
}

TEST(NestedValue, FindsParts) {
  std::string list = encode_list(kText, std::vector{Datum::bytes("x"), Datum::null()});
  EXPECT_EQ(find_in_list(kText, list, 1), Datum::bytes("x"));
  EXPECT_EQ(find_in_list(kText, list, 2), Datum::null());
  for (int64_t outside : {int64_t{0}, int64_t{3}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(find_in_list(kText, list, outside), std::nullopt);
  }
  std::string map = encode_map(kInt, {{"a", Datum::integer(1)}, {"c", Datum::null()}});
  EXPECT_EQ(find_in_map(kInt, map, "a"), Datum::integer(1));
  EXPECT_EQ(find_in_map(kInt, map, "c"), Datum::null());
  EXPECT_EQ(find_in_map(kInt, map, "b"), std::nullopt);
  EXPECT_EQ(find_in_map(kInt, map, "d"), std::nullopt);
  std::string record = encode_record(*kPair.fields, std::vector{Datum::null(), Datum::bytes("y")});
  EXPECT_EQ(field_of_record(*kPair.fields, record, 0), Datum::null());
  EXPECT_EQ(field_of_record(*kPair.fields, record, 1), Datum::bytes("y"));
}

TEST(NestedType, NamesAndEquality) {
  EXPECT_EQ(display_name(SqlType::list_of(kInts)), "integer list list");
  EXPECT_EQ(display_name(SqlType::map_of(kTextMap)), "map[text=>map[text=>text]]");
  SqlType record = SqlType::record_of({{"f1", {kInt, false}}, {"f2", {kText, true}}});
  EXPECT_EQ(display_name(record), "record(f1: integer,f2: text?)");
  SqlType other = SqlType::record_of({{"f1", {kInt, true}}, {"f2", {kText, true}}});
  EXPECT_TRUE(same_base_type(record, other));
  EXPECT_FALSE(record == other);
  SqlType named = record;
  named.named = ObjectId{7};
  EXPECT_FALSE(same_base_type(record, named));
  EXPECT_EQ(type_oid(kInts), 16384u);
  EXPECT_EQ(type_oid(kTextMap), 16385u);
  EXPECT_EQ(type_from_oid(16384), std::nullopt);
}

TEST(NestedType, Limits) {
  SqlType deep = kInt;
  for (size_t depth = 1; depth < kMaxTypeDepth; ++depth) deep = SqlType::list_of(deep);
  EXPECT_TRUE(is_within_limits(deep));
  EXPECT_FALSE(is_within_limits(SqlType::list_of(deep)));
  SqlType wide = kInt;
  for (int depth = 0; depth < 11; ++depth) {
    wide = SqlType::record_of({{"a", {wide, true}}, {"b", {wide, true}}});
  }
  EXPECT_TRUE(is_within_limits(wide));
  EXPECT_FALSE(is_within_limits(SqlType::record_of({{"a", {wide, true}}, {"b", {wide, true}}})));
}

}  // namespace
}  // namespace penstock::types
