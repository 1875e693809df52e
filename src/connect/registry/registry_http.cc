// The way to a registry.
#include "connect/registry/registry_http.h"

#include "connect/net/socket_loop.h"

namespace penstock::connect {
namespace {

constexpr size_t kAnswerBytesMax = 16 << 20;  // A list of subjects may be long.

}  // namespace

WaitingHttp registry_http(HttpClientOptions options) {
  options.body_bytes_max = kAnswerBytesMax;
  std::unique_ptr<EventLoop> loop = make_socket_loop();
  auto call = std::make_unique<HttpClient>(*loop, std::move(options));
  return {std::move(loop), std::move(call)};
}

RegistryError transport_error(const HttpError& error) {
  const bool lasting = error.fault == HttpFault::kOptions || error.fault == HttpFault::kUntrusted;
  return {lasting ? RegistryFault::kRefused : RegistryFault::kUnavailable,
          "transport: " + error.cause};
}

}  // namespace penstock::connect
