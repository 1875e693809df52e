// libFuzzer on the decoder of every message at every version: `tools/fuzz 60 codec`.
//
// The first byte of an input chooses the message, the second the version, the rest is its body.
// What decodes is encoded again: that decodes to the same value, is the same when encoded once
// more, and is no longer than what came, since nothing is made up.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {
namespace {

template <typename Message>
std::string encoded(const Message& message, int16_t version) {
  WireWriter writer;
  encode(message, version, writer);
  std::string bytes = writer.joined();
  CHECK_OP(==, bytes.size(), writer.size());
  return bytes;
}

template <typename Message>
void read_and_write(uint8_t version_choice, std::string_view body) {
  constexpr VersionRange kVersions = Message::kVersions;
  const auto version = static_cast<int16_t>(
      kVersions.first + version_choice % (kVersions.last - kVersions.first + 1));
  Message message;
  WireReader reader(body);
  if (!decode(message, version, reader)) return;
  const std::string bytes = encoded(message, version);
  CHECK_OP(<=, bytes.size(), body.size());
  Message again;
  WireReader second_reader(bytes);
  CHECK(decode(again, version, second_reader));
  CHECK(again == message);
  CHECK(encoded(again, version) == bytes);
}

using ReadAndWrite = void (*)(uint8_t, std::string_view);

template <typename... Requests, typename... Responses>
std::span<const ReadAndWrite> every_message(MessageList<Requests...>, MessageList<Responses...>) {
  static constexpr ReadAndWrite kAll[] = {read_and_write<Requests>...,
                                          read_and_write<Responses>...};
  return kAll;
}

}  // namespace
}  // namespace penstock::connect::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::connect::kafka;
  if (size < 2) return 0;
  const auto messages = every_message(AllRequests(), AllResponses());
  messages[data[0] % messages.size()](data[1], {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
