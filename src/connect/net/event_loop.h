// Time, timers and byte streams for one thread. What is written against this header runs on sockets
// (socket_loop.h) and, unchanged, inside a simulation with a clock and a network of its own.
//
// Everything of a loop belongs to the thread that calls run(); callbacks run inside run() only,
// never inside the call that set them up. A Link must not outlive its loop, nor its events the
// link.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"

namespace penstock::connect {

struct HostAndPort {
  std::string host;
  uint16_t port = 0;

  bool operator==(const HostAndPort&) const = default;
  auto operator<=>(const HostAndPort&) const = default;
};

enum class AddressFamily { kAny, kIpv4, kIpv6 };

// PEM texts; an empty one is not given.
struct TlsOptions {
  std::string authorities = {};  // None given: the system's.
  std::string certificate = {};
  SecretString key = {};
  SecretString key_password = {};
  bool verify_host_name = true;
  std::string host_name = {};  // To be verified, and sent as SNI. None given: the address's.

  bool operator==(const TlsOptions&) const = default;
};

struct LinkOptions {
  HostAndPort address;
  AddressFamily family = AddressFamily::kAny;
  // Of resolving, connecting and the TLS handshake together.
  std::chrono::milliseconds setup_timeout{30'000};
  std::optional<TlsOptions> tls = {};
  bool keep_alive = true;  // The system asks a silent peer from time to time whether it is there.
};

enum class LinkFault {
  kResolve,      // The host name has no address.
  kRefused,      // Nobody listens there.
  kUnreachable,  // No way there, or any other failure to connect.
  kTimeout,      // Not set up within the setup timeout.
  kTlsMaterial,  // Our own certificate, key or authorities cannot be used.
  kTlsVerify,    // The peer's certificate is not to be trusted: authority, date, or host name.
  kTlsAbsent,    // What the peer sends is no TLS.
  kTlsAborted,   // The peer ended the TLS handshake without a word: it speaks no TLS, or went away.
  // The peer asked for a certificate of ours, there was none, and it went. This and the next come
  // after on_connected() with TLS 1.3.
  kTlsUnidentified,
  kTlsRefused,  // The peer refused, and said why in an alert.
  kClosed,      // The peer closed in an orderly way.
  kReset,       // Anything else that ended a stream which had been set up.
};

struct LinkError {
  LinkFault fault;
  std::string cause;  // "certificate has expired"
};

// The owner of a link. After on_closed() the link does nothing more.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_connected() = 0;
  // Where the next bytes shall go; an empty span pauses reading until resume_reading(). It may be
  // asked for again although nothing came.
  virtual std::span<char> read_buffer() = 0;
  // So many bytes of the last read_buffer() were filled.
  virtual void on_read(size_t size) = 0;
  virtual void on_closed(const LinkError& error) = 0;
};

// Bytes to be sent, in order; the owner keeps the pieces alive.
struct Payload {
  std::vector<std::string_view> pieces;
  std::shared_ptr<const void> owner;
};

// A byte stream to a peer. Destroying it closes it, and no event comes afterwards.
class Link {
 public:
  virtual ~Link() = default;
  // Accepted at any time before on_closed(); sent as the peer takes it. Never blocks. What a
  // callback sends leaves when the callback has returned, what is sent outside run() with the next
  // run().
  virtual void send(Payload payload) = 0;
  // Bytes of payloads that the system has not taken over. After on_closed(): that never left.
  virtual size_t unsent_bytes() const = 0;
  virtual void resume_reading() = 0;
};

class EventLoop {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using TimerId = uint64_t;
  using Task = std::move_only_function<void()>;

  virtual ~EventLoop() = default;
  virtual Time now() const = 0;
  // Milliseconds since 1970, for what is written into records and tokens.
  virtual int64_t unix_ms() const = 0;
  virtual TimerId at(Time time, Task task) = 0;
  // Nothing happens if it has run.
  virtual void cancel(TimerId timer) = 0;
  // Contacts nobody before the next run(). `events` must outlive the link.
  virtual std::unique_ptr<Link> connect(const LinkOptions& options, LinkEvents& events) = 0;
  // Does what can be done, waiting at most `wait` for the first thing to do. May come back before
  // all is done when there is no end of it.
  virtual void run(std::chrono::microseconds wait) = 0;
};

}  // namespace penstock::connect
