// OpenSSL fails here only when it has no memory or no such digest: both are checked, not reported.
#include "connect/kafka/auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

const EVP_MD* method(Digest digest) {
  return digest == Digest::kSha256 ? EVP_sha256() : EVP_sha512();
}

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* unsigned_bytes(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

size_t digest_size(Digest digest) {
  return digest == Digest::kSha256 ? 32 : 64;
}

std::string hash(Digest digest, std::string_view bytes) {
  std::string out(digest_size(digest), '\0');
  CHECK(EVP_Digest(bytes.data(), bytes.size(), unsigned_bytes(out), nullptr, method(digest),
                   nullptr) == 1);
  return out;
}

std::string hmac(Digest digest, HmacKey key, std::string_view bytes) {
  std::string out(digest_size(digest), '\0');
  // A null key would mean "the key of the last call".
  const char* key_bytes = key.bytes.empty() ? "" : key.bytes.data();
  CHECK(HMAC(method(digest), key_bytes, static_cast<int>(key.bytes.size()), unsigned_bytes(bytes),
             bytes.size(), unsigned_bytes(out), nullptr) != nullptr);
  return out;
}

std::string pbkdf2(Digest digest, std::string_view password, Pbkdf2Salt salt) {
  std::string out(digest_size(digest), '\0');
  const char* password_bytes = password.empty() ? "" : password.data();
  CHECK(PKCS5_PBKDF2_HMAC(password_bytes, static_cast<int>(password.size()),
                          unsigned_bytes(salt.bytes), static_cast<int>(salt.bytes.size()),
                          salt.iterations, method(digest), static_cast<int>(out.size()),
                          unsigned_bytes(out)) == 1);
  return out;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

RandomSource system_random() {
  return [](std::span<unsigned char> bytes) {
    CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  };
}

}  // namespace penstock::connect::kafka
