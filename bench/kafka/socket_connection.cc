// Frames on a blocking socket.
#include "bench/kafka/socket_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace penstock::bench {
namespace {

constexpr std::string_view kClientId = "kafka-bench";
constexpr int16_t kApiVersionsVersion = 3;
constexpr size_t kMostPieces = 64;

int connect_to(const std::string& bootstrap) {
  const size_t colon = bootstrap.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(bootstrap.substr(colon + 1))));
  if (inet_pton(AF_INET, bootstrap.substr(0, colon).c_str(), &address.sin_addr) != 1)
    fail("socket: no IPv4 address: " + bootstrap);
  const int opened = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(opened, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(opened, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    fail("socket: " + bootstrap + ": " + std::strerror(errno));
  return opened;
}

}  // namespace

void expect_none(kafka::ErrorCode code, std::string_view doing) {
  if (code != kafka::ErrorCode::kNone)
    fail("socket: " + std::string(doing) + ": " + kafka::error_name(code));
}

SocketConnection::SocketConnection(const std::string& bootstrap) : socket_(connect_to(bootstrap)) {
  const auto versions = ask(kafka::ApiVersionsRequest{.client_software_name = "kafka-bench",
                                                      .client_software_version = "1"},
                            kApiVersionsVersion);
  expect_none(versions.error_code, "ApiVersions");
  const auto& features = versions.finalized_features;
  const bool v2 = std::any_of(features.begin(), features.end(), [](const auto& feature) {
    return feature.name == "transaction.version" && feature.max_version_level >= 2;
  });
  if (!v2) fail("socket: the broker has no transactions of version 2");
}

SocketConnection::~SocketConnection() {
  close(socket_);
}

void SocketConnection::send_frame(int16_t api, int16_t version, const kafka::WireWriter& body) {
  kafka::WireWriter header;
  header.int16(api);
  header.int16(version);
  header.int32(++last_sent_);
  header.int16(static_cast<int16_t>(kClientId.size()));
  header.raw(kClientId);
  header.unsigned_varint(0);
  char size[sizeof(int32_t)];
  kafka::store_big_endian(size, static_cast<int32_t>(header.size() + body.size()));
  std::vector<iovec> pieces{{size, sizeof(size)}};
  for (const kafka::WireWriter* part : {&std::as_const(header), &body})
    for (std::string_view piece : part->pieces())
      pieces.push_back({const_cast<char*>(piece.data()), piece.size()});
  write_all(std::move(pieces));
}

void SocketConnection::write_all(std::vector<iovec> pieces) {
  size_t first = 0;
  while (first < pieces.size()) {
    msghdr message{};
    message.msg_iov = &pieces[first];
    message.msg_iovlen = std::min(pieces.size() - first, kMostPieces);
    const ssize_t written = sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (written < 0) fail(std::string("socket: sendmsg: ") + std::strerror(errno));
    auto rest = static_cast<size_t>(written);
    while (first < pieces.size() && rest >= pieces[first].iov_len) rest -= pieces[first++].iov_len;
    if (rest == 0) continue;
    pieces[first].iov_base = static_cast<char*>(pieces[first].iov_base) + rest;
    pieces[first].iov_len -= rest;
  }
}

void SocketConnection::read_all(char* into, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(socket_, into, size, MSG_WAITALL);
    if (got <= 0) fail(std::string("socket: recv: ") + (got == 0 ? "closed" : strerror(errno)));
    into += got;
    size -= static_cast<size_t>(got);
  }
}

std::string_view SocketConnection::receive_frame() {
  char head[2 * sizeof(int32_t)];
  read_all(head, sizeof(head));
  const auto size = static_cast<size_t>(kafka::load_big_endian<int32_t>(head)) - sizeof(int32_t);
  if (kafka::load_big_endian<int32_t>(head + sizeof(int32_t)) != ++last_received_)
    fail("socket: an answer out of order");
  std::swap(buffers_[0], buffers_[1]);
  Buffer& buffer = buffers_[0];
  if (buffer.size < size) buffer = {std::make_unique_for_overwrite<char[]>(size), size};
  read_all(buffer.bytes.get(), size);
  return {buffer.bytes.get(), size};
}

}  // namespace penstock::bench
