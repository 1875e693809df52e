// What plans say of NULL is true of every row that flows through them, also of rows that are only
// subtracted (the interpreter checks each node's rows), and NULLs meet where they should.
#include <gtest/gtest.h>

#include "sql/lower/to_dataflow.h"
#include "sql/testing/planner_fixture_test.h"

namespace penstock::sql {
namespace {

class PlannerNullability : public ::testing::Test, public PlannerFixture {
 protected:
  PlannerNullability() {
    table("customer", "id int4 not null, city text", {{0}});
    rows("customer", "(1, 'Bonn'), (2, 'Lyon'), (3, NULL)");
    table("purchase", "customer int4, amount int4", {});
    rows("purchase", "(1, 10), (1, 20), (NULL, 1), (NULL, NULL), (9, 5)");
  }
};

TEST_F(PlannerNullability, OfWhatIsOnlySubtracted) {
  EXPECT_EQ(run("SELECT id FROM customer EXCEPT ALL SELECT customer FROM purchase"), "2|3");
  EXPECT_EQ(run("SELECT id FROM customer EXCEPT SELECT customer FROM purchase"), "2|3");
  EXPECT_EQ(run("SELECT id FROM customer INTERSECT SELECT customer FROM purchase"), "1");
  EXPECT_EQ(run("SELECT id + 1 FROM (SELECT id FROM customer EXCEPT ALL SELECT customer FROM "
                "purchase) s"),
            "3|4");
}

// The types that a view shows keep what is known of the sum.
TEST_F(PlannerNullability, OfViewsSpeaksOfTheSum) {
  EXPECT_EQ(type_of("SELECT id FROM customer EXCEPT SELECT customer FROM purchase"), "id int4 (0)");
  EXPECT_EQ(type_of("SELECT id FROM customer EXCEPT ALL SELECT customer FROM purchase"),
            "id int4 ");
}

// State holds rows that are taken back later, so a node says of NULL what its inputs say.
TEST_F(PlannerNullability, OfDataflowNodesSpeaksOfEachRow) {
  const plan::RelRef purchase =
      plan::get(CollectionId{item("purchase")->id.value}, *item("purchase")->relation);
  const plan::RelRef amounts = plan::project(purchase, {0});
  plan::RelRef sum = plan::union_all({amounts, plan::negate(amounts)});
  types::RelationType known = sum->type;
  known.columns[0].type.nullable = false;  // True of the sum: it is empty.
  sum = plan::distinct(plan::with_type(sum, known));
  EXPECT_FALSE(sum->type.columns[0].type.nullable);
  for (const plan::PlanNode& node : to_dataflow(sum, CollectionId{}).nodes) {
    EXPECT_TRUE(node.columns[0].nullable);
  }
}

TEST_F(PlannerNullability, SubqueriesSeeRowsWithNull) {
  EXPECT_EQ(run("SELECT amount, (SELECT max(c.id) FROM customer c WHERE c.id = p.customer) "
                "FROM purchase p"),
            "1,NULL|5,NULL|10,1|20,1|NULL,NULL");
  EXPECT_EQ(run("SELECT c.id, p.amount FROM customer c FULL JOIN purchase p ON p.customer = c.id"),
            "1,10|1,20|2,NULL|3,NULL|NULL,1|NULL,5|NULL,NULL");
}

}  // namespace
}  // namespace penstock::sql
