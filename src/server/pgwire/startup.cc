// From the first byte to the first ReadyForQuery.
#include <utility>

#include "server/pgwire/backend_message.h"
#include "server/pgwire/connection.h"
#include "server/pgwire/startup_options.h"
#include "server/pgwire/waiting.h"

namespace penstock::server {
namespace {

constexpr std::string_view kProtocolOptionPrefix = "_pq_.";

bool has_user(const coordinator::StartupRequest& request) {
  for (const auto& [name, value] : request.parameters) {
    if (name == "user" && !value.empty()) return true;
  }
  return false;
}

}  // namespace

// The settings of `options` come first: parameters of their own override them.
coordinator::StartupRequest Connection::request_of(const StartupMessage& startup) {
  coordinator::StartupRequest request;
  request.internal_port = peer_.internal_port;
  request.client_address = peer_.address;
  for (const auto& [name, value] : startup.parameters) {
    if (name != "options") continue;
    StartupOptions options = parse_startup_options(value);
    for (auto& setting : options.settings) request.parameters.push_back(std::move(setting));
    for (const std::string& word : options.unreadable) {
      put_notice(out_, {"NOTICE", Error(sql_state::kInvalidParameterValue,
                                        "startup setting " + word + " not set: no name=value")});
    }
  }
  for (const auto& parameter : startup.parameters) {
    if (parameter.first == "options" || parameter.first.starts_with(kProtocolOptionPrefix))
      continue;
    request.parameters.push_back(parameter);
  }
  return request;
}

Task<bool> Connection::begin_session(const StartupMessage& startup) {
  constexpr uint16_t kMajorVersion = 3;
  if (startup.major_version != kMajorVersion) {
    put_fatal(Error(sql_state::kConnectionRejected,
                    "server does not support the client's requested protocol version"));
    co_return false;
  }
  std::string greeting;
  std::vector<std::string> unknown_options;
  for (const auto& [name, value] : startup.parameters) {
    if (name.starts_with(kProtocolOptionPrefix)) unknown_options.push_back(name);
  }
  if (startup.minor_version > 0 || !unknown_options.empty()) {
    put_negotiate_version(greeting, unknown_options);
  }
  put_authentication_ok(greeting);
  coordinator::StartupRequest request = request_of(startup);
  std::string notices = std::exchange(out_, {});
  if (!has_user(request)) {
    put_fatal(Error(sql_state::kInvalidAuthorization,
                    "no PostgreSQL user name specified in startup packet"));
    co_return false;
  }
  using Client = std::unique_ptr<coordinator::SessionClient>;
  auto start = [this, &request](coordinator::Done<Client> done) {
    host_.open_session(std::move(request), std::move(done));
  };
  Result<Client> session = co_await Answer<Client, decltype(start)>(*this, start);
  if (!session) {
    put_fatal(session.error());
    co_return false;
  }
  session_ = *std::move(session);
  out_ += greeting;
  for (const auto& [name, value] : session_->take_parameter_changes()) {
    put_parameter_status(out_, name, value);
  }
  put_backend_key(out_, session_->connection_id(), session_->cancel_secret());
  out_ += notices;
  put_session_news();
  established_ = true;
  put_ready();
  co_await send_output();
  co_return true;
}

Task<bool> Connection::start_up() {
  while (true) {
    Result<FrontendMessage> message = co_await NextMessage{*this};
    if (!message) {
      put_fatal(message.error());
      co_return false;
    }
    if (const auto* startup = std::get_if<StartupMessage>(&*message)) {
      const bool begun = co_await begin_session(*startup);
      co_return begun;
    }
    if (const auto* cancel = std::get_if<CancelRequest>(&*message)) {
      host_.cancel(cancel->connection_id, cancel->secret);
      co_return false;
    }
    // A request for encryption, of either kind: not here. The client goes on without, or leaves.
    out_ += 'N';
    co_await send_output();
  }
}

}  // namespace penstock::server
