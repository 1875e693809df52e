// A slot's changes over COPY BOTH.
#include "connect/postgres/replication_stream.h"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/clock.h"
#include "connect/postgres/replication_message.h"

namespace penstock::connect {
namespace {

// PostgreSQL's epoch, 2000-01-01, in microseconds since 1970.
constexpr int64_t kEpochUs = 946'684'800LL * 1'000'000;

}  // namespace

ReplicationStream::ReplicationStream(std::unique_ptr<PostgresConnection> connection,
                                     const ReplicationOptions& options)
    : connection_(std::move(connection)),
      feedback_interval_(options.feedback_interval),
      last_feedback_(std::chrono::steady_clock::now()),
      flushed_(options.start) {}

ReplicationStream::~ReplicationStream() = default;

PostgresResult<std::unique_ptr<ReplicationStream>> ReplicationStream::start(
    std::unique_ptr<PostgresConnection> connection, const ReplicationOptions& options) {
  int size = static_cast<int>(options.receive_buffer_bytes);
  setsockopt(connection->socket(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  std::string sql = "START_REPLICATION SLOT " + quote_identifier(options.slot) + " LOGICAL " +
                    to_text(options.start) + " (\"proto_version\" '1', \"publication_names\" " +
                    quote_literal(quote_identifier(options.publication)) + ")";
  auto started = connection->start_copy(sql, PGRES_COPY_BOTH);
  if (!started) return std::unexpected(started.error());
  return std::unique_ptr<ReplicationStream>(new ReplicationStream(std::move(connection), options));
}

PostgresResult<void> ReplicationStream::fill(std::chrono::microseconds wait) {
  // A long wait must not eat the time of the feedback that keeps the server from hanging up.
  auto until_feedback = std::chrono::duration_cast<std::chrono::microseconds>(
      last_feedback_ + feedback_interval_ - std::chrono::steady_clock::now());
  wait = std::min(wait, std::max(until_feedback, std::chrono::microseconds(0)));
  auto ready = connection_->wait_readable(wait);
  if (!ready) return std::unexpected(ready.error());
  if (*ready) {
    auto filled = connection_->fill();
    if (!filled) return filled;
  }
  if (std::chrono::steady_clock::now() >= last_feedback_ + feedback_interval_) {
    // An idle server tells where it is only when it is asked.
    return send_feedback(true);
  }
  return {};
}

PostgresResult<std::optional<ReplicationMessage>> ReplicationStream::next() {
  auto piece = connection_->try_copy_piece();
  if (!piece) return std::unexpected(piece.error());
  if (piece->ended) {
    return std::unexpected(PostgresError{PostgresFault::kTransient, "",
                                         "the server ended the replication stream", "", ""});
  }
  if (!piece->bytes) return std::nullopt;
  auto frame = parse_replication_frame(*piece->bytes);
  if (!frame) {
    return std::unexpected(PostgresError{PostgresFault::kRejected, "08P01",
                                         "unknown message in the replication stream", "", ""});
  }
  server_end_ = std::max(server_end_, frame->server_end);
  if (frame->answer_wanted) {
    auto answered = send_feedback(false);
    if (!answered) return std::unexpected(answered.error());
  }
  return ReplicationMessage{frame->start, frame->server_end, frame->payload};
}

PostgresResult<void> ReplicationStream::acknowledge(Lsn flushed, bool now) {
  flushed_ = std::max(flushed_, flushed);
  return now ? send_feedback(false) : PostgresResult<void>{};
}

PostgresResult<void> ReplicationStream::send_feedback(bool answer_wanted) {
  last_feedback_ = std::chrono::steady_clock::now();
  auto now_us = static_cast<int64_t>(system_clock().wall_us()) - kEpochUs;
  return connection_->put_copy(make_status_update(flushed_, now_us, answer_wanted));
}

}  // namespace penstock::connect
