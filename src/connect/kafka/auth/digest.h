// Hashes, keyed hashes and key derivation, by OpenSSL; and randomness for nonces. Pure functions,
// thread-safe. What they give is raw bytes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace penstock::connect::kafka {

enum class Digest { kSha256, kSha512 };

// Bytes of a hash: 32 or 64.
size_t digest_size(Digest digest);

std::string hash(Digest digest, std::string_view bytes);

struct HmacKey {
  std::string_view bytes;
};
// RFC 2104.
std::string hmac(Digest digest, HmacKey key, std::string_view bytes);

struct Pbkdf2Salt {
  std::string_view bytes;
  int iterations;
};
// RFC 8018 with HMAC; as long as the hash. Measured on the reference machine: 0.5 to 0.7 us of CPU
// an iteration.
std::string pbkdf2(Digest digest, std::string_view password, Pbkdf2Salt salt);

// Whether the bytes are equal, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view left, std::string_view right);

// Fills the bytes with what nobody can foresee. A simulation gives what it can repeat.
using RandomSource = std::function<void(std::span<unsigned char>)>;

// The operating system's randomness, through OpenSSL.
RandomSource system_random();

}  // namespace penstock::connect::kafka
