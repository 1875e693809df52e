// COPY FROM STDIN and COPY TO STDOUT, in either protocol.
#include <utility>

#include <fmt/core.h>

#include "server/pgwire/backend_message.h"
#include "server/pgwire/connection.h"
#include "server/pgwire/copy_rows.h"
#include "server/pgwire/waiting.h"

namespace penstock::server {

using coordinator::Done;

Task<Result<std::string>> Connection::copy_in(coordinator::CopyInResult copy) {
  put_copy_response(out_, CopyMode::kIn, copy.num_columns, false);
  co_await Sent{*this};
  while (true) {
    Result<FrontendMessage> message = co_await NextMessage{*this};
    if (!message) co_return fail(std::move(message).error());
    if (auto* data = std::get_if<CopyDataMessage>(&*message)) {
      auto start = [&copy, data](Done<coordinator::Nothing> done) {
        copy.sink->write(std::move(data->bytes), std::move(done));
      };
      Result<coordinator::Nothing> written =
          co_await Answer<coordinator::Nothing, decltype(start)>(*this, start);
      if (!written) co_return fail(std::move(written).error());
    } else if (std::holds_alternative<CopyDoneMessage>(*message)) {
      auto start = [&copy](Done<std::string> done) { copy.sink->finish(std::move(done)); };
      Result<std::string> tag = co_await Answer<std::string, decltype(start)>(*this, start);
      co_return tag;
    } else if (const auto* failure = std::get_if<CopyFailMessage>(&*message)) {
      co_return fail(sql_state::kQueryCanceled,
                     fmt::format("COPY from stdin failed: {}", failure->reason));
    } else if (!std::holds_alternative<FlushMessage>(*message) &&
               !std::holds_alternative<SyncMessage>(*message)) {
      co_return fail(sql_state::kProtocolViolation, "unexpected message during COPY from stdin");
    }
  }
}

Task<Result<std::string>> Connection::copy_out(coordinator::CopyOutResult copy) {
  put_copy_response(out_, CopyMode::kOut, copy.num_columns, copy.binary);
  CopyRows rows(copy.binary);
  while (true) {
    co_await Sent{*this};
    auto start = [&copy](Done<std::string> done) { copy.next(std::move(done)); };
    Result<std::string> chunk = co_await Answer<std::string, decltype(start)>(*this, start);
    if (!chunk) co_return fail(std::move(chunk).error());
    if (chunk->empty()) break;
    rows.feed(*chunk);
    while (const std::optional<std::string_view> row = rows.next()) {
      put_copy_data(out_, *row);
      if (out_.size() >= kOutputBytes) co_await Sent{*this};
    }
  }
  if (const std::string_view rest = rows.rest(); !rest.empty()) put_copy_data(out_, rest);
  put_copy_done(out_);
  co_return fmt::format("COPY {}", rows.count());
}

}  // namespace penstock::server
