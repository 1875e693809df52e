// A request on its way to a broker, and what is known about it in the end.
//
// What is known decides what may be done: a request that was not sent may be sent by anybody again;
// one that was sent and not answered may have been carried out, or may yet be.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "connect/kafka/client/frame_reader.h"
#include "connect/kafka/protocol/messages.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

enum class CallFate {
  kNotSent,      // It has not left us, or not whole: no broker acts on a part.
  kUnknown,      // It has left us, and no answer came.
  kUnsupported,  // The broker speaks no version of it that we can use. Nothing was sent.
  kRefused,  // The broker does not let us in: certificate, mechanism, password. Nothing was sent.
};

struct CallFailure {
  CallFate fate;
  std::string cause;      // Names the broker: "broker localhost:9092: connection refused".
  std::string code = {};  // The protocol's name of an error that the broker gave, or empty.
  // It looks as if the listener spoke another security protocol than we (setup_fault.h).
  bool misfit = false;
};

template <typename Response>
struct Answer {
  Response response;
  int16_t version = 0;
  std::shared_ptr<const Frame> frame = {};  // What Records in the response are views of.
};
template <typename Response>
using CallResult = std::expected<Answer<Response>, CallFailure>;

struct CallOptions {
  EventLoop::Time deadline;
  VersionRange versions = {0, kLastVersion};  // The caller's own limits.
  // Holds what Records in the request are views of.
  std::shared_ptr<const void> keep_alive = {};
};

// Finished exactly once: by succeed() after take(), or by fail().
class Call {
 public:
  explicit Call(CallOptions call_options) : options(std::move(call_options)) {}
  virtual ~Call() = default;

  virtual const ApiInfo& api() const = 0;
  virtual void encode_body(int16_t version, WireWriter& writer) = 0;
  // Reads the answer and tells nobody yet. False: the body is malformed.
  virtual bool take(int16_t version, std::shared_ptr<const Frame> frame, WireReader body) = 0;
  // REQUIRES: take() gave true.
  virtual void succeed() = 0;
  virtual void fail(const CallFailure& failure) = 0;
  // How long the broker wants us to be silent (KIP-219); after take().
  int32_t throttle_ms() const { return throttle_ms_; }

  const CallOptions options;

 protected:
  int32_t throttle_ms_ = 0;
};

// Fits a request to the version that it will be sent in, where the versions mean different things.
template <typename Request>
void fit_to_version(Request&, int16_t) {}
inline void fit_to_version(InitProducerIdRequest& request, int16_t version) {
  // Before KIP-360 nobody asked who we were.
  if (version >= 3) return;
  request.producer_id = -1;
  request.producer_epoch = -1;
}
inline void fit_to_version(FetchRequest& request, int16_t version) {
  // Before version 12 a broker does not compare what we have read last (KIP-595).
  if (version >= 12) return;
  for (auto& topic : request.topics) {
    for (auto& partition : topic.partitions) partition.last_fetched_epoch = -1;
  }
}

inline void fit_to_version(MetadataRequest& request, int16_t version) {
  // KIP-430; since KIP-700 the cluster is described by an API of its own.
  if (version < 8) request.include_topic_authorized_operations = false;
  if (version < 8 || version > 10) request.include_cluster_authorized_operations = false;
}
inline void fit_to_version(DescribeClusterRequest& request, int16_t version) {
  if (version < 2) request.include_fenced_brokers = false;  // KIP-1073.
}
inline void fit_to_version(DeleteTopicsRequest& request, int16_t version) {
  // KIP-516: names or ids.
  if (version < 6) return;
  for (const std::string& name : request.topic_names) request.topics.push_back({name, {}});
}

template <typename Request>
class TypedCall final : public Call {
 public:
  using Response = typename Request::Response;
  using Done = std::move_only_function<void(CallResult<Response>)>;

  TypedCall(Request request, CallOptions call_options, Done done)
      : Call(std::move(call_options)), request_(std::move(request)), done_(std::move(done)) {}

  const ApiInfo& api() const override { return api_info(Request::kApi); }
  void encode_body(int16_t version, WireWriter& writer) override {
    fit_to_version(request_, version);
    encode(request_, version, writer);
  }
  bool take(int16_t version, std::shared_ptr<const Frame> frame, WireReader body) override {
    answer_.version = version;
    answer_.frame = std::move(frame);
    if (!decode(answer_.response, version, body)) return false;
    if constexpr (requires { answer_.response.throttle_time_ms; }) {
      throttle_ms_ = answer_.response.throttle_time_ms;
    }
    return true;
  }
  void succeed() override { done_(std::move(answer_)); }
  void fail(const CallFailure& failure) override { done_(std::unexpected(failure)); }

 private:
  Request request_;
  Done done_;
  Answer<Response> answer_;
};

}  // namespace penstock::connect::kafka
