// What the outside or the user did wrong, in PostgreSQL's terms: an SQLSTATE, a message in lower
// case without a full stop, and optionally a detail and a hint, which are sentences.
//
// Invariant: `state` has five characters. Plain values, freely copied between threads.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace penstock {

// The SQLSTATEs in use, named as PostgreSQL's appendix A names them. Class MZ is the dialect's own.
struct SqlState {
  char code[6];

  constexpr explicit SqlState(const char (&text)[6])
      : code{text[0], text[1], text[2], text[3], text[4], '\0'} {}
  std::string_view view() const { return {code, 5}; }
  friend bool operator==(const SqlState& a, const SqlState& b) { return a.view() == b.view(); }
};

namespace sql_state {
inline constexpr SqlState kSuccessfulCompletion{"00000"};
inline constexpr SqlState kWarning{"01000"};
inline constexpr SqlState kNoData{"02000"};
inline constexpr SqlState kProtocolViolation{"08P01"};
inline constexpr SqlState kConnectionRejected{"08004"};
inline constexpr SqlState kFeatureNotSupported{"0A000"};
inline constexpr SqlState kCardinalityViolation{"21000"};
inline constexpr SqlState kDataException{"22000"};
inline constexpr SqlState kStringTooLong{"22001"};
inline constexpr SqlState kNumericOutOfRange{"22003"};
inline constexpr SqlState kNullNotAllowed{"22004"};
inline constexpr SqlState kInvalidDatetimeFormat{"22007"};
inline constexpr SqlState kDatetimeOverflow{"22008"};
inline constexpr SqlState kDivisionByZero{"22012"};
inline constexpr SqlState kIntervalOverflow{"22015"};
inline constexpr SqlState kInvalidRegex{"2201B"};
inline constexpr SqlState kInvalidPowerArgument{"2201F"};
inline constexpr SqlState kCharacterNotInRepertoire{"22021"};
inline constexpr SqlState kInvalidParameterValue{"22023"};
inline constexpr SqlState kInvalidEscape{"22025"};
inline constexpr SqlState kArraySubscript{"2202E"};
inline constexpr SqlState kInvalidTextRepresentation{"22P02"};
inline constexpr SqlState kBadCopyFileFormat{"22P04"};
inline constexpr SqlState kNotNullViolation{"23502"};
inline constexpr SqlState kInvalidTransactionState{"25000"};
inline constexpr SqlState kActiveTransaction{"25001"};
inline constexpr SqlState kReadOnlyTransaction{"25006"};
inline constexpr SqlState kNoActiveTransaction{"25P01"};
inline constexpr SqlState kInFailedTransaction{"25P02"};
inline constexpr SqlState kIdleInTransactionTimeout{"25P03"};
inline constexpr SqlState kInvalidStatementName{"26000"};
inline constexpr SqlState kInvalidAuthorization{"28000"};
inline constexpr SqlState kInvalidPassword{"28P01"};
inline constexpr SqlState kDependentObjectsExist{"2BP01"};
inline constexpr SqlState kInvalidCursorName{"34000"};
inline constexpr SqlState kInvalidSchemaName{"3F000"};
inline constexpr SqlState kSerializationFailure{"40001"};
inline constexpr SqlState kInsufficientPrivilege{"42501"};
inline constexpr SqlState kSyntaxError{"42601"};
inline constexpr SqlState kDuplicateColumn{"42701"};
inline constexpr SqlState kAmbiguousColumn{"42702"};
inline constexpr SqlState kUndefinedColumn{"42703"};
inline constexpr SqlState kUndefinedObject{"42704"};
inline constexpr SqlState kDuplicateObject{"42710"};
inline constexpr SqlState kAmbiguousFunction{"42725"};
inline constexpr SqlState kGroupingError{"42803"};
inline constexpr SqlState kDatatypeMismatch{"42804"};
inline constexpr SqlState kWrongObjectType{"42809"};
inline constexpr SqlState kCannotCoerce{"42846"};
inline constexpr SqlState kUndefinedFunction{"42883"};
inline constexpr SqlState kUndefinedTable{"42P01"};
inline constexpr SqlState kUndefinedParameter{"42P02"};
inline constexpr SqlState kDuplicateCursor{"42P03"};
inline constexpr SqlState kDuplicateDatabase{"42P04"};
inline constexpr SqlState kDuplicatePreparedStatement{"42P05"};
inline constexpr SqlState kDuplicateSchema{"42P06"};
inline constexpr SqlState kDuplicateTable{"42P07"};
inline constexpr SqlState kIndeterminateDatatype{"42P18"};
inline constexpr SqlState kInsufficientResources{"53000"};
inline constexpr SqlState kDiskFull{"53100"};
inline constexpr SqlState kOutOfMemory{"53200"};
inline constexpr SqlState kProgramLimitExceeded{"54000"};
inline constexpr SqlState kObjectNotInState{"55000"};
inline constexpr SqlState kCannotChangeParameter{"55P02"};
inline constexpr SqlState kLockNotAvailable{"55P03"};
inline constexpr SqlState kQueryCanceled{"57014"};
inline constexpr SqlState kAdminShutdown{"57P01"};
inline constexpr SqlState kSystemError{"58000"};
inline constexpr SqlState kIoError{"58030"};
inline constexpr SqlState kInternalError{"XX000"};
}  // namespace sql_state

struct Error {
  SqlState state = sql_state::kInternalError;
  std::string message;
  std::string detail;
  std::string hint;
  int position = 0;  // 1-based character of the statement's text; 0 = none.

  Error(SqlState error_state, std::string error_message)
      : state(error_state), message(std::move(error_message)) {}
  Error with_detail(std::string text) && {
    detail = std::move(text);
    return std::move(*this);
  }
  Error with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
  Error with_position(int character) && {
    position = character;
    return std::move(*this);
  }
  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace penstock
