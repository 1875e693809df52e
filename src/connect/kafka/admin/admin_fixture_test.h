// What the tests of the admin share: a client in the simulated cluster's thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/simulated/cluster_fixture_test.h"

namespace penstock::connect::kafka {

inline std::unique_ptr<Cluster> connect_to(EventLoop& loop, std::vector<HostAndPort> bootstrap) {
  ClientOptions options;
  options.connection.client_id = "admin";
  options.connection.setup_timeout = std::chrono::milliseconds(2'000);
  options.bootstrap = std::move(bootstrap);
  options.request_timeout = std::chrono::milliseconds(5'000);
  return std::make_unique<Cluster>(loop, std::move(options), nullptr, 7);
}

inline constexpr NativeAdmin::Timeouts kTestTimeouts{std::chrono::milliseconds(10'000),
                                                     std::chrono::milliseconds(10'000)};

class NativeAdminTest : public SimulatedClusterTest {
 protected:
  explicit NativeAdminTest(SimulatedClusterOptions options = {})
      : SimulatedClusterTest(std::move(options)),
        connected_(connect_to(loop_, {cluster_.address(0), cluster_.address(1)})),
        admin_(*connected_, kTestTimeouts) {}

  StopToken stop_;
  std::unique_ptr<Cluster> connected_;
  NativeAdmin admin_;
};

template <typename Result>
std::string code_of(const Result& result) {
  return result ? "" : result.error().code;
}

}  // namespace penstock::connect::kafka
