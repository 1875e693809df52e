// A session for tests: it knows a handful of statements by their text, records what it was asked,
// and answers at once or when told to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/session_client.h"
#include "data/delta_batch.h"

namespace penstock::server {

using coordinator::Done;
using coordinator::ExecuteResponse;
using coordinator::Nothing;
using coordinator::ResultColumn;
using coordinator::StatementDescription;

// What several sessions of one test write down. Thread-safe.
class Journal {
 public:
  void add(std::string line) {
    std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  bool contains(const std::string& line) const {
    std::lock_guard lock(mutex_);
    for (const std::string& known : lines_) {
      if (known == line) return true;
    }
    return false;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

inline std::vector<ResultColumn> fake_columns() {
  return {{"n", types::SqlType::of(types::TypeId::kInt4)},
          {"name", types::SqlType::of(types::TypeId::kText)}};
}

// Rows (first, 'r' || first) …, `per_batch` a batch, in `batches` batches.
class FakeRows : public coordinator::RowStream {
 public:
  FakeRows(int batches, int per_batch, int64_t diff)
      : batches_(batches), per_batch_(per_batch), diff_(diff) {}

  void next(Done<data::BatchRef> done) override {
    if (batches_-- == 0) return done(data::BatchRef());
    const std::vector<types::PhysicalKind> kinds = {types::PhysicalKind::kInt32,
                                                    types::PhysicalKind::kBytes};
    data::BatchBuilder builder(kinds);
    for (int i = 0; i < per_batch_; ++i) {
      const int n = ++last_;
      const std::vector<types::Datum> row = {
          types::Datum::integer(n),
          n % 3 == 0 ? types::Datum::null() : types::Datum::bytes("r" + std::to_string(n))};
      builder.append_row(row, diff_);
    }
    done(std::make_shared<const data::DeltaBatch>(builder.finish()));
  }

 private:
  int batches_;
  const int per_batch_;
  const int64_t diff_;
  int last_ = 0;
};

class FailingRows : public coordinator::RowStream {
 public:
  void next(Done<data::BatchRef> done) override {
    done(fail(sql_state::kDivisionByZero, "division by zero"));
  }
};

class FakeCopySink : public coordinator::CopySink {
 public:
  explicit FakeCopySink(Journal& journal) : journal_(journal) {}
  ~FakeCopySink() override { journal_.add("copy gone"); }
  void write(std::string bytes, Done<Nothing> done) override {
    if (bytes == "bad\n") {
      return done(fail(sql_state::kBadCopyFileFormat, "extra data after last expected column"));
    }
    bytes_ += bytes;
    done(Nothing{});
  }
  void finish(Done<std::string> done) override {
    journal_.add("copied " + bytes_);
    done(std::string("COPY 2"));
  }

 private:
  Journal& journal_;
  std::string bytes_;
};

class FakeSession : public coordinator::SessionClient {
 public:
  FakeSession(Journal& journal, uint32_t id) : journal_(journal), id_(id) {}
  ~FakeSession() override { journal_.add("session gone"); }

  // --- simple ---
  void start_simple(std::string sql, Done<size_t> done) override {
    journal_.add("start " + sql);
    if (sql.find("SYNTAX") != std::string::npos) {
      return done(fail(Error(sql_state::kSyntaxError, "Expected something").with_position(3)));
    }
    simple_.clear();
    for (size_t begin = 0; begin < sql.size();) {
      const size_t end = std::min(sql.find(';', begin), sql.size());
      if (end > begin) simple_.push_back(sql.substr(begin, end - begin));
      begin = end + 1;
    }
    done(simple_.size());
  }
  void execute_simple(size_t index, Done<ExecuteResponse> done) override {
    run(simple_[index], std::move(done));
  }
  void finish_simple(bool failed, Done<Nothing> done) override {
    journal_.add(failed ? "finish failed" : "finish");
    const bool refused = !simple_.empty() && simple_.back() == "REFUSED AT COMMIT";
    simple_.clear();
    if (refused && !failed) {
      return done(fail(sql_state::kSerializationFailure, "could not commit"));
    }
    done(Nothing{});
  }

  // --- extended ---
  void prepare(std::string name, std::string sql, std::vector<uint32_t> oids,
               Done<StatementDescription> done) override {
    journal_.add("prepare " + name + "=" + sql + " " + std::to_string(oids.size()));
    if (sql.find("SYNTAX") != std::string::npos) {
      return done(fail(sql_state::kSyntaxError, "Expected something"));
    }
    statements_[name] = sql;
    describe_statement(name, std::move(done));
  }
  void describe_statement(std::string name, Done<StatementDescription> done) override {
    journal_.add("describe " + name);
    const auto found = statements_.find(name);
    if (found == statements_.end()) {
      return done(fail(sql_state::kInvalidStatementName,
                       "prepared statement \"" + name + "\" does not exist"));
    }
    done(description_of(found->second));
  }
  void bind(std::string portal, std::string statement, std::vector<types::Datum> parameters,
            Done<Nothing> done) override {
    std::string line = "bind " + portal + "<-" + statement;
    for (const types::Datum& value : parameters) {
      line += value.is_null() ? " NULL" : " " + std::to_string(value.as_int());
    }
    journal_.add(line);
    portals_[portal] = statements_[statement];
    done(Nothing{});
  }
  void describe_portal(std::string portal, Done<StatementDescription> done) override {
    done(description_of(portals_[portal]));
  }
  void execute(std::string portal, Done<ExecuteResponse> done) override {
    run(portals_[portal], std::move(done));
  }
  void close_statement(std::string name) override { statements_.erase(name); }
  void close_portal(std::string name) override { portals_.erase(name); }
  void sync(bool failed, Done<Nothing> done) override {
    journal_.add(failed ? "sync failed" : "sync");
    done(Nothing{});
  }

  char transaction_status() const override { return status_; }
  std::chrono::milliseconds idle_in_transaction_limit() const override { return idle_limit; }
  std::vector<coordinator::Notice> take_notices() override { return std::exchange(notices_, {}); }
  std::vector<std::pair<std::string, std::string>> take_parameter_changes() override {
    return std::exchange(parameters_, {});
  }
  uint32_t connection_id() const override { return id_; }
  uint32_t cancel_secret() const override { return 77; }

  std::chrono::milliseconds idle_limit{0};
  // The answer to HANG is given here.
  std::function<void()> release;

 private:
  static StatementDescription description_of(const std::string& sql) {
    StatementDescription description;
    if (sql.find('$') != std::string::npos) {
      description.parameters = {types::SqlType::of(types::TypeId::kInt4)};
    }
    if (sql.starts_with("ROWS")) description.columns = fake_columns();
    return description;
  }

  void run(const std::string& sql, Done<ExecuteResponse> done) {
    journal_.add("run " + sql);
    if (sql == "FAIL") return done(fail(sql_state::kUndefinedObject, "unknown thing"));
    if (sql == "HANG") {
      release = [done = std::move(done)] { done(coordinator::CommandDone{"RELEASED"}); };
      return;
    }
    if (sql.empty()) return done(coordinator::EmptyQuery{});
    if (sql == "BEGIN") status_ = 'T';
    if (sql == "COMMIT") status_ = 'I';
    if (sql == "NOTICE") {
      notices_.push_back({"NOTICE", Error(sql_state::kDuplicateTable, "already exists")});
      parameters_.emplace_back("application_name", "x");
    }
    done(response_to(sql));
  }

  ExecuteResponse response_to(const std::string& sql) {
    if (sql.starts_with("ROWS FAIL")) return rows(std::make_unique<FailingRows>());
    if (sql.starts_with("ROWS TWICE")) return rows(std::make_unique<FakeRows>(1, 2, 2));
    if (sql.starts_with("ROWS MANY")) return rows(std::make_unique<FakeRows>(50, 2000, 1));
    if (sql.starts_with("ROWS")) return rows(std::make_unique<FakeRows>(2, 2, 1));
    if (sql == "COPY IN") {
      return coordinator::CopyInResult{2, std::make_unique<FakeCopySink>(journal_)};
    }
    if (sql == "COPY OUT") {
      auto chunks = std::make_shared<std::vector<std::string>>(
          std::vector<std::string>{"1\ta\n2\t", "b\n3\tc\n"});
      auto next = [chunks](Done<std::string> give) {
        if (chunks->empty()) return give(std::string());
        std::string first = chunks->front();
        chunks->erase(chunks->begin());
        give(std::move(first));
      };
      return coordinator::CopyOutResult{2, false, next};
    }
    return coordinator::CommandDone{sql};
  }

  static ExecuteResponse rows(std::unique_ptr<coordinator::RowStream> stream) {
    return coordinator::RowsResult{fake_columns(), std::move(stream), "SELECT"};
  }

  Journal& journal_;
  const uint32_t id_;
  char status_ = 'I';
  std::vector<std::string> simple_;
  std::map<std::string, std::string> statements_;
  std::map<std::string, std::string> portals_;
  std::vector<coordinator::Notice> notices_;
  std::vector<std::pair<std::string, std::string>> parameters_ = {{"server_version", "9.5.0"},
                                                                  {"client_encoding", "UTF8"}};
};

}  // namespace penstock::server
