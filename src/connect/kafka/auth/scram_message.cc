// Chapter 3 (the algorithm), chapter 5.1 (attributes) and chapter 7 (the grammar) of RFC 5802.
#include "connect/kafka/auth/scram_message.h"

#include "base/check.h"

namespace penstock::connect::kafka {

std::string_view scram_mechanism(Digest digest) {
  return digest == Digest::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
}

std::string escape_scram_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::string> unescape_scram_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t taken = 3;
    if (text.starts_with("=2C")) {
      out.push_back(',');
    } else if (text.starts_with("=3D")) {
      out.push_back('=');
    } else if (text[0] == '=' || text[0] == ',') {
      return std::nullopt;
    } else {
      out.push_back(text[0]);
      taken = 1;
    }
    text.remove_prefix(taken);
  }
  return out;
}

std::optional<std::string_view> ScramAttributes::take(char name) {
  if (rest_.size() < 2 || rest_[0] != name || rest_[1] != '=') return std::nullopt;
  const size_t comma = rest_.find(',');
  const std::string_view value = rest_.substr(2, comma == rest_.npos ? comma : comma - 2);
  // A message that stops behind a ',' lacks an attribute: it has not ended.
  ended_ = comma == rest_.npos;
  rest_.remove_prefix(ended_ ? rest_.size() : comma + 1);
  return value;
}

ScramKeys derive_scram_keys(Digest digest, std::string_view password, Pbkdf2Salt salt) {
  const std::string salted = pbkdf2(digest, password, salt);
  ScramKeys keys;
  keys.client_key = hmac(digest, {salted}, "Client Key");
  keys.stored_key = hash(digest, keys.client_key);
  keys.server_key = hmac(digest, {salted}, "Server Key");
  return keys;
}

std::string ScramTranscript::auth_message() const {
  return client_first_bare + "," + server_first + "," + client_final_bare;
}

std::string scram_xor(std::string_view left, std::string_view right) {
  CHECK_OP(==, left.size(), right.size());
  std::string out(left);
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(left[i] ^ right[i]);
  return out;
}

}  // namespace penstock::connect::kafka
