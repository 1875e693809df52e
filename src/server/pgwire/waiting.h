// What a connection's coroutine waits for.
#pragma once

#include <optional>
#include <utility>

#include "server/pgwire/connection.h"

namespace penstock::server {

// co_await NextMessage{connection}: the client's next message, or how its stream is broken.
struct Connection::NextMessage {
  Connection& connection;

  bool await_ready() {
    Result<std::optional<FrontendMessage>> next = connection.reader_.next();
    if (next && !*next) return false;
    if (next) {
      connection.message_.emplace(**std::move(next));
    } else {
      connection.message_.emplace(std::unexpected(std::move(next).error()));
    }
    return true;
  }
  void await_suspend(std::coroutine_handle<> frame) {
    connection.waiting_ = frame;
    connection.waiting_for_message_ = true;
    connection.host_.more_wanted();
  }
  Result<FrontendMessage> await_resume() {
    Result<FrontendMessage> message = *std::move(connection.message_);
    connection.message_.reset();
    return message;
  }
};

// co_await Sent{connection}: all output is with the client's kernel.
struct Connection::Sent {
  Connection& connection;

  bool await_ready() const { return connection.out_.empty(); }
  void await_suspend(std::coroutine_handle<> frame) {
    connection.waiting_ = frame;
    connection.waiting_for_sent_ = true;
    connection.host_.send(std::exchange(connection.out_, {}));
  }
  void await_resume() const {}
};

// co_await Answer(connection, start): calls start(done) and waits for `done`, which may be called
// from any thread, even before start() returns, even after the connection is gone.
template <typename T, typename Start>
struct Connection::Answer {
  Connection& connection;
  Start start;
  std::optional<Result<T>> result;

  Answer(Connection& of, Start call) : connection(of), start(std::move(call)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> frame) {
    connection.waiting_ = frame;
    const uint64_t ticket = ++connection.answer_ticket_;
    // `this` lives in the waiting frame: it is there as long as the ticket is the last one.
    auto done = [mailbox = connection.host_.mailbox(), ticket, this](Result<T> given) {
      mailbox([ticket, self = this, value = std::move(given)](Connection& at) mutable {
        if (at.answer_ticket_ != ticket || !at.waiting_) return;
        self->result.emplace(std::move(value));
        std::exchange(at.waiting_, {}).resume();
      });
    };
    start(coordinator::Done<T>(std::move(done)));
  }
  Result<T> await_resume() { return *std::move(result); }
};

}  // namespace penstock::server
