// jsonb as its canonical compact text: no blanks, object keys sorted bytewise and unique (the last
// of duplicates wins), numbers as Numeric prints them, strings with the fewest escapes. Equal
// values have equal text, and printing is the identity.
//
// Functions that take a `json` view require canonical text; views they give point into it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/numeric.h"

namespace penstock::types {

// In the order in which values of different kinds compare.
enum class JsonKind : uint8_t { kFalse, kTrue, kString, kArray, kObject, kNumber, kNull };

// Canonical text of any JSON text. Error 22P02: syntax, a number that Numeric cannot hold, nesting
// deeper than 128, an escape that is no character.
Result<std::string> parse_jsonb(std::string_view text);

JsonKind jsonb_kind(std::string_view json);
// false < true < string < array < object < number < null; strings by bytes; arrays and objects by
// their first difference, a prefix before what it begins.
std::strong_ordering compare_jsonb(std::string_view left, std::string_view right);

// Appends `text` (UTF-8) as a JSON string.
void append_json_string(std::string_view text, std::string& out);
// The text of a JSON string. REQUIRES: kind kString.
std::string jsonb_string(std::string_view json);
// REQUIRES: kind kNumber.
Numeric jsonb_number(std::string_view json);

// The member's value; nothing when absent or `json` is no object.
std::optional<std::string_view> jsonb_member(std::string_view json, std::string_view key);
// The element, counted from the end when negative; nothing when absent or `json` is no array.
std::optional<std::string_view> jsonb_element(std::string_view json, int64_t index);

// Walks the elements of an array or the members of an object, in order; over anything else, none.
class JsonReader {
 public:
  explicit JsonReader(std::string_view json);
  // Goes to the next; false at the end.
  bool next();
  // The member's key as JSON text, in quotes. Of an object only.
  std::string_view key_json() const { return key_; }
  std::string key() const { return jsonb_string(key_); }
  std::string_view value() const { return value_; }

 private:
  std::string_view rest_;
  bool object_ = false;
  std::string_view key_;
  std::string_view value_;
};

// Puts together a canonical object from members in any order; the last of equal keys wins.
class JsonObjectBuilder {
 public:
  void set(std::string_view key, std::string_view json) {
    members_.insert_or_assign(std::string(key), std::string(json));
  }
  void erase(std::string_view key);
  std::string finish() const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

}  // namespace penstock::types
