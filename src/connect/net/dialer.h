// From a host name to a connected socket: looks the name up, then tries its addresses in order
// until one answers. Of the time that is left each address may take its share, so that a silent
// first one does not keep the others from being tried.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "connect/net/event_loop.h"
#include "connect/net/loop_parts.h"

namespace penstock::connect {

class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Done = std::move_only_function<void(std::expected<Socket, LinkError>)>;

  Dialer(LoopParts& parts, const LinkOptions& options, EventLoop::Time end, Done done);

  // `done` is called once, later, unless the dialer is abandoned.
  void start();
  void abandon();

 private:
  void resolved(Addresses found);
  void try_next();
  void attempt_ended(size_t attempt, const boost::system::error_code& error);
  void attempt_failed(LinkError error);
  void finish(std::expected<Socket, LinkError> result);
  void stop_waiting();

  LoopParts& parts_;
  const HostAndPort address_;
  const AddressFamily family_;
  const bool keep_alive_;
  const EventLoop::Time end_;
  Done done_;  // Empty when finished or abandoned.
  Socket socket_;
  std::vector<boost::asio::ip::address> addresses_;
  size_t tried_ = 0;
  std::optional<LinkError> error_;  // The most telling one so far.
  NameResolver::Query query_ = 0;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace penstock::connect
