// Hashes and message authentication codes.
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "expr/functions/families.h"
#include "expr/hexadecimal.h"
#include "expr/row_kernel.h"
#include "expr/seahash.h"

namespace penstock::expr {
namespace {

using std::string;
using std::string_view;
using types::TypeId;
using enum TypeId;

string digest_with(const EVP_MD* algorithm, string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  CHECK_OP(==, EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, algorithm, nullptr), 1);
  return string(reinterpret_cast<const char*>(out.data()), size);
}

string md5(string_view bytes) {
  return hexadecimal(digest_with(EVP_md5(), bytes));
}
string sha224(string_view bytes) {
  return digest_with(EVP_sha224(), bytes);
}
string sha256(string_view bytes) {
  return digest_with(EVP_sha256(), bytes);
}
string sha384(string_view bytes) {
  return digest_with(EVP_sha384(), bytes);
}
string sha512(string_view bytes) {
  return digest_with(EVP_sha512(), bytes);
}

// Null when there is no such algorithm.
const EVP_MD* algorithm_named(string_view name) {
  if (name == "md5") return EVP_md5();
  if (name == "sha1") return EVP_sha1();
  if (name == "sha224") return EVP_sha224();
  if (name == "sha256") return EVP_sha256();
  if (name == "sha384") return EVP_sha384();
  if (name == "sha512") return EVP_sha512();
  return nullptr;
}
std::unexpected<Error> invalid_algorithm(string_view name) {
  return fail(sql_state::kInvalidParameterValue, fmt::format("invalid hash algorithm '{}'", name));
}

Result<string> digest(string_view bytes, string_view name) {
  const EVP_MD* algorithm = algorithm_named(name);
  if (algorithm == nullptr) return invalid_algorithm(name);
  return digest_with(algorithm, bytes);
}

Result<string> hmac(string_view bytes, string_view key, string_view name) {
  const EVP_MD* algorithm = algorithm_named(name);
  if (algorithm == nullptr) return invalid_algorithm(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  CHECK(HMAC(algorithm, key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(),
             &size) != nullptr);
  return string(reinterpret_cast<const char*>(out.data()), size);
}

// The polynomial of zlib, reflected, byte by byte.
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xEDB88320u : 0);
    table[byte] = value;
  }
  return table;
}();
uint32_t crc32(string_view bytes) {
  uint32_t out = 0xFFFFFFFF;
  for (char c : bytes) out = out >> 8 ^ kCrcTable[(out ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~out;
}

// The first 16 bytes of SHA-1 over namespace and name, marked version 5 (RFC 9562, section 5.5).
types::Fixed16 uuid_version5(const types::Fixed16& space, string_view name) {
  string bytes(space.data(), space.size());
  bytes.append(name);
  string hash = digest_with(EVP_sha1(), bytes);
  types::Fixed16 out;
  std::copy_n(hash.data(), out.size(), out.data());
  out[6] = static_cast<char>((out[6] & 0x0F) | 0x50);
  out[8] = static_cast<char>((static_cast<unsigned char>(out[8]) & 0x3Fu) | 0x80u);
  return out;
}

constexpr FunctionSpec kFunctions[] = {
    entry("md5", {kText}, kText, row_kernel<md5>),
    entry("md5", {kBytea}, kText, row_kernel<md5>),
    entry("sha224", {kBytea}, kBytea, row_kernel<sha224>),
    entry("sha256", {kBytea}, kBytea, row_kernel<sha256>),
    entry("sha384", {kBytea}, kBytea, row_kernel<sha384>),
    entry("sha512", {kBytea}, kBytea, row_kernel<sha512>),
    entry("digest", {kText, kText}, kBytea, row_kernel<digest>),
    entry("digest", {kBytea, kText}, kBytea, row_kernel<digest>),
    entry("hmac", {kText, kText, kText}, kBytea, row_kernel<hmac>),
    entry("hmac", {kBytea, kBytea, kText}, kBytea, row_kernel<hmac>),
    entry("crc32", {kText}, kUInt4, row_kernel<crc32>),
    entry("crc32", {kBytea}, kUInt4, row_kernel<crc32>),
    entry("kafka_murmur2", {kText}, kInt4, row_kernel<kafka_murmur2>),
    entry("kafka_murmur2", {kBytea}, kInt4, row_kernel<kafka_murmur2>),
    entry("seahash", {kText}, kUInt8, row_kernel<seahash>),
    entry("seahash", {kBytea}, kUInt8, row_kernel<seahash>),
    entry("uuid_generate_v5", {kUuid, kText}, kUuid, row_kernel<uuid_version5>),
};

}  // namespace

std::span<const FunctionSpec> hash_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
