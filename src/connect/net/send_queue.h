// The bytes that a link has still to send, as views of what their owners keep alive. Nothing is
// copied; an owner is let go when the last of its bytes was taken.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <span>
#include <string_view>

#include "connect/net/event_loop.h"

namespace penstock::connect {

class SendQueue {
 public:
  void push(Payload payload);
  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }
  // The longest run of bytes that lies in one piece. REQUIRES: not empty.
  std::string_view front() const;
  // Fills entries with the next pieces and returns how many it filled.
  size_t gather(std::span<iovec> entries) const;
  // Copies the next bytes and returns how many: all, or as many as fit.
  size_t copy(std::span<char> into) const;
  // Takes away so many bytes from the front. REQUIRES: size <= bytes().
  void consume(size_t size);

 private:
  // Calls visit(piece) with what is left, in order, until it returns false.
  template <typename Visit>
  void for_each_piece(Visit visit) const;

  std::deque<Payload> payloads_;  // None is without bytes; the pieces may be.
  size_t piece_ = 0;              // Of the first payload: this piece is the next,
  size_t offset_ = 0;             // from this byte on.
  size_t bytes_ = 0;
};

}  // namespace penstock::connect
