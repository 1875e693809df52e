// Wiring of the ports on one event loop.
#include "server/server.h"
#include "base/thread_name.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/http_server.h"
#include "server/listen_address.h"
#include "server/pgwire/pgwire_server.h"

namespace penstock::server {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds kStopTime{3};  // A little longer than clients have to leave.

}  // namespace

// The order of the members is the order of creation; the thread is joined in stop().
struct Server::Parts {
  asio::io_context loop;
  asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
  asio::steady_timer stop_timer{loop};
  Addresses addresses;
  std::atomic<bool> ready{false};
  PgwireServer pgwire{loop};
  std::optional<HttpServer> http;
  std::thread thread;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::create(const ListenAddresses& listen) {
  auto parts = std::make_unique<Parts>();
  Parts& made = *parts;
  ASSIGN_OR_RETURN(auto sql, listen_at(made.loop, listen.sql));
  ASSIGN_OR_RETURN(auto internal_sql, listen_at(made.loop, listen.internal_sql));
  ASSIGN_OR_RETURN(auto http, listen_at(made.loop, listen.http));
  boost::system::error_code ignored;
  made.addresses = {text_of(sql.local_endpoint(ignored)),
                    text_of(internal_sql.local_endpoint(ignored)),
                    text_of(http.local_endpoint(ignored))};
  made.pgwire.add_listener(std::move(sql), false);
  made.pgwire.add_listener(std::move(internal_sql), true);
  made.http.emplace(std::move(http), [&made](std::string_view method, std::string_view target) {
    return route(method, target, made.addresses, made.ready.load());
  });
  made.http->serve();
  made.thread = std::thread([&made] {
    name_this_thread("server");
    made.loop.run();
  });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  stop();
}

void Server::serve(coordinator::SessionFactory& sessions) {
  asio::post(parts_->loop, [parts = parts_.get(), &sessions] {
    parts->pgwire.serve(sessions);
    parts->ready.store(true);
  });
}

const Addresses& Server::addresses() const {
  return parts_->addresses;
}

void Server::stop() {
  if (!parts_->thread.joinable()) return;
  asio::post(parts_->loop, [parts = parts_.get()] {
    parts->ready.store(false);
    parts->pgwire.stop([parts] { parts->loop.stop(); });
    parts->http->stop();
    parts->stop_timer.expires_after(kStopTime);
    parts->stop_timer.async_wait([parts](const boost::system::error_code& error) {
      if (!error) parts->loop.stop();
    });
  });
  parts_->thread.join();
  parts_->pgwire.clear();
  // Answers that came too late are destroyed here, while what they refer to still exists.
  parts_->loop.restart();
  parts_->loop.poll();
}

}  // namespace penstock::server
