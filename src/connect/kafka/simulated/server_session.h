// The server's side of one connection: cuts the stream into requests, reads their headers, and
// frames the answers. What an answer is, its handler decides. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connect/kafka/protocol/messages.h"
#include "connect/kafka/simulated/simulated_loop.h"

namespace penstock::connect::kafka {

struct ReceivedRequest {
  ApiKey api;
  int16_t version;
  int32_t correlation_id;
  std::string client_id = {};
  std::string body = {};
  ProtocolStep step = ProtocolStep::kOther;

  // The body as a message. Fails the test (CHECK) if it is malformed.
  template <typename Request>
  Request as() const;
};

class ServerSession final : public ServerEvents {
 public:
  // Called for each request in the order of arrival. It may answer at any time later, in any order
  // that the protocol allows.
  using Handler = std::function<void(ServerSession&, ReceivedRequest)>;

  ServerSession(std::unique_ptr<ServerLink> link, Handler handler)
      : link_(std::move(link)), handler_(std::move(handler)) {}

  void on_bytes(std::string_view bytes) override;
  void on_gone() override { link_.reset(); }

  bool open() const { return link_ != nullptr; }
  void close() { link_.reset(); }
  template <typename Response>
  void answer(const ReceivedRequest& request, const Response& response) {
    send(frame_of(request, request.version, response));
  }
  // An answer in another version than that of the request: ApiVersions' refusal.
  template <typename Response>
  void answer_in(int16_t version, const ReceivedRequest& request, const Response& response) {
    send(frame_of(request, version, response));
  }
  // Nothing if the link is gone.
  void send(std::string frame);

 private:
  // How many bytes of them were whole requests.
  size_t take_frames(std::string_view bytes);

  std::unique_ptr<ServerLink> link_;
  Handler handler_;
  std::string unparsed_;
};

// Whoever connects to `address` gets a session of its own, all with this handler.
void serve_at(SimulatedLoop& loop, const HostAndPort& address, ServerSession::Handler handler);

// Of a broker that has every API in all versions that we know.
ApiVersionsResponse every_version();

// A frame, its length included, as a request; none if it is not one whole frame.
std::optional<ReceivedRequest> received_request(std::string_view frame);

void request_is_malformed(const ReceivedRequest& request);

template <typename Request>
Request ReceivedRequest::as() const {
  Request request;
  WireReader reader(body);
  if (!decode(request, version, reader)) request_is_malformed(*this);
  return request;
}

std::string framed(const ReceivedRequest& request, bool flexible, const WireWriter& body);

// An answer as it is sent; made before what its Records refer to is gone.
template <typename Response>
std::string frame_of(const ReceivedRequest& request, int16_t version, const Response& response) {
  WireWriter body;
  encode(response, version, body);
  // ApiVersions' response header is never flexible (KIP-511).
  return framed(request, request.api != ApiKey::kApiVersions && Response::kFlexible.has(version),
                body);
}

}  // namespace penstock::connect::kafka
