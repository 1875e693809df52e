// What ALTER of secrets and connections makes begin anew.
#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

class SequencingConnections : public SequenceTest {
 protected:
  SequencingConnections() { put(10, catalog::ItemKind::kSecret, "s", catalog::NoFacts{}); }

  void create(const std::string& text) {
    auto made = decide<sql::CreateConnection>("CREATE CONNECTION " + text);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    apply(made->changes);
  }
  std::vector<std::string> refreshed(const std::string& text) {
    auto altered = decide<sql::AlterStatement>(text);
    EXPECT_TRUE(altered.has_value()) << altered.error().message;
    std::vector<std::string> names;
    for (const Effect& effect : altered->effects) {
      const auto* refresh = std::get_if<RefreshConnection>(&effect);
      if (refresh != nullptr) names.push_back(catalog_.item(refresh->connection)->name.item);
    }
    return names;
  }
};

TEST_F(SequencingConnections, WhatIsMadeOfASecretBeginsAnewAtAnyRemove) {
  create("aws TO AWS (REGION 'r', ACCESS KEY ID 'id', SECRET ACCESS KEY SECRET s)");
  create("msk TO KAFKA (BROKER 'b', AWS CONNECTION aws)");
  create("both TO KAFKA (BROKER 'b', AWS CONNECTION aws, SSL CERTIFICATE AUTHORITY SECRET s)");
  create("other TO KAFKA (BROKER 'b', SECURITY PROTOCOL PLAINTEXT)");
  EXPECT_EQ(refreshed("ALTER SECRET s AS 'new'"), (std::vector<std::string>{"aws", "msk", "both"}));
  EXPECT_EQ(refreshed("ALTER CONNECTION aws SET (REGION 'q')"),
            (std::vector<std::string>{"aws", "msk", "both"}));
  EXPECT_EQ(refreshed("ALTER CONNECTION msk SET (BROKER 'c')"), (std::vector<std::string>{"msk"}));
}

TEST_F(SequencingConnections, WhatComesOutOfAnAlterationIsPlannedAsAWhole) {
  create(
      "c TO KAFKA (BROKER 'b', SASL MECHANISMS 'PLAIN', SASL USERNAME 'u', "
      "SASL PASSWORD SECRET s)");
  auto refused = decide<sql::AlterStatement>("ALTER CONNECTION c RESET (SASL USERNAME)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().state, sql_state::kFeatureNotSupported);
  EXPECT_EQ(refused.error().message, "invalid ALTER CONNECTION: SASL USERNAME must be specified");
  auto taken = decide<sql::AlterStatement>("ALTER CONNECTION c SET (SSL CERTIFICATE SECRET s)");
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().message,
            "invalid ALTER CONNECTION: SSL KEY must be specified with SSL CERTIFICATE");
}

}  // namespace
}  // namespace penstock::coordinator
