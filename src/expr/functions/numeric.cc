// Operators and functions on numeric.
#include "expr/functions/families.h"
#include "expr/numeric_value.h"

namespace penstock::expr {
namespace {

using types::Numeric;
using types::TypeId;
using enum TypeId;

Result<Numeric> add(const Numeric& a, const Numeric& b) {
  return a.add(b);
}
Result<Numeric> subtract(const Numeric& a, const Numeric& b) {
  return a.subtract(b);
}
Result<Numeric> multiply(const Numeric& a, const Numeric& b) {
  return a.multiply(b);
}
Result<Numeric> divide(const Numeric& a, const Numeric& b) {
  return a.divide(b);
}
Result<Numeric> modulo(const Numeric& a, const Numeric& b) {
  return a.modulo(b);
}
Numeric negate(const Numeric& a) {
  return a.negate();
}
Numeric absolute(const Numeric& a) {
  return a.absolute();
}
Result<Numeric> ceiling(const Numeric& a) {
  return a.ceiling();
}
Result<Numeric> floor(const Numeric& a) {
  return a.floor();
}
Numeric truncate(const Numeric& a) {
  return a.truncate(0);
}
Result<Numeric> round(const Numeric& a) {
  return a.round(0);
}
Result<Numeric> round_to(const Numeric& a, int32_t places) {
  return a.round(places);
}

template <auto function>
constexpr FunctionSpec unary(std::string_view name) {
  return entry(name, {kNumeric}, kNumeric, row_kernel<function>);
}
template <auto function>
constexpr FunctionSpec binary(std::string_view name) {
  return entry(name, {kNumeric, kNumeric}, kNumeric, row_kernel<function>);
}

constexpr FunctionSpec kFunctions[] = {
    binary<add>("+"),
    binary<subtract>("-"),
    binary<multiply>("*"),
    binary<divide>("/"),
    binary<modulo>("%"),
    binary<modulo>("mod"),
    preserving_uniqueness(unary<negate>("-")),
    unary<absolute>("abs"),
    unary<ceiling>("ceil"),
    unary<ceiling>("ceiling"),
    unary<floor>("floor"),
    unary<truncate>("trunc"),
    unary<round>("round"),
    entry("round", {kNumeric, kInt4}, kNumeric, row_kernel<round_to>),
    unary<types::numeric_sqrt>("sqrt"),
    unary<types::numeric_exp>("exp"),
    unary<types::numeric_ln>("ln"),
    unary<types::numeric_log10>("log"),
    unary<types::numeric_log10>("log10"),
    binary<types::numeric_log>("log"),
    binary<types::numeric_pow>("pow"),
    binary<types::numeric_pow>("power"),
};

}  // namespace

std::span<const FunctionSpec> numeric_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
