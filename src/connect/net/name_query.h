// One question to c-ares, from the reading of the system's files to the answer.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "connect/net/name_resolver.h"

namespace penstock::connect {

// A channel of its own for each question: the files are read anew, and to give up is to destroy
// it. Owned and called by the loop's thread.
class NameQuery {
 public:
  // May be told within start(), and while c-ares is at work: must not destroy the query.
  using Found = std::function<void(Addresses)>;

  NameQuery(boost::asio::io_context& loop, Found found);
  ~NameQuery();
  NameQuery(const NameQuery&) = delete;
  NameQuery& operator=(const NameQuery&) = delete;

  // `name_servers`: empty = the system's.
  void start(const std::string& host, AddressFamily family, const std::string& name_servers);

 private:
  // A socket of c-ares, which opens and closes it.
  struct Watched {
    boost::asio::posix::stream_descriptor descriptor;
    bool read = false;
    bool write = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };

  static void on_socket(void* self, ares_socket_t socket, int read, int write);
  static void on_answer(void* self, int status, int timeouts, ares_addrinfo* answer);
  int open(const std::string& name_servers);
  void watch(ares_socket_t socket, bool read, bool write);
  void wait(ares_socket_t socket);
  void process(ares_socket_t readable, ares_socket_t writable);
  void set_timer();
  void finish(Addresses found);

  boost::asio::io_context& loop_;
  Found found_;  // Empty when it has been told.
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For a timer that has rung.
};

}  // namespace penstock::connect
