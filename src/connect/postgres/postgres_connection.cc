// PostgresConnection over libpq's non-blocking calls.
#include "connect/postgres/postgres_connection.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace penstock::connect {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How long a stop may go unnoticed.
constexpr int kFillCalls = 32;  // At least 256 KiB together.
constexpr std::chrono::microseconds kStopPoll{100'000};

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, ResultDeleter>;

std::string trimmed(const char* text) {
  std::string out = text != nullptr ? text : "";
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

std::string field(const PGresult* result, int code) {
  return trimmed(PQresultErrorField(result, code));
}

PostgresError server_error(const PGresult* result) {
  PostgresError error{.fault = PostgresFault::kTransient,
                      .sql_state = field(result, PG_DIAG_SQLSTATE),
                      .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                      .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
                      .hint = field(result, PG_DIAG_MESSAGE_HINT)};
  if (error.message.empty()) error.message = trimmed(PQresultErrorMessage(result));
  error.fault = classify_sql_state(error.sql_state, error.message);
  return error;
}

const char* mode_name(PostgresSslMode mode) {
  switch (mode) {
    case PostgresSslMode::kDisable:
      return "disable";
    case PostgresSslMode::kPrefer:
      return "prefer";
    case PostgresSslMode::kRequire:
      return "require";
    case PostgresSslMode::kVerifyCa:
      return "verify-ca";
    case PostgresSslMode::kVerifyFull:
      return "verify-full";
  }
  return "";
}

// libpq wants certificates and keys in files: a file in memory, without a name and readable only by
// us, is one.
std::string pem_file(const std::string& pem, std::vector<int>& files) {
  int file = memfd_create("pem", MFD_CLOEXEC);
  if (file < 0) return "";
  fchmod(file, S_IRUSR | S_IWUSR);
  size_t written = 0;
  while (written < pem.size()) {
    ssize_t count = write(file, pem.data() + written, pem.size() - written);
    if (count <= 0) break;
    written += static_cast<size_t>(count);
  }
  files.push_back(file);
  return "/proc/self/fd/" + std::to_string(file);
}

PostgresError stopped() {
  return {PostgresFault::kStopped, "", "stopped", "", ""};
}

// Whether the socket became readable or writable as `events` asks.
bool poll_socket(int socket, short events, std::chrono::microseconds time) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  timespec wait{.tv_sec = time.count() / 1'000'000, .tv_nsec = time.count() % 1'000'000 * 1'000};
  return ppoll(&entry, 1, &wait, nullptr) > 0;
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresOptions& options, const StopToken& stop)
    : stop_(stop), statement_timeout_(options.statement_timeout) {}

PostgresConnection::~PostgresConnection() {
  free_copy_piece();
  if (conn_ != nullptr) PQfinish(conn_);
  for (int file : pem_files_) close(file);
}

PostgresResult<std::unique_ptr<PostgresConnection>> PostgresConnection::connect(
    const PostgresOptions& options, const StopToken& stop) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(options, stop));
  auto opened = connection->open(options);
  if (!opened) return std::unexpected(opened.error());
  return connection;
}

PostgresResult<void> PostgresConnection::open(const PostgresOptions& options) {
  std::vector<std::pair<const char*, std::string>> settings;
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) settings.emplace_back(name, value);
  };
  add("host", options.host);
  add("hostaddr", options.host_address);
  add("port", std::to_string(options.port));
  add("user", options.user);
  add("password", options.password.reveal());
  add("dbname", options.database);
  add("sslmode", mode_name(options.ssl_mode));
  if (!options.ca_pem.empty()) add("sslrootcert", pem_file(options.ca_pem, pem_files_));
  if (!options.certificate_pem.empty()) {
    add("sslcert", pem_file(options.certificate_pem, pem_files_));
    add("sslkey", pem_file(options.key_pem.reveal(), pem_files_));
  }
  add("application_name", options.application_name);
  add("client_encoding", "UTF8");
  add("gssencmode", "disable");
  if (options.replication) add("replication", "database");
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  conn_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (conn_ == nullptr || PQstatus(conn_) == CONNECTION_BAD) {
    return std::unexpected(last_error(PostgresFault::kTransient));
  }
  auto end = SteadyClock::now() + options.connect_timeout;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (stop_.stopped()) return std::unexpected(stopped());
    if (SteadyClock::now() >= end) {
      PostgresError late = last_error(PostgresFault::kTransient);
      late.message = "connecting to the server at \"" + options.host + "\", port " +
                     std::to_string(options.port) + ", timed out";
      return std::unexpected(late);
    }
    short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!poll_socket(PQsocket(conn_), events, kStopPoll)) continue;
    state = PQconnectPoll(conn_);
    if (state == PGRES_POLLING_FAILED) {
      PostgresError error = last_error(PostgresFault::kTransient);
      error.fault = classify_connect_failure(error.message);
      return std::unexpected(error);
    }
  }
  PQsetnonblocking(conn_, 1);
  auto log_notice = [](void*, const char* text) { log_debug("postgres", trimmed(text), {}); };
  PQsetNoticeProcessor(conn_, log_notice, nullptr);
  return {};
}

PostgresError PostgresConnection::last_error(PostgresFault fault) const {
  return {fault, "", conn_ != nullptr ? trimmed(PQerrorMessage(conn_)) : "out of memory", "", ""};
}

int PostgresConnection::server_version() const {
  return PQserverVersion(conn_);
}

PostgresResult<bool> PostgresConnection::wait_readable(std::chrono::microseconds time) {
  auto end = SteadyClock::now() + time;
  while (true) {
    if (stop_.stopped()) return std::unexpected(stopped());
    auto left = std::chrono::duration_cast<std::chrono::microseconds>(end - SteadyClock::now());
    auto slice = std::clamp(left, std::chrono::microseconds(0), kStopPoll);
    if (poll_socket(PQsocket(conn_), POLLIN, slice)) return true;
    if (left <= slice) return false;
  }
}

PostgresResult<void> PostgresConnection::flush() {
  auto silent_until = SteadyClock::now() + std::chrono::seconds(60);
  while (true) {
    int rest = PQflush(conn_);
    if (rest == 0) return {};
    if (rest < 0) return std::unexpected(last_error(PostgresFault::kTransient));
    if (stop_.stopped()) return std::unexpected(stopped());
    if (poll_socket(PQsocket(conn_), POLLIN | POLLOUT, kStopPoll)) {
      if (PQconsumeInput(conn_) == 0) return std::unexpected(last_error(PostgresFault::kTransient));
      silent_until = SteadyClock::now() + std::chrono::seconds(60);
    } else if (SteadyClock::now() >= silent_until) {
      return std::unexpected(
          PostgresError{PostgresFault::kTransient, "", "sending to the server timed out", "", ""});
    }
  }
}

PostgresResult<void> PostgresConnection::send(const std::string& sql) {
  free_copy_piece();
  if (PQsendQuery(conn_, sql.c_str()) == 0) {
    return std::unexpected(last_error(PostgresFault::kTransient));
  }
  return flush();
}

// Until PQgetResult() would not block.
PostgresResult<void> PostgresConnection::wait_result() {
  auto silent_since = SteadyClock::now();
  while (PQisBusy(conn_) != 0) {
    auto ready = wait_readable(kStopPoll);
    if (!ready) return std::unexpected(ready.error());
    if (*ready) {
      silent_since = SteadyClock::now();
      if (PQconsumeInput(conn_) == 0) return std::unexpected(last_error(PostgresFault::kTransient));
    } else if (statement_timeout_.count() > 0 &&
               SteadyClock::now() - silent_since > statement_timeout_) {
      return std::unexpected(PostgresError{PostgresFault::kTransient, "",
                                           "the server has not answered in time", "", ""});
    }
  }
  return {};
}

PostgresResult<PostgresRows> PostgresConnection::query(const std::string& sql) {
  auto sent = send(sql);
  if (!sent) return std::unexpected(sent.error());
  PostgresRows out;
  std::optional<PostgresError> failure;
  while (true) {
    auto ready = wait_result();
    if (!ready) return std::unexpected(ready.error());
    PgResult result(PQgetResult(conn_));
    if (result == nullptr) break;
    ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) {
      out = {};
      int columns = PQnfields(result.get());
      for (int c = 0; c < columns; ++c) out.columns.emplace_back(PQfname(result.get(), c));
      for (int r = 0; r < PQntuples(result.get()); ++r) {
        auto& row = out.rows.emplace_back();
        for (int c = 0; c < columns; ++c) {
          if (PQgetisnull(result.get(), r, c) != 0) {
            row.emplace_back();
          } else {
            row.emplace_back(std::string(PQgetvalue(result.get(), r, c),
                                         static_cast<size_t>(PQgetlength(result.get(), r, c))));
          }
        }
      }
    } else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
      if (!failure) failure = server_error(result.get());
      // A COPY cannot be left by asking for the next result.
      if (status == PGRES_COPY_BOTH || status == PGRES_COPY_IN || status == PGRES_COPY_OUT) break;
    }
  }
  if (failure) return std::unexpected(*failure);
  return out;
}

PostgresResult<void> PostgresConnection::start_copy_out(const std::string& sql) {
  return start_copy(sql, PGRES_COPY_OUT);
}

PostgresResult<void> PostgresConnection::start_copy(const std::string& sql, int wanted) {
  auto sent = send(sql);
  if (!sent) return sent;
  auto ready = wait_result();
  if (!ready) return ready;
  PgResult result(PQgetResult(conn_));
  if (result == nullptr) return std::unexpected(last_error(PostgresFault::kTransient));
  if (PQresultStatus(result.get()) == static_cast<ExecStatusType>(wanted)) return {};
  PostgresError error = server_error(result.get());
  while (result !=
         nullptr) {  // The connection takes the next statement only after the end of this.
    ready = wait_result();
    if (!ready) return ready;
    result.reset(PQgetResult(conn_));
  }
  if (error.message.empty()) error = {PostgresFault::kRejected, "", "no COPY was started", "", ""};
  return std::unexpected(error);
}

void PostgresConnection::free_copy_piece() {
  if (copy_piece_ != nullptr) PQfreemem(copy_piece_);
  copy_piece_ = nullptr;
}

PostgresResult<std::optional<std::string_view>> PostgresConnection::next_copy_piece() {
  auto silent_since = SteadyClock::now();
  while (true) {
    auto piece = try_copy_piece();
    if (!piece) return std::unexpected(piece.error());
    if (piece->ended) return std::nullopt;
    if (piece->bytes) return piece->bytes;
    auto ready = wait_readable(kStopPoll);
    if (!ready) return std::unexpected(ready.error());
    if (*ready) {
      silent_since = SteadyClock::now();
      if (PQconsumeInput(conn_) == 0) return std::unexpected(last_error(PostgresFault::kTransient));
    } else if (statement_timeout_.count() > 0 &&
               SteadyClock::now() - silent_since > statement_timeout_) {
      return std::unexpected(PostgresError{PostgresFault::kTransient, "",
                                           "the server has not answered in time", "", ""});
    }
  }
}

PostgresResult<CopyPiece> PostgresConnection::try_copy_piece() {
  free_copy_piece();
  int size = PQgetCopyData(conn_, &copy_piece_, 1);
  if (size > 0) return CopyPiece{std::string_view(copy_piece_, static_cast<size_t>(size)), false};
  if (size == 0) return CopyPiece{std::nullopt, false};
  if (size == -2) return std::unexpected(last_error(PostgresFault::kTransient));
  // The end: the command's own result says whether it went well.
  while (true) {
    auto ready = wait_result();
    if (!ready) return std::unexpected(ready.error());
    PgResult result(PQgetResult(conn_));
    if (result == nullptr) return CopyPiece{std::nullopt, true};
    ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
      PostgresError error = server_error(result.get());
      return std::unexpected(error);
    }
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
      return CopyPiece{std::nullopt, true};
    }
  }
}

// libpq reads some kilobytes a call: a server that is ahead has much more waiting, and who naps
// between reads must take all of it.
PostgresResult<void> PostgresConnection::fill() {
  for (int calls = 0; calls < kFillCalls; ++calls) {
    if (PQconsumeInput(conn_) == 0) return std::unexpected(last_error(PostgresFault::kTransient));
    if (!poll_socket(PQsocket(conn_), POLLIN, std::chrono::microseconds(0))) break;
  }
  return {};
}

PostgresResult<void> PostgresConnection::put_copy(std::string_view bytes) {
  if (PQputCopyData(conn_, bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return std::unexpected(last_error(PostgresFault::kTransient));
  }
  return flush();
}

int PostgresConnection::socket() const {
  return PQsocket(conn_);
}

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string quote_literal(std::string_view text) {
  bool escaped = text.contains('\\');
  std::string out = escaped ? "E'" : "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

}  // namespace penstock::connect
