// Dates and times: text forms in and out, ranges, zones, month arithmetic.
#include "types/date_time.h"

#include <gtest/gtest.h>

#include "types/text_io.h"
#include "types/time_zone.h"

namespace penstock::types {
namespace {

struct Case {
  TypeId type;
  std::string in;
  std::string out;
};

std::string through(TypeId id, std::string_view text) {
  SqlType type = SqlType::of(id);
  Result<Datum> value = parse_text(type, text);
  if (!value) return value.error().message;
  std::string out;
  append_text(type, *value, out);
  return out;
}

TEST(DateTime, ReadsAndPrints) {
  using enum TypeId;
  const Case cases[] = {
      {kDate, "1999-01-08", "1999-01-08"},
      {kDate, "19990108", "1999-01-08"},
      {kDate, "990108", "1999-01-08"},
      {kDate, "January 8, 1999", "1999-01-08"},
      {kDate, "8 Jan 1999", "1999-01-08"},
      {kDate, "1/8/1999", "1999-01-08"},
      {kDate, "1/8/69", "2069-01-08"},
      {kDate, "1/8/70", "1970-01-08"},
      {kDate, "1999-Jan-08", "1999-01-08"},
      {kDate, "Jan-08-1999", "1999-01-08"},
      {kDate, "08-Jan-1999", "1999-01-08"},
      {kDate, "Jan 08 1999 BC", "1999-01-08 BC"},
      {kDate, "4714-11-24 BC", "4714-11-24 BC"},
      {kDate, "262142-12-31", "262142-12-31"},
      {kDate, "0001-01-01", "0001-01-01"},
      {kDate, "2024-02-29", "2024-02-29"},
      {kDate, "1999-01-08 04:05:06", "1999-01-08"},
      {kTime, "04:05:06.789", "04:05:06.789"},
      {kTime, "04:05", "04:05:00"},
      {kTime, "04:05 AM", "04:05:00"},
      {kTime, "12:05 AM", "00:05:00"},
      {kTime, "04:05 PM", "16:05:00"},
      {kTime, "04:05:60", "04:06:00"},
      {kTime, "04:05:06.7777777", "04:05:06.777778"},
      {kTimestamp, "2020-01-02T03:04:05.120", "2020-01-02 03:04:05.12"},
      {kTimestamp, "2020-01-02 03:04:05+07", "2020-01-02 03:04:05"},
      {kTimestamp, "2020-01-02", "2020-01-02 00:00:00"},
      {kTimestamp, "2020-01-02 24:00:00", "2020-01-03 00:00:00"},
      {kTimestamp, "20200102T030405", "2020-01-02 03:04:05"},
      {kTimestamp, "epoch", "1970-01-01 00:00:00"},
      {kTimestamp, "Mon Feb 10 17:32:01 1997", "1997-02-10 17:32:01"},
      {kTimestampTz, "2020-01-02 03:04:05", "2020-01-02 03:04:05+00"},
      {kTimestampTz, "2020-01-02T03:04:05Z", "2020-01-02 03:04:05+00"},
      {kTimestampTz, "2020-01-02 03:04:05+05:30", "2020-01-01 21:34:05+00"},
      {kTimestampTz, "2020-01-02 03:04:05-0830", "2020-01-02 11:34:05+00"},
      {kTimestampTz, "2020-01-02 03:04:05 PST", "2020-01-02 11:04:05+00"},
      {kTimestampTz, "2020-07-02 03:04:05 America/New_York", "2020-07-02 07:04:05+00"},
      {kTimestampTz, "2020-07-02 03:04:05 europe/berlin", "2020-07-02 01:04:05+00"},
      {kTimestampTz, "2020-03-08 02:30:00 America/New_York", "2020-03-08 07:30:00+00"},
      {kTimestampTz, "2020-11-01 01:30:00 America/New_York", "2020-11-01 06:30:00+00"},
      {kTimestampTz, "0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"},
      {kTimestampTz, "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999+00"},
  };
  for (const Case& c : cases) EXPECT_EQ(through(c.type, c.in), c.out) << c.in;
}

TEST(DateTime, Refuses) {
  using enum TypeId;
  const Case cases[] = {
      {kDate, "2023-02-29",
       "invalid input syntax for type date: DAY must be [1, 28], got 29: \"2023-02-29\""},
      {kDate, "2023-13-01",
       "invalid input syntax for type date: MONTH must be [1, 12], got 13: \"2023-13-01\""},
      {kDate, "262143-01-01", "\"262143-01-01\" is out of range for type date"},
      {kDate, "4714-11-23 BC", "\"4714-11-23 BC\" is out of range for type date"},
      {kTime, "25:00:00",
       "invalid input syntax for type time: HOUR must be [0, 24], got 25: \"25:00:00\""},
      {kTimestampTz, "2020-01-01 00:00:00 nowhere",
       "invalid input syntax for type timestamp with time zone: Invalid timezone string (nowhere): "
       "unknown time zone: \"2020-01-01 00:00:00 nowhere\""},
  };
  for (const Case& c : cases) EXPECT_EQ(through(c.type, c.in), c.out) << c.in;
  for (std::string_view bad : {"", "infinity", "now", "today", "x", "2020", "2020-01", "12:00",
                               "2020-01-01 2020-01-01", "2020-01-01 00:00 ../etc/passwd"}) {
    EXPECT_FALSE(parse_timestamp(bad).has_value()) << bad;
  }
}

TEST(DateTime, CivilDaysGoBothWays) {
  for (int64_t days = kMinDate; days < 2'000'000; days += 37) {
    ASSERT_EQ(days_from_civil(civil_from_days(days)), days);
  }
  EXPECT_EQ(days_from_civil({2000, 1, 1}), 10957);
  EXPECT_EQ(days_from_civil({-4713, 11, 24}), kMinDate);
  EXPECT_EQ(days_from_civil({262142, 12, 31}), kMaxDate);
}

TEST(DateTime, MonthsClampAndPrecisionRounds) {
  auto text = [](std::optional<int64_t> micros) {
    std::string out;
    append_timestamp(*micros, out);
    return out;
  };
  EXPECT_EQ(text(add_months(*parse_timestamp("2020-01-31 01:02:03"), 1)), "2020-02-29 01:02:03");
  EXPECT_EQ(text(add_months(*parse_timestamp("2020-01-31"), -11)), "2019-02-28 00:00:00");
  EXPECT_EQ(add_months(kMaxTimestamp, 1), std::nullopt);
  EXPECT_EQ(text(round_timestamp(*parse_timestamp("2020-01-01 00:00:00.5"), 0)),
            "2020-01-01 00:00:01");
  EXPECT_EQ(text(round_timestamp(*parse_timestamp("1960-01-01 00:00:00.123456"), 3)),
            "1960-01-01 00:00:00.123");
}

TEST(TimeZone, Offsets) {
  EXPECT_EQ(TimeZone::parse("+16:00").has_value(), false);
  EXPECT_EQ(TimeZone::parse("../UTC").has_value(), false);
  EXPECT_EQ(TimeZone::parse("-8")->to_utc(0), 8 * kMicrosPerHour);
  EXPECT_EQ(TimeZone::parse("Asia/Kolkata")->to_local(0),
            5 * kMicrosPerHour + 30 * kMicrosPerMinute);
  EXPECT_TRUE(TimeZone::parse("utc")->is_utc());
}

}  // namespace
}  // namespace penstock::types
