// Dates and times: operators, fields, truncation, formats. Answers agree with PostgreSQL 15 unless
// a comment says why not.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Dates, Operators) {
  check_cases({
      {"+", {"timestamp 2020-01-31 10:00:00", "interval 1 month"}, "2020-02-29 10:00:00"},
      {"+", {"interval 1 day 02:00:00", "timestamp 2020-01-31 23:00:00"}, "2020-02-02 01:00:00"},
      {"-", {"timestamp 2020-03-31", "interval 1 month"}, "2020-02-29 00:00:00"},
      {"+", {"date 2020-01-01", "interval 1 hour"}, "2020-01-01 01:00:00"},
      {"-", {"date 2020-01-01", "interval 1 day"}, "2019-12-31 00:00:00"},
      {"+", {"date 2020-01-01", "time 10:11:12"}, "2020-01-01 10:11:12"},
      {"+", {"time 10:11:12", "date 2020-01-01"}, "2020-01-01 10:11:12"},
      {"-", {"date 2020-03-01", "date 2020-02-01"}, "29"},
      {"-", {"timestamp 2020-03-01 12:00:00", "timestamp 2020-02-01"}, "29 days 12:00:00"},
      {"-", {"timestamp 2020-02-01", "timestamp 2020-03-01 12:00:00"}, "-29 days -12:00:00"},
      {"-", {"time 10:00:00", "time 12:30:00"}, "-02:30:00"},
      {"+", {"time 23:00:00", "interval 2 hours"}, "01:00:00"},
      {"-", {"time 01:00:00", "interval 1 day 2 hours"}, "23:00:00"},
      {"+", {"interval 1 year", "interval 1 day"}, "1 year 1 day"},
      {"-", {"interval 1 month", "interval 1 day"}, "1 mon -1 days"},
      {"-", {"interval 1 month -1 day"}, "-1 mons +1 day"},
      {"*", {"interval 1 month", "float8 1.5"}, "1 mon 15 days"},
      {"*", {"float8 0.5", "interval 1 day"}, "12:00:00"},
      {"/", {"interval 1 day", "float8 4"}, "06:00:00"},
      {"/", {"interval 1 day", "float8 0"}, "! division by zero"},
      {"+", {"timestamp 262142-12-31 23:59:59", "interval 1 day"}, "! timestamp out of range"},
      {"=", {"interval 1 day", "interval 24:00:00"}, "f"},
      {">", {"interval 1 month", "interval 9999999 days"}, "t"},
      {"justify_days", {"interval 35 days"}, "1 mon 5 days"},
      {"justify_hours", {"interval 27 hours"}, "1 day 03:00:00"},
      {"justify_interval", {"interval 1 mon -1 hour"}, "29 days 23:00:00"},
      {"justify_interval", {"interval 6 months 40 days 27:00:00"}, "7 mons 11 days 03:00:00"},
  });
}

TEST(Dates, Extract) {
  check_cases({
      {"extract", {"text year", "timestamp 2020-02-03 04:05:06.789"}, "2020"},
      {"extract", {"text second", "timestamp 2020-02-03 04:05:06.789"}, "6.789"},
      {"extract", {"text milliseconds", "timestamp 2020-02-03 04:05:06.789"}, "6789"},
      {"extract", {"text us", "timestamp 2020-02-03 04:05:06.789"}, "6789000"},
      {"extract", {"text epoch", "timestamp 2020-02-03 04:05:06.789"}, "1580702706.789"},
      {"extract", {"text epoch", "timestamp 1969-12-31 23:59:59.5"}, "-0.5"},
      {"extract", {"text doy", "timestamp 2020-12-31"}, "366"},
      {"extract", {"text DOW", "timestamptz 2020-02-02"}, "0"},
      {"extract", {"text isodow", "timestamptz 2020-02-02"}, "7"},
      {"extract", {"text week", "timestamp 2021-01-03"}, "53"},
      {"extract", {"text week", "timestamp 2024-12-30"}, "1"},
      {"extract", {"text quarter", "timestamp 2020-05-01"}, "2"},
      {"extract", {"text century", "timestamp 2000-12-31"}, "20"},
      {"extract", {"text century", "timestamp 2001-01-01"}, "21"},
      {"extract", {"text millennium", "timestamp 2000-12-31"}, "2"},
      {"extract", {"text decade", "timestamp 2019-12-31"}, "201"},
      {"extract", {"text year", "timestamp 0044-03-15 BC"}, "-44"},
      {"extract", {"text century", "timestamp 0044-03-15 BC"}, "-1"},
      {"extract", {"text decade", "timestamp 0044-03-15 BC"}, "-5"},
      {"extract", {"text day", "date 2020-02-03"}, "3"},
      {"extract", {"text epoch", "date 1970-01-02"}, "86400"},
      {"extract", {"text hour", "date 2020-02-03"}, "! unit 'hour' not supported for type date"},
      {"extract", {"text s", "date 2020-02-03"}, "! unit 'seconds' not supported for type date"},
      {"extract", {"text hour", "time 13:14:15.5"}, "13"},
      {"extract", {"text second", "time 13:14:15.5"}, "15.5"},
      {"extract", {"text epoch", "time 00:01:00.5"}, "60.5"},
      {"extract", {"text year", "time 13:14:15.5"}, "! unit 'year' not supported for type time"},
      {"extract", {"text epoch", "interval 1 year"}, "31557600"},
      {"extract", {"text epoch", "interval 1 mon 1 day 00:00:01.5"}, "2678401.5"},
      {"extract", {"text month", "interval 14 months"}, "2"},
      {"extract", {"text hour", "interval 1 day 30:10:05"}, "30"},
      {"extract", {"text minute", "interval -00:10:05"}, "-10"},
      {"extract", {"text second", "interval 00:10:05.25"}, "5.25"},
      {"extract", {"text week", "interval 1 day"}, "! unit 'week' not supported for type interval"},
      {"extract", {"text bad", "timestamp 2020-01-01"}, "! unit 'bad' not recognized"},
      {"extract",
       {"text timezone", "timestamp 2020-01-01"},
       "! 'timezone' timestamp units not yet supported"},
      {"date_part", {"text second", "timestamp 2020-02-03 04:05:06.789"}, "6.789"},
      {"date_part", {"text epoch", "interval 1 day 00:00:00.5"}, "86400.5"},
      {"date_part", {"text hour", "time 13:14:15"}, "13"},
  });
}

TEST(Dates, Truncate) {
  check_cases({
      {"date_trunc", {"text hour", "timestamp 2020-02-03 04:05:06.789"}, "2020-02-03 04:00:00"},
      {"date_trunc", {"text ms", "timestamp 2020-02-03 04:05:06.7891"}, "2020-02-03 04:05:06.789"},
      {"date_trunc", {"text second", "timestamp 1969-12-31 23:59:59.5"}, "1969-12-31 23:59:59"},
      {"date_trunc", {"text day", "timestamptz 2020-02-03 04:05:06"}, "2020-02-03 00:00:00+00"},
      {"date_trunc", {"text week", "timestamp 2020-02-02 04:05:06"}, "2020-01-27 00:00:00"},
      {"date_trunc", {"text month", "timestamp 2020-02-29"}, "2020-02-01 00:00:00"},
      {"date_trunc", {"text quarter", "timestamp 2020-05-29"}, "2020-04-01 00:00:00"},
      {"date_trunc", {"text year", "timestamp 2020-05-29"}, "2020-01-01 00:00:00"},
      {"date_trunc", {"text decade", "timestamp 2019-05-29"}, "2010-01-01 00:00:00"},
      {"date_trunc", {"text century", "timestamp 2000-11-01"}, "1901-01-01 00:00:00"},
      {"date_trunc", {"text millennium", "timestamp 2000-11-01"}, "1001-01-01 00:00:00"},
      {"date_trunc", {"text century", "timestamp 0044-03-15 BC"}, "0100-01-01 00:00:00 BC"},
      {"date_trunc", {"text month", "interval 1 year 2 months 3 days"}, "1 year 2 mons"},
      {"date_trunc", {"text hour", "interval 1 day 02:03:04"}, "1 day 02:00:00"},
      {"date_trunc",
       {"text week", "interval 1 day"},
       "! unit 'week' not supported for type interval"},
      {"date_trunc",
       {"text epoch", "timestamp 2020-01-01"},
       "! 'epoch' timestamp units not yet supported"},
  });
}

TEST(Dates, BinAgeAndDifference) {
  check_cases({
      {"date_bin",
       {"interval 15 minutes", "timestamp 2020-02-11 15:44:17", "timestamp 2001-01-01"},
       "2020-02-11 15:30:00"},
      {"date_bin",
       {"interval 15 minutes", "timestamp 2020-02-11 15:44:17", "timestamp 2020-02-11 16:02:00"},
       "2020-02-11 15:32:00"},
      {"date_bin",
       {"interval 1 month", "timestamp 2020-02-11", "timestamp 2001-01-01"},
       "! timestamps cannot be binned into intervals containing months or years"},
      {"date_bin",
       {"interval 0 days", "timestamp 2020-02-11", "timestamp 2001-01-01"},
       "! stride must be greater than zero"},
      {"date_bin",
       {"interval 1 day", "timestamp 9020-02-11", "timestamp 2001-01-01"},
       "! source and origin must not differ more than 2^63 nanoseconds"},
      {"age", {"timestamp 2001-04-10", "timestamp 1957-06-13"}, "43 years 9 mons 27 days"},
      {"age", {"timestamp 1957-06-13", "timestamp 2001-04-10"}, "-43 years -9 mons -27 days"},
      {"age", {"timestamp 2020-03-01 00:00:00", "timestamp 2020-02-29 12:00:00"}, "12:00:00"},
      {"age", {"timestamp 2020-03-30", "timestamp 2020-01-31"}, "1 mon 30 days"},
      {"age",
       {"timestamptz 2020-01-31 01:00:00", "timestamptz 2020-02-29 00:00:00"},
       "-28 days -23:00:00"},
      {"datediff", {"text year", "date 1997-12-31", "date 1998-01-01"}, "1"},
      {"datediff", {"text month", "timestamp 2020-01-31", "timestamp 2020-03-01"}, "2"},
      {"datediff", {"text day", "timestamp 2020-01-01 23:59:59", "timestamp 2020-01-02"}, "1"},
      {"datediff", {"text week", "date 2020-02-02", "date 2020-02-03"}, "1"},
      {"datediff", {"text century", "date 2000-12-31", "date 2001-01-01"}, "1"},
      {"datediff", {"text decade", "date 2019-12-31", "date 2001-01-01"}, "-1"},
      {"datediff", {"text hour", "time 01:59:00", "time 03:00:00"}, "2"},
      {"datediff",
       {"text day", "time 01:59:00", "time 03:00:00"},
       "! unit 'day' not supported for type time"},
      {"datediff",
       {"text us", "timestamp 1970-01-01", "timestamp 1969-12-31 23:59:59"},
       "-1000000"},
  });
}

TEST(Dates, Zones) {
  check_cases({
      {"timezone",
       {"text America/New_York", "timestamptz 2020-07-01 12:00:00"},
       "2020-07-01 08:00:00"},
      {"timezone",
       {"text America/New_York", "timestamp 2020-01-01 12:00:00"},
       "2020-01-01 17:00:00+00"},
      {"timezone", {"interval 02:00:00", "timestamptz 2020-07-01 12:00:00"}, "2020-07-01 14:00:00"},
      {"timezone",
       {"interval 02:00:00", "timestamp 2020-07-01 12:00:00"},
       "2020-07-01 10:00:00+00"},
      {"timezone", {"text Nowhere", "timestamp 2020-07-01"}, "! invalid time zone 'Nowhere'"},
      {"timezone",
       {"interval 1 month", "timestamp 2020-07-01"},
       "! timezone interval must not contain months or years"},
      {"to_timestamp", {"float8 1.5"}, "1970-01-01 00:00:01.5+00"},
      {"to_timestamp", {"float8 NaN"}, "! timestamp cannot be nan"},
      {"to_timestamp", {"float8 1e300"}, "! timestamp out of range"},
      {"make_timestamp",
       {"int8 2020", "int8 2", "int8 29", "int8 1", "int8 2", "float8 3.5"},
       "2020-02-29 01:02:03.5"},
      {"make_timestamp",
       {"int8 2021", "int8 2", "int8 29", "int8 1", "int8 2", "float8 3.5"},
       "NULL"},
      {"try_parse_monotonic_iso8601_timestamp",
       {"text 2020-02-29T01:02:03.456Z"},
       "2020-02-29 01:02:03.456"},
      {"try_parse_monotonic_iso8601_timestamp", {"text 2020-02-29 01:02:03.456Z"}, "NULL"},
      {"try_parse_monotonic_iso8601_timestamp", {"text 2020-02-30T01:02:03.456Z"}, "NULL"},
      {"date", {"text 2020-02-03"}, "2020-02-03"},
      {"date", {"timestamp 2020-02-03 23:00:00"}, "2020-02-03"},
  });
}

TEST(Dates, ToChar) {
  const char* moment = "timestamp 2007-03-05 16:07:08.012345";
  check_cases({
      {"to_char", {moment, "text YYYY-MM-DD HH24:MI:SS.MS"}, "2007-03-05 16:07:08.012"},
      {"to_char",
       {moment, "text yyyy-mm-dd hh12:mi:ss.us AM pm A.M. p.m."},
       "2007-03-05 04:07:08.012345 PM pm P.M. p.m."},
      {"to_char",
       {moment, "text Day,DAY,day,Dy,DY,dy"},
       "Monday   ,MONDAY   ,monday   ,Mon,MON,mon"},
      {"to_char", {moment, "text Month|MON|mon|MM"}, "March    |MAR|mar|03"},
      {"to_char", {moment, "text Y,YYY YYY YY Y CC"}, "2,007 007 07 7 21"},
      {"to_char", {moment, "text IYYY IYY IY I IW IDDD ID"}, "2007 007 07 7 10 064 1"},
      {"to_char", {moment, "text DDD D W WW Q J RM rm|"}, "064 2 1 10 1 2454165 III  iii |"},
      {"to_char", {moment, "text SSSS SSSSS"}, "58028 58028"},
      {"to_char", {moment, "text FMMonth FMDDth, YYYY"}, "March 05th, 2007"},
      {"to_char", {moment, "text DDth DDTH MMth"}, "05th 05TH 03rd"},
      {"to_char", {moment, "text \"Year:\" YYYY \\\"x\\\""}, "Year: 2007 \"x\""},
      {"to_char", {"timestamp 0044-03-15 BC", "text YYYY BC B.C. ad CC"}, "0044 BC B.C. bc -01"},
      {"to_char", {"timestamptz 2020-01-01", "text TZ tz OF TZH:TZM"}, "UTC utc +00 +00:00"},
      {"to_char", {"timestamp 2020-01-01", "text [TZ]"}, "[]"},
      {"to_char", {"timestamp 2011-01-11 12:00:00", "text FMHH12 DDth FMHH24"}, "12 11th 12"},
  });
}

}  // namespace
}  // namespace penstock::expr
