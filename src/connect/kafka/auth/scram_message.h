// What both sides of SCRAM (RFC 5802) compute and how they write it: attributes
// "r=...,s=...,i=...", names with ',' and '=' escaped, keys and signatures. Pure functions,
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connect/kafka/auth/digest.h"

namespace penstock::connect::kafka {

// "n,,": no channel binding and no authorization identity; Kafka knows neither.
inline constexpr std::string_view kScramGs2Header = "n,,";

// RFC 7677 asks for at least 4,096 iterations, and a broker refuses to store fewer: a server that
// asks for less wants a password that is cheap to guess.
inline constexpr int kScramIterationsMin = 4'096;
// A server chooses how long we compute, before it has proved anything. A broker stores up to
// 16,384, today's advice for stored passwords is 600,000; a million costs the thread about a
// second.
inline constexpr int kScramIterationsMax = 1'000'000;

// "SCRAM-SHA-256", "SCRAM-SHA-512" (RFC 7677).
std::string_view scram_mechanism(Digest digest);

// ',' as "=2C" and '=' as "=3D".
std::string escape_scram_name(std::string_view name);
// None when a '=' is not one of the two, or a ',' stands bare.
std::optional<std::string> unescape_scram_name(std::string_view text);

// Takes attributes off the front of a message, in the order that the grammar wants them in.
class ScramAttributes {
 public:
  explicit ScramAttributes(std::string_view message) : rest_(message) {}

  // The value of the next attribute if it has this name, up to the ',' or the end. None otherwise,
  // and nothing is taken.
  std::optional<std::string_view> take(char name);
  // Whether everything was taken.
  bool ended() const { return ended_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

// What of a password a server stores; the client derives the same from the password.
struct ScramKeys {
  std::string client_key;  // The client's only: it proves who holds it.
  std::string stored_key;  // Its hash.
  std::string server_key;
};
// REQUIRES: iterations of the salt > 0.
ScramKeys derive_scram_keys(Digest digest, std::string_view password, Pbkdf2Salt salt);

// client-first-message-bare "," server-first-message "," client-final-message-without-proof.
struct ScramTranscript {
  std::string client_first_bare;
  std::string server_first;
  std::string client_final_bare;

  std::string auth_message() const;
};

// Byte by byte. REQUIRES: equal sizes.
std::string scram_xor(std::string_view left, std::string_view right);

}  // namespace penstock::connect::kafka
