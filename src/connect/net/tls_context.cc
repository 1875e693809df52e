// TlsContext over OpenSSL's SSL_CTX.
#include "connect/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "connect/net/openssl_deleter.h"

namespace penstock::connect {
namespace {

// What one system call may read: four records, so that a large answer does not cost two calls each.
constexpr size_t kReadBuffer = size_t{64} << 10;

using Bio = std::unique_ptr<BIO, OpensslDeleter<&BIO_free>>;
using Certificate = std::unique_ptr<X509, OpensslDeleter<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpensslDeleter<&EVP_PKEY_free>>;

Bio text_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate read_certificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

// Whether reading failed only because the text has come to its end.
bool at_end() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

using Failure = std::optional<std::string>;

Failure use_authorities(SSL_CTX* context, const std::string& pem) {
  if (pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return std::nullopt;
    return "failed to load the system's certificates: " + take_openssl_error();
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  const Bio bio = text_bio(pem);
  for (int number = 0;; ++number) {
    const Certificate certificate = read_certificate(bio.get());
    if (certificate == nullptr && number > 0 && at_end()) break;
    if (certificate == nullptr || X509_STORE_add_cert(store, certificate.get()) != 1) {
      return "failed to read certificate #" + std::to_string(number) +
             " from ssl.ca.pem: not in PEM format?: " + take_openssl_error();
    }
  }
  ERR_clear_error();
  return std::nullopt;
}

// Our certificate, followed by those that link it to its authority.
Failure use_certificate(SSL_CTX* context, const std::string& pem) {
  const Bio bio = text_bio(pem);
  const std::string failed = "ssl.certificate.pem failed: not in PEM format?: ";
  const Certificate own = read_certificate(bio.get());
  if (own == nullptr) return failed + take_openssl_error();
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return "ssl.certificate.pem failed: " + take_openssl_error();
  }
  while (Certificate next = read_certificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return failed + take_openssl_error();
    static_cast<void>(next.release());
  }
  if (!at_end()) return failed + take_openssl_error();
  ERR_clear_error();
  return std::nullopt;
}

// Without this OpenSSL would ask for a password at the terminal.
int give_password(char* into, int capacity, int, void* user) {
  const std::string& password = *static_cast<const std::string*>(user);
  const size_t size = std::min(password.size(), static_cast<size_t>(capacity));
  std::memcpy(into, password.data(), size);
  return static_cast<int>(size);
}

Failure use_key(SSL_CTX* context, const TlsOptions& options) {
  const Bio bio = text_bio(options.key.reveal());
  std::string password = options.key_password.reveal();
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &password));
  if (key == nullptr) {
    return "ssl.key.pem failed: not in PEM format?: " + take_openssl_error();
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return take_openssl_error();
  return std::nullopt;
}

Failure use_identity(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate.empty() && options.key.empty()) return std::nullopt;
  if (!options.certificate.empty()) {
    if (Failure failure = use_certificate(context, options.certificate)) return failure;
  }
  if (!options.key.empty()) {
    if (Failure failure = use_key(context, options)) return failure;
  }
  // One without the other, or two that do not belong together.
  if (SSL_CTX_check_private_key(context) != 1) return take_openssl_error();
  return std::nullopt;
}

LinkError material_error(std::string cause) {
  return {LinkFault::kTlsMaterial, std::move(cause)};
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long error = ERR_peek_error();
  const char* text = ERR_reason_error_string(error);
  std::string out = text != nullptr ? text : "error " + std::to_string(error);
  ERR_clear_error();
  return out;
}

void TlsContext::Deleter::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

std::expected<std::shared_ptr<const TlsContext>, LinkError> TlsContext::make(
    const TlsOptions& options) {
  ERR_clear_error();
  Handle context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return std::unexpected(material_error(take_openssl_error()));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // A peer that closes without saying so in TLS has closed: what is above knows where its messages
  // end.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  // Moving buffers, since small pieces are gathered anew at each try.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadBuffer);
  Failure failure = use_authorities(context.get(), options.authorities);
  if (!failure) failure = use_identity(context.get(), options);
  if (failure) return std::unexpected(material_error(*std::move(failure)));
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

}  // namespace penstock::connect
