// The protocol side of a session: statements, portals, implicit and explicit transactions.
#include "coordinator/session.h"

#include <fmt/core.h>

#include <algorithm>

#include "coordinator/execute/execute.h"
#include "types/type_name.h"

namespace penstock::coordinator {
namespace {

template <typename Kind>
bool is(const sql::Statement& statement) {
  return std::holds_alternative<Kind>(statement.kind);
}

bool ends_block(const sql::Statement& statement) {
  return is<sql::CommitStatement>(statement) || is<sql::RollbackStatement>(statement);
}

// What planning says of a statement counts bytes of its text; clients count characters.
Error in_characters(Error error, std::string_view text) {
  if (text.empty()) {
    error.position = 0;
  } else if (error.position > 0) {
    error.position = sql::character_position(text, static_cast<size_t>(error.position) - 1);
  }
  return error;
}

// Whether rows of these columns are what the client has been told to expect: the objects that a
// prepared statement names may have been replaced since.
bool gives(const PreparedStatement& statement, const std::vector<ResultColumn>& columns) {
  auto same_type = [](const ResultColumn& told, const ResultColumn& now) {
    return types::same_base_type(told.type, now.type);
  };
  return statement.columns && std::ranges::equal(*statement.columns, columns, same_type);
}

StatementDescription description_of(const PreparedStatement& statement) {
  return {statement.parameters, statement.columns};
}

}  // namespace

Result<storage::StagedParts> stage_rows(storage::Storage& storage, CollectionId table,
                                        const std::vector<data::BatchRef>& rows) {
  ASSIGN_OR_RETURN(std::unique_ptr<storage::StagingWriter> staging, storage.stage(table));
  for (const data::BatchRef& batch : rows) RETURN_IF_ERROR(staging->append(*batch));
  return staging->finish();
}

Session::Session(const Services& services, SessionVariables variables, std::string role,
                 bool is_superuser, uint32_t connection_id, uint32_t cancel_secret, std::string id)
    : services_(services),
      variables_(std::move(variables)),
      role_(std::move(role)),
      is_superuser_(is_superuser),
      connection_id_(connection_id),
      cancel_secret_(cancel_secret),
      id_(std::move(id)),
      cancelled_(std::make_shared<StopToken>()) {}

Session::~Session() {
  roll_back();
}

SessionView Session::view() const {
  SessionView out;
  out.names.database = variables_.get("database");
  out.names.search_path = variables_.search_path();
  out.role = role_;
  out.cluster_name = variables_.get("cluster");
  out.is_superuser = is_superuser_;
  expr::StatementContext& statement = out.statement;
  statement.now_us = static_cast<int64_t>(started_at_us_);
  statement.start_us = static_cast<int64_t>(services_.identity.started_at_us);
  statement.current_user = role_;
  statement.session_user = role_;
  statement.is_superuser = is_superuser_;
  statement.database = out.names.database;
  statement.search_path = out.names.search_path;
  statement.system_schemas = catalog::CatalogState::implicit_schemas();
  statement.backend_pid = static_cast<int32_t>(connection_id_);
  statement.version = fmt::format("PostgreSQL 9.5.0 on x86_64-unknown-linux-gnu (Penstock v{})",
                                  services_.identity.version);
  statement.product_version = fmt::format("v{} (penstock)", services_.identity.version);
  statement.product_version_number = 100;
  statement.environment_id = services_.identity.environment_id;
  statement.setting = [this](std::string_view name) -> std::optional<std::string> {
    Result<std::string> value = variables_.show(name);
    if (!value) return std::nullopt;
    return *value;
  };
  return out;
}

sql::PlanContext Session::plan_context(const catalog::CatalogState& catalog,
                                       const expr::StatementContext& statement,
                                       const sql::ParameterValues* parameters) {
  sql::PlanContext context{.catalog = catalog, .names = {}};
  context.names.database = variables_.get("database");
  context.names.search_path = variables_.search_path();
  context.statement = &statement;
  context.parameter_values = parameters;
  return context;
}

void Session::add_notice(Notice notice) {
  notices_.push_back(std::move(notice));
}

std::vector<Notice> Session::take_notices() {
  return std::exchange(notices_, {});
}

std::vector<std::pair<std::string, std::string>> Session::take_parameter_changes() {
  return variables_.take_changes();
}

char Session::transaction_status() const {
  if (!in_block_) return 'I';
  return failed_ ? 'E' : 'T';
}

std::chrono::milliseconds Session::idle_in_transaction_limit() const {
  constexpr uint64_t kLongest = 1ULL << 40;  // Decades: nothing a clock could overflow at.
  const uint64_t limit = variables_.duration_ms("idle_in_transaction_session_timeout");
  return std::chrono::milliseconds(std::min(limit, kLongest));
}

void Session::cancel() {
  std::lock_guard lock(cancel_mutex_);
  cancelled_->stop();
}

void Session::close() {
  std::lock_guard lock(cancel_mutex_);
  closed_ = true;
  cancelled_->stop();
}

void Session::begin_statement() {
  std::lock_guard lock(cancel_mutex_);
  // A cancellation that came between statements hits none of them; a closed session runs nothing.
  if (!closed_ && cancelled_->stopped()) cancelled_ = std::make_shared<StopToken>();
}

// --- transactions ---

void Session::start_implicit() {
  if (transaction_) return;
  transaction_.emplace();
  started_at_us_ = services_.clock.wall_us();
}

void Session::roll_back() {
  if (transaction_) {
    for (const storage::StagedParts& parts : transaction_->take_staged()) {
      if (Status discarded = services_.storage.discard(parts); !discarded) {
        add_notice({"WARNING", discarded.error()});
      }
    }
  }
  transaction_.reset();
}

Status Session::check_room() const {
  if (!services_.storage.disk_low()) return {};
  return fail(Error(sql_state::kDiskFull, "the disk of the data directory is nearly full")
                  .with_detail("Less than 5 % of it is free: nothing is ingested or written.")
                  .with_hint("Writes are accepted again by themselves when there is room."));
}

Status Session::add_rows(CollectionId table, std::vector<data::BatchRef> rows) {
  transaction_->add_rows(table, std::move(rows));
  if (transaction_->write_bytes() <= storage::kStageBytes) return {};
  for (const storage::CollectionInput& input : transaction_->take_rows()) {
    ASSIGN_OR_RETURN(storage::StagedParts parts,
                     stage_rows(services_.storage, input.collection, input.rows));
    transaction_->add_staged(std::move(parts));
  }
  return {};
}

Status Session::commit_writes() {
  if (!transaction_ || !transaction_->has_writes()) return {};
  RETURN_IF_ERROR(check_room());
  ASSIGN_OR_RETURN(TableLocks::Guard guard, services_.locks.lock(transaction_->written_tables(),
                                                                 LockMode::kShared, cancelled()));
  CatalogSnapshot catalog = services_.catalog.snapshot();
  for (CollectionId table : transaction_->written_tables()) {
    if (!catalog->item(ObjectId{table.value})) {
      return fail(sql_state::kUndefinedTable, "a table written in this transaction was dropped");
    }
  }
  auto input = std::make_shared<storage::TickInput>(transaction_->take_writes());
  Result<Timestamp> done = services_.engine.submit_and_wait(std::move(input), {});
  if (!done) return std::unexpected(done.error());
  return {};
}

Status Session::end_implicit(bool failed) {
  if (in_block_ || !transaction_) return {};
  Status status = failed ? Status() : commit_writes();
  roll_back();
  return status;
}

Status Session::begin_block(const sql::TransactionModes& modes) {
  if (in_block_) {
    add_notice({"WARNING", Error(sql_state::kActiveTransaction,
                                 "there is already a transaction in progress")});
    return {};
  }
  start_implicit();
  in_block_ = true;
  failed_ = false;
  variables_.begin_transaction();
  Status set = set_modes(modes, true);
  if (!set) RETURN_IF_ERROR(end_block(false));
  return set;
}

Status Session::set_modes(const sql::TransactionModes& modes, bool local) {
  if (modes.isolation) {
    RETURN_IF_ERROR(variables_.set("transaction_isolation", *modes.isolation, local));
    note_isolation(*modes.isolation);
  }
  if (modes.read_only.value_or(false) && local) transaction_->make_read_only();
  return {};
}

void Session::note_isolation(const std::string& level) {
  if (is_implemented_isolation(level)) return;
  add_notice({"NOTICE", Error(sql_state::kSuccessfulCompletion,
                              fmt::format("transaction isolation level {} is unimplemented, the "
                                          "session will be upgraded to serializable",
                                          level))});
}

Result<std::string> Session::end_block(bool commit) {
  if (!in_block_) {
    add_notice(
        {"WARNING", Error(sql_state::kNoActiveTransaction, "there is no transaction in progress")});
    // In an implicit transaction of several statements, its end ends that one.
    Status ended = commit ? commit_writes() : Status();
    roll_back();
    if (!ended) return std::unexpected(ended.error());
    return std::string(commit ? "COMMIT" : "ROLLBACK");
  }
  bool really = commit && !failed_;
  Status status = really ? commit_writes() : Status();
  if (really && status) {
    if (std::function<Status()> ddl = transaction_->take_deferred()) status = ddl();
  }
  variables_.end_transaction(really && status.has_value());
  in_block_ = false;
  failed_ = false;
  roll_back();
  portals_.clear();
  if (!status) return std::unexpected(status.error());
  return std::string(really ? "COMMIT" : "ROLLBACK");
}

// --- running ---

Status Session::ready_for(const sql::Statement& statement) {
  if (failed_ && !ends_block(statement)) {
    return fail(sql_state::kInFailedTransaction,
                "current transaction is aborted, commands ignored until end of transaction block");
  }
  start_implicit();
  return {};
}

Result<ExecuteResponse> Session::run(const sql::Statement& statement,
                                     const sql::ParameterValues& parameters,
                                     const std::string& text) {
  RETURN_IF_ERROR(ready_for(statement));
  deadline_.reset();
  constexpr uint64_t kLongestMs = uint64_t{365} * 24 * 3600 * 1000;
  if (uint64_t limit = variables_.duration_ms("statement_timeout"); limit > 0) {
    deadline_ =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(std::min(limit, kLongestMs));
  }
  Result<ExecuteResponse> response = execute_statement(*this, statement, parameters);
  if (response) return response;
  if (in_block_) failed_ = true;
  return std::unexpected(in_characters(std::move(response).error(), text));
}

Status Session::wait_a_moment(std::chrono::milliseconds time) {
  if (cancelled().wait_for(time)) {
    return fail(sql_state::kQueryCanceled, "canceling statement due to user request");
  }
  if (deadline_ && std::chrono::steady_clock::now() >= *deadline_) {
    return fail(sql_state::kQueryCanceled, "canceling statement due to statement timeout");
  }
  return {};
}

Result<size_t> Session::start_simple(const std::string& sql) {
  begin_statement();
  Result<std::vector<sql::ParsedStatement>> parsed = sql::parse_statements(sql);
  if (!parsed) {
    if (in_block_) failed_ = true;
    return std::unexpected(parsed.error());
  }
  simple_ = std::move(*parsed);
  simple_text_ = sql;
  return simple_.size();
}

Result<ExecuteResponse> Session::execute_simple(size_t index) {
  return run(simple_[index].statement, {}, simple_text_);
}

Status Session::finish_simple(bool failed) {
  simple_.clear();
  return end_implicit(failed);
}

Result<StatementDescription> Session::describe(const sql::Statement& statement,
                                               std::vector<types::SqlType> parameters) {
  ASSIGN_OR_RETURN(std::optional<types::RelationType> relation,
                   describe_result(*this, statement, parameters));
  StatementDescription out;
  for (types::SqlType& type : parameters) {
    if (type.id == types::TypeId::kUnknown) type = types::SqlType::of(types::TypeId::kText);
  }
  out.parameters = std::move(parameters);
  if (relation) out.columns = result_columns(*relation);
  return out;
}

Result<StatementDescription> Session::prepare(const std::string& name, const std::string& sql,
                                              const std::vector<uint32_t>& parameter_oids) {
  begin_statement();
  auto refused = [&](Error error) -> Result<StatementDescription> {
    if (in_block_) failed_ = true;
    return std::unexpected(std::move(error));
  };
  Result<std::vector<sql::ParsedStatement>> parsed = sql::parse_statements(sql);
  if (!parsed) return refused(parsed.error());
  if (parsed->size() > 1) {
    return refused(Error(sql_state::kSyntaxError,
                         "cannot insert multiple commands into a prepared statement"));
  }
  if (!name.empty() && statements_.contains(name)) {
    return refused(Error(sql_state::kDuplicatePreparedStatement,
                         fmt::format("prepared statement \"{}\" already exists", name)));
  }
  auto prepared = std::make_shared<PreparedStatement>();
  if (!parsed->empty()) {
    const sql::Statement& statement = parsed->front().statement;
    if (Status ready = ready_for(statement); !ready) return refused(ready.error());
    std::vector<types::SqlType> parameters;
    for (uint32_t oid : parameter_oids) {
      std::optional<types::SqlType> type = oid == 0 ? types::SqlType() : types::type_from_oid(oid);
      if (!type) {
        return refused(
            Error(sql_state::kUndefinedObject, fmt::format("unknown parameter type OID {}", oid)));
      }
      parameters.push_back(*type);
    }
    Result<StatementDescription> described = describe(statement, std::move(parameters));
    if (!described) return refused(in_characters(described.error(), sql));
    prepared->text = sql;
    prepared->statement = statement;
    prepared->parameters = described->parameters;
    prepared->columns = described->columns;
  }
  statements_[name] = prepared;
  return description_of(*prepared);
}

Result<StatementDescription> Session::describe_statement(const std::string& name) {
  auto found = statements_.find(name);
  if (found == statements_.end()) {
    return fail(sql_state::kInvalidStatementName,
                fmt::format("prepared statement \"{}\" does not exist", name));
  }
  return description_of(*found->second);
}

Status Session::bind(const std::string& portal, const std::string& statement,
                     std::vector<types::Datum> parameters) {
  begin_statement();
  auto found = statements_.find(statement);
  if (found == statements_.end()) {
    return fail(sql_state::kInvalidStatementName,
                fmt::format("prepared statement \"{}\" does not exist", statement));
  }
  if (parameters.size() != found->second->parameters.size()) {
    return fail(sql_state::kProtocolViolation,
                fmt::format("bind message supplies {} parameters, but prepared statement \"{}\" "
                            "requires {}",
                            parameters.size(), statement, found->second->parameters.size()));
  }
  if (!portal.empty() && portals_.contains(portal)) {
    return fail(sql_state::kDuplicateCursor, fmt::format("cursor \"{}\" already exists", portal));
  }
  portals_[portal] = Portal{found->second, std::move(parameters)};
  return {};
}

Result<StatementDescription> Session::describe_portal(const std::string& name) {
  auto found = portals_.find(name);
  if (found == portals_.end()) {
    return fail(sql_state::kInvalidCursorName, fmt::format("portal \"{}\" does not exist", name));
  }
  return description_of(*found->second.statement);
}

Result<ExecuteResponse> Session::execute(const std::string& portal) {
  begin_statement();
  auto found = portals_.find(portal);
  if (found == portals_.end()) {
    return fail(sql_state::kInvalidCursorName, fmt::format("portal \"{}\" does not exist", portal));
  }
  if (std::exchange(found->second.has_run, true)) {
    return fail(sql_state::kObjectNotInState, fmt::format("portal \"{}\" cannot be run", portal));
  }
  Portal bound = found->second;
  if (!bound.statement->statement) return EmptyQuery{};
  Result<ExecuteResponse> response =
      run(*bound.statement->statement, {bound.statement->parameters, std::move(bound.parameters)},
          bound.statement->text);
  const auto* rows = response ? std::get_if<RowsResult>(&*response) : nullptr;
  if (rows == nullptr || gives(*bound.statement, rows->columns)) return response;
  if (in_block_) failed_ = true;
  return fail(sql_state::kFeatureNotSupported, "cached plan must not change result type");
}

void Session::close_statement(const std::string& name) {
  statements_.erase(name);
}

Status Session::sync(bool failed) {
  if (failed && in_block_) failed_ = true;
  Status ended = end_implicit(failed);
  if (!in_block_) portals_.clear();
  return ended;
}

}  // namespace penstock::coordinator
