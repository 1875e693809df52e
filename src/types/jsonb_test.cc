// jsonb: canonical text, order, access.
#include "types/jsonb.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::types {
namespace {

std::string canonical(std::string_view text) {
  Result<std::string> value = parse_jsonb(text);
  return value ? *value : value.error().message;
}

TEST(Jsonb, CanonicalText) {
  const std::pair<std::string, std::string> cases[] = {
      {" { \"b\" : [ 2 , null ] , \"a\" : 1 } ", "{\"a\":1,\"b\":[2,null]}"},
      {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
      {"{\"aa\":1,\"b\":2}", "{\"aa\":1,\"b\":2}"},
      {"1.50", "1.5"},
      {"-0", "0"},
      {"1e3", "1000"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"\"\\u00e9\\ud83d\\ude00\\/\\n\"", "\"é😀/\\n\""},
      {"\"\\u0001\\t\\b\"", "\"\\u0001\\t\\b\""},
      {"[]", "[]"},
      {"{}", "{}"},
      {"[[],{},\"\"]", "[[],{},\"\"]"},
      {"true", "true"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(canonical(in), out) << in;
}

TEST(Jsonb, Refuses) {
  EXPECT_EQ(canonical("{\"a\"}"),
            "invalid input syntax for type jsonb: expected `:` at line 1 column 5: \"{\"a\"}\"");
  EXPECT_EQ(canonical("1e400"),
            "invalid input syntax for type jsonb: \"1e400\" is out of range for type numeric: "
            "exceeds maximum precision 39: \"1e400\"");
  for (std::string_view bad :
       {"", "nul", "[1,]", "{,}", "{\"a\":1,}", "01", "1.", "-", "+1", "'a'", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\u0000\"", "\"a", "[1 2]", "1 2", "\"\n\"", "{a:1}"}) {
    EXPECT_FALSE(parse_jsonb(bad).has_value()) << bad;
  }
  EXPECT_FALSE(parse_jsonb(std::string(200, '[') + std::string(200, ']')).has_value());
}

TEST(Jsonb, Order) {
  const std::vector<std::string> ascending = {
      "false",     "true",      "\"\"", "\"\\n\"",   "\"a\"",
      "\"a\\\"\"", "\"b\"",     "[]",   "[1]",       "[1,2]",
      "[2]",       "[null]",    "{}",   "{\"a\":1}", "{\"a\":1,\"b\":1}",
      "{\"a\":2}", "{\"b\":0}", "-1",   "2",         "10",
      "null"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(compare_jsonb(ascending[i], ascending[j]), i <=> j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Jsonb, Access) {
  const std::string json = canonical(R"({"a":[1,"x,]\"y",{"k":null}],"b\"":true,"z":{"a":7}})");
  EXPECT_EQ(jsonb_member(json, "z"), "{\"a\":7}");
  EXPECT_EQ(jsonb_member(json, "b\""), "true");
  EXPECT_EQ(jsonb_member(json, "no"), std::nullopt);
  EXPECT_EQ(jsonb_member("[1]", "a"), std::nullopt);
  std::string_view array = *jsonb_member(json, "a");
  EXPECT_EQ(jsonb_string(*jsonb_element(array, 1)), "x,]\"y");
  EXPECT_EQ(jsonb_element(array, -1), "{\"k\":null}");
  EXPECT_EQ(jsonb_element(array, 3), std::nullopt);
  EXPECT_EQ(jsonb_element(array, -4), std::nullopt);
  EXPECT_EQ(jsonb_number(*jsonb_element(array, 0)).text(), "1");
  std::vector<std::string> keys;
  JsonReader members(json);
  while (members.next()) keys.push_back(members.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b\"", "z"}));
  EXPECT_FALSE(JsonReader("7").next());
}

TEST(Jsonb, Builds) {
  JsonObjectBuilder object;
  object.set("b", "1");
  object.set("a\n", "[]");
  object.set("b", "2");
  object.set("c", "3");
  object.erase("c");
  EXPECT_EQ(object.finish(), "{\"a\\n\":[],\"b\":2}");
}

}  // namespace
}  // namespace penstock::types
