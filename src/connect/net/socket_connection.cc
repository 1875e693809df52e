// SocketConnection over Asio's readiness notifications.
#include "connect/net/socket_connection.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "connect/net/plain_stream.h"
#include "connect/net/tls_stream.h"

namespace penstock::connect {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// How much one link may move before the others have their turn: half a millisecond or so.
constexpr size_t kBytesPerTurn = size_t{2} << 20;
constexpr int kReadsPerTurn = 64;

}  // namespace

SocketConnection::SocketConnection(LoopParts& parts, const LinkOptions& options, LinkEvents& events)
    : parts_(parts), options_(options), events_(&events) {}

void SocketConnection::start() {
  if (phase_ == Phase::kClosed) return;
  if (options_.tls) {
    if (parts_.tls_context == nullptr || parts_.tls_options != *options_.tls) {
      auto made = TlsContext::make(*options_.tls);
      if (!made) return fail(std::move(made.error()));
      parts_.tls_context = *std::move(made);
      parts_.tls_options = *options_.tls;
    }
    tls_ = parts_.tls_context;
  }
  setup_end_ = std::chrono::steady_clock::now() + options_.setup_timeout;
  auto self = shared_from_this();
  auto done = [self](std::expected<tcp::socket, LinkError> result) {
    self->dialer_ = nullptr;
    if (!result) return self->fail(std::move(result.error()));
    self->dialled(*std::move(result));
  };
  dialer_ = std::make_shared<Dialer>(parts_, options_, setup_end_, std::move(done));
  dialer_->start();
}

void SocketConnection::dialled(tcp::socket socket) {
  socket_ = std::move(socket);
  error_code error;
  socket_->non_blocking(true, error);
  if (error) return fail({LinkFault::kUnreachable, error.message()});
  make_stream();
  auto self = shared_from_this();
  setup_timer_ = parts_.timers.add(
      setup_end_, [self] { self->fail({LinkFault::kTimeout, "TLS handshake timed out"}); });
  shake_hands();
}

void SocketConnection::make_stream() {
  const int socket = socket_->native_handle();
  if (tls_ == nullptr) {
    stream_ = std::make_unique<PlainStream>(socket);
    return;
  }
  const TlsOptions& tls = *options_.tls;
  const std::string& name = tls.host_name.empty() ? options_.address.host : tls.host_name;
  stream_ = std::make_unique<TlsStream>(tls_, socket, TlsPeer{name, tls.verify_host_name});
}

void SocketConnection::shake_hands() {
  const StreamNeed need = stream_->shake_hands();
  if (need == StreamNeed::kClose) return fail(stream_->error());
  if (need != StreamNeed::kNothing) return when(need, &SocketConnection::shake_hands);
  open();
}

void SocketConnection::open() {
  parts_.timers.cancel(setup_timer_);
  phase_ = Phase::kOpen;
  events_->on_connected();
  if (phase_ == Phase::kClosed) return;
  flush();
  // Without waiting: the peer's first bytes may have come with the end of the handshake.
  if (phase_ == Phase::kOpen) read();
}

void SocketConnection::send(Payload payload) {
  if (phase_ == Phase::kClosed) return;
  queue_.push(std::move(payload));
  if (phase_ != Phase::kOpen || write_scheduled_) return;
  write_scheduled_ = true;
  parts_.to_flush.push_back(shared_from_this());
}

void SocketConnection::flush() {
  write_scheduled_ = false;
  if (phase_ != Phase::kOpen || write_error_) return;
  size_t written = 0;
  while (!queue_.empty()) {
    Transfer transfer;
    if (written < kBytesPerTurn) transfer = stream_->write(queue_);
    written += transfer.size;
    if (transfer.need == StreamNeed::kClose) return write_failed();
    if (transfer.need == StreamNeed::kNothing && written < kBytesPerTurn) continue;
    if (queue_.empty()) return;
    write_scheduled_ = true;
    return when(transfer.need, &SocketConnection::flush);
  }
}

// What the peer has sent before it went away can still be read, and says more than a failed write:
// an answer, or the alert that refuses our certificate.
void SocketConnection::write_failed() {
  write_error_ = stream_->error();
  for (int turn = 0; turn < kReadsPerTurn && !reading_paused_; ++turn) {
    if (!read_once()) break;
  }
  if (phase_ == Phase::kOpen) fail(*write_error_);
}

void SocketConnection::resume_reading() {
  if (phase_ != Phase::kOpen || !reading_paused_) return;
  reading_paused_ = false;
  schedule_read(StreamNeed::kNothing);
}

void SocketConnection::schedule_read(StreamNeed need) {
  if (read_scheduled_) return;
  read_scheduled_ = true;
  when(need, &SocketConnection::read);
}

void SocketConnection::read() {
  read_scheduled_ = false;
  if (phase_ != Phase::kOpen || reading_paused_) return;
  size_t moved = 0;
  for (int turn = 0; turn < kReadsPerTurn && moved < kBytesPerTurn; ++turn) {
    const std::optional<size_t> size = read_once();
    if (!size) return;
    moved += *size;
  }
  schedule_read(StreamNeed::kNothing);
}

std::optional<size_t> SocketConnection::read_once() {
  const std::span<char> buffer = events_->read_buffer();
  if (phase_ != Phase::kOpen) return std::nullopt;
  if (buffer.empty()) {
    reading_paused_ = true;
    return std::nullopt;
  }
  const Transfer transfer = stream_->read(buffer);
  if (transfer.need == StreamNeed::kClose) {
    fail(stream_->error());
    return std::nullopt;
  }
  if (transfer.size > 0) events_->on_read(transfer.size);
  if (phase_ != Phase::kOpen) return std::nullopt;
  if (transfer.need == StreamNeed::kNothing) return transfer.size;
  schedule_read(transfer.need);
  return std::nullopt;
}

void SocketConnection::when(StreamNeed need, Task task) {
  auto run = [self = shared_from_this(), task](const error_code&) {
    // An error of waiting is found again, and told better, by what waits.
    if (self->phase_ != Phase::kClosed) (self.get()->*task)();
  };
  if (need == StreamNeed::kNothing) {
    asio::post(parts_.io, [run = std::move(run)] { run({}); });
  } else {
    const bool readable = need == StreamNeed::kReadable;
    socket_->async_wait(readable ? tcp::socket::wait_read : tcp::socket::wait_write,
                        std::move(run));
  }
}

void SocketConnection::fail(LinkError error) {
  // After a failed write the system may tell of the end of the stream as if it were an orderly one.
  if (write_error_ && error.fault == LinkFault::kClosed) error = *write_error_;
  LinkEvents& events = *events_;
  release();
  events.on_closed(error);
}

void SocketConnection::abandon() {
  release();
}

// The queue stays: what is in it tells the owner what has never left.
void SocketConnection::release() {
  phase_ = Phase::kClosed;
  events_ = nullptr;
  parts_.timers.cancel(setup_timer_);
  if (dialer_ != nullptr) dialer_->abandon();
  dialer_ = nullptr;
  stream_ = nullptr;  // Before its socket: TLS says good-bye.
  error_code ignored;
  if (socket_) socket_->close(ignored);
}

}  // namespace penstock::connect
