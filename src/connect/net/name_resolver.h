// Host names to addresses, without blocking the loop and without threads: seam and implementation
// over c-ares, whose sockets and timeouts are the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connect/net/event_loop.h"

namespace penstock::connect {

using Addresses = std::expected<std::vector<boost::asio::ip::address>, std::string>;

// Owned and called by the loop's thread.
class NameResolver {
 public:
  using Done = std::move_only_function<void(Addresses)>;
  using Query = uint64_t;

  virtual ~NameResolver() = default;  // Drops what it is asked, and waits for nothing.
  // `done` is not called within this call. How long it takes is for the caller to bound: name
  // servers that are silent are asked again as /etc/resolv.conf says.
  virtual Query resolve(const std::string& host, AddressFamily family, Done done) = 0;
  // Nothing happens if it has been answered.
  virtual void cancel(Query query) = 0;
};

// Of a loop that outlives the resolver.
using MakeResolver = std::function<std::unique_ptr<NameResolver>(boost::asio::io_context& loop)>;

// As /etc/nsswitch.conf, /etc/hosts and /etc/resolv.conf say at the time of each question.
std::unique_ptr<NameResolver> make_system_resolver(boost::asio::io_context& loop);
// Asks these name servers ("127.0.0.1:5353,[::1]:53") where the system would ask its own.
std::unique_ptr<NameResolver> make_resolver_of(boost::asio::io_context& loop,
                                               const std::string& name_servers);

}  // namespace penstock::connect
