// The simple query protocol, and the answers to an executed statement that both protocols share.
#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "server/pgwire/backend_message.h"
#include "server/pgwire/connection.h"
#include "server/pgwire/waiting.h"

namespace penstock::server {

using coordinator::Done;
using coordinator::ExecuteResponse;

// Sends rows until the stream ends or `max_rows` were sent. Before more rows are asked for, what
// there is has been sent: a slow client holds one batch and kOutputBytes, and a stream without end
// is seen as it comes.
Task<Result<Connection::RowsEnd>> Connection::send_rows(Running& running, uint64_t max_rows) {
  uint64_t left = max_rows;
  while (true) {
    while (running.batch && running.row < running.batch->size()) {
      if (running.copies_left == 0) running.copies_left = running.batch->diff(running.row);
      while (running.copies_left > 0) {
        if (left == 0) co_return RowsEnd::kSuspended;
        running.encoder.append(*running.batch, running.row, out_);
        --running.copies_left;
        --left;
        ++running.sent;
        if (out_.size() >= kOutputBytes) co_await Sent{*this};
      }
      running.copies_left = 0;
      ++running.row;
    }
    if (running.ended) co_return RowsEnd::kComplete;
    running.batch = nullptr;
    running.row = 0;
    co_await Sent{*this};
    auto start = [&running](Done<data::BatchRef> done) {
      running.result.rows->next(std::move(done));
    };
    Result<data::BatchRef> next = co_await Answer<data::BatchRef, decltype(start)>(*this, start);
    if (!next) co_return fail(std::move(next).error());
    running.batch = *std::move(next);
    running.ended = running.batch == nullptr;
  }
}

// Sends what a statement gave, all of it; the tag is left to the caller. Empty: EmptyQuery.
Task<Result<std::string>> Connection::answer(ExecuteResponse response) {
  if (std::holds_alternative<coordinator::EmptyQuery>(response)) co_return std::string();
  if (auto* command = std::get_if<coordinator::CommandDone>(&response)) {
    co_return std::move(command->tag);
  }
  if (auto* copy = std::get_if<coordinator::CopyInResult>(&response)) {
    Result<std::string> tag = co_await copy_in(std::move(*copy));
    co_return tag;
  }
  if (auto* copy = std::get_if<coordinator::CopyOutResult>(&response)) {
    Result<std::string> tag = co_await copy_out(std::move(*copy));
    co_return tag;
  }
  put_session_news();
  auto& rows = std::get<coordinator::RowsResult>(response);
  std::vector<int16_t> formats(rows.columns.size(), kTextFormat);
  put_row_description(out_, rows.columns, formats);
  RowEncoder encoder(rows.columns, std::move(formats));
  Running running{std::move(rows), std::move(encoder), nullptr, 0, 0, 0, false};
  Result<RowsEnd> end = co_await send_rows(running, std::numeric_limits<uint64_t>::max());
  if (!end) co_return fail(std::move(end).error());
  co_return fmt::format("{} {}", running.result.tag, running.sent);
}

// The tag of the last statement waits for the end of the implicit transaction: CommandComplete
// says that it is durable.
Task<Status> Connection::simple_statement(size_t index, bool last,
                                          std::optional<std::string>& last_tag) {
  auto start = [this, index](Done<ExecuteResponse> done) {
    session_->execute_simple(index, std::move(done));
  };
  Result<ExecuteResponse> response =
      co_await Answer<ExecuteResponse, decltype(start)>(*this, start);
  if (!response) co_return fail(std::move(response).error());
  Result<std::string> tag = co_await answer(*std::move(response));
  if (!tag) co_return fail(std::move(tag).error());
  forget_statements_after(*tag);
  put_session_news();
  if (last) {
    last_tag = *std::move(tag);
  } else {
    put_command_complete(out_, *tag);
    co_await send_if_much();
  }
  co_return Status();
}

Task<bool> Connection::simple_query(const QueryMessage& query) {
  portals_.erase("");
  statements_.erase("");
  auto start = [this, &query](Done<size_t> done) {
    session_->start_simple(query.sql, std::move(done));
  };
  Result<size_t> count = co_await Answer<size_t, decltype(start)>(*this, start);
  Status status;
  std::optional<std::string> last_tag;
  if (!count) {
    status = fail(count.error());
  } else {
    for (size_t i = 0; i < *count && status; ++i) {
      status = co_await simple_statement(i, i + 1 == *count, last_tag);
    }
  }
  const bool failed = !status;
  if (failed) put_failure(status.error());
  auto finish = [this, failed](Done<coordinator::Nothing> done) {
    session_->finish_simple(failed, std::move(done));
  };
  Result<coordinator::Nothing> finished =
      co_await Answer<coordinator::Nothing, decltype(finish)>(*this, finish);
  if (!finished && !failed) put_failure(finished.error());
  put_session_news();
  if (!failed && finished && *count == 0) put_empty_query(out_);
  if (!failed && finished && last_tag) put_command_complete(out_, *last_tag);
  put_ready();
  if (!in_block_) portals_.clear();
  co_await send_output();
  co_return true;
}

}  // namespace penstock::server
