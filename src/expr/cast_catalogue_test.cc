// Casts: which exist where, and what they do to values.
#include "expr/cast_catalogue.h"

#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

using types::SqlType;
using types::TypeId;

struct CastCase {
  std::string from;
  std::string to;
  std::string answer;
};

void check_casts(CastContext context, const std::vector<CastCase>& cases) {
  for (const CastCase& one : cases) {
    SCOPED_TRACE(one.from + " -> " + one.to);
    std::optional<ScalarRef> made = cast(argument(one.from), type_of(one.to), context);
    EXPECT_EQ(made ? answer(*made) : "none", one.answer);
  }
}

TEST(Casts, Integers) {
  check_casts(
      CastContext::kAssignment,
      {
          {"int4 300", "int2", "300"},
          {"int4 70000", "int2", "! \"70000\" smallint out of range"},
          {"int8 3000000000", "int4", "! \"3000000000\" integer out of range"},
          {"int4 -1", "uint2", "! \"-1\" uint2 out of range"},
          {"int4 -1", "uint8", "! \"-1\" uint8 out of range"},
          {"uint8 18446744073709551615", "int8", "! \"18446744073709551615\" bigint out of range"},
          {"uint4 4294967295", "int8", "4294967295"},
          {"uint2 65535", "int4", "65535"},
          {"int8 -5", "oid", "! \"-5\" OID out of range"},
          {"int4 -1", "mz_timestamp", "! \"-1\" mz_timestamp out of range"},
          {"int8 12", "mz_timestamp", "12"},
          {"NULL int4", "int8", "NULL"},
      });
}

TEST(Casts, FloatsRoundToEvenAndNumericsAwayFromZero) {
  check_casts(
      CastContext::kAssignment,
      {
          {"float8 2.5", "int4", "2"},
          {"float8 3.5", "int4", "4"},
          {"float8 -2.5", "int2", "-2"},
          {"float8 1e10", "int4", "! \"10000000000\" integer out of range"},
          {"float8 NaN", "int4", "! \"NaN\" integer out of range"},
          {"float8 -0.4", "uint4", "0"},
          {"float8 9223372036854775808", "int8", "! \"9.223372036854776e+18\" bigint out of range"},
          {"numeric 2.5", "int4", "3"},
          {"numeric -2.5", "int4", "-3"},
          {"numeric 70000", "int2", "! \"70000\" smallint out of range"},
          {"numeric NaN", "int4", "! \"NaN\" integer out of range"},
          {"numeric 1.5", "mz_timestamp", "! \"1.5\" mz_timestamp out of range"},
          {"float8 0.1", "numeric", "0.1"},
          {"float4 0.1", "numeric", "0.1"},
          {"float8 NaN", "numeric", "NaN"},
          {"float8 Infinity", "numeric",
           "! function casting double precision to numeric is only defined for finite "
           "arguments"},
          {"float4 -Infinity", "numeric",
           "! function casting real to numeric is only defined for finite arguments"},
          {"float8 1e300", "float4", "! \"1e+300\" real out of range"},
          {"numeric 0.1", "float8", "0.1"},
          {"int4 5", "numeric(2)", "5"},
          {"numeric 1.005", "numeric(2)", "1.01"},
          {"numeric 12", "numeric(38)", "! numeric field overflow"},
      });
}

TEST(Casts, Text) {
  check_casts(CastContext::kExplicit, {
                                          {"bool t", "text", "true"},
                                          {"text yes", "bool", "t"},
                                          {"text 12", "int4", "12"},
                                          {"text 1.5", "numeric(0)", "2"},
                                          {"text abcdef", "varchar(3)", "abc"},
                                          {"text abcdef", "bpchar(3)", "abc"},
                                          {"text a", "bpchar(3)", "a  "},
                                          {"bpchar(3) a", "text", "a"},
                                          {"int4 12345", "varchar(3)", "123"},
                                          {"text 2020-01-02", "date", "2020-01-02"},
                                          {"int4 5", "text", "5"},
                                          {"oid 5", "text", "5"},
                                          {"text \\x6162", "bytea", "\\x6162"},
                                      });
  check_casts(CastContext::kAssignment,
              {
                  {"text abcdef", "varchar(3)", "! value too long for type character varying(3)"},
                  {"text abc  ", "varchar(3)", "abc"},
                  {"varchar abcd", "varchar(3)", "! value too long for type character varying(3)"},
                  {"int4 12345", "varchar(3)", "! value too long for type character varying(3)"},
                  {"text 12", "int4", "none"},
                  {"oid 5", "text", "none"},
              });
}

TEST(Casts, DatesAndTimestamps) {
  check_casts(CastContext::kAssignment,
              {
                  {"date 2020-01-02", "timestamp", "2020-01-02 00:00:00"},
                  {"date 2020-01-02", "timestamptz", "2020-01-02 00:00:00+00"},
                  {"timestamp 2020-01-02 03:04:05.678", "date", "2020-01-02"},
                  {"timestamp 1969-12-31 23:00:00", "date", "1969-12-31"},
                  {"timestamp 2020-01-02 03:04:05.678", "time", "03:04:05.678"},
                  {"timestamp 2020-01-02 03:04:05.678", "timestamp(1)", "2020-01-02 03:04:05.7"},
                  {"timestamp 2020-01-02 03:04:05.678", "timestamptz(0)", "2020-01-02 03:04:06+00"},
                  {"timestamp 1970-01-01 00:00:01.0019", "mz_timestamp", "1001"},
                  {"timestamp 1969-01-01", "mz_timestamp",
                   "! \"1969-01-01 00:00:00\" mz_timestamp out of range"},
                  {"mz_timestamp 1001", "timestamptz", "1970-01-01 00:00:01.001+00"},
                  {"mz_timestamp 18446744073709551615", "timestamp", "! timestamp out of range"},
              });
}

TEST(Casts, ContextsDecideWhatExists) {
  auto exists = [](TypeId from, TypeId to, CastContext context) {
    return find_cast(SqlType::of(from), SqlType::of(to), context).has_value();
  };
  EXPECT_TRUE(exists(TypeId::kInt4, TypeId::kInt8, CastContext::kImplicit));
  EXPECT_FALSE(exists(TypeId::kInt8, TypeId::kInt4, CastContext::kImplicit));
  EXPECT_TRUE(exists(TypeId::kInt8, TypeId::kInt4, CastContext::kAssignment));
  EXPECT_FALSE(exists(TypeId::kInt4, TypeId::kBool, CastContext::kAssignment));
  EXPECT_TRUE(exists(TypeId::kInt4, TypeId::kBool, CastContext::kExplicit));
  EXPECT_FALSE(exists(TypeId::kFloat8, TypeId::kBool, CastContext::kExplicit));
  EXPECT_FALSE(exists(TypeId::kJsonb, TypeId::kUInt4, CastContext::kExplicit));
  EXPECT_TRUE(exists(TypeId::kUnknown, TypeId::kInt4, CastContext::kImplicit));
  for (const CastEntry& entry : all_casts()) {
    EXPECT_TRUE(entry.function.pass_through || entry.function.kernel != nullptr);
  }
}

}  // namespace
}  // namespace penstock::expr
