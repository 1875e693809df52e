// Operators and functions on jsonb.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Json, Access) {
  check_cases({
      {"->", {"jsonb {\"a\":{\"b\":1}}", "text a"}, "{\"b\":1}"},
      {"->", {"jsonb {\"a\":1}", "text b"}, "NULL"},
      {"->", {"jsonb [1,2,3]", "int8 -1"}, "3"},
      {"->", {"jsonb [1,2,3]", "int8 3"}, "NULL"},
      {"->", {"jsonb [1,2,3]", "text 0"}, "NULL"},
      {"->", {"jsonb {\"a\":1}", "int8 0"}, "NULL"},
      {"->", {"jsonb 5", "int8 0"}, "5"},
      {"->", {"jsonb \"x\"", "int8 -1"}, "\"x\""},
      {"->>", {"jsonb {\"a\":\"x\\ny\"}", "text a"}, "x\ny"},
      {"->>", {"jsonb {\"a\":null}", "text a"}, "NULL"},
      {"->>", {"jsonb [1.50,true]", "int8 0"}, "1.5"},
      {"->>", {"jsonb [{\"a\":1}]", "int8 0"}, "{\"a\":1}"},
      {"#>", {"jsonb {\"a\":[{\"b\":7}]}", "text[] {a,0,b}"}, "7"},
      {"#>", {"jsonb {\"a\":[1]}", "text[] {a,x}"}, "NULL"},
      {"#>", {"jsonb {\"a\":[1]}", "text[] {}"}, "{\"a\":[1]}"},
      {"#>>", {"jsonb {\"a\":[\"z\"]}", "text[] {a,-1}"}, "z"},
      {"#>>", {"jsonb {\"a\":1}", "text[] {a,NULL}"}, "NULL"},
  });
}

TEST(Json, Containment) {
  check_cases({
      {"@>", {"jsonb {\"a\":1,\"b\":2}", "jsonb {\"b\":2}"}, "t"},
      {"@>", {"jsonb {\"a\":1}", "jsonb {\"a\":2}"}, "f"},
      {"@>", {"jsonb [1,[2,3]]", "jsonb [[3]]"}, "t"},
      {"@>", {"jsonb [1,2]", "jsonb 2"}, "t"},
      {"@>", {"jsonb [[1,2]]", "jsonb [1]"}, "f"},
      {"@>", {"jsonb {\"a\":[1,2]}", "jsonb {\"a\":1}"}, "f"},
      {"<@", {"jsonb {}", "jsonb {\"a\":1}"}, "t"},
      {"?", {"jsonb {\"a\":1}", "text a"}, "t"},
      {"?", {"jsonb [\"a\",\"b\"]", "text b"}, "t"},
      {"?", {"jsonb \"a\"", "text a"}, "t"},
      {"?", {"jsonb [1]", "text 1"}, "f"},
      {"=", {"jsonb {\"b\":1,\"a\":2}", "jsonb {\"a\":2,\"b\":1}"}, "t"},
      {"<", {"jsonb 5", "jsonb null"}, "t"},
      {"<", {"jsonb \"z\"", "jsonb [1]"}, "t"},
  });
}

TEST(Json, Changing) {
  check_cases({
      {"||", {"jsonb [1]", "jsonb [2]"}, "[1,2]"},
      {"||", {"jsonb []", "jsonb 2"}, "[2]"},
      {"||", {"jsonb 1", "jsonb [2]"}, "[1,2]"},
      {"||", {"jsonb {\"a\":1,\"b\":1}", "jsonb {\"b\":2}"}, "{\"a\":1,\"b\":2}"},
      {"||", {"jsonb {\"a\":1}", "jsonb 2"}, "NULL"},
      {"-", {"jsonb {\"a\":1,\"b\":2}", "text a"}, "{\"b\":2}"},
      {"-", {"jsonb [\"a\",\"b\",\"a\"]", "text a"}, "[\"b\"]"},
      {"-", {"jsonb [1,2,3]", "int8 -1"}, "[1,2]"},
      {"-", {"jsonb [1,2,3]", "int8 5"}, "[1,2,3]"},
      {"-", {"jsonb 1", "text a"}, "NULL"},
      {"-", {"jsonb {\"a\":1}", "int8 0"}, "NULL"},
      {"jsonb_strip_nulls", {"jsonb {\"a\":null,\"b\":[null,{\"c\":null}]}"}, "{\"b\":[null,{}]}"},
      {"jsonb_pretty",
       {"jsonb {\"a\":[1,{}],\"b\":2}"},
       "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": 2\n}"},
  });
}

TEST(Json, AskingAndBuilding) {
  check_cases({
      {"jsonb_typeof", {"jsonb -1.5"}, "number"},
      {"jsonb_typeof", {"jsonb null"}, "null"},
      {"jsonb_typeof", {"jsonb true"}, "boolean"},
      {"jsonb_array_length", {"jsonb [1,[2,3]]"}, "2"},
      {"jsonb_array_length", {"jsonb {}"}, "NULL"},
      {"to_jsonb", {"int4 5"}, "5"},
      {"to_jsonb", {"float8 1.5"}, "1.5"},
      {"to_jsonb", {"float8 NaN"}, "\"NaN\""},
      {"to_jsonb", {"numeric 1.50"}, "1.5"},
      {"to_jsonb", {"text a\"b"}, "\"a\\\"b\""},
      {"to_jsonb", {"bool t"}, "true"},
      {"to_jsonb", {"date 2020-01-02"}, "\"2020-01-02\""},
      {"to_jsonb", {"int4[] {{1,2},{3,NULL}}"}, "[[1,2],[3,null]]"},
      {"to_jsonb", {"NULL int4"}, "NULL"},
      {"to_jsonb", {"jsonb {\"a\":1}"}, "{\"a\":1}"},
      {"jsonb_build_array", {"int4 1", "NULL text", "text x"}, "[1,null,\"x\"]"},
      {"jsonb_build_array", {}, "[]"},
      {"jsonb_build_object", {"text b", "int4 1", "text a", "bool f"}, "{\"a\":false,\"b\":1}"},
      {"jsonb_build_object", {"int4 1", "NULL int4"}, "{\"1\":null}"},
      {"jsonb_build_object", {"NULL text", "int4 1"}, "! key cannot be null"},
      {"jsonb_build_object", {"text a"}, "! argument list must have even number of elements"},
  });
}

TEST(Json, Casts) {
  auto cast_to = [](const std::string& json, const char* type) {
    return answer(*cast(argument("jsonb " + json), type_of(type), CastContext::kExplicit));
  };
  EXPECT_EQ(cast_to("true", "bool"), "t");
  EXPECT_EQ(cast_to("1.5", "int4"), "2");
  EXPECT_EQ(cast_to("1.25", "numeric(1)"), "1.3");
  EXPECT_EQ(cast_to("1e2", "float8"), "100");
  EXPECT_EQ(cast_to("\"a\"", "int8"), "! cannot cast jsonb string to type bigint");
  EXPECT_EQ(cast_to("null", "int4"), "! cannot cast jsonb null to type integer");
  EXPECT_EQ(cast_to("1", "bool"), "! cannot cast jsonb numeric to type boolean");
  EXPECT_EQ(cast_to("70000", "int2"), "! \"70000\" smallint out of range");
  EXPECT_EQ(cast_to("{\"b\": [1, 2]}", "text"), "{\"b\":[1,2]}");
}

}  // namespace
}  // namespace penstock::expr
