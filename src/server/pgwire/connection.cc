// The loop of a connection and what wakes it.
#include "server/pgwire/connection.h"

#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/waiting.h"

namespace penstock::server {
namespace {

constexpr char kIdle = 'I';
// A task that ends without having waited leaves frames on the stack until the loop is reached
// (only an optimising compiler makes the hand-over a jump); and other clients want their turn.
constexpr uint64_t kMessagesPerTurn = 64;

}  // namespace

Connection::Connection(ConnectionHost& host, ConnectionPeer peer)
    : host_(host), peer_(std::move(peer)), run_(run()) {
  run_.start();
}

Connection::~Connection() = default;

// --- what wakes it ---

void Connection::on_bytes(std::string_view bytes) {
  if (finished_) return;
  reader_.feed(bytes);
  resume_with_message();
}

void Connection::resume_with_message() {
  if (!waiting_for_message_) return;
  NextMessage next{*this};
  if (!next.await_ready()) return;
  waiting_for_message_ = false;
  std::exchange(waiting_, {}).resume();
}

void Connection::on_sent() {
  if (!waiting_for_sent_) return;
  waiting_for_sent_ = false;
  std::exchange(waiting_, {}).resume();
}

void Connection::on_shutdown() {
  end_with(Error(sql_state::kAdminShutdown, "terminating connection due to administrator command"));
}

void Connection::on_idle_too_long() {
  if (!waiting_for_message_ || !in_block_) return;
  end_with(Error(sql_state::kIdleInTransactionTimeout,
                 "terminating connection due to idle-in-transaction timeout"));
}

void Connection::end_with(const Error& error) {
  if (finished_) return;
  finished_ = true;
  ++answer_ticket_;  // Nothing resumes run() any more.
  waiting_ = {};
  waiting_for_message_ = false;
  waiting_for_sent_ = false;
  std::string farewell;
  put_error(farewell, "FATAL", error);
  host_.send(std::move(farewell));
  host_.finish();
}

bool Connection::wants_bytes() const {
  if (finished_) return false;
  if (waiting_for_message_ && reader_.needs_bytes()) return true;
  return reader_.buffered_bytes() < kInputBytes;
}

// --- output ---

Task<bool> Connection::send_output() {
  co_await Sent{*this};
  co_return true;
}

Task<bool> Connection::send_if_much() {
  if (out_.size() >= kOutputBytes) co_await Sent{*this};
  co_return true;
}

void Connection::put_session_news() {
  for (const coordinator::Notice& notice : session_->take_notices()) put_notice(out_, notice);
  for (const auto& [name, value] : session_->take_parameter_changes()) {
    put_parameter_status(out_, name, value);
  }
}

void Connection::put_failure(const Error& error) {
  put_session_news();
  put_error(out_, "ERROR", error);
}

void Connection::put_ready() {
  const char status = session_->transaction_status();
  in_block_ = status != kIdle;
  server::put_ready(out_, status);
}

// Only who has been told that it is his turn can be too slow.
std::chrono::milliseconds Connection::idle_limit() const {
  return in_block_ ? session_->idle_in_transaction_limit() : std::chrono::milliseconds(0);
}

void Connection::put_fatal(const Error& error) {
  put_error(out_, "FATAL", error);
}

// --- the loop ---

Task<bool> Connection::run() {
  const bool started = co_await start_up();
  bool going = started;
  uint64_t handled = 0;
  while (going) {
    const std::chrono::milliseconds limit = idle_limit();
    if (limit.count() > 0) host_.limit_idle(limit);
    Result<FrontendMessage> message = co_await NextMessage{*this};
    if (limit.count() > 0) host_.limit_idle(std::chrono::milliseconds(0));
    in_block_ = false;
    if (!message) {
      put_fatal(message.error());
      break;
    }
    going = co_await handle(*std::move(message));
    if (++handled % kMessagesPerTurn != 0) continue;
    auto turn = [](coordinator::Done<coordinator::Nothing> done) { done(coordinator::Nothing{}); };
    co_await Answer<coordinator::Nothing, decltype(turn)>(*this, turn);
  }
  co_await send_output();
  finished_ = true;
  host_.finish();
  co_return true;
}

Task<bool> Connection::handle(FrontendMessage message) {
  if (std::holds_alternative<TerminateMessage>(message)) co_return false;
  if (std::holds_alternative<SyncMessage>(message)) {
    const bool going = co_await sync();
    co_return going;
  }
  if (const auto* query = std::get_if<QueryMessage>(&message)) {
    if (skipping_) co_return true;
    const bool going = co_await simple_query(*query);
    co_return going;
  }
  if (std::holds_alternative<FlushMessage>(message)) {
    co_await send_output();
    co_return true;
  }
  if (std::holds_alternative<CopyDataMessage>(message) ||
      std::holds_alternative<CopyDoneMessage>(message) ||
      std::holds_alternative<CopyFailMessage>(message)) {
    co_return true;  // Left over from a COPY that failed.
  }
  if (std::holds_alternative<PasswordMessage>(message)) {
    put_fatal(Error(sql_state::kProtocolViolation, "unexpected password message"));
    co_return false;
  }
  if (skipping_) co_return true;
  if (std::holds_alternative<FunctionCallMessage>(message)) {
    put_failure(Error(sql_state::kFeatureNotSupported, "function calls are not supported"));
    put_ready();
    co_await send_output();
    co_return true;
  }
  Status status = co_await extended(message);
  if (!status) {
    put_failure(status.error());
    skipping_ = true;
  }
  co_await send_if_much();
  co_return true;
}

Task<bool> Connection::sync() {
  const bool failed = std::exchange(skipping_, false);
  auto start = [this, failed](coordinator::Done<coordinator::Nothing> done) {
    session_->sync(failed, std::move(done));
  };
  Result<coordinator::Nothing> ended =
      co_await Answer<coordinator::Nothing, decltype(start)>(*this, start);
  if (!ended) put_failure(ended.error());
  put_session_news();
  put_ready();
  if (!in_block_) portals_.clear();
  co_await send_output();
  co_return true;
}

}  // namespace penstock::server
