// Fills a message with values that follow from the fields' names alone, so that a program in
// another language, given the same rule, makes the same message. For tests.
//
//   integers: the low 7 bits of the sum of the name's bytes (bool: the lowest); in a second element
//   of an array, 1 more. Strings, bytes, records: the name. Uuids: sixteen times the integer.
//   Arrays: two elements. Fields that a version does not have keep their defaults.
#pragma once

#include <concepts>
#include <string_view>

#include "connect/kafka/protocol/codec.h"

namespace penstock::connect::kafka {

class NameFiller {
 public:
  explicit NameFiller(int16_t version) : version_(version) {}

  template <typename T>
  static void fill(T& message, int16_t version) {
    NameFiller filler(version);
    T::visit(message, filler);
  }

  template <typename Self, typename T>
  void field(Self& self, T Self::* member, const FieldRule& rule) {
    if (!rule.versions.has(version_)) return;
    name_ = rule.name;
    set(self.*member);
  }
  template <typename Self, typename T>
  void tagged(uint32_t, Self& self, T Self::* member, const FieldRule& rule) {
    field(self, member, rule);
  }
  void end_struct() {}

 private:
  int number() const {
    int sum = element_;
    for (char c : name_) sum += static_cast<unsigned char>(c);
    return sum & 0x7f;
  }

  void set(bool& value) { value = (number() & 1) != 0; }
  template <std::integral T>
  void set(T& value) {
    value = static_cast<T>(number());
  }
  void set(ErrorCode& value) { value = ErrorCode{static_cast<int16_t>(number())}; }
  void set(Uuid& value) { value.bytes.fill(static_cast<uint8_t>(number())); }
  void set(std::string& value) { value = name_; }
  void set(Records& value) { value.bytes = name_; }
  template <typename T>
  void set(std::optional<T>& value) {
    set(value.emplace());
  }
  template <typename T>
  void set(std::vector<T>& values) {
    const std::string_view name = name_;
    const int element = element_;
    for (int i = 0; i < 2; ++i) {
      name_ = name;
      element_ = i;
      set(values.emplace_back());
    }
    element_ = element;
  }
  template <typename T>
    requires requires(T& value, NameFiller& visitor) { T::visit(value, visitor); }
  void set(T& value) {
    T::visit(value, *this);
  }

  int16_t version_;
  std::string_view name_;
  int element_ = 0;  // Of the innermost array.
};

}  // namespace penstock::connect::kafka
