// CREATE SOURCE and CREATE TABLE FROM SOURCE over findings that the test makes up.
#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

const std::optional<PostgresFindings> kUnasked;

defs::UpstreamTable upstream_table(uint32_t oid, const std::string& name) {
  defs::UpstreamTable table;
  table.oid = oid;
  table.schema_name = "public";
  table.table_name = name;
  table.columns = {{"id", 1, 23, -1, true}};
  return table;
}

class SequencingSources : public SequenceTest {
 protected:
  SequencingSources() {
    put(10, catalog::ItemKind::kConnection, "pg", defs::PostgresConnectionDef{});
    put(11, catalog::ItemKind::kSource, "old",
        defs::PostgresSourceDef{ObjectId{10}, "p", "slot", "up", {}});
    findings_.database = "up";
    findings_.published = {upstream_table(100, "a"), upstream_table(101, "b")};
    findings_.check = [](std::span<const defs::UpstreamTable>) { return Status(); };
  }

  Result<Sequenced> create_source(const std::string& rest) {
    return decide<sql::CreateSource>(
        "CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'p') " + rest, findings_);
  }

  PostgresFindings findings_;
};

TEST_F(SequencingSources, TwoTablesOfOneNameAreRefused) {
  EXPECT_TRUE(create_source("FOR TABLES (public.a AS x, public.b AS y)").has_value());
  auto refused = create_source("FOR TABLES (public.a AS x, public.b AS public.x)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().state, sql_state::kDuplicateTable);
  EXPECT_EQ(refused.error().message, "table \"public.x\" is named twice");
}

TEST_F(SequencingSources, ANameThatWasTakenWhenTheServerWasToBeAskedMustStillBe) {
  const std::string source = " FROM POSTGRES CONNECTION pg (PUBLICATION 'p') FOR ALL TABLES";
  auto there = decide<sql::CreateSource>("CREATE SOURCE IF NOT EXISTS old" + source, kUnasked);
  ASSERT_TRUE(there.has_value());
  EXPECT_EQ(there->notices.size(), 1U);
  auto gone = decide<sql::CreateSource>("CREATE SOURCE IF NOT EXISTS s" + source, kUnasked);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().state, sql_state::kSerializationFailure);
  auto table = decide<sql::CreateTableFromSource>(
      "CREATE TABLE IF NOT EXISTS t FROM SOURCE old (REFERENCE public.a)", kUnasked);
  ASSERT_FALSE(table.has_value());
  EXPECT_EQ(table.error().state, sql_state::kSerializationFailure);
}

TEST_F(SequencingSources, ATableOfASourceIsCheckedLikeThoseThatComeWithIt) {
  const std::string text = "CREATE TABLE t FROM SOURCE old (REFERENCE public.a)";
  EXPECT_TRUE(decide<sql::CreateTableFromSource>(text, findings_).has_value());
  findings_.check = [](std::span<const defs::UpstreamTable> tables) -> Status {
    EXPECT_EQ(tables.size(), 1U);
    return fail(sql_state::kObjectNotInState, tables[0].table_name);
  };
  auto refused = decide<sql::CreateTableFromSource>(text, findings_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "a");
}

}  // namespace
}  // namespace penstock::coordinator
