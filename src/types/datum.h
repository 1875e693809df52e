// One owned SQL value, held by its physical kind: what it means is told by the SqlType beside it.
//
//   null                 any type
//   bool                 bool
//   int64_t              all integers (uint8 and mz_timestamp as bits), oid, date, time,
//   timestamp[tz] double               float4 (exactly), float8 Fixed16              uuid, interval
//   std::string          everything whose physical kind is kBytes
//
// Equality is of representation, not SQL equality: see compare.h. Plain value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace penstock::types {

using Fixed16 = std::array<char, 16>;

class Datum {
 public:
  Datum() = default;  // NULL
  static Datum null() { return Datum(); }
  static Datum boolean(bool value) { return Datum(Value(value)); }
  static Datum integer(int64_t value) { return Datum(Value(value)); }
  static Datum floating(double value) { return Datum(Value(value)); }
  static Datum fixed16(const Fixed16& value) { return Datum(Value(value)); }
  static Datum bytes(std::string value) { return Datum(Value(std::move(value))); }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool as_bool() const { return std::get<bool>(value_); }
  int64_t as_int() const { return std::get<int64_t>(value_); }
  double as_double() const { return std::get<double>(value_); }
  const Fixed16& as_fixed16() const { return std::get<Fixed16>(value_); }
  const std::string& as_bytes() const { return std::get<std::string>(value_); }

  friend bool operator==(const Datum&, const Datum&) = default;

 private:
  using Value = std::variant<std::monostate, bool, int64_t, double, Fixed16, std::string>;
  explicit Datum(Value value) : value_(std::move(value)) {}
  Value value_;
};

}  // namespace penstock::types
