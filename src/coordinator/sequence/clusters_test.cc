// DROP CLUSTER of several names.
#include <gtest/gtest.h>

#include "coordinator/sequence/statements.h"
#include "sql/parse/parse.h"

namespace penstock::coordinator {
namespace {

TEST(DroppingClusters, ANameThatComesTwiceGoesOnce) {
  catalog::CatalogState catalog;
  catalog.apply(catalog::CreateRole{"r"});
  catalog.apply(catalog::CreateCluster{ClusterId{3}, "c", "1", 1, "r"});
  catalog.apply(catalog::CreateCluster{ClusterId{4}, "e", "1", 1, "r"});
  IdMint ids{1000};
  expr::StatementContext statement_context;
  SequenceContext context{.catalog = catalog,
                          .names = {.database = "d", .search_path = {"public"}},
                          .role = "r",
                          .cluster_name = "e",
                          .ids = ids,
                          .statement = statement_context};
  auto statement = sql::parse_statement("DROP CLUSTER c, c, e");
  ASSERT_TRUE(statement.has_value());
  auto dropped = drop_clusters(std::get<sql::DropObjects>(statement->kind), context);
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(dropped->changes.size(), 2U);
  EXPECT_EQ(dropped->effects.size(), 2U);
}

}  // namespace
}  // namespace penstock::coordinator
