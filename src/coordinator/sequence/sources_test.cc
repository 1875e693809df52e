// CREATE SOURCE and CREATE TABLE FROM SOURCE over findings that the test makes up.
#include <gtest/gtest.h>

#include "coordinator/sequence/statements.h"
#include "sql/parse/parse.h"

namespace penstock::coordinator {
namespace {

defs::UpstreamTable upstream_table(uint32_t oid, const std::string& name) {
  defs::UpstreamTable table;
  table.oid = oid;
  table.schema_name = "public";
  table.table_name = name;
  table.columns = {{"id", 1, 23, -1, true}};
  return table;
}

class SequencingSources : public testing::Test {
 protected:
  SequencingSources() {
    catalog_.apply(catalog::CreateRole{"r"});
    catalog_.apply(catalog::CreateDatabase{1, "d", "r"});
    catalog_.apply(catalog::CreateSchema{2, "d", "public", "r"});
    catalog_.apply(catalog::CreateCluster{ClusterId{3}, "c1", "1", 1, "r"});
    catalog::CatalogItem connection;
    connection.id = ObjectId{10};
    connection.kind = catalog::ItemKind::kConnection;
    connection.name = {"d", "public", "pg"};
    connection.facts = defs::PostgresConnectionDef{};
    put(connection);
    catalog::CatalogItem source;
    source.id = ObjectId{11};
    source.kind = catalog::ItemKind::kSource;
    source.name = {"d", "public", "old"};
    source.facts = defs::PostgresSourceDef{ObjectId{10}, "p", "slot", "up", {}};
    put(source);
    findings_.database = "up";
    findings_.published = {upstream_table(100, "a"), upstream_table(101, "b")};
    findings_.check = [](std::span<const defs::UpstreamTable>) { return Status(); };
  }

  void put(const catalog::CatalogItem& item) {
    catalog_.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(item)});
  }
  template <typename Kind>
  Result<Sequenced> run(const std::string& text, const std::optional<PostgresFindings>& findings) {
    ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(text));
    SequenceContext context{.catalog = catalog_,
                            .names = {.database = "d", .search_path = {"public"}},
                            .role = "r",
                            .cluster_name = "c1",
                            .ids = ids_,
                            .statement = statement_};
    return sequence(std::get<Kind>(statement.kind), findings, context);
  }
  Result<Sequenced> create_source(const std::string& rest) {
    return run<sql::CreateSource>(
        "CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'p') " + rest, findings_);
  }

  catalog::CatalogState catalog_;
  IdMint ids_{1000};
  expr::StatementContext statement_;
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
  auto there = run<sql::CreateSource>("CREATE SOURCE IF NOT EXISTS old" + source, std::nullopt);
  ASSERT_TRUE(there.has_value());
  EXPECT_EQ(there->notices.size(), 1U);
  auto gone = run<sql::CreateSource>("CREATE SOURCE IF NOT EXISTS s" + source, std::nullopt);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().state, sql_state::kSerializationFailure);
  auto table = run<sql::CreateTableFromSource>(
      "CREATE TABLE IF NOT EXISTS t FROM SOURCE old (REFERENCE public.a)", std::nullopt);
  ASSERT_FALSE(table.has_value());
  EXPECT_EQ(table.error().state, sql_state::kSerializationFailure);
}

TEST_F(SequencingSources, ATableOfASourceIsCheckedLikeThoseThatComeWithIt) {
  const std::string text = "CREATE TABLE t FROM SOURCE old (REFERENCE public.a)";
  EXPECT_TRUE(run<sql::CreateTableFromSource>(text, findings_).has_value());
  findings_.check = [](std::span<const defs::UpstreamTable> tables) -> Status {
    EXPECT_EQ(tables.size(), 1U);
    return fail(sql_state::kObjectNotInState, tables[0].table_name);
  };
  auto refused = run<sql::CreateTableFromSource>(text, findings_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "a");
}

}  // namespace
}  // namespace penstock::coordinator
