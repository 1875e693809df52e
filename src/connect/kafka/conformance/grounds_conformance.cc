// The two kinds of ground, and the choice between them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/check.h"
#include "connect/kafka/client/client_options.h"
#include "connect/kafka/conformance/conformance_ground.h"
#include "connect/kafka/simulated/simulated_cluster.h"
#include "connect/net/socket_loop.h"

namespace penstock::connect::kafka {
namespace {

// As tools/stack/kafka.py sets up the real one.
SimulatedClusterOptions like_the_real_one(const BrokerPreset* preset) {
  SimulatedClusterOptions options;
  options.preset = preset;
  options.num_brokers = 1;
  options.auto_creates_topics = false;
  return options;
}

class SimulatedGround final : public ConformanceGround {
 public:
  explicit SimulatedGround(const BrokerPreset* preset)
      : loop_(1), cluster_(loop_, like_the_real_one(preset)) {}

  EventLoop& loop() override { return loop_; }
  HostAndPort address() const override { return cluster_.address(0); }

 private:
  SimulatedLoop loop_;
  SimulatedCluster cluster_;
};

class RealGround final : public ConformanceGround {
 public:
  explicit RealGround(HostAndPort address)
      : loop_(make_socket_loop()), address_(std::move(address)) {}

  EventLoop& loop() override { return *loop_; }
  HostAndPort address() const override { return address_; }

 private:
  std::unique_ptr<EventLoop> loop_;
  HostAndPort address_;
};

std::vector<GroundChoice> all_grounds() {
  if (const char* const real = std::getenv("PENSTOCK_KAFKA")) {
    const char* const preset = std::getenv("PENSTOCK_KAFKA_PRESET");
    const auto addresses = parse_bootstrap(real);
    CHECK(preset);
    CHECK(addresses && addresses->size() == 1);
    return {{&broker_preset(preset), addresses->front()}};
  }
  std::vector<GroundChoice> choices;
  for (const BrokerPreset& preset : broker_presets()) choices.push_back({&preset});
  return choices;
}

}  // namespace

std::unique_ptr<ConformanceGround> make_ground(const GroundChoice& choice) {
  if (choice.real_broker) return std::make_unique<RealGround>(*choice.real_broker);
  return std::make_unique<SimulatedGround>(choice.preset);
}

std::string fresh_name() {
  static const uint32_t run = std::random_device()();
  static int number = 0;
  return fmt::format("conformance-{:08x}-{}", run, number++);
}

std::vector<GroundChoice> grounds_with(Feature feature) {
  std::vector<GroundChoice> choices = all_grounds();
  std::erase_if(choices, [feature](const auto& each) { return !feature(*each.preset); });
  return choices;
}

std::string ground_name(const GroundChoice& choice) {
  std::string version(choice.preset->name);
  std::ranges::replace(version, '.', '_');
  return (choice.real_broker ? "Real" : "Simulated") + version;
}

}  // namespace penstock::connect::kafka
