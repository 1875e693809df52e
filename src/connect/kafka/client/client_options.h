// How a client reaches brokers and how patient it is. Plain values; nothing here is contacted.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/client/client_metrics.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

struct ConnectionOptions {
  std::string client_id;
  std::optional<TlsOptions> tls = {};  // The host name is that of each broker.
  AddressFamily family = AddressFamily::kAny;
  bool keep_alive = true;
  // Of everything until the first request may be sent.
  std::chrono::milliseconds setup_timeout{30'000};
  std::chrono::milliseconds backoff_first{100};
  std::chrono::milliseconds backoff_most{10'000};
  // Of one response. Fetch asks for 50 MiB at most, and may get one batch more.
  size_t max_response_bytes = 128 << 20;
  // Where it is counted; several clients may share it.
  std::shared_ptr<ClientMetrics> metrics = std::make_shared<ClientMetrics>();
  // Where an advertised address is really reached: tunnels. Not given: there.
  std::function<HostAndPort(const HostAndPort&)> reach = {};
};

struct ClientOptions {
  ConnectionOptions connection;
  std::vector<HostAndPort> bootstrap;
  // Of one request; longer than the broker's own timeouts of what it does for us.
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds retry_backoff{100};
  std::chrono::milliseconds retry_backoff_most{1'000};
  // Leaders move without our having asked anything of them.
  std::chrono::milliseconds metadata_max_age{300'000};
};

// "host:port, [::1]:9092, host" -> addresses; the port is 9092 if it is not given. None: malformed.
std::optional<std::vector<HostAndPort>> parse_bootstrap(std::string_view servers);

}  // namespace penstock::connect::kafka
