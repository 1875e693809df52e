// Operators on integers and floats: results, overflow texts, bit operators.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Arithmetic, Integers) {
  check_cases({
      {"+", {"int4 1", "int4 2"}, "3"},
      {"+", {"int2 32767", "int2 1"}, "! smallint out of range"},
      {"+", {"int8 9223372036854775807", "int8 1"}, "! bigint out of range"},
      {"-", {"int4 -2147483648", "int4 1"}, "! integer out of range"},
      {"*", {"int4 65536", "int4 65536"}, "! integer out of range"},
      {"*", {"int8 3037000500", "int8 3037000500"}, "! bigint out of range"},
      {"/", {"int4 7", "int4 -2"}, "-3"},
      {"/", {"int4 7", "int4 0"}, "! division by zero"},
      {"/", {"int4 -2147483648", "int4 -1"}, "! integer out of range"},
      {"/", {"int8 -9223372036854775808", "int8 -1"}, "! bigint out of range"},
      {"%", {"int4 -7", "int4 3"}, "-1"},
      {"%", {"int4 -2147483648", "int4 -1"}, "0"},
      {"%", {"int4 1", "int4 0"}, "! division by zero"},
      {"mod", {"int8 10", "int8 4"}, "2"},
      {"-", {"int2 -32768"}, "! smallint out of range"},
      {"-", {"int4 5"}, "-5"},
      {"+", {"int4 5"}, "5"},
      {"abs", {"int4 -5"}, "5"},
      {"abs", {"int8 -9223372036854775808"}, "! bigint out of range"},
      {"+", {"NULL int4", "int4 1"}, "NULL"},
  });
}

TEST(Arithmetic, UnsignedIntegersNameTheOperation) {
  check_cases({
      {"-", {"uint2 45", "uint2 50"}, "! \"45 - 50\" uint2 out of range"},
      {"+", {"uint4 4294967295", "uint4 1"}, "! \"4294967295 + 1\" uint4 out of range"},
      {"*",
       {"uint8 18446744073709551615", "uint8 2"},
       "! \"18446744073709551615 * 2\" uint8 out of range"},
      {"+", {"uint2 40000", "uint2 20000"}, "60000"},
      {"/", {"uint8 18446744073709551615", "uint8 2"}, "9223372036854775807"},
      {"%", {"uint4 4294967295", "uint4 10"}, "5"},
      {"/", {"uint2 1", "uint2 0"}, "! division by zero"},
  });
}

TEST(Arithmetic, Floats) {
  check_cases({
      {"+", {"float8 0.1", "float8 0.2"}, "0.30000000000000004"},
      {"/", {"float8 0", "float8 0"}, "! division by zero"},
      {"/", {"float8 NaN", "float8 0"}, "! division by zero"},
      {"*", {"float8 1e300", "float8 1e300"}, "! value out of range: overflow"},
      {"*", {"float8 1e-300", "float8 1e-300"}, "! value out of range: underflow"},
      {"/", {"float4 1e-30", "float4 1e30"}, "! value out of range: underflow"},
      {"+", {"float8 Infinity", "float8 1"}, "Infinity"},
      {"-", {"float8 Infinity", "float8 Infinity"}, "NaN"},
      {"+", {"float4 3.4e38", "float4 3.4e38"}, "! value out of range: overflow"},
      {"%", {"float8 7.5", "float8 2"}, "1.5"},
      {"-", {"float8 1.5"}, "-1.5"},
      {"abs", {"float4 -0.5"}, "0.5"},
  });
}

TEST(Arithmetic, Bits) {
  check_cases({
      {"&", {"int4 12", "int4 10"}, "8"},
      {"|", {"int2 12", "int2 3"}, "15"},
      {"#", {"int8 12", "int8 10"}, "6"},
      {"~", {"uint2 0"}, "65535"},
      {"~", {"int4 0"}, "-1"},
      {"<<", {"int4 1", "int4 33"}, "2"},
      {"<<", {"int2 1", "int4 15"}, "-32768"},
      {"<<", {"int2 1", "int4 16"}, "0"},
      {">>", {"int8 -8", "int4 1"}, "-4"},
      {">>", {"uint8 18446744073709551615", "uint4 63"}, "1"},
      {"<<", {"int4 1", "int4 -1"}, "-2147483648"},
  });
}

TEST(Comparison, EveryKindOfValue) {
  check_cases({
      {"=", {"int4 1", "int4 1"}, "t"},
      {"<", {"uint8 1", "uint8 18446744073709551615"}, "t"},
      {">", {"uint2 40000", "uint2 2"}, "t"},
      {"=", {"float8 NaN", "float8 NaN"}, "t"},
      {">", {"float8 NaN", "float8 Infinity"}, "t"},
      {"<=", {"float8 NaN", "float8 1"}, "f"},
      {"=", {"float4 -0", "float4 0"}, "t"},
      {"<", {"text abc", "text abcd"}, "t"},
      {"<", {"text B", "text a"}, "t"},
      {"=", {"text a long text that is not inline", "text a long text that is not inline"}, "t"},
      {"=", {"bpchar a  ", "bpchar a"}, "t"},
      {"=", {"text a ", "text a"}, "f"},
      {"<", {"date 2020-01-01", "date 2020-01-02"}, "t"},
      {">", {"timestamp 2020-01-01 00:00:01", "timestamp 2020-01-01"}, "t"},
      {"<>", {"bytea \\x00", "bytea \\x0000"}, "t"},
      {">=", {"mz_timestamp 18446744073709551615", "mz_timestamp 0"}, "t"},
      {"<", {"bool f", "bool t"}, "t"},
      {"=", {"NULL int4", "int4 1"}, "NULL"},
      {"not", {"bool t"}, "f"},
      {"is_null", {"NULL int4"}, "t"},
      {"is_null", {"int4 1"}, "f"},
      {"is_true", {"NULL bool"}, "f"},
      {"is_false", {"bool f"}, "t"},
      {"is_distinct_from", {"NULL int4", "int4 1"}, "t"},
      {"is_distinct_from", {"NULL int4", "NULL int4"}, "f"},
      {"is_distinct_from", {"text a", "text a"}, "f"},
  });
}

TEST(Conditional, GreatestLeastNullif) {
  check_cases({
      {"greatest", {"int4 1", "NULL int4", "int4 3"}, "3"},
      {"least", {"text b", "text a longer text than inline"}, "a longer text than inline"},
      {"least", {"NULL int4", "NULL int4"}, "NULL"},
      {"greatest", {"float8 1", "float8 NaN"}, "NaN"},
      {"nullif", {"int4 1", "int4 1"}, "NULL"},
      {"nullif", {"int4 1", "int4 2"}, "1"},
      {"nullif", {"int4 1", "NULL int4"}, "1"},
      {"nullif", {"NULL text", "text a"}, "NULL"},
  });
}

}  // namespace
}  // namespace penstock::expr
