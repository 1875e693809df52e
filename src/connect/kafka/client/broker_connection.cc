// One connection's life: set up, requests and answers in order, and what is known when it breaks.
#include "connect/kafka/client/broker_connection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "connect/kafka/client/setup_fault.h"

namespace penstock::connect::kafka {
namespace {

// What a payload's pieces are views of.
struct RequestBytes {
  std::string head;
  WireWriter body;
  std::shared_ptr<const void> keep_alive;
};

struct RequestHeader {
  const ApiInfo& api;
  int16_t version;
  int32_t correlation_id;
};

// The length of the frame and the request header of version 1 or, if flexible, 2.
std::string request_head(const RequestHeader& header, const std::string& client_id,
                         size_t body_size) {
  WireWriter writer;
  writer.int16(static_cast<int16_t>(header.api.key));
  writer.int16(header.version);
  writer.int32(header.correlation_id);
  // Never compact: the broker has to read it before it knows the version.
  writer.int16(static_cast<int16_t>(client_id.size()));
  writer.raw(client_id);
  if (header.api.flexible.has(header.version)) writer.unsigned_varint(0);
  WireWriter head;
  head.int32(static_cast<int32_t>(writer.size() + body_size));
  head.raw(writer.joined());
  return head.joined();
}

// Longer lives are renewed as if they were so long: a broker may name one that no clock holds.
constexpr std::chrono::milliseconds kLongestSession = std::chrono::hours(24 * 365);

// Session tokens are renewed at 85 % of their life, with some of the time left for the exchange.
EventLoop::Time renewal(EventLoop::Time now, std::chrono::milliseconds lifetime) {
  return now + std::min(lifetime, kLongestSession) * 85 / 100;
}

}  // namespace

BrokerConnection::BrokerConnection(Context context, HostAndPort address)
    : context_(context),
      address_(std::move(address)),
      backoff_(context.options.backoff_first, context.options.backoff_most) {}

BrokerConnection::~BrokerConnection() {
  for (const Sent& sent : sent_) metrics().lost(sent.call->api());
  if (timer_) loop().cancel(*timer_);
}

std::string BrokerConnection::named(const std::string& cause) const {
  return "broker " + address_.host + ":" + std::to_string(address_.port) + ": " + cause;
}

void BrokerConnection::call(std::unique_ptr<Call> call) {
  waiting_.push_back(std::move(call));
  advance();
}

void BrokerConnection::advance() {
  if (state_ == State::kDown && !waiting_.empty() && loop().now() >= retry_at_) connect();
  if (state_ == State::kReady && !waiting_.empty() && reauthenticate_at_ &&
      loop().now() >= *reauthenticate_at_) {
    begin_handshake(true);
  }
  if (state_ == State::kReady && loop().now() >= silent_until_) send_waiting();
  arm();
}

void BrokerConnection::connect() {
  state_ = State::kConnecting;
  setup_deadline_ = loop().now() + context_.options.setup_timeout;
  LinkOptions options{context_.options.reach ? context_.options.reach(address_) : address_,
                      context_.options.family, context_.options.setup_timeout, context_.options.tls,
                      context_.options.keep_alive};
  if (options.tls && options.tls->host_name.empty()) options.tls->host_name = address_.host;
  reader_ = std::make_unique<FrameReader>(context_.options.max_response_bytes);
  silent_until_ = {};
  link_ = loop().connect(options, *this);
}

void BrokerConnection::on_connected() {
  metrics().connected();
  begin_handshake(false);
  arm();
}

void BrokerConnection::begin_handshake(bool again) {
  state_ = again ? State::kReauthenticating : State::kSettingUp;
  // That of a new connection holds from its first step on.
  if (again) setup_deadline_ = loop().now() + context_.options.setup_timeout;
  handshake_ = std::make_unique<Handshake>(
      Handshake::Host{loop(), [this](std::unique_ptr<Call> call) { send_setup(std::move(call)); },
                      setup_deadline_},
      context_.authenticator, features_,
      [this](std::expected<Handshake::Session, HandshakeFailure> result) {
        on_handshake(std::move(result));
      });
  again ? handshake_->start_again() : handshake_->start();
}

void BrokerConnection::send_setup(std::unique_ptr<Call> call) {
  // ApiVersions is asked for in one version before anything is known.
  const VersionRange wanted = call->options.versions;
  const auto version = wanted.first == wanted.last ? std::optional<int16_t>(wanted.first)
                                                   : features_.pick(call->api(), wanted);
  if (version) return send(std::move(call), *version);
  on_handshake(std::unexpected(HandshakeFailure{true, "Unsupported broker version"}));
}

void BrokerConnection::on_handshake(std::expected<Handshake::Session, HandshakeFailure> result) {
  handshake_.reset();
  if (!result) {
    HandshakeFailure& failure = result.error();
    if (renewed_too_soon(failure)) failure = {false, "Its session was too short to be renewed"};
    return break_down({failure.refused ? CallFate::kRefused : CallFate::kNotSent,
                       named(failure.cause), failure.code});
  }
  reauthenticate_at_.reset();
  if (*result) reauthenticate_at_ = renewal(loop().now(), **result);
  state_ = State::kReady;
  backoff_.reset();
  trouble_.clear();
  advance();
}

// A broker renews a session once a second at most, and answers earlier attempts as if it had no
// SASL (KIP-368). A token that is almost over makes such sessions; a new connection is let in, or
// told why not.
bool BrokerConnection::renewed_too_soon(const HandshakeFailure& failure) const {
  return state_ == State::kReauthenticating &&
         failure.code == error_name(ErrorCode::kIllegalSaslState);
}

void BrokerConnection::send_waiting() {
  // Answered calls may lengthen the queue or take the connection down meanwhile: look again each
  // time.
  while (state_ == State::kReady && !waiting_.empty()) {
    std::unique_ptr<Call> call = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto version = features_.pick(call->api(), call->options.versions)) {
      send(std::move(call), *version);
    } else {
      const std::string cause = named("it speaks no version of " + std::string(call->api().name) +
                                      " that can be used here");
      failed_.push_back(
          {std::move(call),
           {CallFate::kUnsupported, cause, error_name(ErrorCode::kUnsupportedVersion)}});
    }
  }
}

void BrokerConnection::send(std::unique_ptr<Call> call, int16_t version) {
  auto bytes = std::make_shared<RequestBytes>();
  call->encode_body(version, bytes->body);
  bytes->keep_alive = call->options.keep_alive;
  const int32_t id = next_correlation_id_;
  next_correlation_id_ = id == std::numeric_limits<int32_t>::max() ? 1 : id + 1;
  bytes->head =
      request_head({call->api(), version, id}, context_.options.client_id, bytes->body.size());
  Payload payload{{bytes->head}, bytes};
  for (std::string_view piece : bytes->body.pieces()) payload.pieces.push_back(piece);
  const size_t size = bytes->head.size() + bytes->body.size();
  metrics().sent(call->api(), size);
  sent_.push_back({std::move(call), id, version, size, loop().now()});
  link_->send(std::move(payload));
}

void BrokerConnection::on_read(size_t size) {
  const bool sane = reader_->consume(size, [this](std::shared_ptr<const Frame> frame) {
    // A frame before this one may have ended the link.
    if (state_ != State::kDown) on_frame(std::move(frame));
  });
  // Behind a frame that has ended the link anything may come.
  if (!sane && state_ != State::kDown) {
    const bool first = state_ == State::kSettingUp;
    return break_down({first ? CallFate::kRefused : CallFate::kNotSent,
                       named(foreign_protocol(reader_->refused()).cause)});
  }
  advance();
}

void BrokerConnection::on_frame(std::shared_ptr<const Frame> frame) {
  WireReader reader(frame->view());
  const int32_t id = reader.int32();
  if (sent_.empty() || sent_.front().correlation_id != id) {
    return break_down({CallFate::kNotSent, named("it answered a request that it was not asked")});
  }
  Sent sent = std::move(sent_.front());
  sent_.pop_front();
  const ApiInfo& api = sent.call->api();
  if (api.key == ApiKey::kApiVersions) {
    // Its header is never flexible, and a refusal of the version comes in version 0 (KIP-511).
    WireReader peek = reader;
    if (ErrorCode{peek.int16()} == ErrorCode::kUnsupportedVersion) sent.version = 0;
  } else if (api.flexible.has(sent.version)) {
    skip_tagged_fields(reader);
  }
  fits_ = fits_ || state_ == State::kReady;
  const size_t bytes = frame->size();
  if (!sent.call->take(sent.version, std::move(frame), reader)) {
    sent_.push_front(std::move(sent));
    return break_down(
        {CallFate::kNotSent, named("its answer to " + std::string(api.name) + " is malformed")});
  }
  metrics().answered(
      api, bytes,
      std::chrono::duration_cast<std::chrono::microseconds>(loop().now() - sent.sent_at));
  // Before anybody is told, who may have the next question ready.
  if (const std::chrono::milliseconds pause(sent.call->throttle_ms()); pause.count() > 0) {
    silent_until_ = loop().now() + pause;
    metrics().throttled(pause);
  }
  sent.call->succeed();
}

void BrokerConnection::on_closed(const LinkError& error) {
  break_down(failure_of(error));
}

CallFailure BrokerConnection::failure_of(const LinkError& error) const {
  const bool setting_up = state_ == State::kConnecting || state_ == State::kSettingUp;
  const bool refused_late =
      error.fault == LinkFault::kTlsUnidentified || error.fault == LinkFault::kTlsRefused;
  if (setting_up || refused_late) {
    const SetupFault fault = setup_fault(error, context_.options.tls.has_value());
    return {fault.refused ? CallFate::kRefused : CallFate::kNotSent, named(fault.cause), "",
            fault.misfit && !fits_};
  }
  // A listener with SASL answers ApiVersions to everybody, and closes upon what is not SASL next.
  if (state_ == State::kReady && !fits_ && !sent_.empty() && !context_.authenticator) {
    return {CallFate::kNotSent,
            named("Disconnected upon the first request; SASL authentication required, or the "
                  "broker went away"),
            "", true};
  }
  return {CallFate::kNotSent,
          named("Disconnected" + (error.cause.empty() ? "" : ": " + error.cause))};
}

std::string BrokerConnection::trouble() const {
  if (!trouble_.empty()) return trouble_;
  // Whoever asks now has given up.
  if (state_ == State::kConnecting || state_ == State::kSettingUp)
    return named("Connection timeout");
  return "";
}

void BrokerConnection::break_down(const CallFailure& failure) {
  metrics().disconnected();
  trouble_ = failure.cause;
  // A connection that worked is made again at once; one that could not be made, after a while.
  if (state_ != State::kReady || failure.misfit) {
    const auto pause = backoff_.next();
    retry_at_ = loop().now() + pause * 4 / 5 +
                std::chrono::milliseconds(
                    context_.jitter.below(static_cast<uint64_t>(pause.count()) * 2 / 5 + 1));
  }
  state_ = State::kDown;
  handshake_.reset();
  // Requests are sent in order: those within the last unsent bytes have not left as a whole, and no
  // broker acts on a part of one.
  size_t unsent = link_->unsent_bytes();
  link_.reset();
  const auto earlier = static_cast<std::ptrdiff_t>(failed_.size());
  while (!sent_.empty()) {
    Sent sent = std::move(sent_.back());
    sent_.pop_back();
    const bool left = unsent == 0;
    unsent -= std::min(unsent, sent.bytes);
    metrics().lost(sent.call->api());
    CallFailure said = failure;
    if (left) said.fate = CallFate::kUnknown;
    failed_.push_back({std::move(sent.call), std::move(said)});
  }
  std::reverse(failed_.begin() + earlier, failed_.end());
  for (auto& call : std::exchange(waiting_, {})) failed_.push_back({std::move(call), failure});
  arm();
}

// Not always the one that was sent first: later ones may have less time.
const Call* BrokerConnection::first_to_expire() const {
  const auto first = std::ranges::min_element(
      sent_, {}, [](const Sent& sent) { return sent.call->options.deadline; });
  return first == sent_.end() ? nullptr : first->call.get();
}

void BrokerConnection::expire() {
  const auto now = loop().now();
  const bool setting_up = state_ == State::kConnecting || state_ == State::kSettingUp ||
                          state_ == State::kReauthenticating;
  if (setting_up && now >= setup_deadline_)
    return break_down({CallFate::kNotSent, named("Connection timeout")});
  if (const Call* first = first_to_expire(); first && now >= first->options.deadline) {
    const std::string name(first->api().name);
    return break_down({CallFate::kNotSent, named("no answer to " + name + " in time")});
  }
  std::deque<std::unique_ptr<Call>> kept;
  for (auto& call : std::exchange(waiting_, {})) {
    if (now < call->options.deadline) {
      kept.push_back(std::move(call));
    } else {
      std::string why = trouble();
      if (why.empty()) why = named("timed out");
      failed_.push_back({std::move(call), {CallFate::kNotSent, std::move(why)}});
    }
  }
  waiting_ = std::move(kept);
}

void BrokerConnection::on_timer() {
  timer_.reset();
  expire();
  // They may call us anew.
  for (Failed& failed : std::exchange(failed_, {})) failed.call->fail(failed.failure);
  advance();
}

// One timer, for the first of what is to come.
void BrokerConnection::arm() {
  auto next = EventLoop::Time::max();
  if (!failed_.empty()) next = loop().now();
  if (state_ != State::kDown && state_ != State::kReady) next = std::min(next, setup_deadline_);
  if (const Call* first = first_to_expire()) next = std::min(next, first->options.deadline);
  for (const auto& call : waiting_) next = std::min(next, call->options.deadline);
  if (!waiting_.empty() && state_ == State::kDown) next = std::min(next, retry_at_);
  if (!waiting_.empty() && state_ == State::kReady) next = std::min(next, silent_until_);
  if (timer_ && timer_time_ == next) return;
  if (timer_) loop().cancel(*timer_);
  timer_.reset();
  timer_time_ = next;
  if (next != EventLoop::Time::max()) timer_ = loop().at(next, [this] { on_timer(); });
}

}  // namespace penstock::connect::kafka
