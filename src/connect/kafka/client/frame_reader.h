// Puts a stream of bytes together to Kafka's frames: four bytes of length, and so many bytes.
//
// Small frames are cut out of a staging buffer, so that one read takes in many; the rest of a large
// one is read straight into its place. One owner thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace penstock::connect::kafka {

// The content of one frame, without its length. Never changed once complete.
class Frame {
 public:
  // Not initialised: it is about to be overwritten.
  explicit Frame(size_t size) : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}
  std::string_view view() const { return {bytes_.get(), size_}; }
  char* data() { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
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

  std::string staging_;
  size_t done_ = 0;              // Bytes of staging_ before the frame that was refused.
  size_t staged_ = 0;            // Bytes of staging_ that are filled and belong to no frame yet.
  std::shared_ptr<Frame> open_;  // A frame whose bytes do not fit the staging buffer.
  size_t filled_ = 0;            // Of open_.
  size_t max_bytes_;
};

}  // namespace penstock::connect::kafka
