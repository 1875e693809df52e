// What a transactional producer asks of its transaction coordinator, one errand at a time, until it
// is done: the coordinator is looked for, looked for again when it has moved, and asked again when
// it is only busy.
//
// An errand whose request may have been carried out without our learning of it is asked again only
// if its rules say that a repetition changes nothing; otherwise it ends as unknown. Either way
// `unknown()` tells that there was such a moment, since a copy may still arrive at the broker.
//
// Without a transactional id there is no coordinator: any broker is asked.
//
// Owned and called by the loop's thread; `finished` runs inside EventLoop::run() only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/backoff.h"
#include "base/check.h"
#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/faults.h"

namespace penstock::connect::kafka {

enum class Verdict {
  kDone,
  kBusy,    // The same coordinator, in a moment.
  kMoved,   // Another coordinator.
  kFailed,  // For good.
};

struct Judgement {
  Verdict verdict = Verdict::kDone;
  ErrorCode code = ErrorCode::kNone;
  std::string said = {};  // What it is about, if the code does not say that. May be empty.
};
// What the codes mean that every coordinator may answer with; kFailed for others.
Judgement judge_coordinator_error(ErrorCode code);
// Of an answer that names who the producer is from now on: kFailed if it names nobody.
Judgement judge_identity(ErrorCode code, int64_t producer_id, int16_t producer_epoch);
// Of all partitions, since either all are added or none is: kFailed if some are not spoken of.
Judgement judge_partitions(const AddPartitionsToTxnRequest& request,
                           const AddPartitionsToTxnResponse& response);

struct ErrandRules {
  bool repeatable = false;  // Once more than once is as good as once.
  VersionRange versions = {0, kLastVersion};
  EventLoop::Time deadline = EventLoop::Time::max();
};

struct ErrandEnd {
  enum class Kind {
    kDone,
    kFailed,   // The coordinator answered so.
    kRefused,  // A broker does not let us in, or speaks no version that we do. Not sent this time.
    kUnknown,
    kTimedOut,
  };
  Kind kind = Kind::kDone;
  ErrorCode code = ErrorCode::kNone;  // Of kFailed.
  std::string message = {};           // Of all but kDone.
  std::string name = {};              // The protocol's, of the last error that came; or empty.
};

class CoordinatorErrands {
 public:
  using Finished = std::move_only_function<void(ErrandEnd)>;

  // `cluster` must outlive the object.
  CoordinatorErrands(Cluster& cluster, std::string transactional_id);
  ~CoordinatorErrands();

  // `judge` sees each answer, and keeps of the last what it needs. REQUIRES: !busy().
  template <typename Request>
  void send(Request request, ErrandRules rules,
            std::function<Judgement(const typename Request::Response&)> judge, Finished finished);

  bool busy() const { return attempt_ != nullptr; }
  // Whether a request of the present or last errand got lost on its way or its answer did.
  bool unknown() const { return unknown_; }
  // The coordinator's ApiVersions; none before it was found and connected.
  const BrokerFeatures* features() const;
  // What the present errand waits for; may be empty.
  const std::string& trouble() const { return trouble_.message; }

 private:
  void step();
  void find();
  void on_found(CallResult<FindCoordinatorResponse> result);
  void on_judgement(Judgement judgement);
  void on_failure(const CallFailure& failure);
  void again(std::chrono::milliseconds pause);
  void finish(ErrandEnd::Kind kind, ErrorCode code);

  Cluster& cluster_;
  const std::string transactional_id_;
  BrokerConnection* coordinator_ = nullptr;
  std::function<void()> attempt_;
  ErrandRules rules_;
  Finished finished_;
  bool unknown_ = false;
  Backoff backoff_;
  std::optional<EventLoop::TimerId> timer_;
  KafkaError trouble_{KafkaFault::kRetriable, "", ""};
};

template <typename Request>
void CoordinatorErrands::send(Request request, ErrandRules rules,
                              std::function<Judgement(const typename Request::Response&)> judge,
                              Finished finished) {
  CHECK(!busy());
  rules_ = rules;
  finished_ = std::move(finished);
  unknown_ = false;
  backoff_.reset();
  attempt_ = [this, request = std::move(request), judge = std::move(judge)] {
    const auto deadline = std::min(rules_.deadline, cluster_.request_deadline());
    coordinator_->call(request, CallOptions{deadline, rules_.versions},
                       [this, &judge](CallResult<typename Request::Response> result) {
                         if (!result) return on_failure(result.error());
                         on_judgement(judge(result->response));
                       });
  };
  step();
}

}  // namespace penstock::connect::kafka
