// PostgreSQL clients over TCP: accepts, reads, writes, and runs one Connection for each.
//
// Everything but the posting of work is done on the thread that runs the loop. Sessions are opened
// on a small pool of threads, because that may block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "coordinator/session_client.h"
#include "server/pgwire/connection.h"

namespace penstock::server {

class PgwireClient;

class PgwireServer {
 public:
  explicit PgwireServer(boost::asio::io_context& loop);
  ~PgwireServer();
  PgwireServer(const PgwireServer&) = delete;
  PgwireServer& operator=(const PgwireServer&) = delete;

  // Bound already; connections wait in the kernel until serve().
  void add_listener(boost::asio::ip::tcp::acceptor acceptor, bool internal_port);
  void serve(coordinator::SessionFactory& sessions);
  // Accepts no more and tells the clients; those that do not leave soon are cut off. `gone` is
  // called when none is left.
  void stop(std::function<void()> gone);
  // When the loop has ended: destroys all sessions, waits for those being opened, drops what comes.
  void clear();

  // --- for its clients ---
  boost::asio::io_context& loop() { return loop_; }
  coordinator::SessionFactory& sessions() { return *sessions_; }
  boost::asio::thread_pool& opener() { return opener_; }
  PgwireClient* find(uint64_t id);
  void remove(uint64_t id);
  // Any thread.
  void post(uint64_t id, ConnectionWork work);

 private:
  struct Listener {
    boost::asio::ip::tcp::acceptor acceptor;
    bool internal_port = false;
  };

  void accept(size_t listener);
  void accept_later(size_t listener);
  void add(size_t listener, boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& loop_;
  boost::asio::thread_pool opener_;
  std::vector<Listener> listeners_;
  boost::asio::steady_timer pause_;  // After accept() failed: no descriptors are left.
  coordinator::SessionFactory* sessions_ = nullptr;
  bool stopping_ = false;
  std::function<void()> gone_;
  std::atomic<bool> ended_{false};
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<PgwireClient>> clients_;
};

}  // namespace penstock::server
