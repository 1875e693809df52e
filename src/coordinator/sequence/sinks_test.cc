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

class ResolvingSinks : public SequencingSinks {
 protected:
  ResolvingSinks() {
    for (const char* text : {"CREATE TABLE u (id int)", "CREATE TABLE w (other int)"}) {
      auto made = decide<sql::CreateTable>(text);
      EXPECT_TRUE(made.has_value());
      apply(made->changes);
    }
    auto made = decide<sql::CreateMaterializedView>(
        "CREATE MATERIALIZED VIEW unique_ids AS SELECT DISTINCT id FROM t");
    EXPECT_TRUE(made.has_value());
    apply(made->changes);
  }

  Result<Sequenced> create(const std::string& from) {
    auto made = decide<sql::CreateSink>(
        "CREATE SINK a FROM " + from +
        " INTO KAFKA CONNECTION k (TOPIC 'x') KEY (id) FORMAT JSON ENVELOPE UPSERT WITH (KEY "
        "VIOLATIONS = 'resolve')");
    if (made) apply(made->changes);
    return made;
  }
  const defs::SinkDef& def() { return std::get<defs::SinkDef>(sink("a")->facts); }
  template <typename Kind>
  static std::vector<Kind> of_kind(const Sequenced& sequenced) {
    std::vector<Kind> out;
    for (const Effect& effect : sequenced.effects) {
      if (const auto* found = std::get_if<Kind>(&effect)) out.push_back(*found);
    }
    return out;
  }
  template <typename Decide>
  Result<Sequenced> alter(const std::string& text, Decide decide_it) {
    ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(text));
    SequenceContext context{.catalog = catalog_,
                            .names = {.database = "d", .search_path = {"public"}},
                            .role = "r",
                            .cluster_name = "c1",
                            .ids = ids_,
                            .statement = statement_};
    auto altered = decide_it(std::get<sql::AlterStatement>(statement.kind), context);
    if (altered) apply(altered->changes);
    return altered;
  }
  Result<Sequenced> prepare(const std::string& text) {
    return alter(text, [](const sql::AlterStatement& statement, SequenceContext& context) {
      return sequence_prepared_sink(statement, context);
    });
  }
};

TEST_F(ResolvingSinks, ReadACollectionOfTheirOwn) {
  auto made = create("t");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(made->notices.empty());
  ASSERT_TRUE(def().resolved.has_value());
  EXPECT_TRUE(def().key_is_proven);
  const auto collections = of_kind<CreateCollection>(*made);
  ASSERT_EQ(collections.size(), 1u);
  EXPECT_EQ(collections[0].spec.id, def().collection());
  EXPECT_FALSE(collections[0].publish);
  EXPECT_EQ(of_kind<RunView>(*made).size(), 1u);
  auto dropped = decide<sql::DropObjects>("DROP SINK a");
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(of_kind<StopView>(*dropped)[0].view, def().collection());
  EXPECT_EQ(of_kind<DropCollection>(*dropped)[0].collection, def().collection());
}

TEST_F(ResolvingSinks, ReadTheRelationWhereItsKeyIsUnique) {
  auto made = create("unique_ids");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_FALSE(def().resolved.has_value());
  EXPECT_TRUE(of_kind<CreateCollection>(*made).empty());
}

TEST_F(ResolvingSinks, MoveInTwoTurns) {
  ASSERT_TRUE(create("t").has_value());
  const CollectionId before = def().collection();
  const std::string move = "ALTER SINK a SET FROM u";
  ASSERT_TRUE(prepare(move).has_value());
  ASSERT_TRUE(def().pending.has_value());
  const CollectionId pending = *def().pending;
  EXPECT_EQ(def().collection(), before);
  // Nobody alters it meanwhile, nor drops what it will read.
  for (const char* text : {"ALTER SINK a SET (LINGER = '5ms')", "ALTER SINK a SET FROM t"}) {
    auto refused = decide<sql::AlterStatement>(text);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().state, sql_state::kSerializationFailure);
  }
  EXPECT_FALSE(decide<sql::DropObjects>("DROP TABLE u").has_value());
  auto dropped = decide<sql::DropObjects>("DROP TABLE u CASCADE");
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(of_kind<StopView>(*dropped).size(), 2u);
  auto moved = alter(move, [&](const sql::AlterStatement& statement, SequenceContext& context) {
    return sequence_moved_sink(statement, pending, context);
  });
  ASSERT_TRUE(moved.has_value()) << moved.error().message;
  EXPECT_EQ(def().collection(), pending);
  EXPECT_FALSE(def().pending.has_value());
  const auto restarts = of_kind<RestartSink>(*moved);
  ASSERT_EQ(restarts.size(), 1u);
  EXPECT_EQ(restarts[0].before, before);
  EXPECT_EQ(restarts[0].after, pending);
  EXPECT_EQ(of_kind<DropCollection>(*moved)[0].collection, before);
  auto tuned = decide<sql::AlterStatement>("ALTER SINK a SET (LINGER = '5ms')");
  ASSERT_TRUE(tuned.has_value()) << tuned.error().message;
  apply(tuned->changes);
  EXPECT_EQ(def().collection(), pending);
}

TEST_F(ResolvingSinks, DropWhatAnAbandonedMoveHasMade) {
  ASSERT_TRUE(create("t").has_value());
  const CollectionId before = def().collection();
  ASSERT_TRUE(prepare("ALTER SINK a SET FROM u").has_value());
  const CollectionId pending = *def().pending;
  auto abandoned =
      alter("ALTER SINK a SET FROM u", [&](const sql::AlterStatement&, SequenceContext& context) {
        return sequence_abandoned_sink(sink("a")->id, pending, context);
      });
  ASSERT_TRUE(abandoned.has_value());
  EXPECT_EQ(of_kind<DropCollection>(*abandoned)[0].collection, pending);
  EXPECT_EQ(def().collection(), before);
  EXPECT_TRUE(decide<sql::DropObjects>("DROP TABLE u").has_value());
  EXPECT_FALSE(prepare("ALTER SINK a SET FROM w").has_value());  // It has no column id.
}

TEST_F(ResolvingSinks, ForgetADeadLetterTopicWithItsPolicy) {
  ASSERT_TRUE(create("t").has_value());
  auto run = [&](const std::string& action) -> std::string {
    auto altered = decide<sql::AlterStatement>("ALTER SINK a " + action);
    if (!altered) return altered.error().message;
    apply(altered->changes);
    return def().dead_letter_topic;
  };
  EXPECT_EQ(run("SET (REFUSED MESSAGES = 'dead letter')"),
            "REFUSED MESSAGES 'dead letter' needs DEAD LETTER TOPIC");
  EXPECT_EQ(run("SET (REFUSED MESSAGES = 'Dead Letter', DEAD LETTER TOPIC = 'l')"), "l");
  EXPECT_EQ(run("SET (LINGER = '5ms')"), "l");
  EXPECT_EQ(run("SET (DEAD LETTER TOPIC = 'm')"), "m");
  EXPECT_EQ(run("SET (REFUSED MESSAGES = 'skip')"), "");
  EXPECT_EQ(run("SET (DEAD LETTER TOPIC = 'm')"),
            "DEAD LETTER TOPIC needs REFUSED MESSAGES = 'dead letter'");
  EXPECT_EQ(run("SET (REFUSED MESSAGES = 'dead letter', DEAD LETTER TOPIC = 'x')"),
            "DEAD LETTER TOPIC cannot be the TOPIC of the sink: x");
  EXPECT_EQ(run("RESET (REFUSED MESSAGES)"), "");
}

}  // namespace
}  // namespace penstock::coordinator
