// CHECK: an invariant of ours; on in every build; a failure prints the place, the text and the
// values given, and aborts. DCHECK: the same for hot loops, only in builds with PENSTOCK_DCHECK.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace penstock {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& values);

// A readable form of what a failed CHECK compares.
std::string check_text(std::string_view value);
std::string check_text(long long value);
std::string check_text(unsigned long long value);
std::string check_text(double value);
template <typename T>
std::string check_value(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::floating_point<T>) {
    return check_text(static_cast<double>(value));
  } else if constexpr (std::signed_integral<T>) {
    return check_text(static_cast<long long>(value));
  } else if constexpr (std::unsigned_integral<T>) {
    return check_text(static_cast<unsigned long long>(value));
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    return check_text(std::string_view(value));
  } else {
    return "?";
  }
}

}  // namespace penstock

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) [[unlikely]] {                                \
      ::penstock::check_failed(__FILE__, __LINE__, #condition, {}); \
    }                                                               \
  } while (false)

// CHECK_OP(==, a, b): compares and, when it fails, prints both values.
#define CHECK_OP(op, left, right)                                                                \
  do {                                                                                           \
    const auto& check_left = (left);                                                             \
    const auto& check_right = (right);                                                           \
    if (!(check_left op check_right)) [[unlikely]] {                                             \
      ::penstock::check_failed(                                                                  \
          __FILE__, __LINE__, #left " " #op " " #right,                                          \
          ::penstock::check_value(check_left) + " and " + ::penstock::check_value(check_right)); \
    }                                                                                            \
  } while (false)

#ifdef PENSTOCK_DCHECK
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#endif
