// The questions that are open, each with its own NameQuery. Answers go through the loop, so that
// nobody is told within his own call, nor destroys what is telling him.
#include "connect/net/name_resolver.h"

#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>

#include "connect/net/name_query.h"

namespace penstock::connect {

namespace asio = boost::asio;

namespace {

bool is_of(const asio::ip::address& address, AddressFamily family) {
  if (family == AddressFamily::kAny) return true;
  return address.is_v4() == (family == AddressFamily::kIpv4);
}

Addresses of_literal(const asio::ip::address& address, AddressFamily family) {
  if (is_of(address, family)) return std::vector{address};
  return std::unexpected(std::string("the address is not of the wanted family"));
}

class AresResolver final : public NameResolver {
 public:
  AresResolver(asio::io_context& loop, std::string name_servers)
      : loop_(loop), name_servers_(std::move(name_servers)) {}

  Query resolve(const std::string& host, AddressFamily family, Done done) override {
    const Query query = next_query_++;
    Open& open = open_[query];
    open.done = std::move(done);
    boost::system::error_code not_literal;
    const asio::ip::address address = asio::ip::make_address(host, not_literal);
    if (!not_literal) {
      post(query, of_literal(address, family));
    } else {
      open.names = std::make_unique<NameQuery>(
          loop_, [this, query](Addresses found) { post(query, std::move(found)); });
      open.names->start(host, family, name_servers_);
    }
    return query;
  }
  void cancel(Query query) override { open_.erase(query); }

 private:
  struct Open {
    Done done;
    std::unique_ptr<NameQuery> names = {};  // None of a literal.
  };

  void post(Query query, Addresses found) {
    asio::post(loop_,
               [this, alive = std::weak_ptr(alive_), query, answer = std::move(found)]() mutable {
                 if (alive.expired()) return;
                 auto entry = open_.extract(query);
                 if (!entry.empty()) entry.mapped().done(std::move(answer));
               });
  }

  asio::io_context& loop_;
  const std::string name_servers_;
  std::unordered_map<Query, Open> open_;
  Query next_query_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For what is posted.
};

}  // namespace

std::unique_ptr<NameResolver> make_system_resolver(asio::io_context& loop) {
  return std::make_unique<AresResolver>(loop, "");
}

std::unique_ptr<NameResolver> make_resolver_of(asio::io_context& loop,
                                               const std::string& name_servers) {
  return std::make_unique<AresResolver>(loop, name_servers);
}

}  // namespace penstock::connect
