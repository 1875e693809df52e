// A file of messages, for producers that only send.
//
// A sequence of {u32 key, u32 value, u32 header value: their sizes; u32 partition; then the bytes},
// little-endian, as bench/servers.py writes it.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

class MessageFile {
 public:
  explicit MessageFile(const char* path) : file_(std::fopen(path, "rb")) {
    if (file_ == nullptr) {
      std::fprintf(stderr, "cannot open %s\n", path);
      std::exit(1);
    }
    std::setvbuf(file_, nullptr, _IOFBF, kBufferBytes);
  }
  ~MessageFile() { std::fclose(file_); }
  MessageFile(const MessageFile&) = delete;
  MessageFile& operator=(const MessageFile&) = delete;

  // Reads the next message; false at the end. What the others give lives until the next call.
  bool next() {
    if (std::fread(head_.data(), sizeof(uint32_t), head_.size(), file_) != head_.size())
      return false;
    bytes_.resize(size_t{head_[0]} + head_[1] + head_[2]);
    return std::fread(bytes_.data(), 1, bytes_.size(), file_) == bytes_.size();
  }
  std::string_view key() const { return {bytes_.data(), head_[0]}; }
  std::string_view value() const { return {bytes_.data() + head_[0], head_[1]}; }
  std::string_view header() const { return {bytes_.data() + head_[0] + head_[1], head_[2]}; }
  int32_t partition() const { return static_cast<int32_t>(head_[3]); }

 private:
  static constexpr size_t kBufferBytes = 1 << 20;

  std::FILE* file_;
  std::array<uint32_t, 4> head_{};
  std::vector<char> bytes_;
};

}  // namespace penstock::bench
