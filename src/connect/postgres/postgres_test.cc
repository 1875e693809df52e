// The parts of the PostgreSQL client that need no server: positions, frames, faults, quoting, and a
// server that is not there or is told to stop.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "connect/postgres/postgres_connection.h"
#include "connect/postgres/replication_message.h"
#include "connect/postgres/replication_stream.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::string_view_literals::operator""sv;

TEST(Lsn, TextRoundTrip) {
  EXPECT_EQ(to_text(Lsn{0x16'B374D848}), "16/B374D848");
  EXPECT_EQ(parse_lsn("16/B374D848"), Lsn{0x16'B374D848});
  EXPECT_EQ(parse_lsn("0/0"), Lsn{0});
  EXPECT_EQ(to_text(Lsn{0xFFFFFFFF00000001}), "FFFFFFFF/1");
  for (std::string_view bad : {"", "1", "1/", "/1", "1/123456789", "g/1", "1/ 2"}) {
    EXPECT_EQ(parse_lsn(bad), std::nullopt) << bad;
  }
}

TEST(ReplicationFrame, ReadsDataAndKeepalives) {
  auto data = parse_replication_frame("w\0\0\0\0\0\0\1\2\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\7Bxyz"sv);
  ASSERT_TRUE(data);
  EXPECT_TRUE(data->is_data);
  EXPECT_EQ(data->start, Lsn{0x102});
  EXPECT_EQ(data->server_end, Lsn{0x103});
  EXPECT_EQ(data->sent_us, 7);
  EXPECT_EQ(data->payload, "Bxyz");
  auto keepalive = parse_replication_frame("k\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\1\1"sv);
  ASSERT_TRUE(keepalive);
  EXPECT_FALSE(keepalive->is_data);
  EXPECT_EQ(keepalive->server_end, Lsn{0x200});
  EXPECT_TRUE(keepalive->answer_wanted);
  EXPECT_FALSE(parse_replication_frame("k\0\0"sv));
  EXPECT_FALSE(parse_replication_frame("x\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\1\1"sv));
  EXPECT_FALSE(parse_replication_frame(""));
}

TEST(ReplicationFrame, WritesStatusUpdates) {
  std::string update = make_status_update(Lsn{0x1'00000002}, 5, false);
  EXPECT_EQ(update, "r\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\5\0"sv);
}

TEST(PostgresFaults, FollowTheSqlState) {
  using enum PostgresFault;
  EXPECT_EQ(classify_sql_state("", "server closed the connection unexpectedly"), kTransient);
  EXPECT_EQ(classify_sql_state("57P01", "terminating connection"), kTransient);
  EXPECT_EQ(classify_sql_state("53300", "too many clients already"), kTransient);
  EXPECT_EQ(classify_sql_state("55006", "replication slot \"s\" is active for PID 1"), kTransient);
  EXPECT_EQ(classify_sql_state("28P01", "password authentication failed"), kAuthorization);
  EXPECT_EQ(classify_sql_state("42501", "permission denied for table t"), kAuthorization);
  EXPECT_EQ(classify_sql_state("42704", "replication slot \"s\" does not exist"), kUndefinedObject);
  EXPECT_EQ(classify_sql_state("55000", "can no longer get changes from replication slot \"s\""),
            kLogGone);
  EXPECT_EQ(classify_sql_state("58P01", "requested WAL segment 00000001 has already been removed"),
            kLogGone);
  EXPECT_EQ(classify_sql_state("42601", "syntax error"), kRejected);
  EXPECT_EQ(classify_connect_failure("FATAL:  password authentication failed for user \"u\""),
            kAuthorization);
  EXPECT_EQ(classify_connect_failure("FATAL:  database \"d\" does not exist"), kUndefinedObject);
  EXPECT_EQ(classify_connect_failure("FATAL:  the database system is starting up"), kTransient);
  EXPECT_EQ(classify_connect_failure("Connection refused"), kTransient);
}

TEST(PostgresQuoting, SurvivesQuotesAndBackslashes) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b"), "E'a\\\\b'");
}

// A listener that accepts and never answers.
struct SilentServer {
  SilentServer() {
    socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(socket, 4);
    socklen_t size = sizeof address;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~SilentServer() { close(socket); }
  int socket = -1;
  int port = 0;
};

TEST(PostgresConnect, RefusalIsTransientAndNamesTheCause) {
  int port = 0;
  {
    SilentServer server;
    port = server.port;
  }
  StopToken stop;
  auto made = PostgresConnection::connect({.host = "127.0.0.1", .port = port, .user = "u"}, stop);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, PostgresFault::kTransient);
  EXPECT_NE(made.error().message.find("refused"), std::string::npos) << made.error().message;
}

TEST(PostgresConnect, ASilentServerTimesOut) {
  SilentServer server;
  StopToken stop;
  auto made = PostgresConnection::connect(
      {.host = "127.0.0.1", .port = server.port, .user = "u", .connect_timeout = 200ms}, stop);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, PostgresFault::kTransient);
  EXPECT_NE(made.error().message.find("timed out"), std::string::npos) << made.error().message;
}

TEST(PostgresConnect, IsStopped) {
  SilentServer server;
  StopToken stop;
  std::thread stopper([&] { stop.stop(); });
  auto made = PostgresConnection::connect(
      {.host = "127.0.0.1", .port = server.port, .user = "u", .connect_timeout = 60s}, stop);
  stopper.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, PostgresFault::kStopped);
}

}  // namespace
}  // namespace penstock::connect
