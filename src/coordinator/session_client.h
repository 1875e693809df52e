// What the server sees of the coordinator: sessions that prepare, bind and execute statements.
//
// Every call that may take long is asynchronous: `done` is called exactly once, from any thread and
// possibly before the call returns. One call at a time per session. A SessionClient may be
// destroyed at any time; what it was doing is cancelled, and its transaction rolled back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/delta_batch.h"
#include "types/sql_type.h"

namespace penstock::coordinator {

template <typename T>
using Done = std::function<void(Result<T>)>;

struct Nothing {};

// severity: "NOTICE", "WARNING", "INFO", "DEBUG".
struct Notice {
  std::string severity;
  Error error;
};

struct ResultColumn {
  std::string name;
  types::SqlType type;
};

struct StatementDescription {
  std::vector<types::SqlType> parameters;
  std::optional<std::vector<ResultColumn>> columns;  // Absent: the statement returns no rows.
};

// Rows of a result, pulled chunk by chunk; diffs are multiplicities > 0, and a row is sent that
// often.
class RowStream {
 public:
  virtual ~RowStream() = default;
  // Null at the end.
  virtual void next(Done<data::BatchRef> done) = 0;
};

// Takes what COPY ... FROM STDIN sends. The statement is atomic: nothing is there before finish().
class CopySink {
 public:
  virtual ~CopySink() = default;
  virtual void write(std::string bytes, Done<Nothing> done) = 0;
  virtual void finish(Done<std::string> done) = 0;  // The command tag.
};

struct EmptyQuery {};
struct CommandDone {
  std::string tag;  // "CREATE TABLE"
};
struct RowsResult {
  std::vector<ResultColumn> columns;
  std::unique_ptr<RowStream> rows;
  std::string tag;  // "SELECT": the server appends the row count; "INSERT 0": likewise.
};
struct CopyInResult {
  size_t num_columns = 0;
  std::unique_ptr<CopySink> sink;
};
struct CopyOutResult {
  size_t num_columns = 0;
  bool binary = false;
  // Chunks of finished COPY data, each at most a few hundred KiB; an empty string at the end.
  std::function<void(Done<std::string>)> next;
};
using ExecuteResponse =
    std::variant<EmptyQuery, CommandDone, RowsResult, CopyInResult, CopyOutResult>;

class SessionClient {
 public:
  virtual ~SessionClient() = default;

  // Simple query protocol: splits the text (and fails on its syntax errors), then its statements
  // are executed one after the other, all in one implicit transaction; after the first error, or
  // after the last, finish_simple() ends it.
  virtual void start_simple(std::string sql, Done<size_t> done) = 0;
  virtual void execute_simple(size_t index, Done<ExecuteResponse> done) = 0;
  virtual void finish_simple(bool failed, Done<Nothing> done) = 0;

  // Extended protocol. A parameter OID of 0 is inferred. The unnamed statement and portal are "".
  virtual void prepare(std::string name, std::string sql, std::vector<uint32_t> parameter_oids,
                       Done<StatementDescription> done) = 0;
  virtual void describe_statement(std::string name, Done<StatementDescription> done) = 0;
  virtual void bind(std::string portal, std::string statement, std::vector<types::Datum> parameters,
                    Done<Nothing> done) = 0;
  virtual void describe_portal(std::string portal, Done<StatementDescription> done) = 0;
  // Runs the portal; the server keeps the RowStream of its rows, also when it has been read to its
  // end. Error 55000: it has run before, and has no rows.
  virtual void execute(std::string portal, Done<ExecuteResponse> done) = 0;
  virtual void close_statement(std::string name) = 0;
  virtual void close_portal(std::string name) = 0;
  // Sync: ends the implicit transaction (`failed`: rolls it back).
  virtual void sync(bool failed, Done<Nothing> done) = 0;

  // 'I' idle, 'T' in a transaction block, 'E' in a failed one.
  virtual char transaction_status() const = 0;
  // How long the client may leave a transaction block without a word; zero: as long as it likes.
  virtual std::chrono::milliseconds idle_in_transaction_limit() const = 0;
  // Since the last call: to be sent before the next CommandComplete or error.
  virtual std::vector<Notice> take_notices() = 0;
  // Session parameters whose ParameterStatus must be sent; at first all that startup reports.
  virtual std::vector<std::pair<std::string, std::string>> take_parameter_changes() = 0;

  virtual uint32_t connection_id() const = 0;
  virtual uint32_t cancel_secret() const = 0;
};

struct StartupRequest {
  std::vector<std::pair<std::string, std::string>> parameters;  // user, database, options...
  bool internal_port = false;
  std::string client_address;
};

// Opens sessions. Thread-safe.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual Result<std::unique_ptr<SessionClient>> open(StartupRequest request) = 0;
  // Wrong ids are silently ignored.
  virtual void cancel(uint32_t connection_id, uint32_t secret) = 0;
};

}  // namespace penstock::coordinator
