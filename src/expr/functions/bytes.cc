// Byte strings: encodings, single bytes and bits.
#include <fmt/core.h>

#include <array>
#include <bit>

#include "expr/functions/families.h"
#include "expr/hexadecimal.h"
#include "expr/row_kernel.h"
#include "expr/utf8.h"

namespace penstock::expr {
namespace {

using std::string;
using std::string_view;
using types::TypeId;
using enum TypeId;

std::unexpected<Error> invalid_text(string message) {
  return fail(sql_state::kInvalidTextRepresentation, std::move(message));
}
std::unexpected<Error> invalid_parameter(string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}
unsigned byte_value(char c) {
  return static_cast<unsigned char>(c);
}

string lower_ascii(string_view text) {
  string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// --- base64 (RFC 2045: lines of 76 characters) ---

constexpr string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kBase64Line = 76;

string encode_base64(string_view bytes) {
  string out;
  size_t line = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? byte_value(bytes[i + j]) : 0);
    if (line == kBase64Line) {
      out.push_back('\n');
      line = 0;
    }
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(j <= count ? kBase64[group >> (18 - 6 * j) & 63] : '=');
    }
    line += 4;
  }
  return out;
}

Result<string> decode_base64(string_view text) {
  string out;
  unsigned group = 0;
  int digits = 0;  // Of the group of four.
  int padding = 0;
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    if (c == '=') {
      if (padding == 0 && digits < 2) {
        return invalid_text("unexpected \"=\" while decoding base64 sequence");
      }
      ++padding;
      ++digits;
      group <<= 6;
    } else {
      size_t value = kBase64.find(c);
      if (value == string_view::npos || padding > 0) {
        return invalid_text(
            fmt::format("invalid symbol \"{}\" found while decoding base64 sequence", c));
      }
      group = group << 6 | static_cast<unsigned>(value);
      ++digits;
    }
    if (digits < 4) continue;
    for (int i = 0; i < 3 - padding; ++i) {
      out.push_back(static_cast<char>(group >> (16 - 8 * i) & 0xFF));
    }
    group = 0;
    digits = 0;
    if (padding > 0) padding = 3;  // Nothing may follow.
  }
  if (digits != 0) return invalid_text("invalid base64 end sequence");
  return out;
}

// --- hexadecimal ---

// -1 if it is no digit.
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<string> decode_hex(string_view text) {
  string out;
  int high = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (high < 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    int digit = hex_digit(c);
    if (digit < 0) {
      string_view rest = text.substr(i);
      return invalid_text(
          fmt::format("invalid hexadecimal digit: \"{}\"", rest.substr(0, character_bytes(rest))));
    }
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<char>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) return invalid_text("invalid hexadecimal data: odd number of digits");
  return out;
}

// --- escape: bytes that are no ASCII as \ooo ---

string encode_escape(string_view bytes) {
  string out;
  for (char c : bytes) {
    unsigned byte = byte_value(c);
    if (byte == 0 || byte >= 0x80) {
      out += fmt::format("\\{:03o}", byte);
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Result<string> decode_escape(string_view text) {
  string out;
  auto octal = [](char c, char most) { return c >= '0' && c <= most; };
  while (!text.empty()) {
    if (text[0] != '\\') {
      out.push_back(text[0]);
      text.remove_prefix(1);
    } else if (text.size() >= 2 && text[1] == '\\') {
      out.push_back('\\');
      text.remove_prefix(2);
    } else if (text.size() >= 4 && octal(text[1], '3') && octal(text[2], '7') &&
               octal(text[3], '7')) {
      out.push_back(
          static_cast<char>((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0')));
      text.remove_prefix(4);
    } else {
      return invalid_text("invalid input syntax for type bytea");
    }
  }
  return out;
}

Result<string> encode(string_view bytes, string_view format) {
  string name = lower_ascii(format);
  if (name == "base64") return encode_base64(bytes);
  if (name == "hex") return hexadecimal(bytes);
  if (name == "escape") return encode_escape(bytes);
  return invalid_parameter(fmt::format("invalid encoding name '{}'", format));
}
Result<string> decode(string_view text, string_view format) {
  string name = lower_ascii(format);
  if (name == "base64") return decode_base64(text);
  if (name == "hex") return decode_hex(text);
  if (name == "escape") return decode_escape(text);
  return invalid_parameter(fmt::format("invalid encoding name '{}'", format));
}

// --- character encodings ---

enum class Charset : uint8_t { kUtf8, kLatin1, kUnknown };

Charset charset_named(string_view name) {
  string lower = lower_ascii(name);
  std::erase_if(lower, [](char c) { return c == '-' || c == '_'; });
  if (lower == "utf8" || lower == "unicode11utf8") return Charset::kUtf8;
  if (lower == "latin1" || lower == "iso88591" || lower == "l1") return Charset::kLatin1;
  return Charset::kUnknown;
}

Result<string> convert_from(string_view bytes, string_view name) {
  switch (charset_named(name)) {
    case Charset::kUnknown:
      return invalid_parameter(fmt::format("invalid encoding name '{}'", name));
    case Charset::kLatin1: {
      string out;
      for (char c : bytes) append_character(byte_value(c), out);
      return out;
    }
    case Charset::kUtf8:
      break;
  }
  size_t bad = 0;
  bool valid = is_utf8(bytes, &bad);
  size_t zero = bytes.find('\0');
  if (zero != string_view::npos && (valid || zero < bad)) {
    bad = zero;
    valid = false;
  }
  if (!valid) {
    return fail(sql_state::kCharacterNotInRepertoire,
                fmt::format("invalid byte sequence '0x{:02x}' for encoding 'utf-8'",
                            byte_value(bytes[bad])));
  }
  return string(bytes);
}

int32_t length(string_view bytes) {
  return static_cast<int32_t>(bytes.size());
}
Result<int32_t> encoded_length(string_view bytes, string_view name) {
  ASSIGN_OR_RETURN(string text, convert_from(bytes, name));
  return static_cast<int32_t>(num_characters(text));
}

// --- bytes and bits ---

std::unexpected<Error> invalid_index(int32_t index, int64_t last) {
  return fail(sql_state::kArraySubscript,
              fmt::format("index {} out of valid range, 0..{}", index, last));
}
Result<int32_t> get_byte(string_view bytes, int32_t index) {
  if (index < 0 || static_cast<size_t>(index) >= bytes.size()) {
    return invalid_index(index, static_cast<int64_t>(bytes.size()) - 1);
  }
  return static_cast<int32_t>(byte_value(bytes[static_cast<size_t>(index)]));
}
Result<int32_t> get_bit(string_view bytes, int32_t index) {
  if (index < 0 || static_cast<size_t>(index) >= bytes.size() * 8) {
    return invalid_index(index, static_cast<int64_t>(bytes.size() * 8) - 1);
  }
  auto bit = static_cast<size_t>(index);
  return static_cast<int32_t>(byte_value(bytes[bit / 8]) >> (bit % 8) & 1);
}
int64_t bit_count(string_view bytes) {
  int64_t count = 0;
  for (char c : bytes) count += std::popcount(byte_value(c));
  return count;
}
constexpr FunctionSpec kFunctions[] = {
    entry("encode", {kBytea, kText}, kText, row_kernel<encode>),
    entry("decode", {kText, kText}, kBytea, row_kernel<decode>),
    entry("convert_from", {kBytea, kText}, kText, row_kernel<convert_from>),
    entry("length", {kBytea}, kInt4, row_kernel<length>),
    entry("length", {kBytea, kText}, kInt4, row_kernel<encoded_length>),
    entry("get_byte", {kBytea, kInt4}, kInt4, row_kernel<get_byte>),
    entry("get_bit", {kBytea, kInt4}, kInt4, row_kernel<get_bit>),
    entry("bit_count", {kBytea}, kInt8, row_kernel<bit_count>),
};

}  // namespace

std::span<const FunctionSpec> byte_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
