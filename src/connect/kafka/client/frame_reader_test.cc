// Frames come out whole however the bytes come in.
#include "connect/kafka/client/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"
#include "connect/kafka/protocol/wire.h"

namespace penstock::connect::kafka {
namespace {

std::string framed(std::string_view content) {
  WireWriter writer;
  writer.int32(static_cast<int32_t>(content.size()));
  writer.raw(content);
  return writer.joined();
}

// Feeds `stream` in pieces of at most `most` bytes; what came out.
std::vector<std::string> read_all(FrameReader& reader, std::string_view stream, size_t most) {
  std::vector<std::string> frames;
  while (!stream.empty()) {
    const std::span<char> buffer = reader.buffer();
    const size_t size = std::min({buffer.size(), stream.size(), most});
    std::copy_n(stream.data(), size, buffer.data());
    stream.remove_prefix(size);
    EXPECT_TRUE(reader.consume(
        size, [&](std::shared_ptr<const Frame> frame) { frames.emplace_back(frame->view()); }));
  }
  return frames;
}

TEST(FrameReader, GivesFramesHoweverTheBytesCome) {
  Rng rng(7);
  std::vector<std::string> sent;
  std::string stream;
  for (size_t size : {0, 1, 3, 100, 16'379, 16'380, 16'381, 16'384, 100'000, 5, 0, 40'000, 2}) {
    std::string content(size, '\0');
    for (char& c : content) c = static_cast<char>(rng.next());
    sent.push_back(content);
    stream += framed(content);
  }
  for (size_t most : {size_t{1}, size_t{3}, size_t{1'000}, size_t{16'384}, stream.size()}) {
    FrameReader reader(1 << 20);
    EXPECT_EQ(read_all(reader, stream, most), sent) << most;
  }
}

TEST(FrameReader, ManySmallFramesComeWithOneRead) {
  FrameReader reader(1 << 20);
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += framed("abc");
  ASSERT_GE(reader.buffer().size(), stream.size());
  EXPECT_EQ(read_all(reader, stream, stream.size()).size(), 100u);
}

TEST(FrameReader, MemoryOfLargeFramesIsUsedAgainOnceNobodyHoldsIt) {
  FrameReader reader(1 << 20);
  const auto read_one = [&](char fill) {
    const std::string stream = framed(std::string(300'000, fill));
    std::shared_ptr<const Frame> got;
    size_t at = 0;
    while (at < stream.size()) {
      const auto buffer = reader.buffer();
      const size_t size = std::min(buffer.size(), stream.size() - at);
      std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(at), size, buffer.data());
      EXPECT_TRUE(reader.consume(size, [&](std::shared_ptr<const Frame> frame) { got = frame; }));
      at += size;
    }
    return got;
  };
  auto first = read_one('a');
  const Frame* const place = first.get();
  const auto second = read_one('b');
  EXPECT_NE(second.get(), place);
  EXPECT_EQ(first->view(), std::string(300'000, 'a')) << "it is still held";
  first.reset();
  const auto third = read_one('c');
  EXPECT_EQ(third.get(), place);
  EXPECT_EQ(third->view(), std::string(300'000, 'c'));
  EXPECT_EQ(second->view(), std::string(300'000, 'b'));
}

TEST(FrameReader, RefusesImpossibleLengths) {
  for (const char* text : {"HTTP/1.1 400", "\xff\xff\xff\xff"}) {
    FrameReader reader(1 << 20);
    const std::string_view stream(text);
    std::copy(stream.begin(), stream.end(), reader.buffer().data());
    EXPECT_FALSE(reader.consume(stream.size(), [](std::shared_ptr<const Frame>) { FAIL(); }));
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
