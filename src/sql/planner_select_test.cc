// SELECT through the whole planner: results, checked three ways by the naive interpreter.
#include <gtest/gtest.h>

#include "sql/testing/planner_fixture_test.h"

namespace penstock::sql {
namespace {

class PlannerSelect : public ::testing::Test, public PlannerFixture {
 protected:
  PlannerSelect() {
    table("t", "a int4, b int4, c text", {});
    rows("t", "(1, 10, 'x'), (2, 20, 'y'), (2, 21, 'y'), (3, NULL, NULL)");
    table("u", "a int4 not null, d int8", {{0}});
    rows("u", "(1, 100), (2, 200), (5, NULL)");
  }
};

TEST_F(PlannerSelect, ColumnsFiltersArithmetic) {
  EXPECT_EQ(run("SELECT a, b + 1, c FROM t WHERE b > 10"), "2,21,y|2,22,y");
  EXPECT_EQ(run("SELECT * FROM t ORDER BY a DESC, b LIMIT 2"), "3,NULL,NULL|2,20,y");
  EXPECT_EQ(run("SELECT a AS x FROM t ORDER BY b DESC NULLS LAST OFFSET 1"), "2|1|3");
}

TEST_F(PlannerSelect, Grouping) {
  EXPECT_EQ(run("SELECT a, count(*), sum(b) FROM t GROUP BY a"), "1,1,10|2,2,41|3,1,NULL");
  EXPECT_EQ(run("SELECT count(*), count(b), sum(b), max(c) FROM t"), "4,3,51,y");
  EXPECT_EQ(run("SELECT count(*), sum(b) FROM t WHERE a > 100"), "0,NULL");
  EXPECT_EQ(run("SELECT a + 1, count(*) FROM t GROUP BY a + 1 HAVING count(*) > 1"), "3,2");
  EXPECT_EQ(run("SELECT c, avg(b) FROM t GROUP BY 1 ORDER BY c"), "x,10|y,20.5|NULL,NULL");
  EXPECT_EQ(run("SELECT count(DISTINCT c), count(*) FILTER (WHERE b > 10) FROM t"), "2,2");
}

TEST_F(PlannerSelect, Joins) {
  EXPECT_EQ(run("SELECT t.a, d FROM t JOIN u ON t.a = u.a"), "1,100|2,200|2,200");
  EXPECT_EQ(run("SELECT t.a, u.a FROM t LEFT JOIN u USING (a)"), "1,1|2,2|2,2|3,NULL");
  EXPECT_EQ(run("SELECT a, b, d FROM t RIGHT JOIN u USING (a)"),
            "1,10,100|2,20,200|2,21,200|5,NULL,NULL");
  EXPECT_EQ(run("SELECT a, b, d FROM t FULL JOIN u USING (a)"),
            "1,10,100|2,20,200|2,21,200|3,NULL,NULL|5,NULL,NULL");
  EXPECT_EQ(run("SELECT t.a, u.a FROM t LEFT JOIN u ON t.a = u.a AND d > 100"),
            "1,NULL|2,2|2,2|3,NULL");
  EXPECT_EQ(run("SELECT count(*) FROM t, u"), "12");
  EXPECT_EQ(run("SELECT x.a, y.b FROM t x JOIN t y ON x.b = y.b WHERE x.a = 1"), "1,10");
}

}  // namespace
}  // namespace penstock::sql
