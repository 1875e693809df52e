// Functions on numerics and floats.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Numbers, Numeric) {
  check_cases({
      {"+",
       {"numeric 999999999999999999999999999999999999.123", "numeric 1"},
       "1000000000000000000000000000000000000.12"},
      {"/", {"numeric 1", "numeric 11"}, "0.090909090909090909090909090909090909091"},
      {"/", {"numeric 2.0", "numeric 1.1"}, "1.81818181818181818181818181818181818182"},
      {"/", {"numeric 1", "numeric 0"}, "! division by zero"},
      {"%", {"numeric -7", "numeric 3"}, "-1"},
      {"%", {"numeric 7", "numeric 0"}, "! division by zero"},
      {"*", {"numeric 1.50", "numeric 1.50"}, "2.25"},
      {"*", {"numeric 1e38", "numeric 100"}, "! value out of range: overflow"},
      {"+", {"numeric NaN", "numeric 1"}, "NaN"},
      {"=", {"numeric NaN", "numeric NaN"}, "t"},
      {">", {"numeric NaN", "numeric 1e38"}, "t"},
      {"<", {"numeric -1.5", "numeric 1"}, "t"},
      {"=", {"numeric 1.0", "numeric 1.00"}, "t"},
      {"-", {"numeric 1.5"}, "-1.5"},
      {"abs", {"numeric -1.5"}, "1.5"},
      {"round", {"numeric 2.5"}, "3"},
      {"round", {"numeric -2.5"}, "-3"},
      {"round", {"numeric 1234.567", "int4 2"}, "1234.57"},
      {"round", {"numeric 1234.567", "int4 -2"}, "1200"},
      {"trunc", {"numeric -2.7"}, "-2"},
      {"ceil", {"numeric 1.1"}, "2"},
      {"floor", {"numeric -1.1"}, "-2"},
      {"sqrt", {"numeric 2"}, "1.41421356237309504880168872420969807857"},
      {"sqrt", {"numeric -1"}, "! cannot take square root of a negative number"},
      {"exp", {"numeric -1.0"}, "0.367879441171442321595523770161460867446"},
      {"ln", {"numeric 0"}, "! function ln is not defined for zero"},
      {"ln", {"numeric -1"}, "! function ln is not defined for negative numbers"},
      {"log", {"numeric 100"}, "2"},
      {"log", {"numeric 2", "numeric 64"}, "6"},
      {"pow", {"numeric 2", "numeric 10"}, "1024"},
      {"power", {"numeric 0", "numeric -1"}, "! zero raised to a negative power is undefined"},
      {"power", {"numeric -2", "numeric 0.5"}, "! function pow cannot return complex numbers"},
      {"greatest", {"numeric 1", "numeric 2.5"}, "2.5"},
  });
}

TEST(Numbers, Floats) {
  check_cases({
      {"round", {"float8 2.5"}, "2"},
      {"round", {"float8 3.5"}, "4"},
      {"trunc", {"float8 -2.7"}, "-2"},
      {"ceil", {"float4 1.1"}, "2"},
      {"floor", {"float8 -1.5"}, "-2"},
      {"sqrt", {"float8 2"}, "1.4142135623730951"},
      {"sqrt", {"float8 -1"}, "! cannot take square root of a negative number"},
      {"cbrt", {"float8 27"}, "3"},
      {"exp", {"float8 1"}, "2.718281828459045"},
      {"exp", {"float8 1000"}, "! value out of range: overflow"},
      {"exp", {"float8 -1000"}, "! value out of range: underflow"},
      {"ln", {"float8 0"}, "! function ln is not defined for zero"},
      {"log10", {"float8 -1"}, "! function log10 is not defined for negative numbers"},
      {"log", {"float8 1000"}, "3"},
      {"power", {"float8 2", "float8 0.5"}, "1.4142135623730951"},
      {"power", {"float8 0", "float8 -1"}, "! zero raised to a negative power is undefined"},
      {"pow", {"float8 -1", "float8 0.5"}, "! function pow cannot return complex numbers"},
      {"pow", {"float8 10", "float8 400"}, "! value out of range: overflow"},
      {"sin", {"float8 Infinity"}, "! function sin is only defined for finite arguments"},
      {"asin", {"float8 2"}, "! function asin is defined for numbers between -1 and 1 inclusive"},
      {"acosh",
       {"float8 0.5"},
       "! function acosh is defined for numbers greater than or equal to 1"},
      {"cos", {"float8 0"}, "1"},
      {"cot", {"float8 1"}, "0.6420926159343306"},
      {"degrees", {"float8 3.141592653589793"}, "180"},
      {"radians", {"float8 180"}, "3.141592653589793"},
  });
}

}  // namespace
}  // namespace penstock::expr
