// Statements about the session: parameters, transactions, prepared statements, DISCARD.
#include <fmt/core.h>

#include "base/check.h"
#include "coordinator/execute/execute.h"

namespace penstock::coordinator {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::string value_text(const sql::SetValue& value) {
  return std::visit(
      Overloaded{[](const sql::StringLiteral& v) { return v.value; },
                 [](const sql::NumberLiteral& v) { return v.text; },
                 [](const sql::BoolLiteral& v) { return std::string(v.value ? "on" : "off"); },
                 [](const sql::IntervalLiteral& v) { return v.value; },
                 [](const sql::Identifier& v) { return v.text; }},
      value.kind);
}

Result<ExecuteResponse> set(Session& session, const sql::SetVariable& statement) {
  if (statement.values.empty()) {
    RETURN_IF_ERROR(session.variables().reset(statement.name));
    return CommandDone{"SET"};
  }
  std::string text;
  for (const sql::SetValue& value : statement.values) {
    text += (text.empty() ? "" : ", ") + value_text(value);
  }
  RETURN_IF_ERROR(session.variables().set(statement.name, text, statement.local));
  if (statement.local && !session.in_block()) {
    session.add_notice({"WARNING", Error(sql_state::kNoActiveTransaction,
                                         "SET LOCAL can only be used in transaction blocks")});
  }
  if (statement.name == "transaction_isolation") session.note_isolation(text);
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  if (statement.name == "database" && !catalog->has_database(text)) {
    session.add_notice(
        {"NOTICE",
         Error(SqlState("MZ004"), fmt::format("session database \"{}\" does not exist", text))});
  }
  if (statement.name == "cluster" && !catalog->find_cluster(text)) {
    session.add_notice(
        {"NOTICE", Error(SqlState("MZ005"), fmt::format("cluster \"{}\" does not exist", text))});
  }
  return CommandDone{"SET"};
}

Result<ExecuteResponse> prepare(Session& session, const sql::PrepareStatement& statement) {
  if (session.statements().contains(statement.name.text)) {
    return fail(sql_state::kDuplicatePreparedStatement,
                fmt::format("prepared statement \"{}\" already exists", statement.name.text));
  }
  auto prepared = std::make_shared<PreparedStatement>();
  prepared->statement = *statement.statement;
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, nullptr);
  for (const sql::TypeName& name : statement.parameter_types) {
    ASSIGN_OR_RETURN(types::SqlType type, sql::resolve_type(name, context));
    prepared->parameters.push_back(std::move(type));
  }
  ASSIGN_OR_RETURN(std::optional<types::RelationType> relation,
                   describe_result(session, *prepared->statement, prepared->parameters));
  if (relation) prepared->columns = result_columns(*relation);
  session.statements()[statement.name.text] = std::move(prepared);
  return CommandDone{"PREPARE"};
}

Result<ExecuteResponse> execute_prepared(Session& session, const sql::ExecuteStatement& statement) {
  auto found = session.statements().find(statement.name.text);
  if (found == session.statements().end()) {
    return fail(sql_state::kInvalidStatementName,
                fmt::format("prepared statement \"{}\" does not exist", statement.name.text));
  }
  std::shared_ptr<const PreparedStatement> prepared = found->second;
  if (prepared->parameters.size() != statement.arguments.size()) {
    return fail(sql_state::kSyntaxError,
                fmt::format("wrong number of parameters for prepared statement \"{}\"",
                            statement.name.text));
  }
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, nullptr);
  Parameters values;
  for (size_t i = 0; i < statement.arguments.size(); ++i) {
    types::SqlType type = prepared->parameters[i].id == types::TypeId::kUnknown
                              ? types::SqlType::of(types::TypeId::kText)
                              : prepared->parameters[i];
    ASSIGN_OR_RETURN(types::Datum value,
                     sql::evaluate_constant(statement.arguments[i], type, context));
    values.types.push_back(std::move(type));
    values.values.push_back(std::move(value));
  }
  if (!prepared->statement) return EmptyQuery{};
  Result<ExecuteResponse> response = execute_statement(session, *prepared->statement, values);
  if (response) return response;
  Error error = std::move(response).error();
  error.position = 0;  // It would point into the text of PREPARE.
  return std::unexpected(std::move(error));
}

Result<ExecuteResponse> deallocate(Session& session, const sql::DeallocateStatement& statement) {
  if (!statement.name) {
    session.statements().clear();
    return CommandDone{"DEALLOCATE ALL"};
  }
  if (session.statements().erase(statement.name->text) == 0) {
    return fail(sql_state::kInvalidStatementName,
                fmt::format("prepared statement \"{}\" does not exist", statement.name->text));
  }
  return CommandDone{"DEALLOCATE"};
}

Result<ExecuteResponse> end(Session& session, bool commit, bool chain) {
  ASSIGN_OR_RETURN(std::string tag, session.end_block(commit));
  if (chain) RETURN_IF_ERROR(session.begin_block({}));
  return CommandDone{tag};
}

}  // namespace

Result<ExecuteResponse> execute_session(Session& session, const sql::Statement& statement,
                                        const Parameters& parameters) {
  (void)parameters;
  return std::visit(
      Overloaded{
          [&](const sql::SetVariable& s) { return set(session, s); },
          [&](const sql::ResetVariable& s) -> Result<ExecuteResponse> {
            if (s.name) {
              RETURN_IF_ERROR(session.variables().reset(*s.name));
            } else {
              session.variables().reset_all();
            }
            return CommandDone{"RESET"};
          },
          [&](const sql::BeginStatement& s) -> Result<ExecuteResponse> {
            RETURN_IF_ERROR(session.begin_block(s.modes));
            return CommandDone{"BEGIN"};
          },
          [&](const sql::CommitStatement& s) { return end(session, true, s.and_chain); },
          [&](const sql::RollbackStatement& s) { return end(session, false, s.and_chain); },
          [&](const sql::SetTransaction& s) -> Result<ExecuteResponse> {
            if (!s.session && !session.in_block()) {
              session.add_notice(
                  {"WARNING", Error(sql_state::kNoActiveTransaction,
                                    "SET TRANSACTION can only be used in transaction blocks")});
              return CommandDone{"SET"};
            }
            RETURN_IF_ERROR(session.set_modes(s.modes, !s.session));
            return CommandDone{"SET"};
          },
          [&](const sql::PrepareStatement& s) { return prepare(session, s); },
          [&](const sql::ExecuteStatement& s) { return execute_prepared(session, s); },
          [&](const sql::DeallocateStatement& s) { return deallocate(session, s); },
          [&](const sql::DiscardStatement& s) -> Result<ExecuteResponse> {
            if (s.target == sql::DiscardTarget::kAll) {
              if (session.in_block()) {
                return fail(sql_state::kActiveTransaction,
                            "DISCARD ALL cannot be run inside a transaction block");
              }
              session.statements().clear();
              session.variables().reset_all();
              return CommandDone{"DISCARD ALL"};
            }
            return CommandDone{"DISCARD"};
          },
          [](const auto&) -> Result<ExecuteResponse> {
            return fail(sql_state::kFeatureNotSupported, "this statement is not yet supported");
          }},
      statement.kind);
}

}  // namespace penstock::coordinator
