// A peer's words are shown to people and written into logs: they must neither flood nor steer them.
#include "connect/kafka/auth/auth_error.h"

namespace penstock::connect::kafka {

std::string quoted_from_peer(std::string_view text) {
  constexpr size_t kShown = 300;  // Twice the longest text that a broker is known to send.
  std::string out(text.substr(0, kShown));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  if (text.size() > kShown) out += "...";
  return out;
}

std::string without_secret(std::string text, const SecretString& secret) {
  constexpr std::string_view kInstead = "(secret)";
  const std::string& value = secret.reveal();
  if (value.empty()) return text;
  for (size_t at = text.find(value); at != text.npos; at = text.find(value, at + kInstead.size()))
    text.replace(at, value.size(), kInstead);
  return text;
}

}  // namespace penstock::connect::kafka
