// From a server's SQLSTATE to what a caller should do.
#include "connect/postgres/postgres_error.h"

namespace penstock::connect {

PostgresFault classify_sql_state(std::string_view sql_state, std::string_view message) {
  // libpq speaks for itself: a connection that was refused, lost or closed.
  if (sql_state.empty()) return PostgresFault::kTransient;
  std::string_view kind = sql_state.substr(0, 2);
  if (kind == "08" || kind == "53" || kind == "57" || kind == "40" || kind == "58") {
    // 58P01 is a file that is not there: of the log, when a slot or a start position needs it.
    bool log_gone = sql_state == "58P01" && message.contains("WAL segment");
    return log_gone ? PostgresFault::kLogGone : PostgresFault::kTransient;
  }
  if (kind == "28" || sql_state == "42501") return PostgresFault::kAuthorization;
  if (sql_state == "3D000" || sql_state == "42704" || sql_state == "42P01" ||
      sql_state == "3F000" || sql_state == "42883" || sql_state == "42703") {
    return PostgresFault::kUndefinedObject;
  }
  if (sql_state == "55006") return PostgresFault::kTransient;  // The slot is in use.
  if (sql_state == "55000" &&
      (message.contains("can no longer get changes") || message.contains("invalidated"))) {
    return PostgresFault::kLogGone;
  }
  if (sql_state == "55P03") return PostgresFault::kTransient;  // A lock was not to be had in time.
  return PostgresFault::kRejected;
}

PostgresFault classify_connect_failure(std::string_view message) {
  auto says = [&](std::string_view part) { return message.contains(part); };
  if (says("password authentication failed") || says("no pg_hba.conf entry") ||
      says("no password supplied") || says("is not permitted to log in") ||
      says("must be superuser or replication role") || says("permission denied") ||
      says("FATAL:  role \"") || says("authentication failed")) {
    return PostgresFault::kAuthorization;
  }
  if (says("FATAL:  database \"") && says("does not exist")) return PostgresFault::kUndefinedObject;
  if (says("does not support SSL") || says("certificate") || says("invalid ") ||
      says("private key") || says("server does not allow")) {
    return PostgresFault::kRejected;
  }
  return PostgresFault::kTransient;
}

Error to_error(const PostgresError& error) {
  SqlState state = sql_state::kConnectionRejected;
  if (error.sql_state.size() == 5) {
    for (size_t i = 0; i < 5; ++i) state.code[i] = error.sql_state[i];
  }
  Error out(state, error.message);
  out.detail = error.detail;
  out.hint = error.hint;
  return out;
}

}  // namespace penstock::connect
