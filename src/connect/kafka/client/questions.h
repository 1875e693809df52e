// Questions of those who wait for the answer: a call runs the loop until it is there, asks again
// while the answer or its absence is only temporary, and gives up when the time is over or upon a
// stop; and, long before, when every attempt looks like a listener of another security protocol.
//
// For what changes nothing, or what may be said twice: maybe_done() tells when it may have been.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/backoff.h"
#include "base/stop_token.h"
#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/faults.h"

namespace penstock::connect::kafka {

class Questions {
 public:
  // `what`: "fetching metadata". All must outlive the object.
  Questions(Cluster& cluster, std::chrono::milliseconds timeout, const StopToken& stop,
            std::string what);

  using Whom = std::function<BrokerConnection*()>;  // None: nobody can be asked yet.

  // The first answer whose error code is none, or one that asking again does not change.
  // `error_of`: the code that decides. `versions`: those in which the request means what is meant.
  template <typename Request>
  using ErrorOf = std::function<ErrorCode(const typename Request::Response&)>;
  template <typename Request>
  KafkaResult<Answer<typename Request::Response>> ask(const Whom& whom, const Request& request,
                                                      const ErrorOf<Request>& error_of,
                                                      VersionRange versions);
  template <typename Request>
  KafkaResult<Answer<typename Request::Response>> ask(const Whom& whom, const Request& request,
                                                      const ErrorOf<Request>& error_of) {
    return ask<Request>(whom, request, error_of, {0, kLastVersion});
  }

  // Runs the loop until the condition holds. False: the time is over, it was stopped, or waiting is
  // of no use.
  bool run_until(const std::function<bool()>& condition);
  // Why nothing came of it.
  KafkaError gave_up() const;

  // Said by whoever finds nobody to be asked. What is kFatal ends the waiting.
  void waits_because(const KafkaError& error) { last_ = error; }
  // Called after each attempt that came to nothing.
  std::function<void()> on_setback = [] {};
  // An attempt left us and its answer got lost, or was that the broker had no more time for it.
  bool maybe_done() const { return maybe_done_; }
  // An error out of the last answer, with what was asked and which broker said so. What is not
  // allowed is so at every broker, and names its resource (permission.h): it stays as it is.
  KafkaError answered(KafkaError error) const;

 private:
  // "broker localhost:9092", of the last attempt.
  std::string asked() const { return "broker " + asked_.host + ":" + std::to_string(asked_.port); }
  // Until the backoff is over. False: the time is over, or it was stopped.
  bool pause();

  Cluster& cluster_;
  const StopToken& stop_;
  std::string what_;
  EventLoop::Time end_;
  Backoff backoff_;
  // Notes why an attempt failed. False: to ask again is of no use.
  bool note(const CallFailure& failure);

  HostAndPort asked_;               // Whom the last attempt asked.
  std::optional<KafkaError> last_;  // What the last attempt ended with.
  int misfits_ = 0;                 // How many of the last attempts ended alike.
  bool maybe_done_ = false;
};

template <typename Request>
KafkaResult<Answer<typename Request::Response>> Questions::ask(const Whom& whom,
                                                               const Request& request,
                                                               const ErrorOf<Request>& error_of,
                                                               VersionRange versions) {
  using Result = CallResult<typename Request::Response>;
  while (true) {
    BrokerConnection* broker = nullptr;
    if (!run_until([&] { return (broker = whom()) != nullptr; })) return std::unexpected(gave_up());
    asked_ = broker->address();
    // Shared with the call: when we give up, it may still be under way.
    auto result = std::make_shared<std::optional<Result>>();
    broker->call(request, CallOptions{std::min(end_, cluster_.request_deadline()), versions},
                 [result](Result answer) { *result = std::move(answer); });
    if (!run_until([&] { return result->has_value(); })) return std::unexpected(gave_up());
    Result& answer = **result;
    if (answer) {
      const ErrorCode code = error_of(answer->response);
      if (!is_retriable(code)) return std::move(*answer);
      if (is_stale_metadata(code) || code == ErrorCode::kNotController) cluster_.refresh();
      if (code == ErrorCode::kRequestTimedOut) maybe_done_ = true;
      last_ = question_error(code, asked());
    } else {
      if (answer.error().fate == CallFate::kUnknown) maybe_done_ = true;
      if (!note(answer.error())) return std::unexpected(*last_);
      cluster_.refresh();
    }
    on_setback();
    if (!pause()) return std::unexpected(gave_up());
  }
}

}  // namespace penstock::connect::kafka
