// Resolving, binding, listening.
#include "server/listen_address.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include <fmt/core.h>

namespace penstock::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct HostAndPort {
  std::string host;
  std::string port;
};

Result<HostAndPort> split(std::string_view address) {
  const size_t colon = address.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  uint16_t number = 0;
  const auto [end, status] = std::from_chars(port.data(), port.data() + port.size(), number);
  std::string_view host = address.substr(0, port.empty() ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || status != std::errc() || end != port.data() + port.size()) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid listen address \"{}\": expected host:port", address));
  }
  return HostAndPort{std::string(host), std::string(port)};
}

std::unexpected<Error> refused(std::string_view address, const boost::system::error_code& why) {
  return fail(sql_state::kSystemError,
              fmt::format("cannot listen at {}: {}", address, why.message()));
}

}  // namespace

Result<tcp::acceptor> listen_at(asio::io_context& loop, std::string_view address) {
  ASSIGN_OR_RETURN(const HostAndPort parts, split(address));
  boost::system::error_code error;
  tcp::resolver resolver(loop);
  const auto found = resolver.resolve(parts.host, parts.port, tcp::resolver::passive, error);
  if (error || found.empty()) return refused(address, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(loop);
  if (acceptor.open(endpoint.protocol(), error)) return refused(address, error);
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), error)) {
    return refused(address, error);
  }
  if (acceptor.bind(endpoint, error)) return refused(address, error);
  if (acceptor.listen(tcp::acceptor::max_listen_connections, error)) return refused(address, error);
  return acceptor;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  const std::string host = address.to_string();
  return address.is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                         : fmt::format("{}:{}", host, endpoint.port());
}

}  // namespace penstock::server
