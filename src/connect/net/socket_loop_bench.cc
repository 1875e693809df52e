// What the loop costs beside a bare blocking socket: a question and its answer of 100 bytes, and
// payloads of a megabyte that are acknowledged with one byte. The peer is the same for both.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "connect/net/socket_loop.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""s;

constexpr size_t kQuestion = 100;
constexpr size_t kPayload = size_t{1} << 20;

sockaddr* as_sockaddr(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

void no_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void send_all(int socket, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t size = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;
    sent += static_cast<size_t>(size);
  }
}

// False at the end.
bool receive_all(int socket, std::span<char> into) {
  for (size_t filled = 0; filled < into.size();) {
    const ssize_t size = recv(socket, into.data() + filled, into.size() - filled, 0);
    if (size <= 0) return false;
    filled += static_cast<size_t>(size);
  }
  return true;
}

// Takes questions of one size and gives answers of another, in a thread of its own.
class Answerer {
 public:
  Answerer(size_t question, size_t answer) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    CHECK_OP(==, bind(listener_, as_sockaddr(address_), size), 0);
    CHECK_OP(==, listen(listener_, 1), 0);
    CHECK_OP(==, getsockname(listener_, as_sockaddr(address_), &size), 0);
    thread_ = std::jthread([this, question, answer] {
      const int peer = accept(listener_, nullptr, nullptr);
      no_delay(peer);
      std::vector<char> buffer(question);
      const std::string reply(answer, 'a');
      while (receive_all(peer, buffer)) send_all(peer, reply);
      close(peer);
    });
  }
  ~Answerer() {
    thread_.join();
    close(listener_);
  }
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;
  sockaddr_in address() const { return address_; }

 private:
  const int listener_;
  sockaddr_in address_{};
  std::jthread thread_;
};

struct BareClient {
  explicit BareClient(sockaddr_in address) : fd(socket(AF_INET, SOCK_STREAM, 0)) {
    CHECK_OP(==, ::connect(fd, as_sockaddr(address), sizeof address), 0);
    no_delay(fd);
  }
  ~BareClient() { close(fd); }
  BareClient(const BareClient&) = delete;
  BareClient& operator=(const BareClient&) = delete;

  void ask(const std::string& question, size_t answer) {
    send_all(fd, question);
    CHECK(receive_all(fd, std::span(buffer).first(answer)));
  }

  const int fd;
  std::vector<char> buffer = std::vector<char>(64 << 10);
};

struct LoopClient : LinkEvents {
  explicit LoopClient(sockaddr_in address) {
    link = loop->connect({.address = {"127.0.0.1", ntohs(address.sin_port)}}, *this);
    while (!connected) loop->run(1s);
  }
  void on_connected() override { connected = true; }
  std::span<char> read_buffer() override { return buffer; }
  void on_read(size_t size) override { received += size; }
  void on_closed(const LinkError&) override { check_failed(__FILE__, __LINE__, "closed", ""); }

  void ask(const std::string& question, size_t answer) {
    received = 0;
    link->send({.pieces = {question}, .owner = nullptr});
    while (received < answer) loop->run(1s);
  }

  std::unique_ptr<EventLoop> loop = make_socket_loop();
  std::unique_ptr<Link> link;
  bool connected = false;
  size_t received = 0;
  std::vector<char> buffer = std::vector<char>(64 << 10);
};

template <typename Client>
void ping_pong(benchmark::State& state) {
  const Answerer answerer(kQuestion, kQuestion);
  Client client(answerer.address());
  const std::string question(kQuestion, 'q');
  for (auto _ : state) client.ask(question, kQuestion);
}

template <typename Client>
void megabytes(benchmark::State& state) {
  const Answerer answerer(kPayload, 1);
  Client client(answerer.address());
  const std::string payload(kPayload, 'p');
  for (auto _ : state) client.ask(payload, 1);
  state.SetBytesProcessed(static_cast<int64_t>(kPayload) * state.iterations());
}

// What a run costs that finds nothing to do.
void idle_run(benchmark::State& state) {
  const auto loop = make_socket_loop();
  for (auto _ : state) loop->run(std::chrono::microseconds(0));
}

// Time of the clock and of this thread's processor.
BENCHMARK_TEMPLATE(ping_pong, BareClient)->UseRealTime();
BENCHMARK_TEMPLATE(ping_pong, LoopClient)->UseRealTime();
BENCHMARK_TEMPLATE(megabytes, BareClient)->UseRealTime();
BENCHMARK_TEMPLATE(megabytes, LoopClient)->UseRealTime();
BENCHMARK(idle_run);

}  // namespace
}  // namespace penstock::connect

BENCHMARK_MAIN();
