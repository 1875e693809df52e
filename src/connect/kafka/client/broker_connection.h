// A connection to one broker: made when it is needed, made again after a backoff when it breaks,
// and used by any number of requests at once, which are sent in order and answered in order.
//
// It tells what is known of each call in the end (call.h) and sends nothing twice: what to do about
// a failure is decided above. One request without its answer in time takes the connection down,
// because all later answers are behind that one. Throttling (KIP-219) and re-authentication
// (KIP-368) hold back what was not sent.
//
// Owned and called by the loop's thread. Calls finish inside EventLoop::run() only; they may make
// new calls, and must not destroy the connection. Destroying it finishes nothing.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/rng.h"
#include "connect/kafka/client/call.h"
#include "connect/kafka/client/client_options.h"
#include "connect/kafka/client/handshake.h"

namespace penstock::connect::kafka {

class BrokerConnection final : private LinkEvents {
 public:
  struct Context {
    EventLoop& loop;
    const ConnectionOptions& options;
    Authenticator* authenticator;  // None on listeners without SASL.
    Rng& jitter;
  };

  BrokerConnection(Context context, HostAndPort address);
  ~BrokerConnection() override;

  void call(std::unique_ptr<Call> call);
  template <typename Request, typename Done>
  void call(Request request, CallOptions options, Done done) {
    call(std::make_unique<TypedCall<Request>>(std::move(request), std::move(options),
                                              std::move(done)));
  }

  // Known once it has been connected; kept while it is not.
  const BrokerFeatures& features() const { return features_; }
  const HostAndPort& address() const { return address_; }
  bool ready() const { return state_ == State::kReady; }
  // The last attempt to connect failed, and the next is not yet due.
  bool backing_off() const { return state_ == State::kDown && loop().now() < retry_at_; }
  // Calls that were sent and not answered.
  size_t in_flight() const { return sent_.size(); }
  // Why it is not connected, naming the broker; empty while nothing is wrong.
  std::string trouble() const;

 private:
  enum class State { kDown, kConnecting, kSettingUp, kReady, kReauthenticating };

  struct Sent {
    std::unique_ptr<Call> call;
    int32_t correlation_id;
    int16_t version;
    size_t bytes;
    EventLoop::Time sent_at;
  };
  struct Failed {
    std::unique_ptr<Call> call;
    CallFailure failure;
  };

  void on_connected() override;
  std::span<char> read_buffer() override { return reader_->buffer(); }
  void on_read(size_t size) override;
  void on_closed(const LinkError& error) override;

  EventLoop& loop() const { return context_.loop; }
  ClientMetrics& metrics() const { return *context_.options.metrics; }
  // Does what can be done now, and sets the timer for what comes next.
  void advance();
  void connect();
  void begin_handshake(bool again);
  void send_setup(std::unique_ptr<Call> call);
  void on_handshake(std::expected<Handshake::Session, HandshakeFailure> result);
  bool renewed_too_soon(const HandshakeFailure& failure) const;
  void send_waiting();
  void send(std::unique_ptr<Call> call, int16_t version);
  void on_frame(std::shared_ptr<const Frame> frame);
  const Call* first_to_expire() const;  // Of those that were sent; null: there is none.
  void expire();
  CallFailure failure_of(const LinkError& error) const;
  // Ends the link. The failure is that of what was not sent; of what was, nobody knows.
  void break_down(const CallFailure& failure);
  void on_timer();
  void arm();
  std::string named(const std::string& cause) const;

  Context context_;
  HostAndPort address_;
  State state_ = State::kDown;
  std::unique_ptr<Link> link_;
  std::unique_ptr<FrameReader> reader_;
  std::unique_ptr<Handshake> handshake_;
  BrokerFeatures features_;
  std::deque<std::unique_ptr<Call>> waiting_;
  std::deque<Sent> sent_;
  std::vector<Failed> failed_;  // To be told so by the loop.
  // A request after the handshake was answered once: the listener speaks our security protocol.
  bool fits_ = false;
  int32_t next_correlation_id_ = 1;
  Backoff backoff_;
  EventLoop::Time retry_at_ = {};
  EventLoop::Time setup_deadline_ = {};
  EventLoop::Time silent_until_ = {};
  std::optional<EventLoop::Time> reauthenticate_at_;
  std::optional<EventLoop::TimerId> timer_;
  EventLoop::Time timer_time_ = {};
  std::string trouble_;
};

// Of connections in one lane. Pointers have another order in each process, and a simulation that
// depends on it cannot be repeated.
struct ByAddress {
  bool operator()(const BrokerConnection* a, const BrokerConnection* b) const {
    return a->address() < b->address();
  }
};

}  // namespace penstock::connect::kafka
