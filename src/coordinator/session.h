// One client's session: its variables, prepared statements, portals and transaction.
//
// The server calls it through SessionClient (see session_handle.h), one call at a time; the work is
// done on a thread of the pool, so statements may block. cancel() may come from any thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "coordinator/services.h"
#include "coordinator/session_client.h"
#include "coordinator/session_variables.h"
#include "coordinator/table_locks.h"
#include "coordinator/transaction.h"
#include "sql/parse/parse.h"
#include "sql/planner.h"

namespace penstock::coordinator {

struct PreparedStatement {
  std::string text;  // What errors point into; empty for PREPARE in SQL, which is part of another.
  std::optional<sql::Statement> statement;  // Nothing: the empty query.
  std::vector<types::SqlType> parameters;
  std::optional<std::vector<ResultColumn>> columns;
};

struct Portal {
  std::shared_ptr<const PreparedStatement> statement;
  std::vector<types::Datum> parameters;
  bool has_run = false;
};

// Rows too many for one batch, on disk and invisible until a tick shows them.
Result<storage::StagedParts> stage_rows(storage::Storage& storage, CollectionId table,
                                        const std::vector<data::BatchRef>& rows);

class Session {
 public:
  Session(const Services& services, SessionVariables variables, std::string role, bool is_superuser,
          uint32_t connection_id, uint32_t cancel_secret, std::string id);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- protocol, see SessionClient ---
  Result<size_t> start_simple(const std::string& sql);
  Result<ExecuteResponse> execute_simple(size_t index);
  Status finish_simple(bool failed);
  Result<StatementDescription> prepare(const std::string& name, const std::string& sql,
                                       const std::vector<uint32_t>& parameter_oids);
  Result<StatementDescription> describe_statement(const std::string& name);
  Status bind(const std::string& portal, const std::string& statement,
              std::vector<types::Datum> parameters);
  Result<StatementDescription> describe_portal(const std::string& name);
  Result<ExecuteResponse> execute(const std::string& portal);
  void close_statement(const std::string& name);
  void close_portal(const std::string& name) { portals_.erase(name); }
  Status sync(bool failed);

  char transaction_status() const;
  std::chrono::milliseconds idle_in_transaction_limit() const;
  std::vector<Notice> take_notices();
  std::vector<std::pair<std::string, std::string>> take_parameter_changes();

  // Any thread: the statement that runs, if any, ends with 57014.
  void cancel();
  // No call will follow; what runs is cancelled.
  void close();

  // --- for the statements of execute/ ---
  const Services& services() const { return services_; }
  SessionVariables& variables() { return variables_; }
  SessionView view() const;
  sql::PlanContext plan_context(const catalog::CatalogState& catalog,
                                const expr::StatementContext& statement,
                                const sql::ParameterValues* parameters);
  void add_notice(Notice notice);
  Transaction& transaction() { return *transaction_; }
  bool in_block() const { return in_block_; }
  StopToken& cancelled() { return *cancelled_; }
  // When statement_timeout ends the statement that runs, whatever it waits for.
  TableLocks::Deadline deadline() const { return deadline_; }
  // Waits a moment. Error 57014: the statement is cancelled, or it is too late.
  Status wait_a_moment(std::chrono::milliseconds time);
  std::shared_ptr<StopToken> cancel_token() { return cancelled_; }
  std::map<std::string, std::shared_ptr<const PreparedStatement>>& statements() {
    return statements_;
  }
  std::map<std::string, Portal>& portals() { return portals_; }

  Status begin_block(const sql::TransactionModes& modes);
  // Of the block that is open (`local`), or of all that follow.
  Status set_modes(const sql::TransactionModes& modes, bool local);
  // Says so where a level stands for a stronger one.
  void note_isolation(const std::string& level);
  // Ends the block: commits what was written, or rolls it back. The tag is COMMIT or ROLLBACK.
  Result<std::string> end_block(bool commit);
  // Rows may be written. Error 53100: the disk is nearly full (rule S5).
  Status check_room() const;
  // Adds rows to what the transaction will write; many go to disk until then (rule T4).
  Status add_rows(CollectionId table, std::vector<data::BatchRef> rows);
  // Commits a write transaction now: one tick, acknowledged when durable.
  Status commit_writes();

  const std::string& role() const { return role_; }
  const std::string& id() const { return id_; }
  uint32_t connection_id() const { return connection_id_; }
  uint32_t cancel_secret() const { return cancel_secret_; }

 private:
  Result<ExecuteResponse> run(const sql::Statement& statement,
                              const sql::ParameterValues& parameters, const std::string& text);
  Status ready_for(const sql::Statement& statement);
  void start_implicit();
  Status end_implicit(bool failed);
  void roll_back();
  void begin_statement();
  Result<StatementDescription> describe(const sql::Statement& statement,
                                        std::vector<types::SqlType> parameters);

  const Services& services_;
  SessionVariables variables_;
  const std::string role_;
  const bool is_superuser_;
  const uint32_t connection_id_;
  const uint32_t cancel_secret_;
  const std::string id_;

  std::vector<sql::ParsedStatement> simple_;
  std::string simple_text_;
  std::map<std::string, std::shared_ptr<const PreparedStatement>> statements_;
  std::map<std::string, Portal> portals_;
  std::optional<Transaction> transaction_;
  bool in_block_ = false;
  bool failed_ = false;         // In a block: everything but its end is refused.
  uint64_t started_at_us_ = 0;  // Of the transaction: now().
  TableLocks::Deadline deadline_;
  std::vector<Notice> notices_;

  std::mutex cancel_mutex_;  // Guards the pointer below against cancel() from elsewhere.
  std::shared_ptr<StopToken> cancelled_;
  bool closed_ = false;
};

}  // namespace penstock::coordinator
