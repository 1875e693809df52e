// Cutting requests out of the stream, and framing answers.
#include "connect/kafka/simulated/server_session.h"

#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

// Errors: none; what does not parse is a bug of the client under test.
ReceivedRequest parse(std::string_view frame) {
  WireReader reader(frame);
  ReceivedRequest request{ApiKey{reader.int16()}, reader.int16(), reader.int32()};
  request.client_id = reader.raw(static_cast<size_t>(reader.int16()));
  if (api_info(request.api).flexible.has(request.version)) skip_tagged_fields(reader);
  CHECK(!reader.failed());
  request.body = reader.raw(reader.remaining());
  return request;
}

}  // namespace

void serve_at(SimulatedLoop& loop, const HostAndPort& address, ServerSession::Handler handler) {
  loop.listen(address, [handler = std::move(handler)](std::unique_ptr<ServerLink> link) {
    return std::make_unique<ServerSession>(std::move(link), handler);
  });
}

ApiVersionsResponse every_version() {
  ApiVersionsResponse versions;
  for (const ApiInfo& api : all_apis())
    versions.api_keys.push_back(
        {static_cast<int16_t>(api.key), api.versions.first, api.versions.last});
  return versions;
}

std::optional<ReceivedRequest> received_request(std::string_view frame) {
  if (frame.size() < sizeof(int32_t)) return std::nullopt;
  const std::string_view rest = frame.substr(sizeof(int32_t));
  if (static_cast<size_t>(WireReader(frame).int32()) != rest.size()) return std::nullopt;
  return parse(rest);
}

void request_is_malformed(const ReceivedRequest& request) {
  check_failed(__FILE__, __LINE__, "a request that can be decoded",
               std::string(api_info(request.api).name) + " " + std::to_string(request.version));
}

void ServerSession::on_bytes(std::string_view bytes) {
  if (unparsed_.empty()) {
    unparsed_.append(bytes.substr(take_frames(bytes)));
    return;
  }
  unparsed_.append(bytes);
  unparsed_.erase(0, take_frames(unparsed_));
}

size_t ServerSession::take_frames(std::string_view bytes) {
  size_t taken = 0;
  while (open() && bytes.size() - taken >= sizeof(int32_t)) {
    const std::string_view rest = bytes.substr(taken);
    const auto size = static_cast<size_t>(WireReader(rest).int32());
    if (rest.size() < sizeof(int32_t) + size) break;
    taken += sizeof(int32_t) + size;
    handler_(*this, parse(rest.substr(sizeof(int32_t), size)));
  }
  return taken;
}

void ServerSession::send(std::string frame) {
  if (open()) link_->send(std::move(frame));
}

std::string framed(const ReceivedRequest& request, bool flexible, const WireWriter& body) {
  const size_t head_bytes = sizeof(int32_t) + (flexible ? 1 : 0);
  WireWriter head;
  head.int32(static_cast<int32_t>(head_bytes + body.size()));
  head.int32(request.correlation_id);
  if (flexible) head.unsigned_varint(0);
  std::string frame = head.joined();
  frame.reserve(frame.size() + body.size());
  for (const std::string_view piece : body.pieces()) frame.append(piece);
  return frame;
}

}  // namespace penstock::connect::kafka
