// One blocking socket to a broker, and requests on it without any waiting but for bytes. Answers
// come in the order of the requests. The floor of what a client costs; it knows nothing of errors:
// whatever is not as expected ends the program.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/kafka/workload.h"
#include "connect/kafka/protocol/messages.h"

namespace penstock::bench {

namespace kafka = connect::kafka;

// Ends the program if there is an error.
void expect_none(kafka::ErrorCode code, std::string_view doing);

class SocketConnection {
 public:
  // Connects, and asks for the versions.
  explicit SocketConnection(const std::string& bootstrap);
  ~SocketConnection();
  SocketConnection(const SocketConnection&) = delete;
  SocketConnection& operator=(const SocketConnection&) = delete;

  // REQUIRES: the version is a flexible one.
  template <typename Request>
  void send(const Request& request, int16_t version) {
    kafka::WireWriter body;
    kafka::encode(request, version, body);
    send_frame(static_cast<int16_t>(Request::kApi), version, body);
  }

  // The answer to the oldest request that has none. Records in it are views that live until the
  // answer after the next: the next request may be on its way while they are read.
  template <typename Request>
  typename Request::Response receive(int16_t version) {
    kafka::WireReader reader(receive_frame());
    // Of header version 1, but for ApiVersions (KIP-511).
    if constexpr (Request::kApi != kafka::ApiKey::kApiVersions) kafka::skip_tagged_fields(reader);
    typename Request::Response response;
    if (!kafka::decode(response, version, reader)) fail("a malformed answer");
    return response;
  }

  template <typename Request>
  typename Request::Response ask(const Request& request, int16_t version) {
    send(request, version);
    return receive<Request>(version);
  }

 private:
  void send_frame(int16_t api, int16_t version, const kafka::WireWriter& body);
  void write_all(std::vector<iovec> pieces);
  void read_all(char* into, size_t size);
  // What follows the correlation id.
  std::string_view receive_frame();

  int socket_ = -1;
  int32_t last_sent_ = 0;
  int32_t last_received_ = 0;
  // Not std::string: it would be filled with zeros before it is read into.
  struct Buffer {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  Buffer buffers_[2];
};

}  // namespace penstock::bench
