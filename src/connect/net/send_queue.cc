// SendQueue: one position in a queue of payloads.
#include "connect/net/send_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace penstock::connect {

void SendQueue::push(Payload payload) {
  size_t size = 0;
  for (const std::string_view piece : payload.pieces) size += piece.size();
  if (size == 0) return;
  payloads_.push_back(std::move(payload));
  bytes_ += size;
}

template <typename Visit>
void SendQueue::for_each_piece(Visit visit) const {
  size_t piece = piece_;
  size_t offset = offset_;
  for (const Payload& payload : payloads_) {
    for (; piece < payload.pieces.size(); ++piece) {
      const std::string_view rest = payload.pieces[piece].substr(offset);
      offset = 0;
      if (!rest.empty() && !visit(rest)) return;
    }
    piece = 0;
  }
}

std::string_view SendQueue::front() const {
  std::string_view out;
  for_each_piece([&](std::string_view piece) {
    out = piece;
    return false;
  });
  return out;
}

size_t SendQueue::gather(std::span<iovec> entries) const {
  size_t count = 0;
  if (entries.empty()) return count;
  for_each_piece([&](std::string_view piece) {
    // The system's call takes bytes to be read as if it could change them.
    entries[count++] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
    return count < entries.size();
  });
  return count;
}

size_t SendQueue::copy(std::span<char> into) const {
  size_t filled = 0;
  for_each_piece([&](std::string_view piece) {
    const size_t size = std::min(piece.size(), into.size() - filled);
    std::memcpy(into.data() + filled, piece.data(), size);
    filled += size;
    return filled < into.size();
  });
  return filled;
}

void SendQueue::consume(size_t size) {
  CHECK_OP(<=, size, bytes_);
  bytes_ -= size;
  while (!payloads_.empty()) {
    const Payload& payload = payloads_.front();
    while (piece_ < payload.pieces.size()) {
      const size_t rest = payload.pieces[piece_].size() - offset_;
      if (size < rest) {
        offset_ += size;
        return;
      }
      size -= rest;
      offset_ = 0;
      ++piece_;
    }
    payloads_.pop_front();
    piece_ = 0;
    if (size == 0) return;
  }
}

}  // namespace penstock::connect
