// The extended query protocol: Parse, Bind, Describe, Execute, Close.
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "server/pgwire/backend_message.h"
#include "server/pgwire/connection.h"
#include "server/pgwire/waiting.h"

namespace penstock::server {

using coordinator::Done;
using coordinator::ExecuteResponse;
using coordinator::Nothing;
using coordinator::StatementDescription;

Task<Status> Connection::extended(FrontendMessage& message) {
  Status status;
  if (const auto* parse_message = std::get_if<ParseMessage>(&message)) {
    status = co_await parse(*parse_message);
  } else if (const auto* bind_message = std::get_if<BindMessage>(&message)) {
    status = co_await bind(*bind_message);
  } else if (const auto* describe_message = std::get_if<DescribeMessage>(&message)) {
    status = co_await describe(*describe_message);
  } else if (const auto* execute_message = std::get_if<ExecuteMessage>(&message)) {
    status = co_await execute(*execute_message);
  } else if (const auto* close_message_ = std::get_if<CloseMessage>(&message)) {
    close(*close_message_);
  }
  co_return status;
}

// What the session says of a statement. Remembered, because every Bind needs it; forgotten when SQL
// may have changed what the name stands for.
Task<Result<StatementDescription>> Connection::statement(const std::string& name) {
  if (const auto known = statements_.find(name); known != statements_.end()) {
    co_return known->second;
  }
  auto start = [this, &name](Done<StatementDescription> done) {
    session_->describe_statement(name, std::move(done));
  };
  Result<StatementDescription> description =
      co_await Answer<StatementDescription, decltype(start)>(*this, start);
  if (description) statements_.insert_or_assign(name, *description);
  co_return description;
}

void Connection::forget_statements_after(std::string_view tag) {
  if (tag.starts_with("PREPARE") || tag.starts_with("DEALLOCATE") || tag.starts_with("DISCARD")) {
    statements_.clear();
  }
}

Task<Status> Connection::parse(const ParseMessage& message) {
  statements_.erase(message.statement);
  auto start = [this, &message](Done<StatementDescription> done) {
    session_->prepare(message.statement, message.sql, message.parameter_oids, std::move(done));
  };
  Result<StatementDescription> description =
      co_await Answer<StatementDescription, decltype(start)>(*this, start);
  if (!description) co_return fail(std::move(description).error());
  statements_.insert_or_assign(message.statement, *std::move(description));
  put_parse_complete(out_);
  co_return Status();
}

Task<Status> Connection::bind(const BindMessage& message) {
  Result<StatementDescription> description = co_await statement(message.statement);
  if (!description) co_return fail(std::move(description).error());
  Result<std::vector<types::Datum>> parameters =
      decode_parameters(message, description->parameters);
  if (!parameters) co_return fail(std::move(parameters).error());
  if (description->columns) {
    Result<std::vector<int16_t>> formats =
        result_formats(message.result_formats, *description->columns);
    if (!formats) co_return fail(std::move(formats).error());
  }
  auto start = [this, &message, &parameters](Done<Nothing> done) {
    session_->bind(message.portal, message.statement, *std::move(parameters), std::move(done));
  };
  Result<Nothing> bound = co_await Answer<Nothing, decltype(start)>(*this, start);
  if (!bound) co_return fail(std::move(bound).error());
  portals_.insert_or_assign(message.portal, Portal{message.result_formats, std::nullopt});
  put_bind_complete(out_);
  co_return Status();
}

Task<Status> Connection::describe(const DescribeMessage& message) {
  std::vector<int16_t> asked;
  std::optional<StatementDescription> description;
  if (message.portal) {
    auto start = [this, &message](Done<StatementDescription> done) {
      session_->describe_portal(message.name, std::move(done));
    };
    Result<StatementDescription> told =
        co_await Answer<StatementDescription, decltype(start)>(*this, start);
    if (!told) co_return fail(std::move(told).error());
    description = *std::move(told);
    if (const auto portal = portals_.find(message.name); portal != portals_.end()) {
      asked = portal->second.formats;
    }
  } else {
    Result<StatementDescription> told = co_await statement(message.name);
    if (!told) co_return fail(std::move(told).error());
    description = *std::move(told);
    put_parameter_description(out_, description->parameters);
  }
  if (!description->columns) {
    put_no_data(out_);
    co_return Status();
  }
  Result<std::vector<int16_t>> formats = formats_for(asked, description->columns->size());
  if (!formats) co_return fail(std::move(formats).error());
  put_row_description(out_, *description->columns, *formats);
  co_return Status();
}

Task<Status> Connection::execute(const ExecuteMessage& message) {
  // A portal that SQL declared is known to the session only.
  auto [place, inserted] = portals_.try_emplace(message.portal);
  Portal& portal = place->second;
  Status status = co_await run_portal(portal, message);
  if (!status) portals_.erase(message.portal);
  co_return status;
}

Task<Status> Connection::run_portal(Portal& portal, const ExecuteMessage& message) {
  if (!portal.running) {
    auto start = [this, &message](Done<ExecuteResponse> done) {
      session_->execute(message.portal, std::move(done));
    };
    Result<ExecuteResponse> response =
        co_await Answer<ExecuteResponse, decltype(start)>(*this, start);
    if (!response) co_return fail(std::move(response).error());
    auto* rows = std::get_if<coordinator::RowsResult>(&*response);
    if (rows == nullptr) {
      Result<std::string> tag = co_await answer(*std::move(response));
      if (!tag) co_return fail(std::move(tag).error());
      put_session_news();
      forget_statements_after(*tag);
      if (tag->empty()) {
        put_empty_query(out_);
      } else {
        put_command_complete(out_, *tag);
      }
      co_return Status();
    }
    Result<std::vector<int16_t>> formats = result_formats(portal.formats, rows->columns);
    if (!formats) co_return fail(std::move(formats).error());
    RowEncoder encoder(rows->columns, *std::move(formats));
    portal.running.emplace(Running{std::move(*rows), std::move(encoder), nullptr, 0, 0, 0, false});
  }
  Running& running = *portal.running;
  running.sent = 0;
  const uint64_t limit = message.max_rows > 0 ? static_cast<uint64_t>(message.max_rows)
                                              : std::numeric_limits<uint64_t>::max();
  Result<RowsEnd> end = co_await send_rows(running, limit);
  if (!end) co_return fail(std::move(end).error());
  put_session_news();
  if (*end == RowsEnd::kSuspended) {
    put_portal_suspended(out_);
  } else {
    put_command_complete(out_, fmt::format("{} {}", running.result.tag, running.sent));
  }
  co_return Status();
}

void Connection::close(const CloseMessage& message) {
  if (message.portal) {
    portals_.erase(message.name);
    session_->close_portal(message.name);
  } else {
    statements_.erase(message.name);
    session_->close_statement(message.name);
  }
  put_close_complete(out_);
}

}  // namespace penstock::server
