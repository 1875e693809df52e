// Accepting clients and finding them again.
#include "server/pgwire/pgwire_server.h"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/metrics.h"
#include "server/pgwire/pgwire_client.h"

namespace penstock::server {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr size_t kOpenerThreads = 2;
constexpr std::chrono::milliseconds kAcceptPause{100};

Gauge& connections_gauge() {
  return metric_gauge("penstock_pgwire_connections", "Clients of the SQL ports, now.", {});
}

}  // namespace

PgwireServer::PgwireServer(asio::io_context& loop)
    : loop_(loop), opener_(kOpenerThreads), pause_(loop) {}

PgwireServer::~PgwireServer() {
  clear();
}

void PgwireServer::add_listener(asio::ip::tcp::acceptor acceptor, bool internal_port) {
  listeners_.push_back(Listener{std::move(acceptor), internal_port});
}

void PgwireServer::serve(coordinator::SessionFactory& sessions) {
  sessions_ = &sessions;
  for (size_t i = 0; i < listeners_.size(); ++i) accept(i);
}

void PgwireServer::accept(size_t listener) {
  listeners_[listener].acceptor.async_accept(
      [this, listener](const ErrorCode& error, asio::ip::tcp::socket socket) {
        if (stopping_) return;
        if (error) return accept_later(listener);
        add(listener, std::move(socket));
        accept(listener);
      });
}

void PgwireServer::accept_later(size_t listener) {
  log_warn("server", "a connection could not be accepted", {});
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this, listener](const ErrorCode&) {
    if (!stopping_) accept(listener);
  });
}

void PgwireServer::add(size_t listener, asio::ip::tcp::socket socket) {
  const uint64_t id = next_id_++;
  auto client = std::make_unique<PgwireClient>(*this, id, std::move(socket),
                                               listeners_[listener].internal_port);
  PgwireClient& added = *client;
  clients_.emplace(id, std::move(client));
  connections_gauge().set(static_cast<double>(clients_.size()));
  added.start();
}

PgwireClient* PgwireServer::find(uint64_t id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void PgwireServer::remove(uint64_t id) {
  clients_.erase(id);
  connections_gauge().set(static_cast<double>(clients_.size()));
  if (stopping_ && clients_.empty()) gone_();
}

void PgwireServer::post(uint64_t id, ConnectionWork work) {
  if (ended_.load()) return;
  asio::post(loop_, [this, id, work = std::move(work)]() mutable {
    if (PgwireClient* client = find(id)) work(client->connection());
  });
}

void PgwireServer::stop(std::function<void()> gone) {
  stopping_ = true;
  gone_ = std::move(gone);
  pause_.cancel();
  for (Listener& listener : listeners_) {
    ErrorCode ignored;
    listener.acceptor.close(ignored);
  }
  std::vector<PgwireClient*> all;
  for (const auto& [id, client] : clients_) all.push_back(client.get());
  for (PgwireClient* client : all) client->stop();
  if (clients_.empty()) gone_();
}

void PgwireServer::clear() {
  ended_.store(true);
  opener_.stop();
  opener_.join();
  clients_.clear();
}

}  // namespace penstock::server
