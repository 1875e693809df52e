// Reading and writing of one socket.
#include "server/pgwire/pgwire_client.h"

#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "server/listen_address.h"
#include "server/pgwire/pgwire_server.h"

namespace penstock::server {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr int kStartupSeconds = 60;
constexpr int kFarewellSeconds = 2;  // For what was sent to arrive before the socket is closed.

}  // namespace

PgwireClient::PgwireClient(PgwireServer& server, uint64_t id, asio::ip::tcp::socket socket,
                           bool internal_port)
    : server_(server),
      id_(id),
      socket_(std::move(socket)),
      deadline_(server.loop()),
      idle_(server.loop()),
      internal_port_(internal_port) {}

void PgwireClient::start() {
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  const asio::ip::tcp::endpoint peer = socket_.remote_endpoint(ignored);
  connection_ = std::make_unique<Connection>(
      *this, ConnectionPeer{internal_port_, ignored ? std::string() : text_of(peer)});
  remove_after(kStartupSeconds);
  read();
}

void PgwireClient::stop() {
  if (finishing_) return;
  connection_->on_shutdown();
  remove_after(kFarewellSeconds);
}

// --- reading ---

void PgwireClient::read() {
  if (reading_ || !connection_ || (!finishing_ && !connection_->wants_bytes())) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_),
                          [&server = server_, id = id_](const ErrorCode& error, size_t size) {
                            PgwireClient* client = server.find(id);
                            if (client != nullptr) client->on_read(bool(error), size);
                          });
}

void PgwireClient::on_read(bool broken, size_t size) {
  reading_ = false;
  if (broken) return server_.remove(id_);
  if (!finishing_) connection_->on_bytes(std::string_view(input_.data(), size));
  read();
}

void PgwireClient::more_wanted() {
  read();
}

// --- writing ---

void PgwireClient::send(std::string bytes) {
  output_.push_back(std::move(bytes));
  if (output_.size() == 1) write();
}

void PgwireClient::write() {
  asio::async_write(socket_, asio::buffer(output_.front()),
                    [&server = server_, id = id_](const ErrorCode& error, size_t) {
                      PgwireClient* client = server.find(id);
                      if (client != nullptr) client->on_written(bool(error));
                    });
}

void PgwireClient::on_written(bool broken) {
  if (broken) return server_.remove(id_);
  output_.pop_front();
  if (!output_.empty()) return write();
  if (finishing_) return close_output();
  connection_->on_sent();
}

void PgwireClient::finish() {
  if (finishing_) return;
  finishing_ = true;
  remove_after(kFarewellSeconds);
  if (output_.empty()) close_output();
}

// The client sees the end after what was sent; its own end is waited for, because closing a socket
// with unread input would throw away what it has not received yet.
void PgwireClient::close_output() {
  ErrorCode ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  read();
}

void PgwireClient::remove_after(int seconds) {
  deadline_.expires_after(std::chrono::seconds(seconds));
  deadline_.async_wait([&server = server_, id = id_](const ErrorCode& error) {
    PgwireClient* client = error ? nullptr : server.find(id);
    if (client == nullptr) return;
    if (client->finishing_ || !client->connection_->established()) server.remove(id);
  });
}

void PgwireClient::limit_idle(std::chrono::milliseconds limit) {
  if (limit.count() == 0) {
    idle_.expires_at(std::chrono::steady_clock::time_point::max());
    return;
  }
  idle_.expires_after(limit);
  idle_.async_wait([&server = server_, id = id_](const ErrorCode& error) {
    PgwireClient* client = error ? nullptr : server.find(id);
    // A message may have come between the timer and this.
    if (client == nullptr || client->idle_.expiry() > std::chrono::steady_clock::now()) return;
    client->connection_->on_idle_too_long();
  });
}

// --- the session ---

ConnectionMailbox PgwireClient::mailbox() {
  return [&server = server_, id = id_](ConnectionWork work) { server.post(id, std::move(work)); };
}

void PgwireClient::open_session(
    coordinator::StartupRequest request,
    coordinator::Done<std::unique_ptr<coordinator::SessionClient>> done) {
  asio::post(server_.opener(),
             [&sessions = server_.sessions(), request = std::move(request),
              done = std::move(done)]() mutable { done(sessions.open(std::move(request))); });
}

void PgwireClient::cancel(uint32_t connection_id, uint32_t secret) {
  server_.sessions().cancel(connection_id, secret);
}

}  // namespace penstock::server
