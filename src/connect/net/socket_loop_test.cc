// SocketLoop and its plain links against peers of plain sockets on the loopback interface.
#include "connect/net/socket_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>

#include "connect/net/dialer.h"
#include "connect/net/loopback_peer_test.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;

class SocketLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<Link> connect(const HostAndPort& address, LinkOwner& owner) {
    return loop_->connect({.address = address}, owner);
  }
  // What the link was told when it could not be set up, or was ended.
  LinkError end_of(const LinkOptions& options) {
    LinkOwner owner;
    const auto link = loop_->connect(options, owner);
    EXPECT_FALSE(owner.closed) << "within the call";
    if (!run_until(*loop_, [&] { return owner.closed.has_value(); })) ADD_FAILURE() << "no end";
    return owner.closed.value_or(LinkError{});
  }

  std::unique_ptr<EventLoop> loop_ = make_socket_loop();
};

// Sends back what it gets, with a buffer much smaller than what is under way.
void echo(int socket) {
  std::vector<char> buffer(200'000);
  while (wait_for(socket, POLLIN)) {
    const ssize_t size = recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0) return;
    if (!send_all(socket, {buffer.data(), static_cast<size_t>(size)})) return;
  }
}

TEST_F(SocketLoopTest, EchoesMuchInBothDirectionsAgainstBackPressure) {
  constexpr size_t kPayloads = 64;
  const LoopbackPeer peer(echo);
  const std::string bytes = pattern(size_t{1} << 20);
  LinkOwner owner;
  owner.received.reserve(bytes.size() * kPayloads);
  const auto link = connect(peer.address(), owner);
  // Before it is connected; pieces of many sizes, more of them than one call takes.
  for (size_t i = 0; i < kPayloads; ++i) link->send(payload_of(bytes, 1 + i * i * 5'000));
  EXPECT_EQ(link->unsent_bytes(), bytes.size() * kPayloads);
  int pauses = 0;
  owner.at_read = [&] { owner.paused = owner.received.size() / 1'000'000 > size_t(pauses); };
  const bool all = run_until(*loop_, [&] {
    if (owner.paused) {
      ++pauses;
      owner.paused = false;
      link->resume_reading();
    }
    return owner.received.size() == bytes.size() * kPayloads;
  });
  ASSERT_TRUE(all) << owner.received.size();
  EXPECT_EQ(link->unsent_bytes(), 0u);
  EXPECT_GT(pauses, 10);
  for (size_t i = 0; i < kPayloads; ++i) {
    ASSERT_EQ(std::string_view(owner.received).substr(i * bytes.size(), bytes.size()), bytes);
  }
  EXPECT_EQ(owner.connected, 1);
  EXPECT_FALSE(owner.closed);
}

TEST_F(SocketLoopTest, WhatIsSentOutsideLeavesWithTheNextRun) {
  std::atomic<bool> arrived = false;
  const LoopbackPeer peer([&](int socket) { arrived = receive_exactly(socket, 6) == "abcdef"; });
  LinkOwner owner;
  const auto link = connect(peer.address(), owner);
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.connected == 1; }));
  link->send({{"abc", "", "def"}, nullptr});
  EXPECT_EQ(link->unsent_bytes(), 6u);
  loop_->run(0us);
  EXPECT_EQ(link->unsent_bytes(), 0u);
  // Without any further run.
  const auto end = SteadyClock::now() + kPatience;
  while (!arrived && SteadyClock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(arrived);
}

TEST_F(SocketLoopTest, WhatACallbackSendsLeavesInTheSameRun) {
  const LoopbackPeer peer([&](int socket) {
    send_all(socket, "x");
    receive_to_end(socket);
  });
  LinkOwner owner;
  std::unique_ptr<Link> link = connect(peer.address(), owner);
  owner.at_read = [&] { link->send({{"answer"}, nullptr}); };
  ASSERT_TRUE(run_until(*loop_, [&] { return !owner.received.empty(); }));
  EXPECT_EQ(link->unsent_bytes(), 0u);
}

TEST_F(SocketLoopTest, TellsWhyThereIsNoConnection) {
  uint16_t free_port = 0;
  {
    free_port = Listener(1).port();
  }
  const LinkError refused = end_of({.address = {"127.0.0.1", free_port}});
  EXPECT_EQ(refused.fault, LinkFault::kRefused);
  EXPECT_EQ(refused.cause, "Connection refused");
  const LinkError unknown = end_of({.address = {std::string(70, 'x') + ".invalid", 9092}});
  EXPECT_EQ(unknown.fault, LinkFault::kResolve);
  EXPECT_FALSE(unknown.cause.empty());
  const LinkError family =
      end_of({.address = {"127.0.0.1", free_port}, .family = AddressFamily::kIpv6});
  EXPECT_EQ(family.fault, LinkFault::kResolve);
  // No host may have this address.
  const LinkError nowhere = end_of({.address = {"255.255.255.255", 9092}});
  EXPECT_EQ(nowhere.fault, LinkFault::kUnreachable);
}

// The system accepts a few by itself; then the listener answers nobody.
std::vector<std::unique_ptr<Descriptor>> fill_backlog(const Listener& listener) {
  std::vector<std::unique_ptr<Descriptor>> fill;
  for (int i = 0; i < 8; ++i) {
    fill.push_back(std::make_unique<Descriptor>(
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(listener.port());
    EXPECT_NE(::connect(fill.back()->get(), Listener::as_sockaddr(address), sizeof address), 0);
  }
  return fill;
}

TEST_F(SocketLoopTest, GivesUpAPeerThatDoesNotAccept) {
  const Listener listener(0);
  const auto fill = fill_backlog(listener);
  const auto start = SteadyClock::now();
  const LinkError late = end_of({.address = listener.address(), .setup_timeout = 50ms});
  EXPECT_EQ(late.fault, LinkFault::kTimeout);
  EXPECT_EQ(late.cause, "connecting timed out");
  EXPECT_GE(SteadyClock::now() - start, 50ms);
}

TEST_F(SocketLoopTest, TellsAnOrderlyEndFromAReset) {
  const LoopbackPeer orderly([](int socket) { send_all(socket, "last words"); });
  LinkOwner owner;
  const auto link = connect(orderly.address(), owner);
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.closed.has_value(); }));
  EXPECT_EQ(owner.closed->fault, LinkFault::kClosed);
  EXPECT_EQ(owner.received, "last words");
  link->send({{"ignored"}, nullptr});
  link->resume_reading();
  loop_->run(0us);

  const LoopbackPeer rude([](int socket) {
    receive_exactly(socket, 1);  // A reset that comes earlier is a failure to connect.
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  LinkOwner victim;
  const auto broken = connect(rude.address(), victim);
  broken->send(payload_of("x"));
  ASSERT_TRUE(run_until(*loop_, [&] { return victim.closed.has_value(); }));
  EXPECT_EQ(victim.closed->fault, LinkFault::kReset);
  EXPECT_EQ(victim.closed->cause, "Connection reset by peer");
}

TEST_F(SocketLoopTest, AFailedWriteIsToldAfterWhatCanStillBeRead) {
  const LoopbackPeer peer([&](int socket) {
    receive_exactly(socket, 1);
    send_all(socket, "reason");
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  LinkOwner owner;
  const auto link = connect(peer.address(), owner);
  // More than all buffers take: some of it is still here when the peer goes.
  link->send(payload_of(pattern(size_t{32} << 20)));
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.closed.has_value(); }));
  EXPECT_EQ(owner.received, "reason");
  EXPECT_EQ(owner.closed->fault, LinkFault::kReset);
  EXPECT_GT(link->unsent_bytes(), 0u) << "what never left stays known";
}

TEST_F(SocketLoopTest, PausesAndResumesReading) {
  constexpr size_t kSize = size_t{32} << 20;
  const std::string bytes = pattern(kSize);
  std::atomic<bool> blocked = false;
  const LoopbackPeer peer([&](int socket) {
    size_t sent = 0;
    while (sent < kSize) {
      const ssize_t count =
          send(socket, bytes.data() + sent, kSize - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) {
        sent += static_cast<size_t>(count);
      } else {
        blocked = true;
        wait_for(socket, POLLOUT);
      }
    }
  });
  LinkOwner owner;
  owner.received.reserve(kSize);
  owner.at_read = [&] { owner.paused = owner.received.size() < 200'000; };
  const auto link = connect(peer.address(), owner);
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.paused; }));
  const size_t before = owner.received.size();
  ASSERT_TRUE(run_until(*loop_, [&] { return blocked.load(); }));
  for (int i = 0; i < 20; ++i) loop_->run(1ms);
  EXPECT_EQ(owner.received.size(), before) << "read although paused";
  owner.at_read = nullptr;
  owner.paused = false;
  link->resume_reading();
  EXPECT_EQ(owner.received.size(), before) << "within the call";
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.closed.has_value(); }));
  EXPECT_TRUE(owner.received == bytes);
}

TEST_F(SocketLoopTest, ALinkMayBeDestroyedWithinAnyOfItsCallbacks) {
  using Hook = std::function<void()> LinkOwner::*;
  for (Hook hook : {&LinkOwner::at_connected, &LinkOwner::at_read_buffer, &LinkOwner::at_read,
                    &LinkOwner::at_closed}) {
    const LoopbackPeer peer([](int socket) { send_all(socket, "some bytes"); });
    LinkOwner owner;
    std::unique_ptr<Link> link = connect(peer.address(), owner);
    link->send(payload_of(pattern(100)));
    owner.*hook = [&] { link.reset(); };
    ASSERT_TRUE(run_until(*loop_, [&] { return link == nullptr; }));
    owner.*hook = [] { ADD_FAILURE() << "an event after the end"; };
    for (int i = 0; i < 3; ++i) loop_->run(1ms);
  }
}

TEST_F(SocketLoopTest, ALinkMayBeDestroyedAtAnyStepOfItsSetup) {
  // From "not even started" to "connected and reading": one run more each time.
  for (int runs = 0; runs < 12; ++runs) {
    const LoopbackPeer peer(receive_to_end);
    LinkOwner owner;
    owner.at_closed = [] { ADD_FAILURE() << "an event after the end"; };
    auto link = connect({"localhost", peer.address().port}, owner);
    link->send(payload_of("x"));
    for (int i = 0; i < runs; ++i) loop_->run(200us);
    link.reset();
    owner.at_connected = owner.at_closed;
    for (int i = 0; i < 3; ++i) loop_->run(1ms);
    // The peer's thread ends when somebody has come and gone.
    LinkOwner last;
    const auto visit = connect(peer.address(), last);
    run_until(*loop_, [&] { return last.connected == 1 || last.closed; });
  }
}

TEST_F(SocketLoopTest, OneLinkMayDestroyAnother) {
  const LoopbackPeer first_peer([](int socket) { send_all(socket, "x"); });
  const LoopbackPeer second_peer(receive_to_end);
  LinkOwner first;
  LinkOwner second;
  std::unique_ptr<Link> second_link = connect(second_peer.address(), second);
  ASSERT_TRUE(run_until(*loop_, [&] { return second.connected == 1; }));
  const auto first_link = connect(first_peer.address(), first);
  first.at_read = [&] {
    second_link->send(payload_of("y"));
    second_link.reset();
  };
  ASSERT_TRUE(run_until(*loop_, [&] { return first.closed.has_value(); }));
  EXPECT_EQ(second_link, nullptr);
}

TEST_F(SocketLoopTest, ATalkativePeerDoesNotKeepTheCaller) {
  std::atomic<bool> stop = false;
  const std::string bytes = pattern(size_t{1} << 20);
  const LoopbackPeer peer([&](int socket) {
    while (!stop && send_all(socket, bytes)) {
    }
  });
  LinkOwner owner;
  size_t total = 0;
  bool ticked = false;
  owner.at_read = [&] {
    total += owner.received.size();
    owner.received.clear();
  };
  auto link = connect(peer.address(), owner);
  ASSERT_TRUE(run_until(*loop_, [&] { return total > 0; }));
  loop_->at(loop_->now() + 50ms, [&] { ticked = true; });
  ASSERT_TRUE(run_until(*loop_, [&] { return ticked; }));
  EXPECT_FALSE(owner.closed);
  stop = true;
  link.reset();
}

TEST_F(SocketLoopTest, TimersRunInOrderAtTheirTime) {
  std::string ran;
  const auto start = loop_->now();
  loop_->at(start + 20ms, [&] { ran += 'b'; });
  loop_->at(start + 2ms, [&] { ran += 'a'; });
  const auto never = loop_->at(start + 10ms, [&] { ran += '!'; });
  loop_->at(start + 5ms, [&] { loop_->cancel(never); });
  loop_->at(start - 1s, [&] { ran += '0'; });
  EXPECT_EQ(ran, "") << "within the call";
  loop_->run(0us);
  EXPECT_EQ(ran, "0");
  ASSERT_TRUE(run_until(*loop_, [&] { return ran.size() == 3; }));
  EXPECT_EQ(ran, "0ab");
  EXPECT_GE(loop_->now() - start, 20ms);
}

TEST_F(SocketLoopTest, ATimerEndsTheWait) {
  bool ran = false;
  loop_->run(1ms);  // Leaves an alarm behind.
  const auto start = loop_->now();
  loop_->at(start + 3ms, [&] { ran = true; });
  loop_->run(20s);
  EXPECT_TRUE(ran);
  EXPECT_GE(loop_->now() - start, 3ms);
  EXPECT_LT(loop_->now() - start, 10s);
}

TEST_F(SocketLoopTest, WaitsNoShorterThanItWasTold) {
  for (auto wait : {0us, 100us, 5'000us, 300us, 1us}) {
    const auto start = loop_->now();
    loop_->run(wait);
    EXPECT_GE(loop_->now() - start, wait);
    EXPECT_LT(loop_->now() - start, 5s);
  }
}

TEST_F(SocketLoopTest, SurvivesBeingDestroyedDuringASetup) {
  LinkOwner owner;
  auto loop = make_socket_loop();
  auto link = loop->connect({.address = {"localhost", 1}}, owner);
  loop->run(0us);
  owner.at_closed = [] { ADD_FAILURE() << "an event after the end"; };
  link.reset();
  loop.reset();
}

// Runs a dialer by hand, whose names have the given addresses.
std::optional<std::expected<Dialer::Socket, LinkError>> dial(LoopParts& parts, uint16_t port) {
  std::optional<std::expected<Dialer::Socket, LinkError>> result;
  const LinkOptions options{.address = {"name", port}};
  const auto end = SteadyClock::now() + kPatience;
  auto dialer = std::make_shared<Dialer>(
      parts, options, end,
      [&](std::expected<Dialer::Socket, LinkError> done) { result.emplace(std::move(done)); });
  dialer->start();
  while (!result && SteadyClock::now() < end) {
    parts.io.restart();
    parts.io.run_for(5ms);
    parts.timers.run_due(SteadyClock::now());
  }
  return result;
}

// Every name has the same addresses.
class FixedResolver final : public NameResolver {
 public:
  FixedResolver(boost::asio::io_context& loop, const std::vector<std::string>& texts)
      : loop_(loop) {
    for (const std::string& text : texts) addresses_.push_back(boost::asio::ip::make_address(text));
  }
  Query resolve(const std::string&, AddressFamily, Done done) override {
    boost::asio::post(loop_, [this, told = std::move(done)]() mutable { told(addresses_); });
    return 1;
  }
  void cancel(Query) override {}

 private:
  boost::asio::io_context& loop_;
  std::vector<boost::asio::ip::address> addresses_;
};

MakeResolver fixed_lookup(const std::vector<std::string>& texts) {
  return [texts](boost::asio::io_context& loop) {
    return std::make_unique<FixedResolver>(loop, texts);
  };
}

TEST(Dialer, TriesAllAddressesInOrder) {
  const Listener listener(8);  // On 127.0.0.1 only.
  LoopParts parts(fixed_lookup({"255.255.255.255", "127.0.0.2", "127.0.0.1"}));
  const auto result = dial(parts, listener.port());
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->remote_endpoint().address().to_string(), "127.0.0.1");
}

TEST(Dialer, TellsTheMostTellingFailure) {
  uint16_t free_port = 0;
  {
    free_port = Listener(1).port();
  }
  LoopParts parts(fixed_lookup({"255.255.255.255", "127.0.0.2", "255.255.255.255"}));
  const auto result = dial(parts, free_port);
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().fault, LinkFault::kRefused);
  LoopParts nothing(fixed_lookup({}));
  const auto none = dial(nothing, free_port);
  ASSERT_TRUE(none && !*none);
  EXPECT_EQ(none->error().fault, LinkFault::kResolve);
}

TEST(Dialer, LetsGoOfTheSocketThatItGivesUp) {
  const Listener listener(0);
  const auto fill = fill_backlog(listener);
  LoopParts parts(fixed_lookup({"127.0.0.1"}));
  std::optional<LinkError> error;
  auto dialer = std::make_shared<Dialer>(parts, LinkOptions{.address = {"name", listener.port()}},
                                         SteadyClock::now() + 50ms,
                                         [&](std::expected<Dialer::Socket, LinkError> done) {
                                           ASSERT_FALSE(done);
                                           error = done.error();
                                         });
  const std::weak_ptr<Dialer> given_up = dialer;
  dialer->start();
  dialer.reset();
  const auto end = SteadyClock::now() + kPatience;
  while (!error && SteadyClock::now() < end) {
    parts.io.restart();
    parts.io.run_for(5ms);
    parts.timers.run_due(SteadyClock::now());
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, "connecting timed out");
  parts.io.restart();
  parts.io.poll();
  EXPECT_TRUE(given_up.expired()) << "the system still connects";
}

}  // namespace
}  // namespace penstock::connect
