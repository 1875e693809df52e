// Life and death of a broker.
#include "connect/kafka/simulated/simulated_broker.h"

#include <utility>

namespace penstock::connect::kafka {
namespace {

// What the link owns: the session lives on while something that it has begun is not over.
class SessionEnd final : public ServerEvents {
 public:
  explicit SessionEnd(std::shared_ptr<BrokerSession> session) : session_(std::move(session)) {}
  void on_bytes(std::string_view bytes) override { session_->on_bytes(bytes); }
  void on_gone() override { session_->on_gone(); }

 private:
  std::shared_ptr<BrokerSession> session_;
};

}  // namespace

SimulatedBroker::SimulatedBroker(ClusterState& cluster, int32_t id) : cluster_(cluster), id_(id) {
  listen();
}

void SimulatedBroker::listen() {
  cluster_.loop.listen(cluster_.node(id_).address, [this](std::unique_ptr<ServerLink> link) {
    std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
    auto session = std::make_shared<BrokerSession>(*this, std::move(link));
    sessions_.push_back(session);
    return std::make_unique<SessionEnd>(std::move(session));
  });
}

void SimulatedBroker::die(std::chrono::milliseconds down) {
  if (!cluster_.node(id_).alive) return;
  // Nobody hears of what it still does: the links go first. It does it while it leads.
  cluster_.loop.fall_silent(cluster_.node(id_).address);
  for (const auto& weak : std::exchange(sessions_, {})) {
    if (const auto session = weak.lock()) session->broker_died();
  }
  ++num_lives_;
  cluster_.set_alive(id_, false);
  cluster_.loop.at(cluster_.loop.now() + down, [this] { come_back(); });
}

void SimulatedBroker::come_back() {
  cluster_.set_alive(id_, true);
  listen();
}

}  // namespace penstock::connect::kafka
