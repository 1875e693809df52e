// What arrays, lists, maps and records share: a value inside another one, as bytes and as text.
// Internal to this folder.
//
// Bytes of an element: a flag (0 NULL, 1 value), then the value: fixed kinds raw, little-endian;
// bytes as varint length and bytes.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes_io.h"
#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

void put_element(const SqlType& type, const Datum& value, std::string& out);
// REQUIRES: bytes that put_element made for this type; `in` turns failed otherwise.
Datum take_element(const SqlType& type, ByteReader& in);
// The bytes of the next element, flag included.
std::string_view take_element_bytes(const SqlType& type, ByteReader& in);

// NULL greatest.
std::strong_ordering compare_elements(const SqlType& type, const Datum& left, const Datum& right);

bool is_blank(char c);
// NULL in any case.
bool spells_null(std::string_view text);

// Appends an element of the braced text forms: NULL as such; quoted when it is empty, spells NULL,
// or holds white space or one of { } , " \ or of `special`.
void append_element_text(const SqlType& type, const Datum& value, std::string_view special,
                         std::string& out);
void append_quoted(std::string_view text, std::string_view special, std::string& out);
// The text forms of records and ranges: quoted when empty, or holding white space or one of " \ or
// of `special`; quotes and backslashes are then there twice.
void append_doubling_quotes(std::string_view text, std::string_view special, std::string& out);

// Reads the braced text forms of lists and maps piece by piece. `what` names the type in errors:
// `invalid input syntax for type WHAT: DETAIL: "TEXT"`.
class BracedReader {
 public:
  BracedReader(std::string_view what, std::string_view text)
      : what_(what), text_(text), rest_(text) {}

  std::unexpected<Error> bad(std::string_view detail) const;
  // expected WANTED, found the next character or the end of the text.
  std::unexpected<Error> expected(std::string_view wanted) const;

  void skip_blanks();
  bool take(std::string_view token);
  bool is(char c) const { return rest_.starts_with(c); }
  bool at_end() const { return rest_.empty(); }

  // Nothing for an unquoted NULL. An unquoted text goes up to a comma, a brace or `end` (unless
  // empty), without blanks around it.
  Result<std::optional<std::string>> text(std::string_view end);
  // From a brace to the one that closes it.
  Result<std::string_view> braces();

 private:
  Result<std::string> quoted();

  std::string_view what_;
  std::string_view text_;
  std::string_view rest_;
};

// Reads the text forms of records and ranges piece by piece, without the blanks around the whole:
// append_doubling_quotes() backwards, and a backslash before any character. Errors as
// BracedReader's.
class DoubledQuotesReader {
 public:
  DoubledQuotesReader(std::string_view what, std::string_view text);

  std::unexpected<Error> bad(std::string_view detail) const;
  bool take(char c);
  bool take_word(std::string_view lower_case);  // In any case.
  bool is(char c) const { return rest_.starts_with(c); }
  bool at_end() const { return rest_.empty(); }
  // Up to one of `ends` outside of quotes; NULL where nothing is before it. Blanks belong to it.
  Result<Datum> value(const SqlType& type, std::string_view ends);

 private:
  bool is_one_of(std::string_view ends) const { return !rest_.empty() && ends.contains(rest_[0]); }

  std::string_view what_;
  std::string_view text_;
  std::string_view rest_;
};

// Whether the text of a value of this type has braces of its own, so that it needs no quotes in
// another's.
bool has_braces(const SqlType& type);

}  // namespace penstock::types
