// to_char of timestamps: a format compiled into a list of fields. Immutable after compile().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::expr {

class DateFormat {
 public:
  // Any text is a format: what is no field stands for itself.
  static DateFormat compile(std::string_view format);

  // `zoned`: a timestamptz, which has a time zone name (UTC) to show.
  void append(int64_t timestamp, bool zoned, std::string& out) const;

  struct Instant;  // A timestamp taken apart, in the source file.
  // Writes one field, with its leading zeros or trailing blanks if `padded`.
  using Writer = void (*)(const Instant& instant, bool padded, std::string& out);
  enum class Suffix : uint8_t { kNone, kUpper, kLower };

 private:
  struct Item {
    std::string literal;  // When there is no writer.
    Writer writer = nullptr;
    bool padded = true;
    Suffix ordinal = Suffix::kNone;  // 1st, 2ND
  };
  std::vector<Item> items_;
};

}  // namespace penstock::expr
