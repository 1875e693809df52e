// For tests of links: a peer in a thread of its own over plain POSIX sockets, and an owner of a
// link that notes what it is told.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "connect/net/event_loop.h"

namespace penstock::connect {

using SteadyClock = std::chrono::steady_clock;
// Longer than anything takes on a busy machine.
constexpr std::chrono::seconds kPatience{30};

inline bool run_until(EventLoop& loop, const std::function<bool()>& reached) {
  const auto end = SteadyClock::now() + kPatience;
  while (!reached()) {
    if (SteadyClock::now() > end) return false;
    loop.run(std::chrono::milliseconds(5));
  }
  return true;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) { CHECK_OP(>=, fd, 0); }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

inline bool wait_for(int socket, short events) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  return poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0;
}

class Listener {
 public:
  explicit Listener(int backlog) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK_OP(==, bind(get(), as_sockaddr(address), size), 0);
    CHECK_OP(==, listen(get(), backlog), 0);
    CHECK_OP(==, getsockname(get(), as_sockaddr(address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  int get() const { return socket_.get(); }
  uint16_t port() const { return port_; }
  HostAndPort address() const { return {"127.0.0.1", port_}; }

  static sockaddr* as_sockaddr(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
  }

 private:
  Descriptor socket_;
  uint16_t port_ = 0;
};

// Accepts one connection and does `serve` with it; closes it afterwards.
class LoopbackPeer {
 public:
  explicit LoopbackPeer(std::function<void(int socket)> serve)
      : listener_(8), thread_([this, serve = std::move(serve)] {
          if (!wait_for(listener_.get(), POLLIN)) return;
          const Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
          const int on = 1;
          setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          serve(socket.get());
        }) {}
  HostAndPort address() const { return listener_.address(); }

 private:
  Listener listener_;
  std::jthread thread_;
};

inline std::string receive_exactly(int socket, size_t size) {
  std::string out(size, '\0');
  size_t filled = 0;
  while (filled < size && wait_for(socket, POLLIN)) {
    const ssize_t count = recv(socket, out.data() + filled, size - filled, 0);
    if (count <= 0) break;
    filled += static_cast<size_t>(count);
  }
  out.resize(filled);
  return out;
}

inline void receive_to_end(int socket) {
  char ignored[4096];
  while (wait_for(socket, POLLIN) && recv(socket, ignored, sizeof ignored, 0) > 0) {
  }
}

inline bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// Notes everything; each event can be given something to do besides.
struct LinkOwner : LinkEvents {
  void on_connected() override {
    ++connected;
    if (at_connected) at_connected();
  }
  std::span<char> read_buffer() override {
    if (at_read_buffer) at_read_buffer();
    return paused ? std::span<char>() : std::span<char>(buffer);
  }
  void on_read(size_t size) override {
    received.append(buffer.data(), size);
    if (at_read) at_read();
  }
  void on_closed(const LinkError& error) override {
    EXPECT_FALSE(closed) << "told twice";
    closed = error;
    if (at_closed) at_closed();
  }

  std::vector<char> buffer = std::vector<char>(64 << 10);
  bool paused = false;
  int connected = 0;
  std::string received;
  std::optional<LinkError> closed;
  std::function<void()> at_connected;
  std::function<void()> at_read_buffer;
  std::function<void()> at_read;
  std::function<void()> at_closed;
};

// A payload that owns its bytes, cut into pieces of a size.
inline Payload payload_of(std::string bytes, size_t piece_size) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  Payload out;
  for (size_t at = 0; at < owner->size(); at += piece_size) {
    out.pieces.push_back(std::string_view(*owner).substr(at, piece_size));
  }
  out.owner = std::move(owner);
  return out;
}

inline Payload payload_of(std::string bytes) {
  const size_t size = bytes.size();
  return payload_of(std::move(bytes), size);
}

// Bytes in which no stretch of some bytes comes twice at a distance that buffers have.
inline std::string pattern(size_t size) {
  std::string out(size, '\0');
  uint32_t state = 12345;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

}  // namespace penstock::connect
