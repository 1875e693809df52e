// Character counts, validity and case mapping.
#include "expr/utf8.h"

#include <wctype.h>

#include <algorithm>
#include <clocale>

#include "base/check.h"

namespace penstock::expr {
namespace {

// Unicode's case mapping is a property of the text, not of the process: a locale of our own.
locale_t unicode_locale() {
  static const locale_t kLocale = [] {
    locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    CHECK(made != nullptr);
    return made;
  }();
  return kLocale;
}

constexpr char32_t kSharpS = 0xDF;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Bytes of the well-formed character at the front (RFC 3629, section 4); 0 if there is none.
size_t valid_character_bytes(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  size_t bytes = lead >= 0xC2 && lead < 0xE0   ? 2
                 : (lead & 0xF0) == 0xE0       ? 3
                 : lead >= 0xF0 && lead < 0xF5 ? 4
                                               : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  bool surrogate = lead == 0xED && byte(1) >= 0xA0;
  bool beyond = lead == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : bytes;
}

}  // namespace

size_t num_characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view bytes, size_t* bad) {
  for (size_t at = 0; at < bytes.size();) {
    size_t length = valid_character_bytes(bytes.substr(at));
    if (length == 0) {
      *bad = at;
      return false;
    }
    at += length;
  }
  return true;
}

char32_t lower_character(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode_locale()));
}

char32_t upper_character(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode_locale()));
}

bool is_alphanumeric(char32_t c) {
  if (c < 0x80)
    return (c >= '0' && c <= '9') || (lower_character(c) >= 'a' && lower_character(c) <= 'z');
  return iswalnum_l(static_cast<wint_t>(c), unicode_locale()) != 0;
}

std::string lower_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) append_character(lower_character(take_character(text)), out);
  return out;
}

std::string upper_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t c = take_character(text);
    if (c == kSharpS) {
      out += "SS";
    } else {
      append_character(upper_character(c), out);
    }
  }
  return out;
}

}  // namespace penstock::expr
