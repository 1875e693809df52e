// Arrays and rows.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Arrays, Constructing) {
  check_cases({
      {"array", {"int4 1", "NULL int4", "int4 3"}, "{1,NULL,3}"},
      {"array", {"int4[] {1,2}", "int4[] {3,4}"}, "{{1,2},{3,4}}"},
      {"array",
       {"int4[] {1,2}", "int4[] {3}"},
       "! multidimensional arrays must have array expressions with matching dimensions"},
      {"array", {"text a b", "text "}, "{\"a b\",\"\"}"},
      {"row", {"int4 1", "NULL text", "text a,b"}, "(1,,\"a,b\")"},
      {"array_fill", {"int4 7", "int4[] {3}"}, "{7,7,7}"},
      {"array_fill", {"int4 7", "int4[] {2,2}"}, "{{7,7},{7,7}}"},
      {"array_fill", {"int4 7", "int4[] {2}", "int4[] {0}"}, "[0:1]={7,7}"},
      {"array_fill", {"int4 7", "int4[] {}"}, "{}"},
      {"array_fill", {"int4 7", "int4[] {NULL}"}, "! dimension values must not be null"},
      {"array_fill",
       {"int4 7", "int4[] {1}", "int4[] {1,2}"},
       "! wrong number of array subscripts"},
      {"array_fill",
       {"int4 7", "int4[] {1,1,1,1,1,1,1}"},
       "! number of array dimensions (7) exceeds the maximum allowed (6)"},
      {"array_fill",
       {"int4 7", "int4[] {2147483647}"},
       "! array size exceeds the maximum allowed (268435455 bytes)"},
  });
}

TEST(Arrays, Subscripts) {
  check_cases({
      {"subscript", {"int4[] {1,2,3}", "int8 2"}, "2"},
      {"subscript", {"int4[] {1,2,3}", "int8 4"}, "NULL"},
      {"subscript", {"int4[] {1,2,3}", "int8 0"}, "NULL"},
      {"subscript", {"int4[] {{1,2},{3,4}}", "int8 2", "int8 1"}, "3"},
      {"subscript", {"int4[] {{1,2},{3,4}}", "int8 2"}, "NULL"},
      {"subscript", {"text[] {a,NULL}", "int8 2"}, "NULL"},
      {"slice", {"int4[] {1,2,3,4}", "int8 2", "int8 3"}, "{2,3}"},
      {"slice", {"int4[] {1,2,3,4}", "int8 -5", "int8 2"}, "{1,2}"},
      {"slice", {"int4[] {1,2}", "int8 3", "int8 4"}, "{}"},
  });
}

TEST(Arrays, Quantified) {
  check_cases({
      {"any_eq", {"int4 1", "int4[] {1,NULL}"}, "t"},
      {"any_eq", {"int4 2", "int4[] {1,NULL}"}, "NULL"},
      {"any_eq", {"int4 2", "int4[] {1,3}"}, "f"},
      {"any_eq", {"NULL int4", "int4[] {1}"}, "NULL"},
      {"any_eq", {"NULL int4", "int4[] {}"}, "f"},
      {"any_gt", {"int4 2", "int4[] {1,3}"}, "t"},
      {"all_ne", {"int4 2", "int4[] {1,3}"}, "t"},
      {"all_ne", {"int4 1", "int4[] {1,NULL}"}, "f"},
      {"all_lt", {"int4 1", "int4[] {2,NULL}"}, "NULL"},
      {"all_eq", {"text a", "text[] {}"}, "t"},
      {"any_eq", {"int4 1", "NULL int4[]"}, "NULL"},
  });
}

TEST(Arrays, ShapeAndContent) {
  check_cases({
      {"array_length", {"int4[] {{1,2,3},{4,5,6}}", "int8 2"}, "3"},
      {"array_length", {"int4[] {}", "int8 1"}, "NULL"},
      {"array_lower", {"int4[] {1,2}", "int8 1"}, "1"},
      {"array_upper", {"int4[] {1,2}", "int8 1"}, "2"},
      {"array_position", {"text[] {a,b,a}", "text a"}, "1"},
      {"array_position", {"text[] {a,b,a}", "text a", "int4 2"}, "3"},
      {"array_position", {"text[] {a,NULL}", "NULL text"}, "2"},
      {"array_position", {"text[] {a}", "text z"}, "NULL"},
      {"array_position",
       {"text[] {a}", "text a", "NULL int4"},
       "! initial position must not be null"},
      {"array_position",
       {"text[] {{a}}", "text a"},
       "! searching for elements in multidimensional arrays is not supported"},
      {"array_remove", {"int4[] {1,2,1}", "int4 1"}, "{2}"},
      {"array_remove", {"int4[] {1,NULL}", "NULL int4"}, "{1}"},
      {"array_remove", {"int4[] {1}", "int4 1"}, "{}"},
      {"array_remove",
       {"int4[] {{1}}", "int4 1"},
       "! removing elements from multidimensional arrays is not supported"},
      {"||", {"int4[] {1}", "int4[] {2,3}"}, "{1,2,3}"},
      {"array_cat", {"int4[] {{1,2}}", "int4[] {3,4}"}, "{{1,2},{3,4}}"},
      {"array_cat", {"int4[] {1,2}", "int4[] {{3,4}}"}, "{{1,2},{3,4}}"},
      {"array_cat", {"int4[] {{1,2}}", "int4[] {3}"}, "! cannot concatenate incompatible arrays"},
      {"array_cat", {"NULL int4[]", "int4[] {3}"}, "{3}"},
      {"@>", {"int4[] {1,2,3}", "int4[] {3,1}"}, "t"},
      {"@>", {"int4[] {1,NULL}", "int4[] {NULL}"}, "f"},
      {"<@", {"int4[] {}", "int4[] {1}"}, "t"},
      {"<", {"int4[] {1,2}", "int4[] {1,3}"}, "t"},
      {"=", {"text[] {a,NULL}", "text[] {a,NULL}"}, "t"},
  });
}

TEST(Arrays, Texts) {
  check_cases({
      {"array_to_string", {"int4[] {1,NULL,3}", "text ,"}, "1,3"},
      {"array_to_string", {"int4[] {1,NULL,3}", "text ,", "text *"}, "1,*,3"},
      {"array_to_string", {"bool[] {t,f}", "text /"}, "t/f"},
      {"array_to_string", {"int4[] {{1,2},{3,4}}", "text ,"}, "1,2,3,4"},
      {"string_to_array", {"text a,b,,c", "text ,"}, "{a,b,\"\",c}"},
      {"string_to_array", {"text a,b,c", "text ,", "text b"}, "{a,NULL,c}"},
      {"string_to_array", {"text äb", "NULL text"}, "{ä,b}"},
      {"string_to_array", {"text ab", "text "}, "{ab}"},
      {"string_to_array", {"text ", "text ,"}, "{}"},
  });
  EXPECT_EQ(answer(*cast(argument("int4[] {1,2}"), type_of("text[]"), CastContext::kExplicit)),
            "{1,2}");
  EXPECT_EQ(answer(*cast(argument("text[] {1,x}"), type_of("int4[]"), CastContext::kExplicit)),
            "! invalid input syntax for type integer: invalid digit found in string: \"x\"");
  EXPECT_FALSE(cast(argument("int4[] {1}"), type_of("text[]"), CastContext::kAssignment));
}

}  // namespace
}  // namespace penstock::expr
