// Text forms of UUIDs.
#include "types/uuid.h"

#include "types/scalar_text.h"

namespace penstock::types {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Result<Fixed16> parse_uuid(std::string_view text) {
  std::string_view body = trim_blanks(text);
  if (body.starts_with("urn:uuid:")) body.remove_prefix(9);
  if (body.size() == 38 && body.front() == '{' && body.back() == '}') {
    body = body.substr(1, 36);
  }
  bool dashed = body.size() == 36;
  Fixed16 out = {};
  size_t nibbles = 0;
  bool good = dashed || body.size() == 32;
  for (size_t i = 0; good && i < body.size(); ++i) {
    if (dashed && (i == 8 || i == 13 || i == 18 || i == 23)) {
      good = body[i] == '-';
      continue;
    }
    int digit = hex_digit(body[i]);
    good = digit >= 0;
    auto& byte = out[nibbles / 2];
    byte = static_cast<char>(nibbles % 2 == 0 ? digit << 4 : static_cast<uint8_t>(byte) | digit);
    ++nibbles;
  }
  if (!good) return fail(invalid_syntax(TypeId::kUuid, "", text));
  return out;
}

void append_uuid(const Fixed16& uuid, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    auto byte = static_cast<uint8_t>(uuid[i]);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace penstock::types
