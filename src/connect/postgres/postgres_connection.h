// One connection to a PostgreSQL server: statements with text answers, and COPY ... TO STDOUT.
//
// No call blocks a stop longer than 100 ms, except the resolution of a host name in connect. One
// owner thread. After an error of kind kTransient or kStopped the connection is of no further use.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "base/stop_token.h"
#include "connect/postgres/postgres_error.h"

struct pg_conn;

namespace penstock::connect {

enum class PostgresSslMode { kDisable, kPrefer, kRequire, kVerifyCa, kVerifyFull };

struct PostgresOptions {
  std::string host;
  std::string host_address = {};  // When not empty: connect here, but verify `host`.
  int port = 5432;
  std::string user;
  SecretString password = {};
  std::string database = {};
  PostgresSslMode ssl_mode = PostgresSslMode::kDisable;
  std::string ca_pem = {};
  std::string certificate_pem = {};
  SecretString key_pem = {};
  std::string application_name = "penstock";
  bool replication = false;  // A walsender's connection: it takes replication commands too.
  std::chrono::milliseconds connect_timeout{30'000};
  // A statement may be silent this long; 0 = for ever (until stopped).
  std::chrono::milliseconds statement_timeout{0};
};

struct PostgresRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // Text form.
};

struct CopyPiece {
  std::optional<std::string_view> bytes;  // None = nothing there yet.
  bool ended = false;
};

class PostgresConnection {
 public:
  // `stop` must outlive the connection.
  static PostgresResult<std::unique_ptr<PostgresConnection>> connect(const PostgresOptions& options,
                                                                     const StopToken& stop);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Runs one or more statements; the rows of the last one that has some.
  PostgresResult<PostgresRows> query(const std::string& sql);

  // Starts COPY ... TO STDOUT; then next_copy_piece() until it gives none.
  PostgresResult<void> start_copy_out(const std::string& sql);
  // One CopyData message, for text COPY one line with its line feed. Lives until the next call.
  PostgresResult<std::optional<std::string_view>> next_copy_piece();

  int server_version() const;  // 150020 = 15.20

  // What ReplicationStream is made of: a COPY in both directions, without waiting.
  PostgresResult<void> start_copy(const std::string& sql, int wanted_status);
  PostgresResult<CopyPiece> try_copy_piece();
  PostgresResult<void> put_copy(std::string_view bytes);
  PostgresResult<void> fill();
  // Waits until the socket is readable (true) or the time has passed (false).
  PostgresResult<bool> wait_readable(std::chrono::microseconds time);
  int socket() const;

 private:
  PostgresConnection(const PostgresOptions& options, const StopToken& stop);
  PostgresResult<void> open(const PostgresOptions& options);
  PostgresResult<void> send(const std::string& sql);
  PostgresResult<void> flush();
  PostgresResult<void> wait_result();
  void free_copy_piece();
  PostgresError last_error(PostgresFault fault) const;

  const StopToken& stop_;
  std::chrono::milliseconds statement_timeout_;
  std::vector<int> pem_files_;  // Descriptors of files without a name that hold PEM text.
  pg_conn* conn_ = nullptr;
  char* copy_piece_ = nullptr;
};

// Quoting for statements of our own.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);

}  // namespace penstock::connect
