// Statements about the session: transactions, parameters, DISCARD.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"

namespace penstock::sql {

// Modes of a transaction, those that were given.
struct TransactionModes {
  std::optional<std::string> isolation;  // Lower case words: "strict serializable".
  std::optional<bool> read_only;
  friend bool operator==(const TransactionModes&, const TransactionModes&) = default;
};
struct BeginStatement {
  TransactionModes modes;
  friend bool operator==(const BeginStatement&, const BeginStatement&) = default;
};
struct CommitStatement {
  bool and_chain = false;
  friend bool operator==(const CommitStatement&, const CommitStatement&) = default;
};
struct RollbackStatement {
  bool and_chain = false;
  friend bool operator==(const RollbackStatement&, const RollbackStatement&) = default;
};
struct SetTransaction {
  bool session = false;  // SET SESSION CHARACTERISTICS AS TRANSACTION
  TransactionModes modes;
  friend bool operator==(const SetTransaction&, const SetTransaction&) = default;
};

// One value of SET: a literal or a bare word, as text. A word was folded to lower case.
struct SetValue {
  std::variant<StringLiteral, NumberLiteral, BoolLiteral, IntervalLiteral, Identifier> kind;
  friend bool operator==(const SetValue&, const SetValue&) = default;
};
// SET [LOCAL | SESSION] name TO values | DEFAULT. SET TIME ZONE is timezone, SET NAMES is
// client_encoding, SET SCHEMA is search_path.
struct SetVariable {
  bool local = false;
  std::string name;              // Lower case.
  std::vector<SetValue> values;  // Empty: DEFAULT.
  friend bool operator==(const SetVariable&, const SetVariable&) = default;
};
struct ResetVariable {
  std::optional<std::string> name;  // Absent: ALL.
  friend bool operator==(const ResetVariable&, const ResetVariable&) = default;
};
enum class DiscardTarget { kAll, kTemp, kPlans, kSequences };
struct DiscardStatement {
  DiscardTarget target = DiscardTarget::kAll;
  friend bool operator==(const DiscardStatement&, const DiscardStatement&) = default;
};

}  // namespace penstock::sql
