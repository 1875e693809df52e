// Driving a call to its end.
#include "connect/http/http_wait.h"

namespace penstock::connect {
namespace {

// A stop is noticed within this.
constexpr std::chrono::milliseconds kPoll(50);

}  // namespace

std::optional<HttpResult<HttpAnswer>> WaitingHttp::wait(HttpRequest request,
                                                        const StopToken& stop) {
  // Shared: after a stop the call may end when nobody waits for it.
  auto got = std::make_shared<std::optional<HttpResult<HttpAnswer>>>();
  call_->start(std::move(request),
               [got](HttpResult<HttpAnswer> answer) { *got = std::move(answer); });
  while (!*got) {
    if (stop.stopped()) return std::nullopt;
    loop_->run(kPoll);
  }
  return std::move(**got);
}

}  // namespace penstock::connect
