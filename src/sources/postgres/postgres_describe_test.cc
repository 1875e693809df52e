// What makes a table fit for ingestion, at creation and later.
#include "sources/postgres/postgres_describe.h"

#include <gtest/gtest.h>

#include "sources/postgres/fake_host_test.h"

namespace penstock::sources {
namespace {

PublishedTable good_table() {
  PublishedTable table;
  table.table = table_def(100, "t").upstream;
  table.replica_identity_full = table.schema_usage = table.can_select = true;
  return table;
}

std::string refusal(const PublishedTable& table) {
  PostgresDescription description;
  description.tables = {table};
  std::vector<defs::UpstreamTable> wanted = {table.table};
  Status status = check_published_tables(description, wanted);
  return status ? "" : status.error().message + " / " + status.error().detail;
}

TEST(PostgresDescribe, RefusesWithPreciseTexts) {
  EXPECT_EQ(refusal(good_table()), "");
  PublishedTable table = good_table();
  table.schema_usage = false;
  EXPECT_EQ(refusal(table),
            "POSTGRES source validation: insufficient privileges / user lacks USAGE privileges for "
            "schemas public");
  table = good_table();
  table.can_select = false;
  EXPECT_EQ(refusal(table),
            "POSTGRES source validation: insufficient privileges / user lacks SELECT privileges "
            "for tables public.t");
  table = good_table();
  table.row_security = true;
  EXPECT_EQ(refusal(table).substr(0, 68),
            "POSTGRES source validation: one or more tables requires BYPASSRLS / ");
  table = good_table();
  table.replica_identity_full = false;
  EXPECT_EQ(refusal(table),
            "POSTGRES source validation: referenced items not tables with REPLICA IDENTITY FULL / "
            "referenced items: public.t");
  // A table that is not asked for does not matter.
  PostgresDescription description;
  description.tables = {table};
  EXPECT_TRUE(check_published_tables(description, {}).has_value());
}

TEST(PostgresDescribe, APublicationMustLetEverythingThrough) {
  EXPECT_EQ(missing_actions({true, true, true, true}, "p"), std::nullopt);
  EXPECT_EQ(missing_actions({true, false, false, true}, "p"),
            "publication \"p\" does not publish: update, delete");
  EXPECT_EQ(missing_actions({false, true, true, false}, "p"),
            "publication \"p\" does not publish: insert, truncate");
}

TEST(PostgresDescribe, WhatMayChangeUpstream) {
  defs::SourceTableDef def = table_def(100, "t");
  PublishedTable now = good_table();
  auto fits = [&] { return !incompatibility(def, &now, "p").has_value(); };
  EXPECT_TRUE(fits());
  now.table.columns.push_back({"more", 3, 23, -1, false});
  now.table.columns[1].not_null = true;
  EXPECT_TRUE(fits());
  now.table.columns[0].not_null = false;
  EXPECT_FALSE(fits());
  now = good_table();
  now.table.columns[1].type_oid = 1043;
  EXPECT_FALSE(fits());
  def.as_text[1] = true;
  EXPECT_TRUE(fits());
  now.table.keys.clear();
  EXPECT_EQ(incompatibility(def, &now, "p"),
            "incompatible schema change: source table t with oid 100 has been altered");
  now = good_table();
  now.table.table_name = "renamed";
  EXPECT_FALSE(fits());
  now = good_table();
  now.table.columns.erase(now.table.columns.begin());
  EXPECT_FALSE(fits());
  EXPECT_EQ(incompatibility(def, nullptr, "p"),
            "source table t with oid 100 is no longer in publication \"p\"");
}

}  // namespace
}  // namespace penstock::sources
