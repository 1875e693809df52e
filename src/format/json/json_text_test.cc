// The pieces of JSON text: every escape, every layout of a number, dates and times at their edges.
#include "format/json/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "types/date_time.h"

namespace penstock::format {
namespace {

template <typename Append, typename... Values>
std::string text(Append append, Values... values) {
  std::string out;
  append(values..., out);
  return out;
}

TEST(JsonString, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(text(append_json_string, ""), "\"\"");
  EXPECT_EQ(text(append_json_string, "текст/\x7f"), "\"текст/\x7f\"");
  EXPECT_EQ(text(append_json_string, "\"'\\"), R"("\"'\\")");
  EXPECT_EQ(text(append_json_string, "\b\f\n\r\t\x01\x1f"), R"("\b\f\n\r\t\u0001\u001f")");
  EXPECT_EQ(text(append_json_string, std::string_view("a\0b", 3)), R"("a\u0000b")");
}

TEST(JsonString, EveryPlaceInAWord) {
  for (size_t length = 0; length < 20; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string plain(length, 'x');
      std::string expected = "\"" + plain + "\"";
      EXPECT_EQ(text(append_json_string, std::string_view(plain)), expected);
      plain[at] = '"';
      expected.replace(at + 1, 1, "\\\"");
      EXPECT_EQ(text(append_json_string, std::string_view(plain)), expected);
    }
  }
}

TEST(JsonNumber, Integers) {
  EXPECT_EQ(text(append_json_integer, std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text(append_json_unsigned, std::numeric_limits<uint64_t>::max()),
            "18446744073709551615");
}

TEST(JsonNumber, Doubles) {
  auto d = [](double value) { return text(append_json_double, value); };
  EXPECT_EQ(d(1), "1.0");
  EXPECT_EQ(d(0), "0.0");
  EXPECT_EQ(d(-0.0), "-0.0");
  EXPECT_EQ(d(1234.5678), "1234.5678");
  EXPECT_EQ(d(1e15), "1000000000000000.0");
  EXPECT_EQ(d(1234567890123456.0), "1234567890123456.0");
  EXPECT_EQ(d(1e16), "1e+16");
  EXPECT_EQ(d(1.5e300), "1.5e+300");
  EXPECT_EQ(d(0.00001), "0.00001");
  EXPECT_EQ(d(0.000012), "0.000012");
  EXPECT_EQ(d(1e-6), "1e-6");
  EXPECT_EQ(d(-1.25e-7), "-1.25e-7");
  EXPECT_EQ(d(5e-324), "5e-324");
  EXPECT_EQ(d(0.1), "0.1");
  EXPECT_EQ(d(std::nan("")), "null");
  EXPECT_EQ(d(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonNumber, Floats) {
  auto f = [](float value) { return text(append_json_float, value); };
  EXPECT_EQ(f(0.1F), "0.1");
  EXPECT_EQ(f(1e-6F), "0.000001");
  EXPECT_EQ(f(1e-7F), "1e-7");
  EXPECT_EQ(f(1e12F), "1000000000000.0");
  EXPECT_EQ(f(1e13F), "1e+13");
  EXPECT_EQ(f(16777216.0F), "16777216.0");
}

TEST(JsonDate, HasASignBeyondFourDigits) {
  auto date = [](int64_t year, int month, int day) {
    return text(append_json_date, types::days_from_civil({year, month, day}));
  };
  EXPECT_EQ(date(2011, 11, 11), "\"2011-11-11\"");
  EXPECT_EQ(date(9999, 12, 31), "\"9999-12-31\"");
  EXPECT_EQ(date(10000, 1, 1), "\"+10000-01-01\"");
  EXPECT_EQ(date(0, 2, 29), "\"0000-02-29\"");
  EXPECT_EQ(date(-43, 3, 15), "\"-0043-03-15\"");
}

TEST(JsonTime, FractionInThrees) {
  EXPECT_EQ(text(append_json_time, 0), "\"00:00:00\"");
  EXPECT_EQ(text(append_json_time, 40'271'123'456), "\"11:11:11.123456\"");
  EXPECT_EQ(text(append_json_time, 40'271'120'000), "\"11:11:11.120\"");
  EXPECT_EQ(text(append_json_time, 40'271'000'100), "\"11:11:11.000100\"");
}

TEST(JsonTimestamp, MillisecondsRoundedDownAndTheRest) {
  EXPECT_EQ(text(append_json_timestamp, 1'321'009'871'123'450), "\"1321009871123.450\"");
  EXPECT_EQ(text(append_json_timestamp, 0), "\"0.000\"");
  EXPECT_EQ(text(append_json_timestamp, -500'500), "\"-501.500\"");
  EXPECT_EQ(text(append_json_timestamp, -1'000), "\"-1.000\"");
}

TEST(JsonBytes, AreNumbers) {
  EXPECT_EQ(text(append_json_bytes, ""), "[]");
  EXPECT_EQ(text(append_json_bytes, "\xd1\x82"), "[209,130]");
}

}  // namespace
}  // namespace penstock::format
