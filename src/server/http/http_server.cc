// HTTP over Beast. Every wait has a deadline, every request a limit.
#include "server/http/http_server.h"

#include <chrono>
#include <optional>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace penstock::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {
constexpr std::chrono::milliseconds kAcceptPause{100};
}  // namespace

// One connection. Handlers carry its id and look it up; and they keep it alive, for what is being
// read or written lies in it, and is touched once more even when the server has closed it.
class HttpClient : public std::enable_shared_from_this<HttpClient> {
 public:
  HttpClient(HttpServer& server, uint64_t id, asio::ip::tcp::socket socket)
      : server_(server), id_(id), stream_(std::move(socket)) {}

  void read() {
    constexpr std::chrono::seconds kIdleTime{30};
    constexpr uint32_t kHeaderBytesMax = 8 << 10;
    constexpr uint64_t kBodyBytesMax = 64 << 10;
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(kIdleTime);
    http::async_read(
        stream_, buffer_, *parser_,
        [&server = server_, id = id_, self = shared_from_this()](const ErrorCode& error, size_t) {
          HttpClient* client = server.find(id);
          if (client == nullptr) return;
          if (error) return server.remove(id);
          client->answer();
        });
  }
  void close() { stream_.close(); }

 private:
  void answer() {
    const http::request<http::string_body>& request = parser_->get();
    const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
    HttpReply reply = server_.answer(view(request.method_string()), view(request.target()));
    response_ = {};
    response_.version(request.version());
    response_.result(reply.status);
    response_.set(http::field::server, "penstock");
    response_.set(http::field::content_type, reply.content_type);
    response_.keep_alive(request.keep_alive());
    const size_t size = reply.body.size();
    if (request.method() != http::verb::head) response_.body() = std::move(reply.body);
    response_.content_length(size);
    http::async_write(
        stream_, response_,
        [&server = server_, id = id_, self = shared_from_this()](const ErrorCode& error, size_t) {
          HttpClient* client = server.find(id);
          if (client == nullptr) return;
          if (error || !client->response_.keep_alive()) return server.remove(id);
          client->read();
        });
  }

  HttpServer& server_;
  const uint64_t id_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

HttpServer::HttpServer(asio::ip::tcp::acceptor acceptor, HttpHandler handler)
    : acceptor_(std::move(acceptor)),
      pause_(acceptor_.get_executor()),
      handler_(std::move(handler)) {}

HttpServer::~HttpServer() = default;

void HttpServer::serve() {
  accept();
}

void HttpServer::accept() {
  acceptor_.async_accept([this](const ErrorCode& error, asio::ip::tcp::socket socket) {
    if (stopping_) return;
    if (error) {
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](const ErrorCode&) {
        if (!stopping_) accept();
      });
      return;
    }
    const uint64_t id = next_id_++;
    auto client = std::make_shared<HttpClient>(*this, id, std::move(socket));
    HttpClient& added = *client;
    clients_.emplace(id, std::move(client));
    added.read();
    accept();
  });
}

void HttpServer::stop() {
  stopping_ = true;
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& [id, client] : clients_) client->close();
  clients_.clear();
}

HttpClient* HttpServer::find(uint64_t id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void HttpServer::remove(uint64_t id) {
  clients_.erase(id);
}

}  // namespace penstock::server
