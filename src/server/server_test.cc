// The ports in fact: sockets, several clients, cancel, slow readers, the end.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/stop_token.h"
#include "server/fake_session_test.h"
#include "server/pgwire/client_messages_test.h"

namespace penstock::server {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

constexpr std::chrono::seconds kPatience{20};

class FakeFactory : public coordinator::SessionFactory {
 public:
  Result<std::unique_ptr<coordinator::SessionClient>> open(
      coordinator::StartupRequest request) override {
    journal.add(request.internal_port ? "open internal" : "open");
    return std::make_unique<FakeSession>(journal, next_id_.fetch_add(1));
  }
  void cancel(uint32_t connection_id, uint32_t secret) override {
    journal.add("cancel " + std::to_string(connection_id) + " " + std::to_string(secret));
  }
  Journal journal;

 private:
  std::atomic<uint32_t> next_id_{100};
};

// Until `condition` holds; false when patience ends.
template <typename Condition>
bool wait_until(const Condition& condition) {
  const StopToken never;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    never.wait_for(std::chrono::milliseconds(2));
  }
  return true;
}

// A client that reads what comes; it gives up when patience ends.
class Socket {
 public:
  explicit Socket(const std::string& address) {
    const size_t colon = address.rfind(':');
    asio::ip::tcp::resolver resolver(loop_);
    asio::connect(socket_, resolver.resolve(address.substr(0, colon), address.substr(colon + 1)));
  }
  void write(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  // Messages up to one that begins with `last`.
  Lines read_until(const std::string& last) {
    Lines lines;
    while (lines.empty() || !lines.back().starts_with(last)) {
      if (!read_some()) break;
      for (std::string& line : client::take_lines(bytes_)) lines.push_back(std::move(line));
    }
    return lines;
  }
  // Everything up to the end.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(bytes_, {});
  }
  void start() {
    write(client::startup());
    read_until("Z");
  }
  Lines ask(const std::string& bytes) {
    write(bytes);
    return read_until("Z");
  }
  asio::ip::tcp::socket& raw() { return socket_; }

 private:
  bool read_some() {
    std::array<char, 64 << 10> buffer;
    size_t got = 0;
    bool broken = false;
    bool done = false;
    socket_.async_read_some(asio::buffer(buffer),
                            [&](const boost::system::error_code& error, size_t size) {
                              broken = bool(error);
                              got = size;
                              done = true;
                            });
    loop_.restart();
    loop_.run_for(kPatience);
    if (!done) socket_.close();
    if (!done) loop_.run();
    bytes_.append(buffer.data(), got);
    return done && !broken;
  }

  asio::io_context loop_;
  asio::ip::tcp::socket socket_{loop_};
  std::string bytes_;
};

std::string http_get(const std::string& address, const std::string& target) {
  Socket socket(address);
  socket.write("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return socket.read_all();
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    auto made = Server::create({"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"});
    EXPECT_TRUE(made);
    server_ = *std::move(made);
  }
  const Addresses& addresses() { return server_->addresses(); }
  Journal& journal() { return factory_.journal; }

  FakeFactory factory_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, HttpAnswersBeforeSqlDoes) {
  EXPECT_THAT(http_get(addresses().http, "/health/live"), HasSubstr("200 OK"));
  EXPECT_THAT(http_get(addresses().http, "/health/ready"), HasSubstr("503 "));
  Socket early(addresses().sql);
  early.write(client::startup());
  server_->serve(factory_);
  EXPECT_EQ(early.read_until("Z").back(), "Z I");
  EXPECT_THAT(http_get(addresses().http, "/health/ready?x=1"), HasSubstr("200 OK"));
  EXPECT_THAT(http_get(addresses().http, "/api/addresses"), HasSubstr(addresses().internal_sql));
  EXPECT_THAT(http_get(addresses().http, "/metrics"), HasSubstr("penstock_pgwire_connections 1"));
  EXPECT_THAT(http_get(addresses().http, "/nothing"), HasSubstr("404 "));
}

TEST_F(ServerTest, HttpKeepsConnectionsAndKnowsItsMethods) {
  Socket socket(addresses().http);
  socket.write(
      "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
      "HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answers = socket.read_all();
  EXPECT_THAT(answers, HasSubstr("405 "));
  EXPECT_THAT(answers, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answers, testing::EndsWith("\r\n\r\n"));
  Socket noise(addresses().http);
  noise.write(std::string(20'000, 'x'));
  noise.read_all();
}

TEST_F(ServerTest, QueriesOnBothPorts) {
  server_->serve(factory_);
  Socket socket(addresses().sql);
  socket.start();
  EXPECT_THAT(socket.ask(client::query("ROWS TWICE")).back(), "Z I");
  Socket internal(addresses().internal_sql);
  internal.start();
  EXPECT_THAT(internal.ask(client::query("X")), ElementsAre("C X", "Z I"));
  EXPECT_THAT(journal().lines().front(), "open");
  EXPECT_TRUE(journal().contains("open internal"));
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  server_->serve(factory_);
  std::vector<std::unique_ptr<Socket>> sockets;
  for (int i = 0; i < 50; ++i) {
    sockets.push_back(std::make_unique<Socket>(addresses().sql));
    sockets.back()->write(client::startup() + client::query("ROWS"));
  }
  for (const auto& socket : sockets) {
    const Lines startup = socket->read_until("Z");
    EXPECT_EQ(startup.front(), "R");
  }
}

TEST_F(ServerTest, CancelArrivesOnAConnectionOfItsOwn) {
  server_->serve(factory_);
  Socket socket(addresses().sql);
  socket.write(client::cancel_request(1, 2));
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_TRUE(journal().contains("cancel 1 2"));
}

TEST_F(ServerTest, AClientThatLeavesTakesItsSessionWithIt) {
  server_->serve(factory_);
  {
    Socket socket(addresses().sql);
    socket.start();
    socket.write(client::query("HANG"));
    EXPECT_TRUE(wait_until([&] { return journal().contains("run HANG"); }));
  }
  EXPECT_TRUE(wait_until([&] { return journal().contains("session gone"); }));
}

TEST_F(ServerTest, ASlowReaderDelaysOnlyItself) {
  server_->serve(factory_);
  Socket slow(addresses().sql);
  slow.start();
  slow.write(client::query("ROWS MANY"));
  Socket quick(addresses().sql);
  quick.start();
  EXPECT_EQ(quick.ask(client::query("ROWS")).back(), "Z I");
  EXPECT_EQ(slow.read_until("Z").size(), 100'003U);
}

TEST_F(ServerTest, TerminateClosesTheConnection) {
  server_->serve(factory_);
  Socket socket(addresses().sql);
  socket.start();
  socket.write(client::terminate());
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_TRUE(wait_until([&] { return journal().contains("session gone"); }));
}

TEST_F(ServerTest, StopTellsTheClients) {
  server_->serve(factory_);
  Socket socket(addresses().sql);
  socket.start();
  Socket silent(addresses().sql);  // Never starts, never leaves.
  socket.write(client::query("HANG"));
  EXPECT_TRUE(wait_until([&] { return journal().contains("run HANG"); }));
  server_->stop();
  EXPECT_TRUE(journal().contains("session gone"));
  EXPECT_THAT(socket.read_until("E").back(), HasSubstr("57P01"));
  server_->stop();
}

TEST(Server, RefusesBadAddresses) {
  const auto state_of = [](const std::string& sql) {
    auto made = Server::create({sql, "127.0.0.1:0", "127.0.0.1:0"});
    return made ? std::string("created") : std::string(made.error().state.view());
  };
  EXPECT_EQ(state_of("127.0.0.1"), "22023");
  EXPECT_EQ(state_of("127.0.0.1:x"), "22023");
  EXPECT_EQ(state_of(":80"), "22023");
  EXPECT_EQ(state_of("127.0.0.1:70000"), "22023");
  auto first = Server::create({"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"});
  ASSERT_TRUE(first);
  EXPECT_EQ(state_of((*first)->addresses().sql), "58000");
}

}  // namespace
}  // namespace penstock::server
