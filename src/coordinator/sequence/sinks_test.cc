// Under which names and versions sinks are created and altered.
#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

class SequencingSinks : public SequenceTest {
 protected:
  SequencingSinks() {
    auto table = decide<sql::CreateTable>("CREATE TABLE t (id int)");
    EXPECT_TRUE(table.has_value());
    apply(table->changes);
    connection("k");
  }

  void connection(const std::string& name) {
    auto made = decide<sql::CreateConnection>(
        "CREATE CONNECTION " + name +
        " TO KAFKA (BROKER 'b:9092', SECURITY PROTOCOL PLAINTEXT, PROGRESS TOPIC 'p')");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    apply(made->changes);
  }
  // The error of creating it, or "".
  std::string create(const std::string& name, const std::string& options,
                     const std::string& kafka) {
    auto made =
        decide<sql::CreateSink>("CREATE SINK " + name + " FROM t INTO KAFKA CONNECTION " + kafka +
                                " (TOPIC 'x'" + options + ") FORMAT JSON ENVELOPE DEBEZIUM");
    if (!made) return made.error().message;
    apply(made->changes);
    return "";
  }
  catalog::ItemRef sink(const std::string& name) {
    return catalog_.find_item({"d", "public", name}, {});
  }
};

TEST_F(SequencingSinks, NoTwoHaveOneIdentity) {
  connection("same");
  EXPECT_EQ(create("a", ", SINK ID 'u42', TRANSACTIONAL ID 'one'", "k"), "");
  EXPECT_EQ(create("b", ", SINK ID 'u42'", "k"), "sink \"a\" has the SINK ID u42 already");
  // Another connection to the same brokers, with the same progress topic.
  EXPECT_EQ(create("b", ", SINK ID 'u42'", "same"), "sink \"a\" has the SINK ID u42 already");
  EXPECT_EQ(create("b", ", TRANSACTIONAL ID 'one'", "k"),
            "sink \"a\" has the TRANSACTIONAL ID one already");
  EXPECT_EQ(create("b", ", SINK ID 'u43', TRANSACTIONAL ID 'two'", "k"), "");
}

TEST_F(SequencingSinks, AnOrderMovesTheVersionAndLeavesTheRest) {
  ASSERT_EQ(create("a", "", "k"), "");
  const catalog::ItemRef before = sink("a");
  SequenceContext context{.catalog = catalog_,
                          .names = {.database = "d", .search_path = {"public"}},
                          .role = "r",
                          .cluster_name = "c1",
                          .ids = ids_,
                          .statement = statement_};
  const PlaceOrder order{sinks::SinkOrder::kRestart, {77}, true};
  auto ordered = sequence_sink_order(before, 9, order, context);
  ASSERT_TRUE(ordered.has_value()) << ordered.error().message;
  apply(ordered->changes);
  EXPECT_EQ(std::get<defs::SinkDef>(sink("a")->facts).version, 9u);
  ASSERT_EQ(ordered->effects.size(), 1u);
  const auto& restart = std::get<RestartSink>(ordered->effects.front());
  EXPECT_EQ(restart.before, restart.after);
  sinks::SinkPlace place;
  place.halted = "why";
  place.history_released = true;
  restart.order->tell(place);
  EXPECT_FALSE(place.halted);
  EXPECT_FALSE(place.history_released);
  EXPECT_EQ(place.next, Timestamp{77});
  EXPECT_EQ(place.snapshot_kind(), sinks::BulkKind::kDifference);
}

TEST_F(SequencingSinks, ARelationOfOtherColumnsIsAnotherForm) {
  for (const char* made : {"CREATE TABLE same (id int)", "CREATE TABLE other (id int, n int)"}) {
    auto table = decide<sql::CreateTable>(made);
    ASSERT_TRUE(table.has_value());
    apply(table->changes);
  }
  ASSERT_EQ(create("a", "", "k"), "");
  for (const auto& [relation, is_other] :
       {std::pair("same", false), std::pair("other", true), std::pair("same", true)}) {
    auto altered = decide<sql::AlterStatement>(std::string("ALTER SINK a SET FROM ") + relation);
    ASSERT_TRUE(altered.has_value()) << altered.error().message;
    apply(altered->changes);
    const auto& restart = std::get<RestartSink>(altered->effects.front());
    EXPECT_NE(restart.before, restart.after);
    EXPECT_EQ(restart.other_form, is_other) << relation;
  }
}

TEST_F(SequencingSinks, TheGuaranteeCanBeAltered) {
  ASSERT_EQ(create("a", "", "k"), "");
  auto guarantee = [&] { return std::get<defs::SinkDef>(sink("a")->facts).delivery; };
  EXPECT_EQ(guarantee(), defs::DeliveryGuarantee::kExactlyOnce);
  for (const char* action :
       {"SET (DELIVERY GUARANTEE = 'At Least Once')", "RESET (DELIVERY GUARANTEE)"}) {
    auto altered = decide<sql::AlterStatement>(std::string("ALTER SINK a ") + action);
    ASSERT_TRUE(altered.has_value()) << altered.error().message;
    apply(altered->changes);
    EXPECT_EQ(guarantee() == defs::DeliveryGuarantee::kAtLeastOnce,
              std::string(action).starts_with("SET"));
  }
}

}  // namespace
}  // namespace penstock::coordinator
