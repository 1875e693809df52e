// SocketLoop: Asio's io_context, stepped by hand.
#include "connect/net/socket_loop.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "connect/net/loop_parts.h"
#include "connect/net/socket_connection.h"

namespace penstock::connect {

namespace asio = boost::asio;

namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

// A peer that sends without end must not keep the caller from its other work.
constexpr std::chrono::milliseconds kDrainTime = 5ms;
// Keeps a deadline from overflowing when somebody waits "for ever".
constexpr std::chrono::microseconds kLongestWait = 1h;

class SocketLink final : public Link {
 public:
  explicit SocketLink(std::shared_ptr<SocketConnection> connection)
      : connection_(std::move(connection)) {}
  ~SocketLink() override { connection_->abandon(); }
  SocketLink(const SocketLink&) = delete;
  SocketLink& operator=(const SocketLink&) = delete;

  void send(Payload payload) override { connection_->send(std::move(payload)); }
  size_t unsent_bytes() const override { return connection_->unsent_bytes(); }
  void resume_reading() override { connection_->resume_reading(); }

 private:
  const std::shared_ptr<SocketConnection> connection_;
};

class SocketLoop final : public EventLoop {
 public:
  SocketLoop() : parts_(make_system_resolver), work_(parts_.io.get_executor()), alarm_(parts_.io) {}

  Time now() const override { return std::chrono::steady_clock::now(); }
  int64_t unix_ms() const override { return static_cast<int64_t>(system_clock().wall_ms()); }
  TimerId at(Time time, Task task) override { return parts_.timers.add(time, std::move(task)); }
  void cancel(TimerId timer) override { parts_.timers.cancel(timer); }
  std::unique_ptr<Link> connect(const LinkOptions& options, LinkEvents& events) override;
  void run(std::chrono::microseconds wait) override;

 private:
  void settle();
  void wait_for_work(Time end);
  void set_alarm(Time time);
  void drain();

  LoopParts parts_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  // Ends a wait: io_context's own timeouts are whole milliseconds.
  asio::steady_timer alarm_;
  std::optional<Time> alarm_time_;  // While it is set.
  bool alarm_rang_ = false;
  bool running_ = false;
};

std::unique_ptr<Link> SocketLoop::connect(const LinkOptions& options, LinkEvents& events) {
  auto connection = std::make_shared<SocketConnection>(parts_, options, events);
  asio::post(parts_.io, [connection] { connection->start(); });
  return std::make_unique<SocketLink>(std::move(connection));
}

void SocketLoop::run(std::chrono::microseconds wait) {
  CHECK(!running_);
  running_ = true;
  const Time start = now();
  settle();
  const bool timers_ran = parts_.timers.run_due(start) > 0;
  if (!timers_ran && wait.count() > 0) wait_for_work(start + std::min(wait, kLongestWait));
  drain();
  running_ = false;
}

// Writes what was given to the links. A link that fails here may make its owner send on others.
void SocketLoop::settle() {
  while (!parts_.to_flush.empty()) {
    for (const auto& connection : std::exchange(parts_.to_flush, {})) connection->flush();
  }
}

// Until something was done or a timer is due.
void SocketLoop::wait_for_work(Time end) {
  if (const auto next = parts_.timers.next()) end = std::min(end, *next);
  do {
    set_alarm(end);
    alarm_rang_ = false;
    parts_.io.run_one();
  } while (alarm_rang_ && now() < end);
}

// An alarm that rings too early costs one turn of the wait; setting it costs more and would be done
// at each run. So it is only ever set to an earlier time.
void SocketLoop::set_alarm(Time time) {
  if (alarm_time_ && *alarm_time_ <= time) return;
  alarm_time_ = time;
  alarm_.expires_at(time);
  alarm_.async_wait([this](const boost::system::error_code& error) {
    alarm_rang_ = true;
    if (!error) alarm_time_.reset();
  });
}

void SocketLoop::drain() {
  Time time = now();
  const Time end = time + kDrainTime;
  do {
    settle();
    parts_.timers.run_due(time);
    settle();
    time = now();
  } while (time < end && parts_.io.poll_one() > 0);
}

}  // namespace

std::unique_ptr<EventLoop> make_socket_loop() {
  try {
    return std::make_unique<SocketLoop>();
  } catch (const boost::system::system_error& error) {
    // The process has no descriptor left for it.
    check_failed(__FILE__, __LINE__, "a socket loop can be made", error.what());
  }
}

}  // namespace penstock::connect
