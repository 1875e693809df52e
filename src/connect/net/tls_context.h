// What all TLS streams of a client have in common: trusted authorities, our certificate and our
// key, read out of PEM texts once. Reading the system's authorities takes many milliseconds, so the
// one who makes links keeps the context.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "connect/net/event_loop.h"

struct ssl_ctx_st;

namespace penstock::connect {

class TlsContext {
 public:
  // Fails with LinkFault::kTlsMaterial. The texts call the material as Kafka's clients do
  // ("ssl.key.pem failed: ..."), as that is what users look for.
  static std::expected<std::shared_ptr<const TlsContext>, LinkError> make(
      const TlsOptions& options);

  ssl_ctx_st* handle() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* context) const;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Deleter>;

  explicit TlsContext(Handle context) : context_(std::move(context)) {}

  Handle context_;
};

// The text of the first error that OpenSSL has noted for this thread; forgets them all.
std::string take_openssl_error();

}  // namespace penstock::connect
