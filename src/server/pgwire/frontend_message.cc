// Cutting and decoding of a client's messages.
#include "server/pgwire/frontend_message.h"

#include <fmt/core.h>

#include "format/pg/big_endian.h"

namespace penstock::server {
namespace {

using format::BigEndianReader;

constexpr size_t kLengthBytes = 4;
constexpr uint32_t kSslRequestCode = 80877103;
constexpr uint32_t kGssRequestCode = 80877104;
constexpr uint32_t kCancelRequestCode = 80877102;

std::unexpected<Error> violation(std::string message) {
  return fail(sql_state::kProtocolViolation, std::move(message));
}

// A count that announces elements of at least `element_bytes`: refused before anything is
// allocated when they cannot be there.
std::optional<size_t> take_count(BigEndianReader& in, size_t element_bytes) {
  const int16_t count = in.take<int16_t>();
  // Counts are 16 bits, and drivers use all of them.
  const size_t wide = static_cast<uint16_t>(count);
  if (in.failed() || in.remaining() < wide * element_bytes) return std::nullopt;
  return wide;
}

bool take_formats(BigEndianReader& in, std::vector<int16_t>& formats) {
  const std::optional<size_t> count = take_count(in, sizeof(int16_t));
  if (!count) return false;
  for (size_t i = 0; i < *count; ++i) formats.push_back(in.take<int16_t>());
  return true;
}

std::optional<FrontendMessage> decode_parse(BigEndianReader& in) {
  ParseMessage message;
  message.statement = in.c_string();
  message.sql = in.c_string();
  const std::optional<size_t> count = take_count(in, sizeof(uint32_t));
  if (!count) return std::nullopt;
  for (size_t i = 0; i < *count; ++i) message.parameter_oids.push_back(in.take<uint32_t>());
  return message;
}

std::optional<FrontendMessage> decode_bind(BigEndianReader& in) {
  BindMessage message;
  message.portal = in.c_string();
  message.statement = in.c_string();
  if (!take_formats(in, message.parameter_formats)) return std::nullopt;
  const std::optional<size_t> count = take_count(in, sizeof(int32_t));
  if (!count) return std::nullopt;
  for (size_t i = 0; i < *count; ++i) {
    const int32_t size = in.take<int32_t>();
    if (size < -1) return std::nullopt;
    if (size == -1) {
      message.parameters.emplace_back();
    } else {
      message.parameters.emplace_back(in.bytes(static_cast<size_t>(size)));
    }
    if (in.failed()) return std::nullopt;
  }
  if (!take_formats(in, message.result_formats)) return std::nullopt;
  return message;
}

// 'S' or 'P' and a name, of Describe and Close.
template <typename Message>
std::optional<FrontendMessage> decode_named(BigEndianReader& in) {
  Message message;
  const char kind = in.take<char>();
  if (kind != 'S' && kind != 'P') return std::nullopt;
  message.portal = kind == 'P';
  message.name = in.c_string();
  return message;
}

std::optional<FrontendMessage> decode_body(char type, BigEndianReader& in) {
  switch (type) {
    case 'Q':
      return QueryMessage{std::string(in.c_string())};
    case 'P':
      return decode_parse(in);
    case 'B':
      return decode_bind(in);
    case 'D':
      return decode_named<DescribeMessage>(in);
    case 'C':
      return decode_named<CloseMessage>(in);
    case 'E': {
      ExecuteMessage message;
      message.portal = in.c_string();
      message.max_rows = in.take<int32_t>();
      return message;
    }
    case 'S':
      return SyncMessage{};
    case 'H':
      return FlushMessage{};
    case 'd':
      return CopyDataMessage{std::string(in.bytes(in.remaining()))};
    case 'c':
      return CopyDoneMessage{};
    case 'f':
      return CopyFailMessage{std::string(in.c_string())};
    case 'X':
      return TerminateMessage{};
    case 'p':
      in.bytes(in.remaining());
      return PasswordMessage{};
    case 'F':
      in.bytes(in.remaining());
      return FunctionCallMessage{};
    default:
      return std::nullopt;
  }
}

bool is_known_type(char type) {
  constexpr std::string_view kTypes = "QPBDCESHdcfXpF";
  return kTypes.find(type) != std::string_view::npos;
}

// Largest body of a type: only these carry more than a handful of names.
size_t bytes_max(char type) {
  constexpr size_t kSmall = 30'000;
  const bool large = type == 'Q' || type == 'P' || type == 'B' || type == 'd';
  return large ? kMessageBytesMax : kSmall;
}

Result<FrontendMessage> decode_startup(std::string_view body) {
  BigEndianReader in(body);
  const uint32_t code = in.take<uint32_t>();
  if (code == kSslRequestCode) return SslRequest{};
  if (code == kGssRequestCode) return GssEncryptionRequest{};
  if (code == kCancelRequestCode) {
    CancelRequest cancel;
    cancel.connection_id = in.take<uint32_t>();
    cancel.secret = in.take<uint32_t>();
    if (in.failed()) return violation("invalid length of cancel request");
    return cancel;
  }
  StartupMessage message;
  message.major_version = static_cast<uint16_t>(code >> 16);
  message.minor_version = static_cast<uint16_t>(code & 0xFFFF);
  constexpr uint16_t kMajorVersion = 3;
  if (message.major_version != kMajorVersion) return message;  // Its rest may be anything.
  while (true) {
    std::string_view name = in.c_string();
    if (name.empty()) break;
    std::string_view value = in.c_string();
    message.parameters.emplace_back(name, value);
  }
  if (in.failed()) return violation("invalid startup packet layout");
  return message;
}

}  // namespace

void MessageReader::feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_ += bytes;
}

bool MessageReader::needs_bytes() const {
  const size_t header = started_ ? 1 + kLengthBytes : kLengthBytes;
  if (buffered_bytes() < header) return true;
  const std::string_view rest = std::string_view(buffer_).substr(begin_ + header - kLengthBytes);
  const auto length = format::get_big_endian<uint32_t>(rest);
  return buffered_bytes() < header - kLengthBytes + length;
}

Result<std::optional<FrontendMessage>> MessageReader::next_startup() {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < kLengthBytes) return std::nullopt;
  const auto length = format::get_big_endian<uint32_t>(rest);
  if (length < 2 * kLengthBytes || length > kStartupBytesMax) {
    return violation("invalid length of startup packet");
  }
  if (rest.size() < length) return std::nullopt;
  begin_ += length;
  Result<FrontendMessage> message =
      decode_startup(rest.substr(kLengthBytes, length - kLengthBytes));
  if (!message) return std::unexpected(std::move(message).error());
  started_ = std::holds_alternative<StartupMessage>(*message);
  return std::move(message).value();
}

Result<std::optional<FrontendMessage>> MessageReader::next() {
  if (!started_) return next_startup();
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < 1 + kLengthBytes) return std::nullopt;
  const char type = rest[0];
  if (!is_known_type(type)) {
    return violation(fmt::format("invalid frontend message type {}",
                                 static_cast<int>(static_cast<unsigned char>(type))));
  }
  const auto length = format::get_big_endian<uint32_t>(rest.substr(1));
  if (length < kLengthBytes || length > bytes_max(type)) {
    return violation("invalid message length");
  }
  if (rest.size() < 1 + size_t{length}) return std::nullopt;
  BigEndianReader in(rest.substr(1 + kLengthBytes, length - kLengthBytes));
  std::optional<FrontendMessage> message = decode_body(type, in);
  if (!message || in.failed() || !in.at_end()) return violation("invalid message format");
  begin_ += 1 + size_t{length};
  return message;
}

}  // namespace penstock::server
