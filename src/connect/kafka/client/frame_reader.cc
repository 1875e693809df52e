// Frames out of a stream.
#include "connect/kafka/client/frame_reader.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "connect/kafka/protocol/wire.h"

namespace penstock::connect::kafka {

std::span<char> FrameReader::buffer() {
  if (open_) return {open_->data() + filled_, open_->size() - filled_};
  return {staging_.data() + staged_, staging_.size() - staged_};
}

std::shared_ptr<Frame> FrameReader::make_frame(size_t size) {
  if (size < kReusedLeast || size > kReusedMost) return std::make_shared<Frame>(size);
  for (const auto& spare : spares_) {
    if (spare.use_count() > 1 || spare->capacity() < size) continue;
    spare->reuse(size);
    return spare;
  }
  // Somewhat larger, so that it fits the next ones.
  auto frame = std::make_shared<Frame>(std::bit_ceil(size));
  frame->reuse(size);
  if (spares_.size() == kSpares) spares_.erase(spares_.begin());
  spares_.push_back(frame);
  return frame;
}

bool FrameReader::consume(size_t size,
                          const std::function<void(std::shared_ptr<const Frame>)>& use) {
  if (open_) {
    filled_ += size;
    if (filled_ == open_->size()) use(std::exchange(open_, nullptr));
    return true;
  }
  staged_ += size;
  size_t done = 0;
  while (!open_ && staged_ - done >= sizeof(int32_t)) {
    const std::string_view rest(staging_.data() + done, staged_ - done);
    const int32_t length = WireReader(rest).int32();
    if (length < 0 || static_cast<size_t>(length) > max_bytes_) {
      done_ = done;
      return false;
    }
    auto frame = make_frame(static_cast<size_t>(length));
    const size_t here = std::min(frame->size(), rest.size() - sizeof(int32_t));
    const bool whole = here == frame->size();
    // A frame that fits is waited for in the staging buffer: the next read may bring others with
    // it.
    if (!whole && sizeof(int32_t) + frame->size() <= staging_.size()) break;
    std::memcpy(frame->data(), rest.data() + sizeof(int32_t), here);
    done += sizeof(int32_t) + here;
    if (whole) {
      use(std::move(frame));
    } else {
      open_ = std::move(frame);
      filled_ = here;
    }
  }
  staged_ -= done;
  std::memmove(staging_.data(), staging_.data() + done, staged_);
  return true;
}

std::string_view FrameReader::refused() const {
  return std::string_view(staging_).substr(done_, staged_ - done_);
}

}  // namespace penstock::connect::kafka
