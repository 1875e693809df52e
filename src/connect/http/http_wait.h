// HTTP for a thread that has nothing else to do meanwhile: a call and the loop that drives it.
#pragma once

#include <memory>
#include <optional>

#include "base/stop_token.h"
#include "connect/http/http_call.h"
#include "connect/net/event_loop.h"

namespace penstock::connect {

// One owner thread.
class WaitingHttp {
 public:
  // `loop` lets `call` go on; none is needed for a call that answers at once.
  WaitingHttp(std::unique_ptr<EventLoop> loop, std::unique_ptr<HttpCall> call)
      : loop_(std::move(loop)), call_(std::move(call)) {}

  // Nothing when told to stop before there was an answer.
  std::optional<HttpResult<HttpAnswer>> wait(HttpRequest request, const StopToken& stop);

 private:
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<HttpCall> call_;
};

}  // namespace penstock::connect
