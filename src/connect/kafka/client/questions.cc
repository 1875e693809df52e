// Waiting for answers, with a backoff and an end.
#include "connect/kafka/client/questions.h"

#include <algorithm>

namespace penstock::connect::kafka {
namespace {

// A stop is seen between two.
constexpr std::chrono::milliseconds kSlice(50);

}  // namespace

Questions::Questions(Cluster& cluster, std::chrono::milliseconds timeout, const StopToken& stop,
                     std::string what)
    : cluster_(cluster),
      stop_(stop),
      what_(std::move(what)),
      end_(cluster.loop().now() + timeout),
      backoff_(cluster.options().retry_backoff, cluster.options().retry_backoff_most) {}

bool Questions::run_until(const std::function<bool()>& condition) {
  while (!condition()) {
    const auto now = cluster_.loop().now();
    const bool refused = last_ && last_->fault == KafkaFault::kFatal;
    if (refused || stop_.stopped() || now >= end_) return false;
    cluster_.loop().run(std::min<std::chrono::microseconds>(
        kSlice, std::chrono::ceil<std::chrono::microseconds>(end_ - now)));
  }
  return true;
}

bool Questions::note(const CallFailure& failure) {
  // A broker that restarts closes connections, too, but then refuses them.
  constexpr int kMisfitsMost = 3;
  last_ = question_error(failure);
  misfits_ = failure.misfit ? misfits_ + 1 : 0;
  return last_->fault != KafkaFault::kFatal && misfits_ < kMisfitsMost;
}

bool Questions::pause() {
  const auto until = cluster_.loop().now() + backoff_.next();
  return run_until([&] { return cluster_.loop().now() >= until; });
}

KafkaError Questions::answered(KafkaError error) const {
  if (error.code.ends_with("_AUTHORIZATION_FAILED")) return error;
  error.message = what_ + ": " + error.message + " (" + asked() + ")";
  return error;
}

KafkaError Questions::gave_up() const {
  if (last_ && last_->fault == KafkaFault::kFatal) return *last_;
  if (stop_.stopped()) return {KafkaFault::kRetriable, "stopped", ""};
  std::string why = last_ ? last_->message : cluster_.trouble();
  if (why.empty()) why = "timed out";
  return {KafkaFault::kRetriable, what_ + ": " + why, last_ ? last_->code : ""};
}

}  // namespace penstock::connect::kafka
