// The protocol as transcripts: what a client sends, what it gets, without sockets.
#include "server/pgwire/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "base/rng.h"
#include "server/fake_session_test.h"
#include "server/pgwire/client_messages_test.h"

namespace penstock::server {
namespace {

using testing::ElementsAre;
using Lines = std::vector<std::string>;

// Runs one connection on the test's thread: whatever is deferred happens in settle().
class Wire : public ConnectionHost {
 public:
  Wire() { connection_.emplace(*this, ConnectionPeer{false, "1.2.3.4:5"}); }

  // --- ConnectionHost ---
  void send(std::string bytes) override {
    largest_send = std::max(largest_send, bytes.size());
    received += bytes;
    if (!finished) {
      later_.push_back([](Connection& connection) { connection.on_sent(); });
    }
  }
  void finish() override { finished = true; }
  void more_wanted() override {}
  void limit_idle(std::chrono::milliseconds limit) override {
    idle_limits.push_back(limit.count());
  }
  ConnectionMailbox mailbox() override {
    return [this](ConnectionWork work) { later_.push_back(std::move(work)); };
  }
  void open_session(coordinator::StartupRequest request,
                    Done<std::unique_ptr<coordinator::SessionClient>> done) override {
    startup = request;
    for (const auto& [name, value] : request.parameters) {
      if (name == "database" && value == "none") {
        return done(fail(sql_state::kInsufficientResources, "no room"));
      }
    }
    auto made = std::make_unique<FakeSession>(journal, 5);
    session = made.get();
    done(std::unique_ptr<coordinator::SessionClient>(std::move(made)));
  }
  void cancel(uint32_t connection_id, uint32_t secret) override {
    journal.add("cancel " + std::to_string(connection_id) + " " + std::to_string(secret));
  }

  // --- the test's side ---
  void settle() {
    while (!later_.empty() && connection_) {
      ConnectionWork work = std::move(later_.front());
      later_.pop_front();
      work(*connection_);
    }
  }
  Lines say(std::string_view bytes) {
    connection_->on_bytes(bytes);
    settle();
    return client::take_lines(received);
  }
  Lines begin() { return say(client::startup()); }
  Connection& connection() { return *connection_; }
  void leave() { connection_.reset(); }

  Journal journal;
  FakeSession* session = nullptr;
  coordinator::StartupRequest startup;
  std::string received;
  size_t largest_send = 0;
  bool finished = false;
  std::vector<int64_t> idle_limits;

 private:
  std::deque<ConnectionWork> later_;
  std::optional<Connection> connection_;
};

TEST(Connection, Startup) {
  Wire wire;
  EXPECT_FALSE(wire.connection().established());
  EXPECT_THAT(wire.begin(), ElementsAre("R", "S server_version 9.5.0", "S client_encoding UTF8",
                                        "K 5 77", "Z I"));
  EXPECT_TRUE(wire.connection().established());
  EXPECT_FALSE(wire.startup.internal_port);
  EXPECT_EQ(wire.startup.client_address, "1.2.3.4:5");
}

TEST(Connection, StartupAnswersRequestsForEncryption) {
  Wire wire;
  wire.say(client::ssl_request());
  EXPECT_EQ(std::exchange(wire.received, {}), "N");
  wire.say(client::gss_request());
  EXPECT_EQ(std::exchange(wire.received, {}), "N");
  EXPECT_EQ(wire.begin().front(), "R");
}

TEST(Connection, StartupByteByByte) {
  Wire wire;
  Lines lines;
  for (const char c : client::startup() + client::query("ROWS")) {
    for (std::string& line : wire.say(std::string_view(&c, 1))) lines.push_back(std::move(line));
  }
  EXPECT_EQ(lines.front(), "R");
  EXPECT_EQ(lines.back(), "Z I");
}

TEST(Connection, StartupOptions) {
  Wire wire;
  const std::string_view parameters(
      "user\0joe\0options\0-c cluster=c1 --search-path=a\\ b -x\0application_name\0app\0", 75);
  const Lines lines = wire.say(client::startup(parameters));
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(wire.startup.parameters,
              ElementsAre(Pair("cluster", "c1"), Pair("search_path", "a b"), Pair("user", "joe"),
                          Pair("application_name", "app")));
  EXPECT_EQ(lines[4], "N NOTICE 22023 startup setting -x not set: no name=value");
}

TEST(Connection, StartupRefusals) {
  {
    Wire wire;
    EXPECT_THAT(wire.say(client::startup("", 2 << 16)),
                ElementsAre("E FATAL 08004 server does not support the client's requested protocol "
                            "version"));
    EXPECT_TRUE(wire.finished);
  }
  {
    Wire wire;
    EXPECT_THAT(wire.say(client::startup(std::string_view("database\0d\0", 11))),
                ElementsAre("E FATAL 28000 no PostgreSQL user name specified in startup packet"));
  }
  {
    Wire wire;
    EXPECT_THAT(wire.say(client::startup(std::string_view("user\0joe\0database\0none\0", 23))),
                ElementsAre("E FATAL 53000 no room"));
    EXPECT_TRUE(wire.finished);
  }
  {
    Wire wire;
    EXPECT_THAT(wire.say(client::untyped(std::string(20'000, 'x'))),
                ElementsAre("E FATAL 08P01 invalid length of startup packet"));
  }
}

TEST(Connection, NewerMinorVersionIsNegotiated) {
  Wire wire;
  const Lines lines =
      wire.say(client::startup(std::string_view("user\0joe\0_pq_.x\0y\0", 18), (3 << 16) + 2));
  EXPECT_EQ(lines[0], "v");
  EXPECT_EQ(lines[1], "R");
}

TEST(Connection, CancelRequest) {
  Wire wire;
  wire.say(client::cancel_request(9, 10));
  EXPECT_THAT(wire.journal.lines(), ElementsAre("cancel 9 10"));
  EXPECT_TRUE(wire.finished);
}

TEST(Connection, SimpleQueries) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::query("ROWS")),
              ElementsAre("T n:23/0 name:25/0", "D 1 r1", "D 2 r2", "D 3 NULL", "D 4 r4",
                          "C SELECT 4", "Z I"));
  EXPECT_THAT(wire.say(client::query("")), ElementsAre("I", "Z I"));
  EXPECT_THAT(wire.say(client::query("BEGIN;ROWS TWICE")),
              ElementsAre("C BEGIN", "T n:23/0 name:25/0", "D 1 r1", "D 1 r1", "D 2 r2", "D 2 r2",
                          "C SELECT 4", "Z T"));
  EXPECT_THAT(wire.say(client::query("COMMIT")), ElementsAre("C COMMIT", "Z I"));
  EXPECT_THAT(
      wire.say(client::query("NOTICE")),
      ElementsAre("N NOTICE 42P07 already exists", "S application_name x", "C NOTICE", "Z I"));
}

TEST(Connection, SimpleQueryErrors) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::query("SYNTAX")),
              ElementsAre("E ERROR 42601 Expected something at 3", "Z I"));
  EXPECT_THAT(wire.say(client::query("A;FAIL;B")),
              ElementsAre("C A", "E ERROR 42704 unknown thing", "Z I"));
  EXPECT_FALSE(wire.journal.contains("run B"));
  EXPECT_TRUE(wire.journal.contains("finish failed"));
  EXPECT_THAT(wire.say(client::query("ROWS FAIL")),
              ElementsAre("T n:23/0 name:25/0", "E ERROR 22012 division by zero", "Z I"));
  // What fails at the end of the transaction was never reported as done.
  EXPECT_THAT(wire.say(client::query("REFUSED AT COMMIT")),
              ElementsAre("E ERROR 40001 could not commit", "Z I"));
}

TEST(Connection, ExtendedQuery) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::parse("s", "ROWS $1", {0}) + client::describe('S', "s") +
                       client::bind("", "s", {"42"}, {}, {}) + client::describe('P', "") +
                       client::execute("", 0) + client::sync()),
              ElementsAre("1", "t 23", "T n:23/0 name:25/0", "2", "T n:23/0 name:25/0", "D 1 r1",
                          "D 2 r2", "D 3 NULL", "D 4 r4", "C SELECT 4", "Z I"));
  EXPECT_TRUE(wire.journal.contains("bind <-s 42"));
  EXPECT_THAT(wire.say(client::bind("", "s", {std::nullopt}, {}, {}) + client::execute("", 0) +
                       client::close('S', "s") + client::sync()),
              ElementsAre("2", "D 1 r1", "D 2 r2", "D 3 NULL", "D 4 r4", "C SELECT 4", "3", "Z I"));
  EXPECT_TRUE(wire.journal.contains("bind <-s NULL"));
  EXPECT_THAT(wire.say(client::parse("", "", {}) + client::describe('S', "") +
                       client::bind("", "", {}, {}, {}) + client::execute("", 0) + client::sync()),
              ElementsAre("1", "t", "n", "2", "I", "Z I"));
}

TEST(Connection, BinaryParametersAndResults) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::parse("s", "ROWS $1", {23}) +
                       client::bind("p", "s", {client::number<int32_t>(7)}, {1}, {1, 0}) +
                       client::describe('P', "p") + client::execute("p", 1) + client::sync()),
              ElementsAre("1", "2", "T n:23/1 name:25/0", "D \\0\\0\\0\\1 r1", "s", "Z I"));
  EXPECT_TRUE(wire.journal.contains("bind p<-s 7"));
}

TEST(Connection, BadParameters) {
  const auto error_of = [](const std::string& bind) {
    Wire wire;
    wire.begin();
    const Lines lines = wire.say(client::parse("s", "ROWS $1", {}) + bind + client::sync());
    return lines.at(1);
  };
  EXPECT_EQ(
      error_of(client::bind("", "s", {}, {}, {})),
      "E ERROR 08P01 bind message supplies 0 parameters, but prepared statement \"s\" requires "
      "1");
  EXPECT_EQ(error_of(client::bind("", "s", {"1"}, {}, {0, 0, 0})),
            "E ERROR 08P01 expected 2 field format specifiers, but got 3");
  EXPECT_EQ(error_of(client::bind("", "s", {"1"}, {2}, {})),
            "E ERROR 22023 unsupported format code: 2");
  EXPECT_EQ(error_of(client::bind("", "s", {"x"}, {}, {})).substr(0, 14), "E ERROR 22P02 ");
  EXPECT_EQ(error_of(client::bind("", "nope", {}, {}, {})),
            "E ERROR 26000 prepared statement \"nope\" does not exist");
}

TEST(Connection, RowLimitsSuspendAPortal) {
  Wire wire;
  wire.begin();
  wire.say(client::query("BEGIN"));
  EXPECT_THAT(wire.say(client::parse("", "ROWS", {}) + client::bind("c", "", {}, {}, {}) +
                       client::execute("c", 3) + client::flush()),
              ElementsAre("1", "2", "D 1 r1", "D 2 r2", "D 3 NULL", "s"));
  EXPECT_THAT(wire.say(client::execute("c", 3) + client::sync()),
              ElementsAre("D 4 r4", "C SELECT 1", "Z T"));
  EXPECT_THAT(wire.say(client::execute("c", 0) + client::close('P', "c") + client::sync()),
              ElementsAre("C SELECT 0", "3", "Z T"));
}

TEST(Connection, LimitInTheMiddleOfARepeatedRow) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(
      wire.say(client::parse("", "ROWS TWICE", {}) + client::bind("", "", {}, {}, {}) +
               client::execute("", 3) + client::execute("", 3) + client::sync()),
      ElementsAre("1", "2", "D 1 r1", "D 1 r1", "D 2 r2", "s", "D 2 r2", "C SELECT 1", "Z I"));
}

TEST(Connection, AfterAnErrorEverythingIsSkippedUntilSync) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::parse("", "SYNTAX", {}) + client::bind("", "", {}, {}, {}) +
                       client::execute("", 0) + client::query("ROWS") + client::sync()),
              ElementsAre("E ERROR 42601 Expected something", "Z I"));
  EXPECT_TRUE(wire.journal.contains("sync failed"));
  EXPECT_THAT(wire.say(client::sync()), ElementsAre("Z I"));
}

TEST(Connection, DescriptionsAreForgottenWhenSqlMayHaveChangedThem) {
  Wire wire;
  wire.begin();
  wire.say(client::parse("s", "ROWS", {}) + client::sync());
  const auto describes = [&] {
    size_t count = 0;
    for (const std::string& line : wire.journal.lines()) count += line == "describe s" ? 1 : 0;
    return count;
  };
  const size_t before = describes();
  wire.say(client::bind("", "s", {}, {}, {}) + client::sync());
  EXPECT_EQ(describes(), before);
  wire.say(client::query("DEALLOCATE"));
  wire.say(client::bind("", "s", {}, {}, {}) + client::sync());
  EXPECT_EQ(describes(), before + 1);
}

TEST(Connection, CopyIn) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::query("COPY IN")), ElementsAre("G 0 2"));
  EXPECT_THAT(wire.say(client::copy_data("1\ta\n") + client::sync() + client::copy_data("2\tb\n") +
                       client::copy_done()),
              ElementsAre("C COPY 2", "Z I"));
  EXPECT_TRUE(wire.journal.contains("copied 1\ta\n2\tb\n"));

  wire.say(client::query("COPY IN"));
  EXPECT_THAT(wire.say(client::copy_data("1\ta\n") + client::copy_fail("no more")),
              ElementsAre("E ERROR 57014 COPY from stdin failed: no more", "Z I"));
  wire.say(client::query("COPY IN"));
  EXPECT_THAT(wire.say(client::copy_data("bad\n") + client::copy_data("x\n") + client::copy_done()),
              ElementsAre("E ERROR 22P04 extra data after last expected column", "Z I"));
  EXPECT_THAT(wire.say(client::query("ROWS TWICE")).back(), "Z I");
  wire.say(client::query("COPY IN"));
  EXPECT_THAT(wire.say(client::query("ROWS")),
              ElementsAre("E ERROR 08P01 unexpected message during COPY from stdin", "Z I"));
}

TEST(Connection, CopyInByTheExtendedProtocol) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::parse("", "COPY IN", {}) + client::bind("", "", {}, {}, {}) +
                       client::execute("", 0)),
              ElementsAre("1", "2", "G 0 2"));
  EXPECT_THAT(wire.say(client::copy_data("x\n") + client::copy_done() + client::sync()),
              ElementsAre("C COPY 2", "Z I"));
}

TEST(Connection, CopyOutGivesOneRowAMessage) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::query("COPY OUT")),
              ElementsAre("H 0 2", "d 1\ta", "d 2\tb", "d 3\tc", "c", "C COPY 3", "Z I"));
}

TEST(Connection, OutputIsSentInPieces) {
  Wire wire;
  wire.begin();
  const Lines lines = wire.say(client::query("ROWS MANY"));
  EXPECT_EQ(lines.size(), 100'003U);
  EXPECT_EQ(lines[100'001], "C SELECT 100000");
  EXPECT_LT(wire.largest_send, Connection::kOutputBytes + 1'000);
}

TEST(Connection, InputIsBounded) {
  Wire wire;
  wire.begin();
  wire.say(client::query("HANG"));
  ASSERT_TRUE(wire.session->release);
  EXPECT_TRUE(wire.connection().wants_bytes());
  wire.say(client::query(std::string(Connection::kInputBytes, ' ')));
  EXPECT_FALSE(wire.connection().wants_bytes());
  wire.session->release();
  wire.settle();
  EXPECT_TRUE(wire.connection().wants_bytes());
  EXPECT_EQ(client::take_lines(wire.received).front(), "C RELEASED");
}

// Messages that need no wait are answered without the stack growing with their number.
TEST(Connection, LongPipelines) {
  Wire wire;
  wire.begin();
  constexpr size_t kMany = 200'000;
  std::string bytes;
  for (size_t i = 0; i < kMany; ++i) bytes += client::close('S', "x");
  EXPECT_EQ(wire.say(bytes + client::sync()).size(), kMany + 1);
}

TEST(Connection, LeavingDestroysTheSessionAndLateAnswersAreDropped) {
  Wire wire;
  wire.begin();
  wire.say(client::query("HANG"));
  auto late = wire.session->release;
  wire.leave();
  EXPECT_TRUE(wire.journal.contains("session gone"));
  late();
  wire.settle();
}

TEST(Connection, Terminate) {
  Wire wire;
  wire.begin();
  EXPECT_THAT(wire.say(client::terminate()), ElementsAre());
  EXPECT_TRUE(wire.finished);
}

TEST(Connection, Shutdown) {
  Wire wire;
  wire.begin();
  wire.say(client::query("HANG"));
  wire.connection().on_shutdown();
  wire.session->release();
  wire.settle();
  EXPECT_THAT(client::take_lines(wire.received),
              ElementsAre("E FATAL 57P01 terminating connection due to administrator command"));
  EXPECT_TRUE(wire.finished);
}

TEST(Connection, OnlyABlockLeftOpenIsLimited) {
  Wire wire;
  wire.begin();
  wire.session->idle_limit = std::chrono::milliseconds(50);
  wire.say(client::query("ONE"));
  EXPECT_THAT(wire.idle_limits, testing::IsEmpty());
  wire.connection().on_idle_too_long();  // The timer of a block that has ended since.
  EXPECT_FALSE(wire.finished);
  wire.say(client::query("BEGIN"));
  EXPECT_THAT(wire.idle_limits, ElementsAre(50));
  wire.say(client::query("COMMIT"));
  EXPECT_THAT(wire.idle_limits, ElementsAre(50, 0));
}

TEST(Connection, ABlockLeftOpenForTooLongEndsTheConnection) {
  Wire wire;
  wire.begin();
  wire.session->idle_limit = std::chrono::milliseconds(50);
  wire.say(client::query("BEGIN"));
  wire.connection().on_idle_too_long();
  const Lines lines = client::take_lines(wire.received);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "E FATAL 25P03 terminating connection due to idle-in-transaction timeout");
  EXPECT_TRUE(wire.finished);
}

TEST(Connection, BrokenMessagesAreFatal) {
  for (const std::string& bytes :
       {client::framed('?', ""), client::framed('Q', "no zero"), client::framed('S', "extra"),
        client::framed('D', client::zero("Xname")), std::string("Q\0\0\0\2", 5),
        client::framed('B', client::zero("") + client::zero("") + client::number<int16_t>(-1)),
        std::string("E\x7f\xff\xff\xff", 5)}) {
    Wire wire;
    wire.begin();
    const Lines lines = wire.say(bytes);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].substr(0, 13), "E FATAL 08P01");
    EXPECT_TRUE(wire.finished);
  }
}

// Whatever comes, there is no crash and no read beyond what came.
TEST(Connection, NoiseIsAnswered) {
  Rng rng(7);
  const std::string good = client::parse("s", "ROWS $1", {23}) +
                           client::bind("p", "s", {"1"}, {0}, {1}) + client::describe('P', "p") +
                           client::execute("p", 1) + client::query("COPY IN") +
                           client::copy_data("x\n") + client::copy_done() + client::sync();
  for (int round = 0; round < 2'000; ++round) {
    Wire wire;
    wire.begin();
    std::string bytes = good;
    for (uint64_t i = 0; i <= rng.below(4); ++i) {
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
    }
    wire.say(bytes);
  }
}

}  // namespace
}  // namespace penstock::server
