// Lists, maps and records: functions and casts.
#include "expr/case_table_test.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

TEST(Lists, Functions) {
  check_cases({
      {"list", {"int4 1", "NULL int4"}, "{1,NULL}"},
      {"list", {"list<text> {a}", "NULL list<text>"}, "{{a},NULL}"},
      {"subscript", {"list<text> {a,NULL,c}", "int8 1"}, "a"},
      {"subscript", {"list<text> {a,NULL,c}", "int8 2"}, "NULL"},
      {"subscript", {"list<text> {a}", "int8 0"}, "NULL"},
      {"subscript", {"list<text> {a}", "int8 2"}, "NULL"},
      {"subscript", {"list<text> {a}", "int8 -9223372036854775808"}, "NULL"},
      {"slice", {"list<int4> {1,2,3}", "int8 2", "int8 9"}, "{2,3}"},
      {"slice", {"list<int4> {1,2,3}", "int8 -5", "int8 1"}, "{1}"},
      {"slice", {"list<int4> {1,2,3}", "int8 3", "int8 2"}, "{}"},
      {"slice",
       {"list<list<int4>> {{1,2},NULL,{3}}", "int8 1", "int8 2", "int8 2", "int8 2"},
       "{{2},NULL}"},
      {"||", {"list<int4> {1}", "list<int4> {2}"}, "{1,2}"},
      {"||", {"NULL list<int4>", "list<int4> {2}"}, "{2}"},
      {"||", {"NULL list<int4>", "NULL list<int4>"}, "NULL"},
      {"list_append", {"list<int4> {1}", "int4 2"}, "{1,2}"},
      {"list_append", {"NULL list<int4>", "NULL int4"}, "{NULL}"},
      {"list_prepend", {"int4 2", "list<int4> {1}"}, "{2,1}"},
      {"list_length", {"list<int4> {1,NULL}"}, "2"},
      {"@>", {"list<int4> {1,2}", "list<int4> {2,2}"}, "t"},
      {"@>", {"list<int4> {1,NULL}", "list<int4> {NULL}"}, "f"},
      {"<@", {"list<int4> {3}", "list<int4> {1,2}"}, "f"},
      {"=", {"list<int4> {1,NULL}", "list<int4> {1,NULL}"}, "t"},
      {"any_eq", {"int4 2", "list<int4> {1,NULL}"}, "NULL"},
      {"any_eq", {"int4 1", "list<int4> {1,NULL}"}, "t"},
      {"all_lt", {"int4 1", "list<int4> {2,3}"}, "t"},
  });
}

TEST(Maps, Functions) {
  check_cases({
      {"map", {"text b", "int4 1", "text a", "NULL int4"}, "{a=>NULL,b=>1}"},
      {"map", {"text a", "int4 1", "NULL text", "int4 2", "text a", "int4 3"}, "{a=>3}"},
      {"map_build", {"list<record<text,int4>> {\"(b,1)\",NULL,\"(,2)\",\"(b,3)\"}"}, "{b=>3}"},
      {"->", {"map<text> {a=>x,b=>NULL}", "text a"}, "x"},
      {"->", {"map<text> {a=>x,b=>NULL}", "text b"}, "NULL"},
      {"->", {"map<text> {a=>x}", "text c"}, "NULL"},
      {"?", {"map<text> {a=>NULL}", "text a"}, "t"},
      {"?", {"map<text> {a=>NULL}", "text "}, "f"},
      {"?&", {"map<int4> {a=>1,b=>2}", "text[] {a,b}"}, "t"},
      {"?&", {"map<int4> {a=>1,b=>2}", "text[] {a,NULL}"}, "f"},
      {"?&", {"map<int4> {a=>1}", "text[] {}"}, "t"},
      {"?|", {"map<int4> {a=>1}", "text[] {b,a}"}, "t"},
      {"?|", {"map<int4> {a=>1}", "text[] {}"}, "f"},
      {"@>", {"map<int4> {a=>1,b=>NULL}", "map<int4> {b=>NULL}"}, "t"},
      {"@>", {"map<int4> {a=>1}", "map<int4> {a=>2}"}, "f"},
      {"<@", {"map<int4> {}", "map<int4> {a=>2}"}, "t"},
      {"map_length", {"map<int4> {a=>1,b=>NULL}"}, "2"},
  });
}

TEST(Records, RowAndComparison) {
  check_cases({
      {"row", {"int4 1", "NULL text", "text a b"}, "(1,,\"a b\")"},
      {"=", {"record<int4,text> (1,a)", "record<int4,text> (1,a)"}, "t"},
      {"<", {"record<int4,text> (1,a)", "record<int4,text> (1,)"}, "t"},
  });
}

TEST(Records, RowsTypeTellsWhatMayBeNull) {
  const FunctionSpec& row = function_of("row", {kAny});
  types::ColumnType types[] = {{types::SqlType::of(types::TypeId::kInt4), false},
                               {types::SqlType::of(types::TypeId::kText), true}};
  types::ColumnType made = result_column_type(row, types);
  EXPECT_FALSE(made.nullable);
  EXPECT_EQ(types::display_name(made.type), "record(f1: integer,f2: text?)");
}

TEST(Records, Field) {
  for (auto [number, expected] : {std::pair{1, "1"}, {2, "NULL"}, {3, "NULL"}, {0, "NULL"}}) {
    ScalarRef record = argument("record<int4,int4> (1,)");
    ScalarRef position = argument("int4 " + std::to_string(number));
    ScalarRef field = call(function_of("field", {kAnyRecord, types::TypeId::kInt4}),
                           {record, position}, {types::SqlType::of(types::TypeId::kInt4), true});
    EXPECT_EQ(answer(field), expected) << number;
  }
}

// The answer of a cast; "none" where there is no such cast.
std::string cast_answer(const std::string& from, const types::SqlType& to, CastContext context) {
  std::optional<ScalarRef> made = cast(argument(from), to, context);
  return made ? answer(*made) : "none";
}

TEST(NestedCasts, GoPartByPartInTheContextOfTheWhole) {
  struct Case {
    std::string from;
    const char* to;
    const char* implicit;
    const char* assigned;
    const char* forced;
  };
  const Case cases[] = {
      {"list<int4> {1,NULL}", "list<int8>", "{1,NULL}", "{1,NULL}", "{1,NULL}"},
      {"list<int8> {70000}", "list<int2>", "none", "! \"70000\" smallint out of range",
       "! \"70000\" smallint out of range"},
      {"list<text> {abcd}", "list<varchar(2)>", "! value too long for type character varying(2)",
       "! value too long for type character varying(2)", "{ab}"},
      {"list<text> {1}", "list<int4>", "none", "none", "{1}"},
      {"list<int4> {1}", "list<list<int4>>", "none", "none", "none"},
      {"int4[] {1,NULL}", "list<int8>", "none", "none", "{1,NULL}"},
      {"int4[] {{1}}", "list<int8>", "none", "none",
       "! casting multi-dimensional array to list not yet supported"},
      {"list<int4> {1}", "int4[]", "none", "none", "none"},
      {"map<int4> {a=>1}", "map<numeric>", "{a=>1}", "{a=>1}", "{a=>1}"},
      {"map<text> {a=>x}", "map<int4>", "none", "none",
       "! invalid input syntax for type integer: invalid digit found in string: \"x\""},
      {"record<int4,text> (1,a)", "record<int8,varchar>", "(1,a)", "(1,a)", "(1,a)"},
      {"record<int8> (1)", "record<int4>", "none", "(1)", "(1)"},
      {"record<int4> (1)", "record<int4,int4>", "none", "none", "none"},
      {"list<int4> {1}", "text", "none", "{1}", "{1}"},
      {"text {a=>1}", "map<int4>", "none", "none", "{a=>1}"},
      {"text (1,)", "record<int4,text>", "none", "none", "(1,)"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.from + " to " + one.to);
    types::SqlType to = type_of(one.to);
    EXPECT_EQ(cast_answer(one.from, to, CastContext::kImplicit), one.implicit);
    EXPECT_EQ(cast_answer(one.from, to, CastContext::kAssignment), one.assigned);
    EXPECT_EQ(cast_answer(one.from, to, CastContext::kExplicit), one.forced);
  }
}

TEST(NestedCasts, NamesNeedAssignmentAndCostNothing) {
  types::SqlType plain = type_of("list<int4>");
  types::SqlType named = plain;
  named.named = ObjectId{5};
  EXPECT_EQ(find_cast(plain, named, CastContext::kImplicit).has_value(), false);
  for (const auto& [from, to] : {std::pair{plain, named}, {named, plain}}) {
    std::optional<CastPath> path = find_cast(from, to, CastContext::kAssignment);
    ASSERT_TRUE(path && path->function != nullptr);
    EXPECT_TRUE(path->function->pass_through);
  }
  EXPECT_TRUE(find_cast(named, plain, CastContext::kImplicit).has_value());
  types::SqlType other = type_of("list<int8>");
  other.named = ObjectId{6};
  EXPECT_FALSE(find_cast(named, other, CastContext::kImplicit).has_value());
  EXPECT_TRUE(find_cast(named, other, CastContext::kAssignment).has_value());
}

}  // namespace
}  // namespace penstock::expr
