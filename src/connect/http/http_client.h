// HTTP over libcurl, one request at a time. A call blocks until it is answered, its time is over,
// or the stop is noticed, which takes 100 ms at most.
//
// Follows no redirect, so that what is sent to one host is not sent to another; honours the proxy
// variables of the environment; wants TLS 1.2 and a certificate that can be verified. Thread-safe.
// REQUIRES: the process ignores SIGPIPE.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/stop_token.h"
#include "connect/http/http_call.h"

namespace penstock::connect {

struct HttpClientOptions {
  std::string authorities = {};                      // PEM. None given: the system's.
  std::chrono::milliseconds connect_timeout{5'000};  // Of resolving, connecting and TLS.
  size_t body_bytes_max = 1 << 20;                   // A token's answer has some kilobytes.
};

class HttpClient final : public HttpCall {
 public:
  // `stop` must outlive the client.
  HttpClient(HttpClientOptions options, const StopToken& stop);

  // Errors: all of HttpFault.
  HttpResult<HttpAnswer> perform(const HttpRequest& request) const;
  // `done` runs inside the call.
  void start(HttpRequest request, Done done) override;

 private:
  HttpClientOptions options_;
  const StopToken& stop_;
};

}  // namespace penstock::connect
