// Bytes as text: base64 (RFC 4648 chapters 4 and 5), hexadecimal, percent-encoding (RFC 3986), and
// the check that text is UTF-8. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// Padded, as SCRAM writes it.
std::string encode_base64(std::string_view bytes);
// Unpadded and with '-' and '_', as JSON Web Tokens are written.
std::string encode_base64_url(std::string_view bytes);

// None unless the text is exactly what the encoder of the same name gives for some bytes: a
// signature has one spelling only.
std::optional<std::string> decode_base64(std::string_view text);
std::optional<std::string> decode_base64_url(std::string_view text);

// Lower case.
std::string encode_hex(std::string_view bytes);
// Of either case; none for anything but pairs of digits.
std::optional<std::string> decode_hex(std::string_view text);

// Everything but letters, digits, '-', '.', '_' and '~' as %XX. Also valid in an HTML form.
std::string percent_encode(std::string_view bytes);

// Whether the bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

}  // namespace penstock
