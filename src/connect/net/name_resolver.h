// Host names to addresses, without blocking the loop.
//
// The system's lookup cannot be cancelled and may take half a minute when no name server answers.
// Each lookup therefore has a thread that nobody waits for: it owns all that it touches, and what
// it found is dropped when the loop is gone. (Asio's own resolver would be joined by the loop's
// destructor.)
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "connect/net/event_loop.h"

namespace penstock::connect {

using Addresses = std::expected<std::vector<boost::asio::ip::address>, std::string>;

// Called from threads of its own; must not touch what a loop owns.
using Lookup = std::function<Addresses(const std::string& host, AddressFamily family)>;
Addresses system_lookup(const std::string& host, AddressFamily family);

class NameResolver {
 public:
  using Done = std::move_only_function<void(Addresses)>;
  using Query = uint64_t;

  // Answers come out of `loop`, which must outlive the resolver.
  NameResolver(boost::asio::io_context& loop, Lookup lookup);
  ~NameResolver();  // Waits for no lookup.
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // `done` is not called within this call.
  Query resolve(const std::string& host, AddressFamily family, Done done);
  void cancel(Query query);

 private:
  struct Mailbox;
  static void post(Mailbox& mailbox, Query query, Addresses found);
  void start_lookup(Query query, const std::string& host, AddressFamily family);
  void deliver(Query query, Addresses found);

  boost::asio::io_context& loop_;
  const Lookup lookup_;
  std::shared_ptr<Mailbox> mailbox_;  // Shared with the lookups' threads.
  std::unordered_map<Query, Done> waiting_;
  Query next_query_ = 1;
};

}  // namespace penstock::connect
