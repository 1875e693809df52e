// The queue of a connection, and what befalls the requests in it.
#include "connect/kafka/simulated/broker_session.h"

#include "connect/kafka/simulated/requests/request_handlers.h"
#include "connect/kafka/simulated/simulated_broker.h"

namespace penstock::connect::kafka {

BrokerSession::BrokerSession(SimulatedBroker& broker, std::unique_ptr<ServerLink> link)
    : broker_(broker), wire_(std::move(link), [this](ServerSession&, ReceivedRequest request) {
        queue_.push_back(std::move(request));
        advance();
      }) {
  authentication.required = broker.cluster().options.sasl.has_value();
}

void BrokerSession::advance() {
  if (advancing_) return;
  const auto self = shared_from_this();
  advancing_ = true;
  while (!serving_ && !queue_.empty()) {
    ReceivedRequest request = std::move(queue_.front());
    queue_.pop_front();
    serving_ = true;
    begin(std::move(request));
  }
  advancing_ = false;
}

void BrokerSession::begin(ReceivedRequest request) {
  ++broker_.cluster().num_requests[static_cast<size_t>(request.api)];
  request.step = broker_.cluster().step_of(request);
  if (befallen(request)) return;
  carry_out(std::move(request));
}

// Draws the faults. True: it is not to be carried out now.
bool BrokerSession::befallen(ReceivedRequest& request) {
  ClusterState& cluster = broker_.cluster();
  const BrokerFaults& faults = cluster.faults;
  const ProtocolStep step = request.step;
  if (cluster.drawn(faults.move_leader_one_in, "move leader", step)) cluster.move_any_leader();
  if (cluster.drawn(faults.move_coordinator_one_in, "move coordinator", step))
    cluster.move_any_coordinator();
  if (cluster.drawn(faults.die_one_in, "die", step)) {
    slow_ = std::move(request);
    broker_.die(cluster.any_time_up_to(faults.down_most));
    return true;
  }
  if (cluster.drawn(faults.drop_request_one_in, "drop request", step)) {
    hang_up();
    return true;
  }
  answer_lost_ = cluster.drawn(faults.lose_answer_one_in, "lose answer", step);
  if (const auto next = cluster.faults.lose_next_answers.find(request.api);
      next != cluster.faults.lose_next_answers.end() && next->second > 0) {
    --next->second;
    answer_lost_ = true;
  }
  if (cluster.drawn(faults.slow_answer_one_in, "slow answer", step))
    answer_delay_ = cluster.any_time_up_to(faults.slow_most);
  if (!cluster.drawn(faults.slow_request_one_in, "slow request", step)) return false;
  slow_ = std::move(request);
  cluster.loop.at(cluster.loop.now() + cluster.any_time_up_to(faults.slow_most),
                  [self = shared_from_this()] { self->serve_slow(); });
  return true;
}

void BrokerSession::serve_slow() {
  if (!slow_) return;
  ReceivedRequest request = std::move(*slow_);
  slow_.reset();
  carry_out(std::move(request));
}

void BrokerSession::carry_out(ReceivedRequest request) {
  if (!wire_.open()) broker_.cluster().loop.fault_counts.count("carried out late", request.step);
  dispatch(BrokerExchange(shared_from_this(), std::move(request)));
}

void BrokerSession::finish(std::string frame) {
  if (answer_lost_) return hang_up();
  if (answer_delay_.count() == 0) {
    wire_.send(std::move(frame));
    return served();
  }
  SimulatedLoop& loop = broker_.cluster().loop;
  loop.at(loop.now() + std::exchange(answer_delay_, {}),
          [self = shared_from_this(), late = std::move(frame)]() mutable {
            self->wire_.send(std::move(late));
            self->served();
          });
}

void BrokerSession::served() {
  serving_ = false;
  advance();
}

void BrokerSession::hang_up() {
  wire_.close();
  queue_.clear();
  answer_lost_ = false;
  served();
}

void BrokerSession::broker_died() {
  // Behind one that waits for something, nothing can have been carried out.
  if (slow_) {
    queue_.push_front(std::move(*slow_));
    slow_.reset();
  } else if (serving_) {
    queue_.clear();
  }
  const auto self = shared_from_this();
  std::deque<ReceivedRequest> received = std::exchange(queue_, {});
  while (!received.empty() && broker_.cluster().loop.rng().one_in(2)) {
    carry_out(std::move(received.front()));
    received.pop_front();
  }
}

BrokerExchange::BrokerExchange(std::shared_ptr<BrokerSession> session, ReceivedRequest request)
    : session_(std::move(session)),
      request_(std::move(request)),
      lives_(session_->broker().num_lives()) {}

ClusterState& BrokerExchange::cluster() const {
  return session_->broker().cluster();
}

int32_t BrokerExchange::broker() const {
  return session_->broker().id();
}

int32_t BrokerExchange::draw_throttle() const {
  const BrokerFaults& faults = cluster().faults;
  if (!cluster().drawn(faults.throttle_one_in, "throttle", request_.step)) return 0;
  return static_cast<int32_t>(cluster().any_time_up_to(faults.throttle_most).count());
}

bool BrokerExchange::broker_died() const {
  return session_->broker().num_lives() != lives_;
}

}  // namespace penstock::connect::kafka
