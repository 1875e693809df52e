// NameResolver over getaddrinfo().
#include "connect/net/name_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace penstock::connect {

namespace asio = boost::asio;

namespace {

int system_family(AddressFamily family) {
  if (family == AddressFamily::kAny) return AF_UNSPEC;
  return family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
}

bool is_of(const asio::ip::address& address, AddressFamily family) {
  if (family == AddressFamily::kAny) return true;
  return address.is_v4() == (family == AddressFamily::kIpv4);
}

asio::ip::address to_address(const addrinfo& entry) {
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(entry.ai_addrlen);
  std::memcpy(endpoint.data(), entry.ai_addr, entry.ai_addrlen);
  return endpoint.address();
}

Addresses of_literal(const asio::ip::address& address, AddressFamily family) {
  if (is_of(address, family)) return std::vector{address};
  return std::unexpected(std::string("the address is not of the wanted family"));
}

}  // namespace

Addresses system_lookup(const std::string& host, AddressFamily family) {
  addrinfo hints{};
  hints.ai_family = system_family(family);
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (code == EAI_SYSTEM) return std::unexpected(std::system_category().message(errno));
  if (code != 0) return std::unexpected(std::string(gai_strerror(code)));
  std::vector<asio::ip::address> found;
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    const asio::ip::address address = to_address(*entry);
    if (std::ranges::find(found, address) == found.end()) found.push_back(address);
  }
  freeaddrinfo(first);
  return found;
}

// Where a lookup leaves what it found, as long as somebody is there to take it.
struct NameResolver::Mailbox {
  std::mutex mutex;
  NameResolver* owner = nullptr;
};

NameResolver::NameResolver(asio::io_context& loop, Lookup lookup)
    : loop_(loop), lookup_(std::move(lookup)), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->owner = this;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->owner = nullptr;
}

NameResolver::Query NameResolver::resolve(const std::string& host, AddressFamily family,
                                          Done done) {
  const Query query = next_query_++;
  waiting_.emplace(query, std::move(done));
  boost::system::error_code not_literal;
  const asio::ip::address address = asio::ip::make_address(host, not_literal);
  if (not_literal) {
    start_lookup(query, host, family);
  } else {
    post(*mailbox_, query, of_literal(address, family));
  }
  return query;
}

void NameResolver::start_lookup(Query query, const std::string& host, AddressFamily family) {
  try {
    std::thread([mailbox = mailbox_, lookup = lookup_, query, host, family] {
      post(*mailbox, query, lookup(host, family));
    }).detach();
  } catch (const std::system_error& error) {
    post(*mailbox_, query, std::unexpected(std::string(error.what())));
  }
}

void NameResolver::post(Mailbox& mailbox, Query query, Addresses found) {
  const std::lock_guard lock(mailbox.mutex);
  if (mailbox.owner == nullptr) return;
  asio::post(mailbox.owner->loop_,
             [owner = mailbox.owner, query, found = std::move(found)]() mutable {
               owner->deliver(query, std::move(found));
             });
}

void NameResolver::cancel(Query query) {
  waiting_.erase(query);
}

void NameResolver::deliver(Query query, Addresses found) {
  auto entry = waiting_.extract(query);
  if (!entry.empty()) entry.mapped()(std::move(found));
}

}  // namespace penstock::connect
