// c-ares on Asio: it tells which of its sockets shall be watched, and is told when they are ready
// or when its next timeout has come.
#include "connect/net/name_query.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace penstock::connect {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

namespace {

int system_family(AddressFamily family) {
  if (family == AddressFamily::kAny) return AF_UNSPEC;
  return family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
}

asio::ip::address to_address(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, node.ai_addr, sizeof four);
    return asio::ip::address_v4(ntohl(four.sin_addr.s_addr));
  }
  sockaddr_in6 six{};
  std::memcpy(&six, node.ai_addr, sizeof six);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, six.sin6_scope_id);
}

std::vector<asio::ip::address> to_addresses(const ares_addrinfo& answer) {
  std::vector<asio::ip::address> found;
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    const asio::ip::address address = to_address(*node);
    if (std::ranges::find(found, address) == found.end()) found.push_back(address);
  }
  return found;
}

}  // namespace

NameQuery::NameQuery(asio::io_context& loop, Found found)
    : loop_(loop), found_(std::move(found)), timer_(loop) {}

NameQuery::~NameQuery() {
  found_ = nullptr;
  if (channel_ != nullptr) ares_destroy(channel_);
}

int NameQuery::open(const std::string& name_servers) {
  // Not thread-safe, and loops are of many threads.
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) return library;
  ares_options options{};
  options.sock_state_cb = &NameQuery::on_socket;
  options.sock_state_cb_data = this;
  const int status = ares_init_options(&channel_, &options, ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS || name_servers.empty()) return status;
  return ares_set_servers_ports_csv(channel_, name_servers.c_str());
}

void NameQuery::start(const std::string& host, AddressFamily family,
                      const std::string& name_servers) {
  if (const int status = open(name_servers); status != ARES_SUCCESS)
    return finish(std::unexpected(std::string(ares_strerror(status))));
  ares_addrinfo_hints hints{};
  hints.ai_family = system_family(family);
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &NameQuery::on_answer, this);
  set_timer();
}

void NameQuery::on_answer(void* self, int status, int, ares_addrinfo* answer) {
  auto& query = *static_cast<NameQuery*>(self);
  Addresses found = std::unexpected(std::string(ares_strerror(status)));
  if (status == ARES_SUCCESS) found = to_addresses(*answer);
  if (answer != nullptr) ares_freeaddrinfo(answer);
  query.finish(std::move(found));
}

void NameQuery::finish(Addresses found) {
  if (Found told = std::exchange(found_, nullptr)) told(std::move(found));
}

void NameQuery::on_socket(void* self, ares_socket_t socket, int read, int write) {
  static_cast<NameQuery*>(self)->watch(socket, read != 0, write != 0);
}

void NameQuery::watch(ares_socket_t socket, bool read, bool write) {
  if (!read && !write) {
    const auto gone = sockets_.extract(socket);
    // It is c-ares that closes it.
    if (!gone.empty()) gone.mapped()->descriptor.release();
    return;
  }
  auto& watched = sockets_[socket];
  if (!watched) watched.reset(new Watched{stream_descriptor(loop_, socket)});
  watched->read = read;
  watched->write = write;
  wait(socket);
}

// One wait at a time in each direction. A handler that outlives its socket, and the query with it,
// finds nothing: the number of a socket may be another's by then.
void NameQuery::wait(ares_socket_t socket) {
  const std::shared_ptr<Watched> watched = sockets_.at(socket);
  const std::weak_ptr<Watched> weak = watched;
  if (watched->read && !std::exchange(watched->waits_to_read, watched->read)) {
    watched->descriptor.async_wait(stream_descriptor::wait_read,
                                   [this, weak, socket](const error_code& error) {
                                     const auto alive = weak.lock();
                                     if (!alive || error) return;
                                     alive->waits_to_read = false;
                                     process(socket, ARES_SOCKET_BAD);
                                   });
  }
  if (watched->write && !std::exchange(watched->waits_to_write, watched->write)) {
    watched->descriptor.async_wait(stream_descriptor::wait_write,
                                   [this, weak, socket](const error_code& error) {
                                     const auto alive = weak.lock();
                                     if (!alive || error) return;
                                     alive->waits_to_write = false;
                                     process(ARES_SOCKET_BAD, socket);
                                   });
  }
}

void NameQuery::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  for (const ares_socket_t socket : {readable, writable})
    if (sockets_.contains(socket)) wait(socket);
  set_timer();
}

void NameQuery::set_timer() {
  timeval room{};
  const timeval* next = ares_timeout(channel_, nullptr, &room);
  if (next == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(next->tv_sec) +
                       std::chrono::microseconds(next->tv_usec));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const error_code& error) {
    if (!error && !alive.expired()) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace penstock::connect
