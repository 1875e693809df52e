// Intervals and UUIDs: text forms, order, arithmetic.
#include "types/interval.h"

#include <gtest/gtest.h>

#include "types/date_time.h"
#include "types/uuid.h"

namespace penstock::types {
namespace {

std::string show(const Result<Interval>& value) {
  if (!value) return value.error().message;
  std::string out;
  append_interval(*value, out);
  return out;
}
std::string show(std::optional<Interval> value) {
  return value ? show(Result<Interval>(*value)) : "none";
}
Interval interval(std::string_view text) {
  return parse_interval(text, {}).value();
}

TEST(Interval, ReadsAndPrints) {
  const std::pair<std::string, std::string> cases[] = {
      {"1 year 2 mons 3 days 04:05:06.7", "1 year 2 mons 3 days 04:05:06.7"},
      {"0", "00:00:00"},
      {"-1 year -2 mons -3 days -04:05:06.7", "-1 years -2 mons -3 days -04:05:06.7"},
      {"-14 months 3 days", "-1 years -2 mons +3 days"},
      {"-1 days 2:03", "-1 days +02:03:00"},
      {"-1 mon 00:00:01", "-1 mons +00:00:01"},
      {"-1 mon 1 day 1 s", "-1 mons +1 day 00:00:01"},
      {"30", "00:00:30"},
      {"1-2 3 4:5", "1 year 2 mons 3 days 04:05:00"},
      {"1-2 3", "1 year 2 mons 00:00:03"},
      {"-1-2", "-1 years -2 mons"},
      {"1.5 years", "1 year 6 mons"},
      {"1.5 months", "1 mon 15 days"},
      {"1.5 days", "1 day 12:00:00"},
      {"1.5 weeks", "10 days 12:00:00"},
      {"1 week 2 days", "9 days"},
      {".5 s", "00:00:00.5"},
      {"1 millennium 1 century 1 decade", "1110 years"},
      {"1h 2m 3s 4ms 5us", "01:02:03.004005"},
      {"100 hours", "100:00:00"},
      {"@ 3 days 1 hour ago", "-3 days -01:00:00"},
      {"12:34.5", "00:12:34.5"},
      {"178956970 years 7 mons", "178956970 years 7 mons"},
      {"1 MONTH", "1 mon"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(show(parse_interval(in, {})), out) << in;
}

TEST(Interval, FieldsBehindTheLiteral) {
  using enum IntervalField;
  EXPECT_EQ(show(parse_interval("1-2 3", {std::nullopt, kHour})), "1 year 2 mons 03:00:00");
  EXPECT_EQ(show(parse_interval("12:34", {kMinute, kSecond})), "00:12:34");
  EXPECT_EQ(show(parse_interval("1-2 3 4:5:6.7", {std::nullopt, kDay})), "1 year 2 mons 3 days");
  EXPECT_EQ(show(parse_interval("1-2 3 4:5:6.7", {std::nullopt, kYear})), "1 year");
  EXPECT_EQ(show(parse_interval("1-2 3 4:5:6.7", {kMonth, kMinute})),
            "1 year 2 mons 3 days 04:05:00");
  EXPECT_EQ(show(parse_interval("30", {std::nullopt, kMinute})), "00:30:00");
}

TEST(Interval, Refuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"1 year 2 years", "YEAR field set twice: "},
      {"1-13", "MONTH must be [-12, 12], got 13: "},
      {"1:61", "MINUTE must be [-59, 59], got 61: "},
      {"1 foo", "invalid DateTimeField: foo: "},
  };
  for (const auto& [in, detail] : cases) {
    EXPECT_EQ(show(parse_interval(in, {})),
              "invalid input syntax for type interval: " + detail + "\"" + in + "\"");
  }
  EXPECT_EQ(show(parse_interval("178956971 years", {})), "interval out of range");
  for (std::string_view bad : {"", "abc", "1 day 1:2:3:4", "1..2 s", "3 days ago 1 s", "1-"}) {
    EXPECT_FALSE(parse_interval(bad, {}).has_value()) << bad;
  }
}

TEST(Interval, OrderIsFieldByField) {
  EXPECT_GT(interval("1 month"), interval("9999999 days"));
  EXPECT_NE(interval("1 day"), interval("24:00:00"));
  EXPECT_LT(interval("-1 month"), interval("0"));
  Interval value = interval("-1 mon 2 days -3 s");
  EXPECT_EQ(Interval::from_fixed16(value.to_fixed16()), value);
}

TEST(Interval, Arithmetic) {
  EXPECT_EQ(show(interval("1 mon").multiply(1.5)), "1 mon 15 days");
  EXPECT_EQ(show(interval("1 day").divide(2)), "12:00:00");
  EXPECT_EQ(show(interval("1 year 1 day").multiply(0.1)), "1 mon 6 days 02:24:00");
  EXPECT_EQ(show(interval("2000000000 days").multiply(2)), "none");
  EXPECT_EQ(show(interval("1 day").add(interval("-1 hour"))), "1 day -01:00:00");
  EXPECT_EQ(show(interval("2147483647 days").add(interval("1 day"))), "none");
  int64_t start = *parse_timestamp("2020-01-31 10:00:00");
  std::string out;
  append_timestamp(*add_interval(start, interval("1 mon 1 day -11 hours")), out);
  EXPECT_EQ(out, "2020-02-29 23:00:00");
  EXPECT_EQ(show(std::optional(timestamp_difference(start, *parse_timestamp("2020-01-01")))),
            "30 days 10:00:00");
  EXPECT_EQ(add_interval(kMaxTimestamp, interval("1 us")), std::nullopt);
  // So many days that their microseconds would be a valid distance again after an overflow.
  EXPECT_EQ(add_interval(start, interval("213503983 days")), std::nullopt);
  EXPECT_EQ(add_interval(start, interval("-213503983 days")), std::nullopt);
}

TEST(Uuid, ReadsAllFormsAndPrintsOne) {
  const std::string canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  for (std::string_view text :
       {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}) {
    Result<Fixed16> value = parse_uuid(text);
    ASSERT_TRUE(value.has_value()) << text;
    std::string out;
    append_uuid(*value, out);
    EXPECT_EQ(out, canonical);
  }
  EXPECT_EQ(parse_uuid("a0eebc99").error().message,
            "invalid input syntax for type uuid: \"a0eebc99\"");
  EXPECT_FALSE(parse_uuid("g0eebc999c0b4ef8bb6d6bb9bd380a11").has_value());
  EXPECT_FALSE(parse_uuid("a0eebc99-9c0b-4ef8-bb6d6-bb9bd380a11").has_value());
}

}  // namespace
}  // namespace penstock::types
