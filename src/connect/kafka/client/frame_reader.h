// Puts a stream of bytes together to Kafka's frames: four bytes of length, and so many bytes.
//
// Small frames are cut out of a staging buffer, so that one read takes in many; the rest of a large
// one is read straight into its place. The memory of large frames that nobody holds any more is
// used again: to get it from the system costs as much as to fill it. One owner thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::connect::kafka {

// The content of one frame, without its length. Never changed once complete.
class Frame {
 public:
  // Not initialised: it is about to be overwritten.
  explicit Frame(size_t size)
      : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size), capacity_(size) {}
  std::string_view view() const { return {bytes_.get(), size_}; }
  char* data() { return bytes_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // REQUIRES: at most the capacity, and nobody else holds it.
  void reuse(size_t size) { size_ = size; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
  size_t capacity_;
};

class FrameReader {
 public:
  // Frames of more than `max_bytes` are refused: what sends them does not speak Kafka's protocol.
  explicit FrameReader(size_t max_bytes) : staging_(kStagingBytes, '\0'), max_bytes_(max_bytes) {}

  // Where the next bytes belong. Never empty.
  std::span<char> buffer();
  // Takes in `size` bytes of the last buffer(). Frames that are complete go to `use`, in order.
  // False: a length is negative or too large; nothing may be read any more.
  bool consume(size_t size, const std::function<void(std::shared_ptr<const Frame>)>& use);

  // After a refusal: what stands where a length should.
  std::string_view refused() const;

 private:
  // Some dozens of usual responses; a page table's worth more would not save a call.
  static constexpr size_t kStagingBytes = 16 << 10;
  // Frames of these sizes are kept for reuse, so many of them.
  static constexpr size_t kReusedLeast = 256 << 10;
  static constexpr size_t kReusedMost = 8 << 20;
  static constexpr size_t kSpares = 4;

  std::shared_ptr<Frame> make_frame(size_t size);

  std::string staging_;
  size_t done_ = 0;              // Bytes of staging_ before the frame that was refused.
  size_t staged_ = 0;            // Bytes of staging_ that are filled and belong to no frame yet.
  std::shared_ptr<Frame> open_;  // A frame whose bytes do not fit the staging buffer.
  size_t filled_ = 0;            // Of open_.
  std::vector<std::shared_ptr<Frame>> spares_;  // Large ones; others may hold them, too.
  size_t max_bytes_;
};

}  // namespace penstock::connect::kafka
