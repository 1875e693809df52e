// How bytes get over a connected socket that never blocks: as they are, or within TLS. A stream
// calls nobody back; the link that owns it waits for what the stream needs.
#pragma once

#include <cstddef>
#include <span>

#include "connect/net/event_loop.h"
#include "connect/net/send_queue.h"

namespace penstock::connect {

enum class StreamNeed {
  kNothing,   // Go on.
  kReadable,  // Nothing more can be done before the socket is readable,
  kWritable,  // or writable.
  kClose,     // Nothing more can be done at all: error() says why.
};

struct Transfer {
  size_t size = 0;
  StreamNeed need = StreamNeed::kNothing;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // To be called until it needs nothing, before anything is read or written.
  virtual StreamNeed shake_hands() = 0;
  // One read. A size above zero may come together with a need; with kClose it does not.
  virtual Transfer read(std::span<char> into) = 0;
  // One write; takes from the queue what is on its way. REQUIRES: the queue is not empty.
  virtual Transfer write(SendQueue& queue) = 0;
  virtual const LinkError& error() const = 0;
};

}  // namespace penstock::connect
