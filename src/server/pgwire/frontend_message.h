// Messages of a PostgreSQL client (protocol 3, "Message Formats", chapter 55.7 of its manual), and
// the reader that cuts them out of a stream of bytes. Pure: no sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace penstock::server {

// --- before the session begins: no type byte ---
struct StartupMessage {
  uint16_t major_version = 3;
  uint16_t minor_version = 0;
  std::vector<std::pair<std::string, std::string>> parameters;
};
struct SslRequest {};
struct GssEncryptionRequest {};
struct CancelRequest {
  uint32_t connection_id = 0;
  uint32_t secret = 0;
};

// --- in the session ---
struct QueryMessage {
  std::string sql;
};
struct ParseMessage {
  std::string statement;
  std::string sql;
  std::vector<uint32_t> parameter_oids;
};
struct BindMessage {
  std::string portal;
  std::string statement;
  std::vector<int16_t> parameter_formats;
  std::vector<std::optional<std::string>> parameters;
  std::vector<int16_t> result_formats;
};
struct DescribeMessage {
  bool portal = false;  // Else a statement.
  std::string name;
};
struct ExecuteMessage {
  std::string portal;
  int32_t max_rows = 0;  // 0 or less: all.
};
struct CloseMessage {
  bool portal = false;
  std::string name;
};
struct SyncMessage {};
struct FlushMessage {};
struct CopyDataMessage {
  std::string bytes;
};
struct CopyDoneMessage {};
struct CopyFailMessage {
  std::string reason;
};
struct TerminateMessage {};
struct PasswordMessage {};  // And every other answer to an authentication request.
struct FunctionCallMessage {};

using FrontendMessage =
    std::variant<StartupMessage, SslRequest, GssEncryptionRequest, CancelRequest, QueryMessage,
                 ParseMessage, BindMessage, DescribeMessage, ExecuteMessage, CloseMessage,
                 SyncMessage, FlushMessage, CopyDataMessage, CopyDoneMessage, CopyFailMessage,
                 TerminateMessage, PasswordMessage, FunctionCallMessage>;

inline constexpr size_t kStartupBytesMax = 10'000;  // As PostgreSQL's MAX_STARTUP_PACKET_LENGTH.
inline constexpr size_t kMessageBytesMax = size_t{256} << 20;  // Twice the largest row of COPY.

// Owned by one thread. After an error it is of no more use: the stream is out of step (08P01).
class MessageReader {
 public:
  void feed(std::string_view bytes);
  // The next message, if all of it is there. The first are those of the startup, until a
  // StartupMessage has been given.
  Result<std::optional<FrontendMessage>> next();

  size_t buffered_bytes() const { return buffer_.size() - begin_; }
  // More bytes are needed before next() can give a message.
  bool needs_bytes() const;

 private:
  Result<std::optional<FrontendMessage>> next_startup();

  std::string buffer_;
  size_t begin_ = 0;  // Bytes before it were given.
  bool started_ = false;
};

}  // namespace penstock::server
