// PlainStream over recv() and sendmsg().
#include "connect/net/plain_stream.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace penstock::connect {
namespace {

// A produce request has some ten pieces; the system takes at most 1,024 at once.
constexpr size_t kPiecesPerWrite = 64;

}  // namespace

Transfer PlainStream::failed(int code, StreamNeed need) {
  if (code == EAGAIN || code == EWOULDBLOCK) return {.need = need};
  if (code == EINTR) return {};
  error_ = {LinkFault::kReset, std::system_category().message(code)};
  return {.need = StreamNeed::kClose};
}

Transfer PlainStream::read(std::span<char> into) {
  const ssize_t size = recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
  if (size < 0) return failed(errno, StreamNeed::kReadable);
  if (size == 0) {
    error_ = {LinkFault::kClosed, "the peer closed the connection"};
    return {.need = StreamNeed::kClose};
  }
  // Less than there was room for: there is no more, and no call is needed to learn that.
  const auto filled = static_cast<size_t>(size);
  return {filled, filled < into.size() ? StreamNeed::kReadable : StreamNeed::kNothing};
}

Transfer PlainStream::write(SendQueue& queue) {
  std::array<iovec, kPiecesPerWrite> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = queue.gather(pieces);
  size_t wanted = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) wanted += pieces[i].iov_len;
  const ssize_t size = sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0) return failed(errno, StreamNeed::kWritable);
  const auto taken = static_cast<size_t>(size);
  queue.consume(taken);
  return {taken, taken < wanted ? StreamNeed::kWritable : StreamNeed::kNothing};
}

}  // namespace penstock::connect
