// What a PostgreSQL call can fail with. Callers branch on the fault.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace penstock::connect {

enum class PostgresFault {
  kTransient,        // Lost connection, timeout, server starting or full, slot in use: try again.
  kAuthorization,    // Wrong password, no permission, no such role.
  kUndefinedObject,  // No such database, table, publication or slot.
  kLogGone,          // The slot's log was removed, or the slot was invalidated.
  kRejected,         // Any other answer of the server, or an option that libpq refuses.
  kStopped,          // We were told to stop.
};

struct PostgresError {
  PostgresFault fault;
  std::string sql_state;  // As the server sent it; empty when it did not speak.
  std::string message;
  std::string detail;
  std::string hint;
};

template <typename T>
using PostgresResult = std::expected<T, PostgresError>;

// The table: SQLSTATE and message of a server's error to a fault.
PostgresFault classify_sql_state(std::string_view sql_state, std::string_view message);

// A connection that was not made: libpq hands on the server's text without its SQLSTATE.
PostgresFault classify_connect_failure(std::string_view message);

// The same as the error of a statement, for users.
Error to_error(const PostgresError& error);

}  // namespace penstock::connect
