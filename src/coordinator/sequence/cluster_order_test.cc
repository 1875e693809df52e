// A circle of clusters that would wait for each other is refused, and nothing else is.
#include "coordinator/sequence/cluster_order.h"

#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

class ClusterOrder : public SequenceTest {
 protected:
  ClusterOrder() {
    cluster(4, "c2");
    cluster(5, "c3");
    make<sql::CreateTable>("CREATE TABLE t (a int)");
  }

  template <typename Kind>
  Status run(const std::string& text) {
    ASSIGN_OR_RETURN(Sequenced sequenced, decide<Kind>(text));
    apply(sequenced.changes);
    return {};
  }
  template <typename Kind>
  void make(const std::string& text) {
    Status made = run<Kind>(text);
    EXPECT_TRUE(made) << text << ": " << (made ? "" : made.error().message);
  }
  void view(const std::string& text) {
    make<sql::CreateMaterializedView>("CREATE MATERIALIZED VIEW " + text);
  }
  template <typename Kind>
  void expect_refused(const std::string& text, const std::string& detail, const std::string& hint) {
    Status refused = run<Kind>(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().state, sql_state::kFeatureNotSupported);
    EXPECT_EQ(refused.error().message,
              "cluster \"c1\" and cluster \"c2\" would wait for each other");
    EXPECT_EQ(refused.error().detail, detail);
    EXPECT_EQ(refused.error().hint, hint);
  }
};

TEST_F(ClusterOrder, TwoClustersMayNotWaitForEachOther) {
  view("v1 IN CLUSTER c1 AS SELECT a FROM t");
  make<sql::CreateView>("CREATE VIEW plain AS SELECT a + 1 AS a FROM v1");
  view("v2 IN CLUSTER c2 AS SELECT a FROM t");
  view("w2 IN CLUSTER c2 AS SELECT a FROM plain");
  make<sql::CreateView>("CREATE VIEW over AS SELECT a FROM v2");
  std::string hint = "Create the view in cluster \"c2\".";
  expect_refused<sql::CreateMaterializedView>(
      "CREATE MATERIALIZED VIEW x IN CLUSTER c1 AS SELECT a FROM w2",
      "\"x\" would read \"w2\" of cluster \"c2\", where \"w2\" depends on \"v1\" of cluster "
      "\"c1\".",
      hint);
  // Also a view of c2 that depends on nothing of c1: its cluster does.
  expect_refused<sql::CreateMaterializedView>(
      "CREATE MATERIALIZED VIEW x IN CLUSTER c1 AS SELECT a FROM over",
      "\"x\" would read \"v2\" of cluster \"c2\", where \"w2\" depends on \"v1\" of cluster "
      "\"c1\".",
      hint);
  expect_refused<sql::CreateIndex>("CREATE INDEX i IN CLUSTER c1 ON over (a)",
                                   "\"i\" would read \"v2\" of cluster \"c2\", where \"w2\" "
                                   "depends on \"v1\" of cluster \"c1\".",
                                   "Create the index in cluster \"c2\".");
  view("x IN CLUSTER c2 AS SELECT a FROM over");
  make<sql::CreateIndex>("CREATE INDEX i IN CLUSTER c2 ON over (a)");
  view("y IN CLUSTER c3 AS SELECT v1.a FROM v1, v2");
}

TEST_F(ClusterOrder, NorThreeInACircle) {
  view("v1 IN CLUSTER c1 AS SELECT a FROM t");
  view("v3 IN CLUSTER c3 AS SELECT a FROM t");
  view("v2 IN CLUSTER c2 AS SELECT a FROM t");
  make<sql::CreateIndex>("CREATE INDEX i3 IN CLUSTER c3 ON v1 (a)");
  view("w2 IN CLUSTER c2 AS SELECT a FROM v3");
  expect_refused<sql::CreateMaterializedView>(
      "CREATE MATERIALIZED VIEW x IN CLUSTER c1 AS SELECT a FROM v2",
      "\"x\" would read \"v2\" of cluster \"c2\", where \"w2\" depends on \"v1\" of cluster "
      "\"c1\".",
      "Create the view in cluster \"c2\".");
}

TEST_F(ClusterOrder, WhatIsReplacedDoesNotCount) {
  view("v1 IN CLUSTER c1 AS SELECT a FROM t");
  view("v2 IN CLUSTER c2 AS SELECT a FROM t");
  view("w IN CLUSTER c1 AS SELECT a FROM v2");
  make<sql::CreateMaterializedView>(
      "CREATE OR REPLACE MATERIALIZED VIEW w IN CLUSTER c2 AS SELECT a FROM v1");
}

}  // namespace
}  // namespace penstock::coordinator
