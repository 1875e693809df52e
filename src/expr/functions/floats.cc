// Mathematical functions on floats. Those of one overload take float8, which numbers prefer.
#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "expr/errors.h"
#include "expr/functions/families.h"
#include "expr/row_kernel.h"

namespace penstock::expr {
namespace {

using types::TypeId;
using enum TypeId;

std::unexpected<Error> outside_domain(std::string_view function, std::string_view problem) {
  return fail(sql_state::kInvalidParameterValue,
              fmt::format("function {} is {}", function, problem));
}
// The result of finite arguments must be finite, and zero only where it may be.
Result<double> in_range(double result) {
  if (std::isinf(result)) return fail(value_overflow());
  return result;
}

template <typename T>
T ceiling(T x) {
  return std::ceil(x);
}
template <typename T>
T floor(T x) {
  return std::floor(x);
}
template <typename T>
T truncate(T x) {
  return std::trunc(x);
}
// Ties to even.
template <typename T>
T round(T x) {
  return std::nearbyint(x);
}

Result<double> square_root(double x) {
  if (x < 0) {
    return fail(sql_state::kInvalidPowerArgument, "cannot take square root of a negative number");
  }
  return std::sqrt(x);
}
// In the wider type, because the C library's own is off by one in the last place.
double cube_root(double x) {
  return static_cast<double>(std::cbrt(static_cast<long double>(x)));
}
Result<double> exponential(double x) {
  if (std::isinf(x)) return x > 0 ? x : 0.0;
  double out = std::exp(x);
  if (out == 0) return fail(value_underflow());
  return in_range(out);
}

struct Logarithm {
  std::string_view name;
  double (*function)(double);
};
Result<double> logarithm(const Logarithm& which, double x) {
  if (x == 0) return outside_domain(which.name, "not defined for zero");
  if (x < 0) return outside_domain(which.name, "not defined for negative numbers");
  return which.function(x);
}
Result<double> natural_logarithm(double x) {
  return logarithm({"ln", std::log}, x);
}
Result<double> decimal_logarithm(double x) {
  return logarithm({"log10", std::log10}, x);
}

Result<double> power(double x, double y) {
  if (x == 0 && y < 0) {
    return fail(sql_state::kInvalidPowerArgument, "zero raised to a negative power is undefined");
  }
  if (x < 0 && std::isfinite(x) && std::isfinite(y) && std::trunc(y) != y) {
    return fail(sql_state::kInvalidPowerArgument, "function pow cannot return complex numbers");
  }
  double out = std::pow(x, y);
  if (!std::isfinite(x) || !std::isfinite(y)) return out;
  if (out == 0 && x != 0) return fail(value_underflow());
  return in_range(out);
}

template <double (*function)(double)>
Result<double> finite_only(std::string_view name, double x) {
  if (std::isinf(x)) return outside_domain(name, "only defined for finite arguments");
  return function(x);
}
Result<double> sine(double x) {
  return finite_only<std::sin>("sin", x);
}
Result<double> cosine(double x) {
  return finite_only<std::cos>("cos", x);
}
Result<double> tangent(double x) {
  return finite_only<std::tan>("tan", x);
}
Result<double> cotangent(double x) {
  if (std::isinf(x)) return outside_domain("cot", "only defined for finite arguments");
  return 1 / std::tan(x);
}
template <double (*function)(double)>
Result<double> within_one(std::string_view name, double x) {
  if (x < -1 || x > 1) {
    return outside_domain(name, "defined for numbers between -1 and 1 inclusive");
  }
  return function(x);
}
Result<double> arc_sine(double x) {
  return within_one<std::asin>("asin", x);
}
Result<double> arc_cosine(double x) {
  return within_one<std::acos>("acos", x);
}
Result<double> area_tangent(double x) {
  return within_one<std::atanh>("atanh", x);
}
Result<double> area_cosine(double x) {
  if (x < 1) {
    return outside_domain("acosh", "defined for numbers greater than or equal to 1");
  }
  return std::acosh(x);
}
Result<double> hyperbolic_sine(double x) {
  double out = std::sinh(x);
  return std::isinf(x) ? Result<double>(out) : in_range(out);
}
Result<double> hyperbolic_cosine(double x) {
  double out = std::cosh(x);
  return std::isinf(x) ? Result<double>(out) : in_range(out);
}
double arc_tangent(double x) {
  return std::atan(x);
}
double hyperbolic_tangent(double x) {
  return std::tanh(x);
}
double area_sine(double x) {
  return std::asinh(x);
}
Result<double> degrees(double x) {
  double out = x * (180 / std::numbers::pi);
  return std::isinf(x) ? Result<double>(out) : in_range(out);
}
double radians(double x) {
  return x * (std::numbers::pi / 180);
}

template <auto function>
constexpr FunctionSpec real(std::string_view name) {
  return entry(name, {kFloat4}, kFloat4, row_kernel<function>);
}
template <auto function>
constexpr FunctionSpec unary(std::string_view name) {
  return entry(name, {kFloat8}, kFloat8, row_kernel<function>);
}

constexpr FunctionSpec kFunctions[] = {
    real<ceiling<float>>("ceil"),
    unary<ceiling<double>>("ceil"),
    real<ceiling<float>>("ceiling"),
    unary<ceiling<double>>("ceiling"),
    real<floor<float>>("floor"),
    unary<floor<double>>("floor"),
    real<truncate<float>>("trunc"),
    unary<truncate<double>>("trunc"),
    real<round<float>>("round"),
    unary<round<double>>("round"),
    unary<square_root>("sqrt"),
    unary<cube_root>("cbrt"),
    unary<exponential>("exp"),
    unary<natural_logarithm>("ln"),
    unary<decimal_logarithm>("log"),
    unary<decimal_logarithm>("log10"),
    entry("pow", {kFloat8, kFloat8}, kFloat8, row_kernel<power>),
    entry("power", {kFloat8, kFloat8}, kFloat8, row_kernel<power>),
    unary<sine>("sin"),
    unary<cosine>("cos"),
    unary<tangent>("tan"),
    unary<cotangent>("cot"),
    unary<arc_sine>("asin"),
    unary<arc_cosine>("acos"),
    unary<arc_tangent>("atan"),
    unary<hyperbolic_sine>("sinh"),
    unary<hyperbolic_cosine>("cosh"),
    unary<hyperbolic_tangent>("tanh"),
    unary<area_sine>("asinh"),
    unary<area_cosine>("acosh"),
    unary<area_tangent>("atanh"),
    unary<degrees>("degrees"),
    unary<radians>("radians"),
};

}  // namespace

std::span<const FunctionSpec> float_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
