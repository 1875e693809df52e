// The HTTP port: small requests, small answers, connections kept alive. Owned by the thread that
// runs the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/routes.h"

namespace penstock::server {

class HttpClient;

using HttpHandler = std::function<HttpReply(std::string_view method, std::string_view target)>;

class HttpServer {
 public:
  HttpServer(boost::asio::ip::tcp::acceptor acceptor, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void serve();
  void stop();

  // --- for its clients ---
  HttpClient* find(uint64_t id);
  void remove(uint64_t id);
  HttpReply answer(std::string_view method, std::string_view target) {
    return handler_(method, target);
  }

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;  // After accept() failed: no descriptors are left.
  HttpHandler handler_;
  bool stopping_ = false;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<HttpClient>> clients_;
};

}  // namespace penstock::server
