// A value that must not be printed: it has no text form, and only reveal() gives it out, at the
// client library that needs it.
#pragma once

#include <string>
#include <utility>

namespace penstock {

class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const SecretString&, const SecretString&) = default;

 private:
  std::string value_;
};

}  // namespace penstock
