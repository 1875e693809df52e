// Prints a failed CHECK to standard error and aborts.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace penstock {

void check_failed(const char* file, int line, const char* condition, const std::string& values) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s%s%s\n", file, line, condition,
               values.empty() ? "" : ": ", values.c_str());
  std::fflush(stderr);
  std::abort();
}

std::string check_text(std::string_view value) {
  return "\"" + std::string(value) + "\"";
}
std::string check_text(long long value) {
  return std::to_string(value);
}
std::string check_text(unsigned long long value) {
  return std::to_string(value);
}
std::string check_text(double value) {
  return std::to_string(value);
}

}  // namespace penstock
