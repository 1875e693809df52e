// Numeric: digits, rounding, range, bytes, order, and sums that can be retracted from.
#include "types/numeric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "types/numeric_sum.h"

namespace penstock::types {
namespace {

Numeric num(std::string_view text) {
  if (text == "inf") return Numeric::infinity(false);
  if (text == "-inf") return Numeric::infinity(true);
  Result<Numeric> value = Numeric::parse(text, ExcessDigits::kRound);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Numeric();
}
std::string show(const Result<Numeric>& value) {
  return value ? value->text() : value.error().message;
}

TEST(Numeric, ReadsAndPrintsPlainAndTrimmed) {
  const std::pair<std::string, std::string> cases[] = {
      {"1.50", "1.5"},
      {" 7 ", "7"},
      {"-0.00", "0"},
      {"+12e3", "12000"},
      {"1e38", "100000000000000000000000000000000000000"},
      {"123456789012345678901234567890123456789", "123456789012345678901234567890123456789"},
      {"-99999999999999999999.9999999999999999999", "-99999999999999999999.9999999999999999999"},
      {"0.000000000000000000000000000000000000001", "0.000000000000000000000000000000000000001"},
      {".5", "0.5"},
      {"5.", "5"},
      {"nAn", "NaN"},
      {"1.2345678901234567890123456789012345678901", "1.23456789012345678901234567890123456789"},
      {"18446744073709551616", "18446744073709551616"},
      {"000123.4500e-2", "1.2345"},
  };
  for (const auto& [in, out] : cases)
    EXPECT_EQ(show(Numeric::parse(in, ExcessDigits::kRound)), out);
  for (std::string_view bad : {"", "1x", "Infinity", "-Infinity", "inf", "1e", "1.2.3", ".", "-",
                               "+-1", "0x10", "1_000"}) {
    EXPECT_EQ(show(Numeric::parse(bad, ExcessDigits::kRound)),
              "invalid input syntax for type numeric: \"" + std::string(bad) + "\"");
  }
  for (std::string_view large : {"1E39", "1e-40", "1e1000000000000"}) {
    EXPECT_EQ(show(Numeric::parse(large, ExcessDigits::kRound)),
              "\"" + std::string(large) +
                  "\" is out of range for type numeric: exceeds maximum precision 39");
  }
  EXPECT_FALSE(Numeric::parse("1.2345678901234567890123456789012345678901", ExcessDigits::kRefuse)
                   .has_value());
}

TEST(Numeric, Arithmetic) {
  EXPECT_EQ(show(num("999999999999999999999999999999999999.123").add(num("1"))),
            "1000000000000000000000000000000000000.12");
  EXPECT_EQ(show(num("1").divide(num("11"))), "0.090909090909090909090909090909090909091");
  EXPECT_EQ(show(num("2.0").divide(num("1.1"))), "1.81818181818181818181818181818181818182");
  EXPECT_EQ(show(num("1.50").multiply(num("1.50"))), "2.25");
  EXPECT_EQ(show(num("10").divide(num("4"))), "2.5");
  EXPECT_EQ(show(num("-7").modulo(num("3"))), "-1");
  EXPECT_EQ(show(num("7.5").modulo(num("-2"))), "1.5");
  EXPECT_EQ(show(num("1").divide(num("0"))), "division by zero");
  EXPECT_EQ(show(num("1").modulo(num("0"))), "division by zero");
  EXPECT_EQ(show(num("1e38").multiply(num("10"))), "value out of range: overflow");
  EXPECT_EQ(show(num("1e-39").multiply(num("0.1"))), "value out of range: underflow");
  EXPECT_EQ(show(num("1e38").add(num("9e38"))), "value out of range: overflow");
  EXPECT_EQ(show(num("0.1").add(num("0.2"))), "0.3");
  EXPECT_EQ(show(num("5").subtract(num("5"))), "0");
  EXPECT_EQ(show(num("1e30").subtract(num("1e-9"))), "999999999999999999999999999999.999999999");
  EXPECT_EQ(show(num("NaN").add(num("1"))), "NaN");
  EXPECT_EQ(show(num("inf").add(num("-inf"))), "NaN");
  EXPECT_EQ(show(num("inf").multiply(num("-2"))), "-Infinity");
  EXPECT_EQ(show(num("1").divide(num("inf"))), "0");
}

TEST(Numeric, Rounds) {
  EXPECT_EQ(show(num("2.5").round(0)), "3");
  EXPECT_EQ(show(num("-2.5").round(0)), "-3");
  EXPECT_EQ(show(num("1.005").round(2)), "1.01");
  EXPECT_EQ(show(num("1550").round(-2)), "1600");
  EXPECT_EQ(show(num("1").round(-50)), "0");
  EXPECT_EQ(show(num("-1.999").truncate(1)), "-1.9");
  EXPECT_EQ(show(num("-1.1").floor()), "-2");
  EXPECT_EQ(show(num("-1.9").ceiling()), "-1");
  EXPECT_EQ(show(num("1.1").ceiling()), "2");
  EXPECT_EQ(show(num("12").rescale(38)), "numeric field overflow");
  EXPECT_EQ(show(num("1").rescale(38)), "1");
  EXPECT_EQ(show(num("1.2345").rescale(2)), "1.23");
  EXPECT_EQ(show(num("99999999999999999999999999999999999999.5").round(0)),
            "100000000000000000000000000000000000000");
}

TEST(Numeric, OtherNumbers) {
  EXPECT_EQ(show(Numeric::from_double(0.1)), "0.1");
  EXPECT_EQ(show(Numeric::from_double(1e-7)), "0.0000001");
  EXPECT_EQ(show(Numeric::from_double(-123456.5)), "-123456.5");
  EXPECT_EQ(show(Numeric::from_double(1e40)), "numeric field overflow");
  EXPECT_EQ(show(Numeric::from_double(std::nan(""))), "NaN");
  EXPECT_EQ(show(Numeric::from_float(0.1F)), "0.1");
  EXPECT_EQ(show(Numeric::from_double(INFINITY)),
            "function casting double precision to numeric is only defined for finite arguments");
  EXPECT_EQ(num("9223372036854775807.4").to_int64(), INT64_MAX);
  EXPECT_EQ(num("9223372036854775807.5").to_int64(), std::nullopt);
  EXPECT_EQ(num("-9223372036854775808").to_int64(), INT64_MIN);
  EXPECT_EQ(num("-0.4").to_uint64(), 0U);
  EXPECT_EQ(num("-0.5").to_uint64(), std::nullopt);
  EXPECT_EQ(num("18446744073709551615").to_uint64(), UINT64_MAX);
  EXPECT_EQ(num("NaN").to_int64(), std::nullopt);
  EXPECT_EQ(num("0.1").to_double(), 0.1);
  EXPECT_EQ(num("123456789012345678901234567890").to_double(), 123456789012345678901234567890.0);
  EXPECT_EQ(num("1e38").to_float(), 1e38F);
  EXPECT_EQ(Numeric::from_int64(INT64_MIN).text(), "-9223372036854775808");
}

TEST(Numeric, BytesAreCanonicalAndShort) {
  const std::string texts[] = {"0",
                               "1",
                               "-1",
                               "127",
                               "128",
                               "-128",
                               "-129",
                               "255",
                               "1.5",
                               "-1.5",
                               "12345.67",
                               "99999999999999999999999999",
                               "-99999999999999999999999999",
                               "1e38",
                               "-1e-39",
                               "999999999999999999999999999999999999999",
                               "-340282366920938463463374607431768211456",
                               "NaN",
                               "inf",
                               "-inf"};
  for (const std::string& text : texts) {
    Numeric value = num(text);
    std::string bytes = value.encoded();
    EXPECT_EQ(Numeric::decode(bytes), value) << text;
    std::string ordered;
    value.append_ordered(ordered);
    std::string_view rest = ordered;
    EXPECT_EQ(Numeric::take_ordered(rest), value) << text;
    EXPECT_TRUE(rest.empty());
    EXPECT_LE(bytes.size(), text.size() <= 27 ? 12U : 18U) << text;
  }
  EXPECT_EQ(num("1.500").encoded(), num("1.5").encoded());
  EXPECT_EQ(num("1500").encoded(), num("15e2").encoded());
}

std::optional<std::string> unscaled(std::string_view text, int scale, size_t width) {
  std::string out;
  if (!num(text).append_unscaled(scale, width, out)) {
    EXPECT_EQ(out, "");
    return std::nullopt;
  }
  return out;
}

TEST(Numeric, UnscaledGoesBothWays) {
  const std::string nines(39, '9');
  for (const std::string text : {"0", "1", "-1", "127", "128", "-128", "-129", "12345.67", "-0.01",
                                 "99999999999999999999999999999999999.99"}) {
    std::optional<std::string> bytes = unscaled(text, 2, 17);
    ASSERT_TRUE(bytes.has_value()) << text;
    EXPECT_EQ(Numeric::from_unscaled(*bytes, 2)->text(), num(text).text());
  }
  for (const std::string& text :
       {"-" + nines, nines, "0." + nines, "-0." + nines, "18446744073709551616" + std::string(".5"),
        std::string("1e38")}) {
    std::optional<std::string> bytes = unscaled(text, 39, 33);
    ASSERT_TRUE(bytes.has_value()) << text;
    EXPECT_EQ(Numeric::from_unscaled(*bytes, 39)->text(), num(text).text());
  }
}

TEST(Numeric, UnscaledFillsItsWidthOrIsRefused) {
  using Bytes = std::optional<std::string>;
  EXPECT_EQ(unscaled("1.28", 2, 2), std::string("\x00\x80", 2));
  EXPECT_EQ(unscaled("1.28", 2, 1), Bytes());
  EXPECT_EQ(unscaled("-1.28", 2, 1), std::string("\x80"));
  EXPECT_EQ(unscaled("-1.29", 2, 1), Bytes());
  EXPECT_EQ(unscaled("1.27", 2, 1), std::string("\x7f"));
  EXPECT_EQ(unscaled("1.234", 2, 17), Bytes());
  EXPECT_EQ(unscaled("NaN", 2, 17), Bytes());
  EXPECT_EQ(unscaled("inf", 2, 17), Bytes());
  // What a sum of numeric(39, 2) may come to.
  EXPECT_EQ(unscaled("5e38", 2, 17), Bytes());
  EXPECT_EQ(unscaled("-5e38", 2, 17), Bytes());
  EXPECT_TRUE(unscaled("4e38", 2, 17).has_value());
}

TEST(Numeric, OrderOfValuesAndOfBytesAgree) {
  std::vector<std::string> texts = {"-inf",   "-1e38",     "-123.46", "-123.4599", "-1",
                                    "-0.001", "0",         "1e-39",   "0.001",     "0.0011",
                                    "1",      "1.0000001", "9",       "10",        "123.4599",
                                    "123.46", "1e38",      "inf",     "NaN"};
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t j = 0; j < texts.size(); ++j) {
      std::string a;
      std::string b;
      num(texts[i]).append_ordered(a);
      num(texts[j]).append_ordered(b);
      EXPECT_EQ(num(texts[i]).compare(num(texts[j])), i <=> j) << texts[i] << " " << texts[j];
      EXPECT_EQ(a.compare(b) <=> 0, i <=> j) << texts[i] << " " << texts[j];
    }
  }
}

TEST(Numeric, MathToThirtyNineDigits) {
  EXPECT_EQ(show(numeric_exp(num("-1.0"))), "0.367879441171442321595523770161460867446");
  EXPECT_EQ(show(numeric_exp(num("1"))), "2.71828182845904523536028747135266249776");
  EXPECT_EQ(show(numeric_sqrt(num("2"))), "1.41421356237309504880168872420969807857");
  EXPECT_EQ(show(numeric_sqrt(num("1e38"))), "10000000000000000000");
  EXPECT_EQ(show(numeric_ln(num("10"))), "2.3025850929940456840179914546843642076");
  EXPECT_EQ(show(numeric_log10(num("0.001"))), "-3");
  EXPECT_EQ(show(numeric_log(num("2"), num("8"))), "3");
  EXPECT_EQ(show(numeric_pow(num("2"), num("100"))), "1267650600228229401496703205376");
  EXPECT_EQ(show(numeric_pow(num("-2"), num("-3"))), "-0.125");
  EXPECT_EQ(show(numeric_pow(num("2"), num("0.5"))), "1.41421356237309504880168872420969807857");
  EXPECT_EQ(show(numeric_pow(num("0"), num("0"))), "1");
  EXPECT_EQ(show(numeric_pow(num("0"), num("-1"))), "zero raised to a negative power is undefined");
  EXPECT_EQ(show(numeric_pow(num("-1"), num("0.5"))), "function pow cannot return complex numbers");
  EXPECT_EQ(show(numeric_sqrt(num("-1"))), "cannot take square root of a negative number");
  EXPECT_EQ(show(numeric_ln(num("0"))), "function ln is not defined for zero");
  EXPECT_EQ(show(numeric_ln(num("-1"))), "function ln is not defined for negative numbers");
  EXPECT_EQ(show(numeric_exp(num("1000"))), "value out of range: overflow");
}

TEST(NumericSum, SumsRetractExactlyInAnyOrder) {
  Rng rng(7);
  std::vector<Numeric> values;
  for (int i = 0; i < 300; ++i) {
    auto digits = static_cast<int64_t>(rng.next() >> (1 + rng.below(60)));
    int exponent = static_cast<int>(rng.below(40)) - 25;
    values.push_back(*Numeric::from_digits(rng.one_in(2), std::to_string(digits), exponent,
                                           ExcessDigits::kRound));
  }
  NumericSum sum;
  for (const Numeric& value : values) sum.add(value, 3);
  NumericSum copy = sum;
  for (size_t i = values.size(); i-- > 1;) sum.add(values[i], -3);
  EXPECT_EQ(sum.total().text(), show(values[0].multiply(Numeric::from_int64(3))));
  sum.add(values[0], -3);
  EXPECT_TRUE(sum.total().is_zero());
  sum.merge(copy);
  EXPECT_EQ(sum.total(), copy.total());
}

TEST(NumericSum, InfinitiesAndNaNComeAndGo) {
  NumericSum sum;
  sum.add(num("9e38"), 1);
  sum.add(num("9e38"), 1);
  EXPECT_EQ(sum.total().text(), "Infinity");
  sum.add(num("9e38"), -1);
  EXPECT_EQ(sum.total(), num("9e38"));
  sum.add(num("NaN"), 1);
  EXPECT_EQ(sum.total().text(), "NaN");
  sum.add(num("NaN"), -1);
  sum.add(num("-inf"), 1);
  EXPECT_EQ(sum.total().text(), "-Infinity");
  NumericSum integers;
  integers.add_integer(INT64_MIN, INT64_MAX);
  integers.add_unsigned(UINT64_MAX, INT64_MAX);
  EXPECT_EQ(integers.total().text(), "85070591730234615847396907784232501249");
}

}  // namespace
}  // namespace penstock::types
