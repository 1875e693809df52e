// Host names: literals, the system's files, and a name server on the same loop.
#include "connect/net/name_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/udp.hpp>
#include <cstdlib>
#include <map>
#include <optional>

#include "connect/net/dialer.h"
#include "connect/net/loopback_peer_test.h"

namespace penstock::connect {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using std::chrono_literals::operator""ms;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A name server (RFC 1035) that knows a few names, none else, and is silent about one.
class NameServer {
 public:
  explicit NameServer(asio::io_context& loop)
      : socket_(loop, udp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    receive();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
  }

  std::map<std::string, std::vector<std::string>> names;
  size_t num_to_ignore = 0;
  size_t num_asked = 0;

 private:
  static constexpr size_t kHeader = 12;

  void receive() {
    socket_.async_receive_from(asio::buffer(question_), peer_,
                               [this](const boost::system::error_code& error, size_t size) {
                                 if (error) return;
                                 ++num_asked;
                                 if (num_to_ignore == 0) answer({question_.data(), size});
                                 if (num_to_ignore > 0) --num_to_ignore;
                                 receive();
                               });
  }

  void answer(std::string_view asked) {
    std::string name;
    size_t at = kHeader;
    while (asked[at] != 0) {
      const auto length = static_cast<size_t>(asked[at]);
      name += (name.empty() ? "" : ".") + std::string(asked.substr(at + 1, length));
      at += 1 + length;
    }
    const bool wants_four = asked[at + 2] == 1;
    const std::string question(asked.substr(kHeader, at + 5 - kHeader));
    std::string records;
    char count = 0;
    const auto known = names.find(name);
    const auto texts = known == names.end() ? std::vector<std::string>() : known->second;
    for (const std::string& text : texts) {
      const auto address = asio::ip::make_address(text);
      if (address.is_v4() != wants_four) continue;
      records += std::string("\xc0\x0c\0", 3) + (wants_four ? '\x01' : '\x1c');
      records += std::string("\0\1\0\0\0\1\0", 7) + (wants_four ? '\x04' : '\x10');
      if (wants_four) {
        for (const uint8_t byte : address.to_v4().to_bytes()) records += static_cast<char>(byte);
      } else {
        for (const uint8_t byte : address.to_v6().to_bytes()) records += static_cast<char>(byte);
      }
      ++count;
    }
    const char code = known == names.end() ? '\x83' : '\x80';
    std::string reply(asked.substr(0, 2));
    reply += std::string("\x81", 1) + code + std::string("\0\1\0", 3) + count;
    reply += std::string(4, '\0') + question + records;
    socket_.send_to(asio::buffer(reply), peer_);
  }

  udp::socket socket_;
  udp::endpoint peer_;
  std::array<char, 1'500> question_;
};

class NameResolverTest : public testing::Test {
 protected:
  NameResolverTest() : server_(io_), resolver_(make_resolver_of(io_, server_.address())) {
    server_.names["two.test"] = {"10.0.0.1", "10.0.0.2", "fd00::1"};
    server_.names["four.test"] = {"10.0.0.4"};
  }
  ~NameResolverTest() override { ::unsetenv("RES_OPTIONS"); }

  // None: no answer came in time.
  std::optional<Addresses> ask(NameResolver& resolver, const std::string& host,
                               AddressFamily family) {
    std::optional<Addresses> answer;
    resolver.resolve(host, family, [&](Addresses found) { answer = std::move(found); });
    EXPECT_FALSE(answer) << "within the call";
    run_until([&] { return answer.has_value(); });
    return answer;
  }
  std::vector<std::string> texts(const std::string& host, AddressFamily family) {
    std::vector<std::string> out;
    const auto found = ask(*resolver_, host, family);
    EXPECT_TRUE(found && *found);
    if (!found || !*found) return out;
    for (const auto& address : **found) out.push_back(address.to_string());
    return out;
  }
  void run_until(const std::function<bool()>& condition) {
    const auto end = SteadyClock::now() + kPatience;
    while (!condition() && SteadyClock::now() < end) {
      io_.restart();
      io_.run_for(5ms);
    }
  }

  asio::io_context io_;
  NameServer server_;
  std::unique_ptr<NameResolver> resolver_;
};

TEST_F(NameResolverTest, TakesLiteralsWithoutALookup) {
  EXPECT_THAT(texts("127.0.0.1", AddressFamily::kAny), ElementsAre("127.0.0.1"));
  EXPECT_THAT(texts("::1", AddressFamily::kIpv6), ElementsAre("::1"));
  const auto wrong = ask(*resolver_, "127.0.0.1", AddressFamily::kIpv6);
  ASSERT_TRUE(wrong && !*wrong);
  EXPECT_EQ(wrong->error(), "the address is not of the wanted family");
  EXPECT_EQ(server_.num_asked, 0u);
}

TEST_F(NameResolverTest, ReadsTheSystemsFiles) {
  const auto system = make_system_resolver(io_);
  const auto found = ask(*system, "localhost", AddressFamily::kIpv4);
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->size(), 1u);
  EXPECT_TRUE((*found)->at(0).is_loopback());
  // The machine's own name stands in /etc/hosts only.
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  const auto own = ask(*resolver_, name, AddressFamily::kAny);
  EXPECT_TRUE(own && *own);
  EXPECT_EQ(server_.num_asked, 0u);
}

TEST_F(NameResolverTest, FindsAllAddressesOfTheWantedFamily) {
  EXPECT_THAT(texts("two.test", AddressFamily::kAny),
              UnorderedElementsAre("10.0.0.1", "10.0.0.2", "fd00::1"));
  EXPECT_THAT(texts("two.test", AddressFamily::kIpv4),
              UnorderedElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(texts("two.test", AddressFamily::kIpv6), ElementsAre("fd00::1"));
  EXPECT_THAT(texts("four.test", AddressFamily::kAny), ElementsAre("10.0.0.4"));
}

TEST_F(NameResolverTest, SaysThatANameIsUnknown) {
  const auto unknown = ask(*resolver_, "none.test", AddressFamily::kAny);
  ASSERT_TRUE(unknown && !*unknown);
  EXPECT_EQ(unknown->error(), "Domain name not found");
  EXPECT_GT(server_.num_asked, 0u);
  const auto no_six = ask(*resolver_, "four.test", AddressFamily::kIpv6);
  ASSERT_TRUE(no_six);
  EXPECT_FALSE(*no_six);
  const auto misformed = ask(*resolver_, std::string(70, 'x') + ".test", AddressFamily::kAny);
  ASSERT_TRUE(misformed);
  EXPECT_FALSE(*misformed);
}

TEST_F(NameResolverTest, ManyQuestionsAtOnce) {
  size_t answered = 0;
  for (int i = 0; i < 50; ++i) {
    resolver_->resolve(i % 2 == 0 ? "two.test" : "none.test", AddressFamily::kAny,
                       [&answered, i](Addresses found) {
                         EXPECT_EQ(found.has_value(), i % 2 == 0);
                         ++answered;
                       });
  }
  run_until([&] { return answered == 50; });
  EXPECT_EQ(answered, 50u);
}

TEST_F(NameResolverTest, AsksASilentServerAgainAndGivesUp) {
  ::setenv("RES_OPTIONS", "retrans:100 retry:3", 1);
  server_.num_to_ignore = 1;
  EXPECT_THAT(texts("four.test", AddressFamily::kIpv4), ElementsAre("10.0.0.4"));
  EXPECT_GE(server_.num_asked, 2u);
  server_.num_to_ignore = 1'000;
  const auto silent = ask(*resolver_, "four.test", AddressFamily::kIpv4);
  ASSERT_TRUE(silent && !*silent);
  EXPECT_EQ(silent->error(), "Timeout while contacting DNS servers");
}

TEST_F(NameResolverTest, ACancelledQuestionIsNotAnswered) {
  const auto fails = [](Addresses) { ADD_FAILURE() << "it was cancelled"; };
  server_.num_to_ignore = 1'000;
  const auto before = resolver_->resolve("four.test", AddressFamily::kAny, fails);
  resolver_->cancel(before);
  const auto literal = resolver_->resolve("127.0.0.1", AddressFamily::kAny, fails);
  resolver_->cancel(literal);
  const auto asked = resolver_->resolve("two.test", AddressFamily::kAny, fails);
  run_until([&] { return server_.num_asked >= 2; });
  resolver_->cancel(asked);
  server_.num_to_ignore = 0;
  EXPECT_THAT(texts("four.test", AddressFamily::kAny), ElementsAre("10.0.0.4"));
}

TEST_F(NameResolverTest, NobodyWaitsForWhatIsOpenAtTheEnd) {
  server_.num_to_ignore = 1'000;
  const auto fails = [](Addresses) { ADD_FAILURE() << "the resolver is gone"; };
  resolver_->resolve("four.test", AddressFamily::kAny, fails);
  run_until([&] { return server_.num_asked > 0; });
  resolver_->resolve("::1", AddressFamily::kAny, fails);
  resolver_.reset();
  io_.restart();
  io_.run_for(20ms);
}

TEST(DialerWithSilentNameServer, TimesOut) {
  std::unique_ptr<NameServer> server;
  LoopParts parts([&](asio::io_context& loop) {
    server = std::make_unique<NameServer>(loop);
    server->num_to_ignore = 1'000;
    return make_resolver_of(loop, server->address());
  });
  std::optional<std::expected<Dialer::Socket, LinkError>> result;
  auto dialer = std::make_shared<Dialer>(
      parts, LinkOptions{.address = {"four.test", 1}}, SteadyClock::now() + 50ms,
      [&](std::expected<Dialer::Socket, LinkError> done) { result.emplace(std::move(done)); });
  dialer->start();
  const auto end = SteadyClock::now() + kPatience;
  while (!result && SteadyClock::now() < end) {
    parts.io.restart();
    parts.io.run_for(5ms);
    parts.timers.run_due(SteadyClock::now());
  }
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().fault, LinkFault::kTimeout);
  server.reset();
}

}  // namespace
}  // namespace penstock::connect
