// Posts the session's calls to the pool.
#include "coordinator/session_handle.h"

#include <utility>

namespace penstock::coordinator {
namespace {

// A RowStream, CopySink or COPY OUT belongs to a statement: it keeps its session alive, and its
// work happens on the pool too.
class PooledCopySink final : public CopySink {
 public:
  PooledCopySink(std::unique_ptr<CopySink> inner, std::shared_ptr<Session> session, TaskPool& pool)
      : session_(std::move(session)), inner_(std::move(inner)), pool_(pool) {}

  void write(std::string bytes, Done<Nothing> done) override {
    auto task = [inner = inner_, session = session_, bytes = std::move(bytes), done]() mutable {
      inner->write(std::move(bytes), std::move(done));
    };
    if (!pool_.post(std::move(task))) done(stopping<Nothing>());
  }
  void finish(Done<std::string> done) override {
    auto task = [inner = inner_, session = session_, done]() mutable {
      inner->finish(std::move(done));
    };
    if (!pool_.post(std::move(task))) done(stopping<std::string>());
  }

  template <typename T>
  static Result<T> stopping() {
    return fail(sql_state::kAdminShutdown, "the server is shutting down");
  }

 private:
  // The sink before the session: it refers to it.
  std::shared_ptr<Session> session_;
  std::shared_ptr<CopySink> inner_;
  TaskPool& pool_;
};

class SessionHandle final : public SessionClient {
 public:
  SessionHandle(std::shared_ptr<Session> session, TaskPool& pool)
      : session_(std::move(session)), pool_(pool) {}
  ~SessionHandle() override { session_->close(); }

  void start_simple(std::string sql, Done<size_t> done) override {
    post<size_t>(std::move(done),
                 [sql = std::move(sql)](Session& session) { return session.start_simple(sql); });
  }
  void execute_simple(size_t index, Done<ExecuteResponse> done) override {
    post_execute(std::move(done),
                 [index](Session& session) { return session.execute_simple(index); });
  }
  void finish_simple(bool failed, Done<Nothing> done) override {
    post<Nothing>(std::move(done),
                  [failed](Session& session) { return nothing(session.finish_simple(failed)); });
  }

  void prepare(std::string name, std::string sql, std::vector<uint32_t> parameter_oids,
               Done<StatementDescription> done) override {
    post<StatementDescription>(
        std::move(done),
        [name = std::move(name), sql = std::move(sql), oids = std::move(parameter_oids)](
            Session& session) { return session.prepare(name, sql, oids); });
  }
  void describe_statement(std::string name, Done<StatementDescription> done) override {
    done(session_->describe_statement(name));
  }
  void bind(std::string portal, std::string statement, std::vector<types::Datum> parameters,
            Done<Nothing> done) override {
    done(nothing(session_->bind(portal, statement, std::move(parameters))));
  }
  void describe_portal(std::string portal, Done<StatementDescription> done) override {
    done(session_->describe_portal(portal));
  }
  void execute(std::string portal, Done<ExecuteResponse> done) override {
    post_execute(std::move(done), [portal = std::move(portal)](Session& session) {
      return session.execute(portal);
    });
  }
  void close_statement(std::string name) override { session_->close_statement(name); }
  void close_portal(std::string name) override { session_->close_portal(name); }
  void sync(bool failed, Done<Nothing> done) override {
    post<Nothing>(std::move(done),
                  [failed](Session& session) { return nothing(session.sync(failed)); });
  }

  char transaction_status() const override { return session_->transaction_status(); }
  std::chrono::milliseconds idle_in_transaction_limit() const override {
    return session_->idle_in_transaction_limit();
  }
  std::vector<Notice> take_notices() override { return session_->take_notices(); }
  std::vector<std::pair<std::string, std::string>> take_parameter_changes() override {
    return session_->take_parameter_changes();
  }
  uint32_t connection_id() const override { return session_->connection_id(); }
  uint32_t cancel_secret() const override { return session_->cancel_secret(); }

 private:
  static Result<Nothing> nothing(Status status) {
    if (!status) return std::unexpected(std::move(status).error());
    return Nothing{};
  }

  template <typename T, typename Work>
  void post(Done<T> done, Work work) {
    auto task = [session = session_, done, work = std::move(work)]() { done(work(*session)); };
    if (!pool_.post(std::move(task))) done(PooledCopySink::stopping<T>());
  }

  template <typename Work>
  void post_execute(Done<ExecuteResponse> done, Work work) {
    post<ExecuteResponse>(std::move(done),
                          [work = std::move(work), self = session_,
                           pool = &pool_](Session& session) -> Result<ExecuteResponse> {
                            Result<ExecuteResponse> response = work(session);
                            if (!response) return response;
                            if (auto* copy = std::get_if<CopyInResult>(&*response)) {
                              copy->sink = std::make_unique<PooledCopySink>(std::move(copy->sink),
                                                                            self, *pool);
                            }
                            return response;
                          });
  }

  std::shared_ptr<Session> session_;
  TaskPool& pool_;
};

}  // namespace

std::unique_ptr<SessionClient> make_session_handle(std::shared_ptr<Session> session,
                                                   TaskPool& pool) {
  return std::make_unique<SessionHandle>(std::move(session), pool);
}

}  // namespace penstock::coordinator
