// One client's socket, and the Connection it serves. Owned by PgwireServer, on the loop thread.
// Handlers carry the client's id and look it up, so a client may be removed at any time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/pgwire/connection.h"

namespace penstock::server {

class PgwireServer;

class PgwireClient : public ConnectionHost {
 public:
  PgwireClient(PgwireServer& server, uint64_t id, boost::asio::ip::tcp::socket socket,
               bool internal_port);

  void start();
  // Says that the server stops; cut off after a while.
  void stop();
  Connection& connection() { return *connection_; }

  // --- ConnectionHost ---
  void send(std::string bytes) override;
  void finish() override;
  void more_wanted() override;
  void limit_idle(std::chrono::milliseconds limit) override;
  ConnectionMailbox mailbox() override;
  void open_session(coordinator::StartupRequest request,
                    coordinator::Done<std::unique_ptr<coordinator::SessionClient>> done) override;
  void cancel(uint32_t connection_id, uint32_t secret) override;

 private:
  void read();
  void on_read(bool broken, size_t size);
  void write();
  void on_written(bool broken);
  void close_output();
  // Removes the client after `seconds` unless the timer is set anew or the client is gone.
  void remove_after(int seconds);

  PgwireServer& server_;
  const uint64_t id_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer idle_;
  std::array<char, 16 << 10> input_;
  std::deque<std::string> output_;
  const bool internal_port_;
  bool reading_ = false;
  bool finishing_ = false;
  std::unique_ptr<Connection> connection_;
};

}  // namespace penstock::server
