// A link's inside: set up by a Dialer and a ByteStream's handshake, then moved along by readiness
// of its socket. Handlers that wait keep it alive; the link's destructor makes them do nothing.
//
// Nothing is written within send(): the loop writes as soon as the callback has returned, so that
// what a callback sends in parts leaves in one system call.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "connect/net/byte_stream.h"
#include "connect/net/dialer.h"
#include "connect/net/event_loop.h"
#include "connect/net/loop_parts.h"
#include "connect/net/send_queue.h"

namespace penstock::connect {

class SocketConnection : public std::enable_shared_from_this<SocketConnection> {
 public:
  SocketConnection(LoopParts& parts, const LinkOptions& options, LinkEvents& events);

  void start();
  void abandon();  // No event comes any more.

  void send(Payload payload);
  size_t unsent_bytes() const { return queue_.bytes(); }
  void resume_reading();
  void flush();  // Called by the loop when send() has asked for it.

 private:
  enum class Phase { kSetUp, kOpen, kClosed };
  using Task = void (SocketConnection::*)();

  void dialled(boost::asio::ip::tcp::socket socket);
  void make_stream();
  void shake_hands();
  void open();
  void read();
  std::optional<size_t> read_once();  // How much there was; none: not to go on.
  void schedule_read(StreamNeed need);
  void write_failed();
  // Calls the task when the socket is ready, or soon, if the need is kNothing.
  void when(StreamNeed need, Task task);
  void fail(LinkError error);
  void release();

  LoopParts& parts_;
  const LinkOptions options_;
  LinkEvents* events_;  // Absent once closed.
  Phase phase_ = Phase::kSetUp;
  std::shared_ptr<Dialer> dialer_;
  std::optional<boost::asio::ip::tcp::socket> socket_;
  std::unique_ptr<ByteStream> stream_;
  SendQueue queue_;
  EventLoop::TimerId setup_timer_ = 0;
  EventLoop::Time setup_end_;
  std::shared_ptr<const TlsContext> tls_;
  std::optional<LinkError> write_error_;
  bool reading_paused_ = false;
  bool read_scheduled_ = false;
  bool write_scheduled_ = false;  // Or in the loop's list.
};

}  // namespace penstock::connect
