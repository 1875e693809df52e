// Reading lists of broker addresses.
#include "connect/kafka/client/client_options.h"

#include <charconv>

namespace penstock::connect::kafka {
namespace {

constexpr uint16_t kDefaultPort = 9092;

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::optional<HostAndPort> parse_address(std::string_view text) {
  // An IPv6 address with a port stands in brackets; without one it may stand alone.
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return std::nullopt;
  } else if (const size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (host.empty()) return std::nullopt;
  HostAndPort address{std::string(host), kDefaultPort};
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0)
    return std::nullopt;
  return address;
}

}  // namespace

std::optional<std::vector<HostAndPort>> parse_bootstrap(std::string_view servers) {
  std::vector<HostAndPort> addresses;
  while (true) {
    const size_t comma = servers.find(',');
    auto address = parse_address(trimmed(servers.substr(0, comma)));
    if (!address) return std::nullopt;
    addresses.push_back(std::move(*address));
    if (comma == std::string_view::npos) return addresses;
    servers.remove_prefix(comma + 1);
  }
}

}  // namespace penstock::connect::kafka
