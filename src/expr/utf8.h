// Walking over UTF-8 text. Text values are valid UTF-8; where bytes are not, each counts as one
// character, so that nothing reads past the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::expr {

// Bytes of the character that begins `text`. REQUIRES: not empty.
inline size_t character_bytes(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return bytes <= text.size() ? bytes : 1;
}

// The character that begins `text`, taken off. REQUIRES: not empty.
inline char32_t take_character(std::string_view& text) {
  size_t bytes = character_bytes(text);
  auto lead = static_cast<unsigned char>(text[0]);
  char32_t out = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    out = out << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  text.remove_prefix(bytes);
  return out;
}

inline void append_character(char32_t c, std::string& out) {
  auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// Byte offset of character `index`; the size of the text when it has fewer.
inline size_t character_offset(std::string_view text, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += character_bytes(text.substr(at));
  return at;
}

size_t num_characters(std::string_view text);
bool is_ascii(std::string_view text);
// Whether the bytes are UTF-8; otherwise `*bad` is the offset of the first wrong byte.
bool is_utf8(std::string_view bytes, size_t* bad);

// Simple case mapping by Unicode, whatever the process's locale.
char32_t lower_character(char32_t c);
char32_t upper_character(char32_t c);
bool is_alphanumeric(char32_t c);
std::string lower_text(std::string_view text);
std::string upper_text(std::string_view text);

}  // namespace penstock::expr
