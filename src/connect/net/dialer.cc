// Dialer over Asio's sockets. The handlers keep the dialer alive; which attempt they belong to
// tells the late ones apart.
#include "connect/net/dialer.h"

#include <boost/asio/error.hpp>
#include <chrono>
#include <utility>

namespace penstock::connect {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// The send buffer is left alone: setting its size would end its growth, which follows what the way
// can carry (to 4 MiB by default), and payloads of a megabyte were slower with a fixed one.
void tune(tcp::socket& socket, bool keep_alive) {
  // A connection works without these, too.
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(keep_alive), ignored);
}

LinkError connect_failure(const error_code& error) {
  if (error == asio::error::connection_refused) return {LinkFault::kRefused, error.message()};
  if (error == asio::error::timed_out) return {LinkFault::kTimeout, error.message()};
  return {LinkFault::kUnreachable, error.message()};
}

}  // namespace

Dialer::Dialer(LoopParts& parts, const LinkOptions& options, EventLoop::Time end, Done done)
    : parts_(parts),
      address_(options.address),
      family_(options.family),
      keep_alive_(options.keep_alive),
      end_(end),
      done_(std::move(done)),
      socket_(parts.io) {}

void Dialer::start() {
  auto self = shared_from_this();
  timer_ = parts_.timers.add(end_, [self] {
    self->finish(std::unexpected(LinkError{LinkFault::kTimeout, "host name lookup timed out"}));
  });
  query_ = parts_.resolver->resolve(address_.host, family_,
                                    [self](Addresses found) { self->resolved(std::move(found)); });
}

void Dialer::resolved(Addresses found) {
  stop_waiting();
  if (!found) {
    return finish(std::unexpected(LinkError{LinkFault::kResolve, std::move(found.error())}));
  }
  addresses_ = *std::move(found);
  try_next();
}

void Dialer::try_next() {
  if (tried_ == addresses_.size()) {
    LinkError none{LinkFault::kResolve, "the host name has no address"};
    return finish(std::unexpected(std::move(error_).value_or(std::move(none))));
  }
  const size_t left = addresses_.size() - tried_;
  const tcp::endpoint endpoint(addresses_[tried_++], address_.port);
  error_code error;
  socket_.close(error);
  socket_.open(endpoint.protocol(), error);
  if (error) return attempt_failed(connect_failure(error));
  tune(socket_, keep_alive_);
  const auto now = std::chrono::steady_clock::now();
  auto self = shared_from_this();
  timer_ = parts_.timers.add(now + (end_ - now) / static_cast<int64_t>(left), [self] {
    self->attempt_failed({LinkFault::kTimeout, "connecting timed out"});
  });
  socket_.async_connect(endpoint, [self, attempt = tried_](const error_code& result) {
    self->attempt_ended(attempt, result);
  });
}

void Dialer::attempt_ended(size_t attempt, const error_code& error) {
  if (done_ == nullptr || attempt != tried_ || !socket_.is_open()) return;
  if (error) return attempt_failed(connect_failure(error));
  finish(std::move(socket_));
}

void Dialer::attempt_failed(LinkError error) {
  stop_waiting();
  // That there is no way (of IPv6, most often) says less than what another address has said.
  const bool telling = error.fault != LinkFault::kUnreachable;
  if (!error_ || (telling && error_->fault == LinkFault::kUnreachable)) error_ = std::move(error);
  try_next();
}

void Dialer::finish(std::expected<Socket, LinkError> result) {
  stop_waiting();
  // The system would go on connecting for minutes, and its handler keep us.
  error_code ignored;
  if (!result) socket_.close(ignored);
  Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

void Dialer::abandon() {
  stop_waiting();
  done_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
}

void Dialer::stop_waiting() {
  parts_.timers.cancel(timer_);
  parts_.resolver->cancel(query_);
}

}  // namespace penstock::connect
