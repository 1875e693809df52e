// What plans look like after optimising: each rule on a query that needs it.
#include <gtest/gtest.h>

#include "sql/testing/planner_fixture_test.h"

namespace penstock::sql {
namespace {

class PlannerOptimize : public ::testing::Test, public PlannerFixture {
 protected:
  PlannerOptimize() {
    table("t", "id int4 not null, k int4, v int4", {{0}});
    rows("t", "(1, 10, 1), (2, 20, NULL), (3, NULL, 3), (4, 10, 0)");
    table("u", "id int4 not null, k int4, v int4", {{0}});
    rows("u", "(10, 1, 5), (20, 2, 3), (30, NULL, 1), (3, 10, NULL)");
    table("w", "id int4 not null, k int4, v int4", {});
    rows("w", "(1, 10, 1), (1, 10, 2), (2, NULL, 5), (3, 20, NULL), (10, 1, 1)");
  }
  // The plan's text; the query is run, too.
  std::string plan_of(const std::string& query) {
    run(query);
    return "\n" + explain(query);
  }
  void expect_in_plan(const std::string& query, const std::string& text) {
    EXPECT_NE(plan_of(query).find(text), std::string::npos) << plan_of(query);
  }
  void expect_in_dataflow(const std::string& query, const std::string& text) {
    run(query);
    const std::string plan = explain_dataflow(query);
    EXPECT_NE(plan.find(text), std::string::npos) << plan;
  }
  void expect_not_in_plan(const std::string& query, const std::string& text) {
    EXPECT_EQ(plan_of(query).find(text), std::string::npos) << plan_of(query);
  }
};

TEST_F(PlannerOptimize, EqualitiesBecomeKeysOfTheJoin) {
  EXPECT_EQ(plan_of("SELECT t.v, u.v AS uv FROM t JOIN u ON t.k = u.k"), R"(
Project (#1, #3)
  Join on=(#0 = #2)
    Project (#1, #2)
      Get t
    Project (#1, #2)
      Filter (#1 is not null)
        Get u
)");
  EXPECT_EQ(run("SELECT t.v, u.v AS uv FROM t JOIN u ON t.k = u.k"), "0,NULL|1,NULL");
  EXPECT_EQ(explain("SELECT t.v, u.v AS uv FROM t, u WHERE t.k = u.k"),
            explain("SELECT t.v, u.v AS uv FROM t JOIN u ON t.k = u.k"));
  expect_not_in_plan("SELECT 1 FROM t JOIN u ON t.k::int8 = u.k::int8", "CrossJoin");
  expect_in_plan("SELECT 1 FROM t JOIN u ON t.k IS NOT DISTINCT FROM u.k", "on=(#0 = #1)");
  EXPECT_EQ(run("SELECT t.id, u.id FROM t JOIN u ON t.k IS NOT DISTINCT FROM u.k"), "1,3|3,30|4,3");
  expect_in_plan("SELECT 1 FROM t JOIN u ON t.k::int8 = u.k::int8", "Filter (#1 is not null)");
  // One that can fail is evaluated on pairs, as it was written.
  expect_in_plan("SELECT 1 FROM t JOIN u ON t.k + 1 = u.k", "CrossJoin");
}

TEST_F(PlannerOptimize, JoinsOfJoinsAreOneJoin) {
  EXPECT_EQ(plan_of("SELECT t.v FROM t, u, w WHERE t.k = u.id AND u.id = w.k AND t.id = 4"), R"(
Project (#1)
  Join on=(#0 = #2 = #3)
    Project (#1, #2)
      Filter (#0 = 4)
        Get t
    Project (#0)
      Get u
    Project (#1)
      Get w
)");
  EXPECT_EQ(explain_dataflow("SELECT t.v FROM t, u, w WHERE t.k = w.k AND u.id = w.id"),
            "0: Import t\n"
            "1: Mfp project=(#1, #2) <- 0\n"
            "2: Import w\n"
            "3: Mfp filter=((#1 is not null)) project=(#0, #1) <- 2\n"
            "4: Join left=(#0) right=(#1) project=(#1, #2) <- 1, 3\n"
            "5: Import u\n"
            "6: Mfp project=(#0) <- 5\n"
            "7: Join left=(#1) right=(#0) project=(#0) <- 4, 6\n"
            "export u0 <- 7\n");
}

// w is small once v = 1, and u of one row.
TEST_F(PlannerOptimize, JoinsBeginWithWhatALiteralSelects) {
  const std::string query =
      "SELECT t.v FROM t, w, u WHERE t.id = w.id AND w.k = u.id AND u.id = 10 AND w.v > 1";
  EXPECT_EQ(explain_dataflow(query),
            "0: Import u\n"
            "1: Mfp filter=((#0 = 10)) project=(#0) <- 0\n"
            "2: Import w\n"
            "3: Mfp filter=((#2 > 1) and (#1 = 10)) project=(#0, #1) <- 2\n"
            "4: Join left=(#0) right=(#1) project=(#1) <- 1, 3\n"
            "5: Import t\n"
            "6: Mfp project=(#0, #2) <- 5\n"
            "7: Join left=(#0) right=(#0) project=(#2) <- 4, 6\n"
            "export u0 <- 7\n");
  EXPECT_EQ(run(query), "1");
  // What has no equality comes last.
  expect_in_dataflow("SELECT t.v, m.n FROM (SELECT max(v) AS n FROM w) m, t, u WHERE t.k = u.id",
                     "Join left=() right=() project=(#0, #1)");
}

TEST_F(PlannerOptimize, WhatIsComparedOnOneSideIsComparedOnAll) {
  EXPECT_EQ(plan_of("SELECT t.v, u.v AS uv FROM t JOIN u ON t.k = u.id WHERE u.id > 15"), R"(
Project (#1, #3)
  Join on=(#0 = #2)
    Project (#1, #2)
      Filter (#1 > 15)
        Get t
    Project (#0, #2)
      Filter (#0 > 15)
        Get u
)");
}

TEST_F(PlannerOptimize, FiltersGoBelowGroupsLimitsAndSetOperations) {
  EXPECT_EQ(plan_of("SELECT * FROM (SELECT k, count(*) FROM w GROUP BY k) s WHERE k > 3"), R"(
Reduce group=(#0) aggregates=(count(true))
  Project (#1)
    Filter (#1 > 3)
      Get w
)");
  // Not below a limit over all rows; below one within groups.
  expect_in_plan("SELECT * FROM (SELECT id FROM w ORDER BY id LIMIT 3) s WHERE id > 1",
                 "Filter (#0 > 1)\n  TopK");
  expect_in_plan(
      "SELECT * FROM (SELECT DISTINCT ON (k) k, v FROM w ORDER BY k, v) s WHERE k > 1",
      "TopK group=(#0) order=(#1 asc nulls last) limit=1\n  Project (#1, #2)\n    Filter (#1 > 1)");
  EXPECT_EQ(plan_of("SELECT * FROM (SELECT id FROM t EXCEPT SELECT id FROM w) s WHERE id > 1"), R"(
Threshold
  Union
    Project (#0)
      Filter (#0 > 1)
        Get t
    Negate
      Distinct
        Project (#0)
          Filter (#0 > 1)
            Get w
)");
}

TEST_F(PlannerOptimize, FiltersThatCanFailStay) {
  // Below the join 1/v would meet the row with v = 0, which has no partner.
  const std::string query = "SELECT t.id FROM t JOIN u ON t.id = u.id WHERE 1 / t.v > 0";
  expect_in_plan(query, "Filter ((1 / #1) > 0)\n    Join");
  EXPECT_EQ(run(query), "");
  EXPECT_EQ(run("SELECT t.id FROM t WHERE v <> 0 AND 1 / v > 0"), "1");
  EXPECT_EQ(run("SELECT id FROM (SELECT id, 1 / v AS q FROM t WHERE v > 1) s WHERE q = 0"), "3");
  EXPECT_EQ(run("SELECT id FROM t WHERE 1 / v > 0"), "error: division by zero");
  // The filter below comes before the division above it, whatever waits for its result.
  EXPECT_EQ(run("SELECT id FROM (SELECT id, 10 / v AS q FROM t WHERE 4 / id > 1) s WHERE q > 1"),
            "1");
  // The test for NULL hides the error beside it, so it is not left out.
  EXPECT_EQ(run("SELECT id FROM t WHERE v IS NOT NULL AND v > 1 / (id - 2)"), "1|3");
  EXPECT_EQ(run("SELECT id FROM (SELECT * FROM t WHERE 2 / id < 2) s WHERE 1 / (id - 1) > 0"), "2");
}

TEST_F(PlannerOptimize, SubqueriesAreSemijoins) {
  EXPECT_EQ(plan_of("SELECT id FROM t WHERE EXISTS (SELECT 1 FROM w WHERE w.k = t.k AND w.v > 1)"),
            R"(
Project (#0)
  Join on=(#1 = #2)
    Project (#0, #1)
      Get t
    Distinct
      Project (#1)
        Filter (#1 is not null) and (#2 > 1)
          Get w
)");
  EXPECT_EQ(plan_of("SELECT id FROM t WHERE k IN (SELECT u.id FROM u)"), R"(
Project (#0)
  Join on=(#1 = #2)
    Project (#0, #1)
      Get t
    Project (#0)
      Get u
)");
  EXPECT_EQ(plan_of("SELECT * FROM t WHERE id NOT IN (SELECT id FROM w)"), R"(
Union
  Get t
  Negate
    Project (#0, #1, #2)
      Join on=(#0 = #3)
        Get t
        Distinct
          Project (#0)
            Get w
)");
  // A condition on the outer value alone is one on the other, once the domain is gone.
  EXPECT_EQ(run("SELECT id FROM t WHERE EXISTS "
                "(SELECT 1 FROM w WHERE w.k = t.k AND (t.k = 20 OR t.k IS NULL))"),
            "2");
  EXPECT_EQ(run("SELECT id FROM t WHERE NOT (k > 10 AND EXISTS "
                "(SELECT 1 FROM w WHERE w.id = t.id))"),
            "1|4");
  // A sum can fail, so it is not computed of rows that nobody asked for.
  expect_in_plan(
      "SELECT id, n FROM t, LATERAL (SELECT sum(v) AS n FROM w WHERE w.k = t.k "
      "GROUP BY w.k) s",
      "Distinct");
  expect_not_in_plan(
      "SELECT id, n FROM t, LATERAL (SELECT max(v) AS n FROM w WHERE w.k = t.k "
      "GROUP BY w.k) s",
      "Distinct");
  EXPECT_EQ(run("SELECT id, (SELECT sum(v) FROM w WHERE w.k = t.k) FROM t"),
            "1,3|2,NULL|3,NULL|4,3");
  // The other rows of t with the same k count: they are no domain.
  EXPECT_EQ(run("SELECT x.id, y.n FROM t x, (SELECT t.k, count(*) AS n FROM t JOIN w ON t.k = w.k "
                "GROUP BY t.k) y WHERE x.k = y.k"),
            "1,4|2,1|4,4");
}

// Nobody is compared with everybody: rows of t without k meet one row, if w has any.
TEST_F(PlannerOptimize, NotInWithNullsIsThreeAntijoins) {
  EXPECT_EQ(plan_of("SELECT id FROM t WHERE k NOT IN (SELECT k FROM w)"), R"(
Let l2
  Union
    Project (#0, #1)
      Get t
    Negate
      Project (#0, #1)
        Join on=(#1 = #2)
          Project (#0, #1)
            Get t
          Distinct
            Project (#1)
              Filter (#1 is not null)
                Get w
  Let l4
    Union
      Project (#0)
        Get l2
      Negate
        CrossJoin
          Project (#0)
            Filter (#1 is null)
              Get l2
          Distinct
            Project ()
              Get w
    Union
      Get l4
      Negate
        CrossJoin
          Get l4
          Distinct
            Project ()
              Filter (#1 is null)
                Get w
)");
  EXPECT_EQ(run("SELECT id FROM t WHERE k NOT IN (SELECT k FROM w)"), "");
  EXPECT_EQ(run("SELECT id FROM t WHERE k NOT IN (SELECT k FROM w WHERE k > 10)"), "1|4");
  EXPECT_EQ(run("SELECT id FROM t WHERE k NOT IN (SELECT k FROM w WHERE false)"), "1|2|3|4");
}

// What has a partner is found by the keys of the other side.
TEST_F(PlannerOptimize, OuterJoinsTakeASemijoinAway) {
  EXPECT_EQ(plan_of("SELECT t.id, w.v FROM t LEFT JOIN w ON t.k = w.k AND w.v > 1"), R"(
Union
  Project (#0, #3)
    Join on=(#1 = #2)
      Project (#0, #1)
        Get t
      Project (#1, #2)
        Filter (#1 is not null) and (#2 > 1)
          Get w
  Map (null)
    Union
      Project (#0)
        Get t
      Negate
        Project (#0)
          Join on=(#1 = #2)
            Project (#0, #1)
              Get t
            Distinct
              Project (#1)
                Filter (#1 is not null) and (#2 > 1)
                  Get w
)");
  EXPECT_EQ(run("SELECT t.id, w.v FROM t LEFT JOIN w ON t.k = w.k AND w.v > 1"),
            "1,2|2,NULL|3,NULL|4,2");
}

TEST_F(PlannerOptimize, OuterJoinsThatShowNoNullsAreInner) {
  EXPECT_EQ(explain("SELECT t.id, u.v FROM t LEFT JOIN u ON t.k = u.k WHERE u.v > 3"),
            explain("SELECT t.id, u.v FROM t JOIN u ON t.k = u.k AND u.v > 3"));
  EXPECT_EQ(run("SELECT t.id, u.v FROM t LEFT JOIN u ON t.k = u.id WHERE u.v > 3"), "1,5|4,5");
}

// The filter is on both uses of the join, so it becomes a part of it.
TEST_F(PlannerOptimize, FiltersOnAllUsesOfABindingMoveIntoIt) {
  EXPECT_EQ(plan_of("SELECT t.id, u.v FROM t LEFT JOIN u ON t.k = u.id WHERE t.id = 3"), R"(
Let l0
  Project (#0, #3)
    Join on=(#1 = #2)
      Project (#0, #1)
        Filter (#0 = 3)
          Get t
      Project (#0, #2)
        Get u
  Union
    Get l0
    Map (null)
      Union
        Project (#0)
          Filter (#0 = 3)
            Get t
        Negate
          Project (#0)
            Get l0
)");
}

TEST_F(PlannerOptimize, WhatNobodyNeedsIsNotKept) {
  EXPECT_EQ(plan_of("SELECT k FROM (SELECT k, sum(v), count(*) AS n FROM w GROUP BY k) s"), R"(
Reduce group=(#0)
  Project (#1)
    Get w
)");
  EXPECT_EQ(plan_of("SELECT DISTINCT id, k FROM t"), R"(
Project (#0, #1)
  Get t
)");
  EXPECT_EQ(plan_of("SELECT id, max(v), count(k), count(*) AS n FROM t GROUP BY id"), R"(
Project (#0, #2, #3, #4)
  Map (case when (#1 is null) then 0 else 1 end, 1)
    Get t
)");
  EXPECT_EQ(plan_of("SELECT t.id FROM t JOIN u ON t.id = u.id WHERE 1 > 2"), R"(
Constant <empty>
)");
  EXPECT_EQ(plan_of("SELECT id FROM t UNION ALL SELECT id FROM u WHERE false"), R"(
Project (#0)
  Get t
)");
  // Ties of a limit are broken by all columns.
  expect_in_plan("SELECT k FROM (SELECT * FROM w ORDER BY k LIMIT 2) s", "limit=2\n    Get w");
  expect_in_plan("SELECT k FROM (SELECT * FROM t ORDER BY id LIMIT 2) s",
                 "limit=2\n    Project (#0, #1)\n      Get t");
}

TEST_F(PlannerOptimize, KeysAndNullabilityAreKept) {
  EXPECT_EQ(type_of("SELECT t.id, u.v FROM t LEFT JOIN u ON t.k = u.id"),
            "id int4, v int4 null (0)");
  EXPECT_EQ(type_of("SELECT id, (SELECT max(v) FROM w WHERE w.k = t.k) FROM t"),
            "id int4, max int4 null (0)");
  EXPECT_EQ(type_of("SELECT * FROM t WHERE EXISTS (SELECT 1 FROM w WHERE w.k = t.k)"),
            "id int4, k int4, v int4 null (0)");
}

}  // namespace
}  // namespace penstock::sql
