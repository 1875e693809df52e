// HTTP over libcurl, beside whatever else the loop does: no call waits for a server.
//
// Follows no redirect, so that what is sent to one host is not sent to another; honours the proxy
// variables of the environment; wants TLS 1.2 and a certificate that can be verified. Belongs to
// the loop's thread. REQUIRES: the process ignores SIGPIPE.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/secret_string.h"
#include "connect/http/http_call.h"
#include "connect/net/event_loop.h"

namespace penstock::connect {

struct HttpClientOptions {
  std::string authorities = {};                      // PEM. None given: the system's.
  std::string certificate = {};                      // PEM, of ours.
  SecretString key = {};                             // PEM; of the certificate.
  std::chrono::milliseconds connect_timeout{5'000};  // Of resolving, connecting and TLS.
  size_t body_bytes_max = 1 << 20;                   // A token's answer has some kilobytes.
};

class HttpClient final : public HttpCall {
 public:
  // `loop` must outlive the client.
  HttpClient(EventLoop& loop, HttpClientOptions options);
  // Ends the open calls, and tells nobody.
  ~HttpClient() override;

  // `done` runs inside EventLoop::run(), and may destroy the client; for a request that cannot be
  // sent it runs at once. Errors: all of HttpFault.
  void start(HttpRequest request, Done done) override;

 private:
  class Exchange;
  struct Library;

  void look_at(EventLoop::Time time);
  void look();

  EventLoop& loop_;
  HttpClientOptions options_;
  std::unique_ptr<Library> library_;
  std::vector<std::unique_ptr<Exchange>> open_;
  std::optional<EventLoop::TimerId> timer_;
};

}  // namespace penstock::connect
