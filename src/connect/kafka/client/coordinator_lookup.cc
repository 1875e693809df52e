// FindCoordinator, asked in passing by whoever polls for the coordinator.
#include "connect/kafka/client/coordinator_lookup.h"

#include <utility>

#include "connect/kafka/client/permission.h"

namespace penstock::connect::kafka {
namespace {

int8_t key_type(const AclResource& owner) {
  return owner.kind == AclResource::Kind::kTransactionalId ? 1 : 0;
}

}  // namespace

struct CoordinatorLookup::State {
  int32_t broker = -1;
  bool found = false;
  bool asking = false;
  EventLoop::Time not_before = {};
  std::optional<KafkaError> trouble = {};
};

CoordinatorLookup::CoordinatorLookup(Cluster& cluster, AclResource owner)
    : cluster_(cluster), owner_(std::move(owner)), state_(std::make_shared<State>()) {}

int32_t CoordinatorLookup::broker() const {
  return state_->broker;
}

Questions::Whom CoordinatorLookup::whom(Questions& questions) {
  // Whatever it was: it may have moved.
  questions.on_setback = [this] { state_->found = false; };
  return [this, &questions] {
    BrokerConnection* const coordinator = find();
    if (!coordinator && state_->trouble) questions.waits_because(*state_->trouble);
    return coordinator;
  };
}

BrokerConnection* CoordinatorLookup::find() {
  // Metadata may have forgotten it.
  if (state_->found) {
    if (BrokerConnection* known = cluster_.broker(state_->broker, Lane::kQuestions)) return known;
  }
  if (!state_->asking && cluster_.loop().now() >= state_->not_before) look();
  return nullptr;
}

void CoordinatorLookup::look() {
  state_->asking = true;
  FindCoordinatorRequest request;
  request.key = owner_.name;
  request.key_type = key_type(owner_);
  // From version 4 on it asks for several at once, which nobody here has.
  cluster_.any_broker().call(std::move(request), CallOptions{cluster_.request_deadline(), {1, 3}},
                             [&cluster = cluster_, owner = owner_, state = state_](auto result) {
                               take(cluster, owner, *state, std::move(result));
                             });
}

void CoordinatorLookup::take(Cluster& cluster, const AclResource& owner, State& state,
                             CallResult<FindCoordinatorResponse> result) {
  state.asking = false;
  state.not_before = cluster.loop().now() + cluster.options().retry_backoff;
  if (!result) {
    state.trouble = question_error(result.error());
    return;
  }
  const FindCoordinatorResponse& found = result->response;
  if (found.error_code != ErrorCode::kNone) {
    state.trouble = question_error(found.error_code, found.error_message.value_or(""),
                                   {AclOperation::kDescribe, owner});
    return;
  }
  cluster.learn_broker(found.node_id, {found.host, static_cast<uint16_t>(found.port)});
  state.broker = found.node_id;
  state.found = true;
  state.trouble.reset();
}

}  // namespace penstock::connect::kafka
