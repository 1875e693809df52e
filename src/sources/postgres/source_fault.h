// Why a source cannot go on for now. Every fault is retried; the kind says how soon, and whether
// users hear of it at once.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"
#include "connect/postgres/postgres_error.h"

namespace penstock::sources {

struct SourceFault {
  enum class Kind {
    kStopped,    // We were told to stop, or to connect anew.
    kTransient,  // Lost connection, server starting: shown when it lasts.
    kUser,       // Somebody has to do something: shown at once.
  };
  Kind kind = Kind::kTransient;
  std::string cause;
  std::string hint = {};
};

template <typename T>
using SourceResult = std::expected<T, SourceFault>;

// Of a PostgreSQL call.
inline SourceFault fault_of(const connect::PostgresError& error) {
  std::string cause = error.message;
  if (!error.detail.empty()) cause += ": " + error.detail;
  using connect::PostgresFault;
  switch (error.fault) {
    case PostgresFault::kStopped:
      return {SourceFault::Kind::kStopped, cause};
    case PostgresFault::kTransient:
      return {SourceFault::Kind::kTransient, cause, error.hint};
    case PostgresFault::kAuthorization:
      return {SourceFault::Kind::kUser, cause,
              "Check user, password and privileges; ALTER CONNECTION or ALTER SECRET takes effect "
              "at once."};
    case PostgresFault::kUndefinedObject:
    case PostgresFault::kLogGone:
    case PostgresFault::kRejected:
      return {SourceFault::Kind::kUser, cause, error.hint};
  }
  return {SourceFault::Kind::kUser, cause};
}

// Of the house: storage refused.
inline SourceFault fault_of(const Error& error) {
  return {SourceFault::Kind::kUser, error.message, error.hint};
}

}  // namespace penstock::sources
