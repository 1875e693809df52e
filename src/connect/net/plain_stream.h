// Bytes over a TCP socket as they are: gathering writes out of the payloads' own memory, reads into
// the reader's. The socket belongs to somebody else, who keeps it open longer.
#pragma once

#include "connect/net/byte_stream.h"

namespace penstock::connect {

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(int socket) : socket_(socket) {}

  StreamNeed shake_hands() override { return StreamNeed::kNothing; }
  Transfer read(std::span<char> into) override;
  Transfer write(SendQueue& queue) override;
  const LinkError& error() const override { return error_; }

 private:
  Transfer failed(int code, StreamNeed need);

  const int socket_;
  LinkError error_{LinkFault::kReset, ""};
};

}  // namespace penstock::connect
