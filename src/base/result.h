// Result<T>: a value or an Error caused by the outside or the user. Bugs are CHECKs, errors of rows
// are data; neither is ever a Result.
#pragma once

#include <expected>

#include "base/error.h"

namespace penstock {

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}
inline std::unexpected<Error> fail(SqlState state, std::string message) {
  return std::unexpected<Error>(Error(state, std::move(message)));
}

}  // namespace penstock

#define PENSTOCK_CONCAT_INNER(a, b) a##b
#define PENSTOCK_CONCAT(a, b) PENSTOCK_CONCAT_INNER(a, b)

// Leaves the function with the error of `expression`, a Result or Status.
#define RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                    \
    auto status_of_expression = (expression);                                             \
    if (!status_of_expression) {                                                          \
      return std::unexpected<::penstock::Error>(std::move(status_of_expression).error()); \
    }                                                                                     \
  } while (false)

// Assigns the value of `expression`, a Result, to `target` (which may be a declaration).
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(PENSTOCK_CONCAT(result_of_line_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(result, target, expression)                \
  auto result = (expression);                                             \
  if (!result) {                                                          \
    return std::unexpected<::penstock::Error>(std::move(result).error()); \
  }                                                                       \
  target = std::move(result).value()
