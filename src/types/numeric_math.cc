// Roots, exponentials and logarithms of Numerics, computed with 100 decimal digits so that 39
// rounded ones are right.
#include <boost/multiprecision/cpp_dec_float.hpp>

#include "types/numeric.h"
#include "types/numeric_wide.h"

namespace penstock::types {
namespace {

using Real = boost::multiprecision::number<boost::multiprecision::cpp_dec_float<100>,
                                           boost::multiprecision::et_off>;

Real to_real(const Numeric& x) {
  return Real((x.is_negative() ? "-" : "") + x.digits() + "e" + std::to_string(x.exponent()));
}

// Scientific text with 60 digits, read back: the rest of the range rules are Numeric's own.
Result<Numeric> from_real(const Real& value) {
  if (!boost::multiprecision::isfinite(value)) {
    return fail(numeric_fault(NumericFault::kOverflow));
  }
  if (value.is_zero()) return Numeric();
  std::string text = value.str(60, std::ios_base::scientific);
  bool negative = text[0] == '-';
  size_t e = text.find('e');
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  int exponent = std::stoi(text.substr(e + 1));
  if (exponent < -Numeric::kMaxScale) return fail(numeric_fault(NumericFault::kUnderflow));
  std::optional<Numeric> made = Numeric::from_digits(
      negative, digits, exponent + 1 - static_cast<int>(digits.size()), ExcessDigits::kRound);
  if (!made) return fail(numeric_fault(NumericFault::kOverflow));
  return *made;
}

// log functions are defined for positive numbers only.
Status check_log_argument(const Numeric& x, const char* function) {
  if (x.is_zero()) {
    return fail(sql_state::kInvalidParameterValue,
                "function " + std::string(function) + " is not defined for zero");
  }
  if (x.is_negative()) {
    return fail(sql_state::kInvalidParameterValue,
                "function " + std::string(function) + " is not defined for negative numbers");
  }
  return {};
}

bool is_integer_value(const Numeric& x) {
  return x.exponent() >= 0;
}
bool is_odd(const Numeric& x) {
  return x.exponent() == 0 && (x.digits().back() - '0') % 2 == 1;
}

}  // namespace

Result<Numeric> numeric_sqrt(const Numeric& x) {
  if (x.is_nan()) return x;
  if (x.is_negative()) {
    return fail(sql_state::kInvalidPowerArgument, "cannot take square root of a negative number");
  }
  if (x.is_infinite()) return x;
  return from_real(boost::multiprecision::sqrt(to_real(x)));
}

Result<Numeric> numeric_exp(const Numeric& x) {
  if (x.is_nan()) return x;
  if (x.is_infinite()) return x.is_negative() ? Numeric() : x;
  // e^90 > 10^39 and e^-91 < 10^-39; far beyond, the series would only waste time.
  Real value = to_real(x);
  if (value > 100) return fail(numeric_fault(NumericFault::kOverflow));
  if (value < -100) return fail(numeric_fault(NumericFault::kUnderflow));
  return from_real(boost::multiprecision::exp(value));
}

Result<Numeric> numeric_ln(const Numeric& x) {
  if (x.is_nan()) return x;
  RETURN_IF_ERROR(check_log_argument(x, "ln"));
  if (x.is_infinite()) return x;
  return from_real(boost::multiprecision::log(to_real(x)));
}

Result<Numeric> numeric_log10(const Numeric& x) {
  if (x.is_nan()) return x;
  RETURN_IF_ERROR(check_log_argument(x, "log10"));
  if (x.is_infinite()) return x;
  // Powers of ten are exact.
  if (x.digits() == "1") return Numeric::from_int64(x.exponent());
  return from_real(boost::multiprecision::log10(to_real(x)));
}

Result<Numeric> numeric_log(const Numeric& base, const Numeric& x) {
  if (base.is_nan() || x.is_nan()) return Numeric::nan();
  RETURN_IF_ERROR(check_log_argument(base, "log"));
  RETURN_IF_ERROR(check_log_argument(x, "log"));
  if (base.is_infinite() || x.is_infinite()) {
    return base.is_infinite() && x.is_infinite() ? Numeric::nan() : x.is_infinite() ? x : Numeric();
  }
  Real divisor = boost::multiprecision::log(to_real(base));
  if (divisor.is_zero()) return fail(sql_state::kDivisionByZero, "division by zero");
  // Rounded at 60 digits first, so that log(2, 8) is 3.
  return from_real(boost::multiprecision::log(to_real(x)) / divisor);
}

Result<Numeric> numeric_pow(const Numeric& x, const Numeric& y) {
  if (x.is_nan() || y.is_nan()) return Numeric::nan();
  if (y.is_zero()) return Numeric::from_int64(1);
  if (x.is_zero()) {
    if (y.is_negative()) {
      return fail(sql_state::kInvalidPowerArgument, "zero raised to a negative power is undefined");
    }
    return Numeric();
  }
  bool whole = is_integer_value(y);
  if (x.is_negative() && !whole) {
    return fail(sql_state::kInvalidPowerArgument, "function pow cannot return complex numbers");
  }
  if (x.is_infinite() || y.is_infinite()) {
    return y.is_negative() ? Numeric() : Numeric::infinity(false);
  }
  bool negative = x.is_negative() && is_odd(y);
  Real magnitude = to_real(x.absolute());
  if (magnitude == 1) return Numeric::from_int64(negative ? -1 : 1);
  Real power = to_real(y);
  Real estimate = boost::multiprecision::log10(magnitude) * power;
  if (estimate > 40) return fail(numeric_fault(NumericFault::kOverflow));
  if (estimate < -41) return fail(numeric_fault(NumericFault::kUnderflow));
  // Whole powers by multiplication are exact; others go through the logarithm.
  Real result;
  std::optional<int64_t> count = y.to_int64();
  if (whole && count && std::abs(*count) < 10'000) {
    result = boost::multiprecision::pow(magnitude, static_cast<int>(*count));
  } else {
    result = boost::multiprecision::pow(magnitude, power);
  }
  return from_real(negative ? Real(-result) : result);
}

}  // namespace penstock::types
