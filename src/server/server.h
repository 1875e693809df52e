// The edge of the process: two SQL ports (PostgreSQL's protocol) and one for HTTP, served by one
// thread of its own.
//
//   Server::create  binds all ports; HTTP answers at once: /health/live, /metrics, /api/addresses
//   serve           accepts SQL; /health/ready turns 200
//   stop            tells the clients, waits for them for two seconds, joins the thread
//
// Lifetime: sessions answer from other threads, so a Server must be destroyed after whatever stands
// behind the SessionFactory has stopped: create the server first, destroy it last, and stop() it
// before the factory.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "coordinator/session_client.h"
#include "server/http/routes.h"

namespace penstock::server {

struct ListenAddresses {  // host:port each; port 0 is any free one.
  std::string sql;
  std::string internal_sql;  // For the superuser mz_system.
  std::string http;
};

class Server {
 public:
  // Errors: 22023, 58000 (an address is taken).
  static Result<std::unique_ptr<Server>> create(const ListenAddresses& listen);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Once. `sessions` must outlive stop().
  void serve(coordinator::SessionFactory& sessions);
  // Those in fact bound.
  const Addresses& addresses() const;
  // Idempotent; returns within a few seconds. All sessions are destroyed then.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::server
