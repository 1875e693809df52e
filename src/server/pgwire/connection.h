// One client's connection: the protocol between its messages and a SessionClient. Knows no socket:
// its host gives it bytes and takes bytes, so that it is tested with transcripts.
//
// The protocol is one coroutine, run(), that waits for messages, for the session's answers and for
// bytes to be sent. It waits for one thing at a time; what waits is destroyed with the connection.
//
// Memory: unread input is bounded by wants_bytes(), output by sending before there is more than
// kOutputBytes (and one row) of it and by going on only when all of it was sent.
//
// Owned by the loop thread of its host; every method is called there.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "coordinator/session_client.h"
#include "server/pgwire/frontend_message.h"
#include "server/pgwire/row_encoder.h"
#include "server/pgwire/task.h"

namespace penstock::server {

class Connection;

// Work for a connection, from any thread: it is done on the loop thread if the connection still
// exists then, else dropped.
using ConnectionWork = std::move_only_function<void(Connection&)>;
using ConnectionMailbox = std::function<void(ConnectionWork)>;

class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  // Sends all of it, then calls on_sent(); never from within send().
  virtual void send(std::string bytes) = 0;
  // Everything was said: close when what was sent is out. Never destroys the connection at once.
  virtual void finish() = 0;
  // wants_bytes() may have become true. Gives no bytes at once.
  virtual void more_wanted() = 0;
  // Calls on_idle_too_long() after that time unless limit_idle() is called again; zero: never.
  virtual void limit_idle(std::chrono::milliseconds limit) = 0;
  virtual ConnectionMailbox mailbox() = 0;
  // Opens a session elsewhere than on the loop thread.
  virtual void open_session(
      coordinator::StartupRequest request,
      coordinator::Done<std::unique_ptr<coordinator::SessionClient>> done) = 0;
  virtual void cancel(uint32_t connection_id, uint32_t secret) = 0;
};

struct ConnectionPeer {
  bool internal_port = false;
  std::string address;
};

class Connection {
 public:
  static constexpr size_t kOutputBytes = 64 << 10;
  static constexpr size_t kInputBytes = 256 << 10;

  Connection(ConnectionHost& host, ConnectionPeer peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void on_bytes(std::string_view bytes);
  void on_sent();
  // The server stops: says so to the client and ends.
  void on_shutdown();
  // The client has left a transaction block open for too long: likewise.
  void on_idle_too_long();

  bool wants_bytes() const;
  // The startup is over.
  bool established() const { return established_; }

 private:
  // A portal whose rows are being sent.
  struct Running {
    coordinator::RowsResult result;
    RowEncoder encoder;
    data::BatchRef batch;
    size_t row = 0;
    int64_t copies_left = 0;  // Of that row.
    uint64_t sent = 0;
    bool ended = false;
  };
  struct Portal {
    std::vector<int16_t> formats;
    std::optional<Running> running;
  };
  enum class RowsEnd { kComplete, kSuspended };

  // --- what run() waits for ---
  struct NextMessage;
  struct Sent;
  template <typename T, typename Start>
  struct Answer;

  // --- startup.cc ---
  Task<bool> start_up();
  Task<bool> begin_session(const StartupMessage& startup);
  coordinator::StartupRequest request_of(const StartupMessage& startup);

  // --- connection.cc ---
  Task<bool> run();
  Task<bool> handle(FrontendMessage message);  // False: the connection ends.
  Task<bool> send_output();
  Task<bool> send_if_much();
  void put_session_news();  // Notices and changed parameters.
  void put_failure(const Error& error);
  void put_fatal(const Error& error);
  void resume_with_message();
  void put_ready();  // ReadyForQuery.
  void end_with(const Error& error);
  std::chrono::milliseconds idle_limit() const;

  // --- simple_query.cc ---
  Task<bool> simple_query(const QueryMessage& query);
  Task<Status> simple_statement(size_t index, bool last, std::optional<std::string>& last_tag);
  Task<Result<std::string>> answer(coordinator::ExecuteResponse response);
  Task<Result<RowsEnd>> send_rows(Running& running, uint64_t max_rows);

  // --- extended_query.cc ---
  Task<Status> extended(FrontendMessage& message);
  Task<Status> parse(const ParseMessage& message);
  Task<Status> bind(const BindMessage& message);
  Task<Status> describe(const DescribeMessage& message);
  Task<Status> execute(const ExecuteMessage& message);
  Task<Status> run_portal(Portal& portal, const ExecuteMessage& message);
  Task<bool> sync();
  void close(const CloseMessage& message);
  void forget_statements_after(std::string_view tag);
  Task<Result<coordinator::StatementDescription>> statement(const std::string& name);

  // --- copy.cc ---
  Task<Result<std::string>> copy_in(coordinator::CopyInResult copy);
  Task<Result<std::string>> copy_out(coordinator::CopyOutResult copy);

  ConnectionHost& host_;
  const ConnectionPeer peer_;
  std::unique_ptr<coordinator::SessionClient> session_;
  MessageReader reader_;
  std::string out_;
  bool established_ = false;
  bool finished_ = false;
  bool in_block_ = false;  // As the last ReadyForQuery said, until the next message.

  // In the extended protocol: an error came, everything up to Sync is skipped.
  bool skipping_ = false;
  std::map<std::string, coordinator::StatementDescription> statements_;
  std::map<std::string, Portal> portals_;

  // What run() waits for; at most one of them.
  std::coroutine_handle<> waiting_;
  bool waiting_for_message_ = false;
  bool waiting_for_sent_ = false;
  uint64_t answer_ticket_ = 0;  // Of the call that is waited for; late ones do not match.
  std::optional<Result<FrontendMessage>> message_;

  Task<bool> run_;  // Last: destroyed first, while all that it uses still exists.
};

}  // namespace penstock::server
