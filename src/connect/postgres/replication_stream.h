// The change stream of a logical replication slot (PostgreSQL's "Streaming Replication Protocol",
// chapter 55.4 of its manual, with the pgoutput plugin, protocol version 1).
//
// Each message is handed out as the bytes that the plugin made. Being asked for an answer, the
// stream answers by itself with the position last given to acknowledge(). One owner thread.
//
// Reading eagerly is slow: woken for every few bytes, the server's sender spends its time on system
// calls. While behind, let a millisecond pass between two fill()s; having caught up, do not.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connect/postgres/lsn.h"
#include "connect/postgres/postgres_connection.h"

namespace penstock::connect {

struct ReplicationOptions {
  std::string slot;
  std::string publication;
  Lsn start = {};  // The slot's confirmed position when lower than it; 0 = there.
  std::chrono::milliseconds feedback_interval{10'000};  // Also sent when the server asks.
  size_t receive_buffer_bytes = 1 << 20;                // Of the socket.
};

struct ReplicationMessage {
  Lsn start;                 // WAL position of the message.
  Lsn server_end;            // The server's end of WAL when it sent this.
  std::string_view payload;  // pgoutput's bytes; lives until the next call. Empty = keepalive.
};

class ReplicationStream {
 public:
  // `connection` was made with `replication`.
  static PostgresResult<std::unique_ptr<ReplicationStream>> start(
      std::unique_ptr<PostgresConnection> connection, const ReplicationOptions& options);
  ~ReplicationStream();

  // Takes what has arrived into memory, waiting at most `wait` when there is nothing.
  PostgresResult<void> fill(std::chrono::microseconds wait);
  // The next message in memory, or none; does no I/O except an answer that the server asks for.
  // A server that ended the stream is an error.
  PostgresResult<std::optional<ReplicationMessage>> next();

  // All changes up to `flushed` are durable here; told to the server now if `now`, else in time.
  PostgresResult<void> acknowledge(Lsn flushed, bool now);

  // The highest server_end seen.
  Lsn server_end() const { return server_end_; }

 private:
  ReplicationStream(std::unique_ptr<PostgresConnection> connection,
                    const ReplicationOptions& options);
  PostgresResult<void> send_feedback(bool answer_wanted);

  std::unique_ptr<PostgresConnection> connection_;
  std::chrono::milliseconds feedback_interval_;
  std::chrono::steady_clock::time_point last_feedback_;
  Lsn flushed_;
  Lsn server_end_;
};

}  // namespace penstock::connect
