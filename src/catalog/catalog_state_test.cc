// Names resolve, dependents are found in drop order, and every change survives its JSON form.
#include "catalog/catalog_state.h"

#include <gtest/gtest.h>

#include "catalog/durable_item.h"

namespace penstock::catalog {
namespace {

ItemRef make_item(uint64_t id, ItemKind kind, FullName name, std::vector<ObjectId> uses) {
  CatalogItem item;
  item.id = ObjectId{id};
  item.kind = kind;
  item.name = std::move(name);
  item.uses = std::move(uses);
  item.create_sql = "CREATE";
  return std::make_shared<const CatalogItem>(item);
}

CatalogState sample() {
  CatalogState state;
  state.apply(CreateDatabase{1, "db", "r"});
  state.apply(CreateSchema{20, "db", "public", "r"});
  state.apply(CreateSchema{21, "db", "other", "r"});
  state.apply(PutItem{make_item(1, ItemKind::kTable, {"db", "public", "t"}, {})});
  state.apply(PutItem{make_item(2, ItemKind::kView, {"db", "public", "v"}, {ObjectId{1}})});
  state.apply(PutItem{make_item(3, ItemKind::kSink, {"db", "other", "s k"}, {ObjectId{2}})});
  return state;
}

TEST(CatalogState, ResolvesShortAndLongNames) {
  CatalogState state = sample();
  NameContext context{"db", {"public"}};
  EXPECT_EQ(state.find_item({"t"}, context)->id, ObjectId{1});
  EXPECT_EQ(state.find_item({"other", "s k"}, context)->id, ObjectId{3});
  EXPECT_EQ(state.find_item({"db", "public", "v"}, context)->id, ObjectId{2});
  EXPECT_EQ(state.resolve_item({"x"}, context).error().message, "unknown catalog item 'x'");
  EXPECT_EQ(state.resolve_item({"no", "x"}, context).error().message, "unknown schema 'no'");
  EXPECT_EQ(state.resolve_item({"no", "s", "x"}, context).error().message, "unknown database 'no'");
}

TEST(CatalogState, NamesAreAsShortAsTheyResolve) {
  CatalogState state = sample();
  NameContext context{"db", {"public"}};
  EXPECT_EQ(state.minimal_name(*state.item(ObjectId{1}), context), "t");
  EXPECT_EQ(state.minimal_name(*state.item(ObjectId{3}), context), "other.\"s k\"");
  EXPECT_EQ(state.full_name(*state.item(ObjectId{3})), "db.other.\"s k\"");
}

TEST(CatalogState, DependentsComeBeforeWhatTheyUse) {
  CatalogState state = sample();
  std::vector<ItemRef> all = state.with_dependents(ObjectId{1});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->id, ObjectId{3});
  EXPECT_EQ(all[2]->id, ObjectId{1});
}

TEST(CatalogState, RenamingFreesTheOldName) {
  CatalogState state = sample();
  state.apply(PutItem{make_item(1, ItemKind::kTable, {"db", "public", "renamed"}, {})});
  NameContext context{"db", {"public"}};
  EXPECT_EQ(state.find_item({"t"}, context), nullptr);
  EXPECT_EQ(state.find_item({"renamed"}, context)->id, ObjectId{1});
}

TEST(CatalogState, CommentsGoWithWhatTheyAreOn) {
  CatalogState state = sample();
  state.apply(CreateCluster{ClusterId{30}, "c", "1", 1, "r"});
  for (uint64_t id : {10, 20, 21, 30}) state.apply(SetComment{ObjectId{id}, 0, "on it"});
  state.apply(CreateDatabase{10, "db", "r"});
  state.apply(SetComment{ObjectId{1}, 0, "on it"});
  state.apply(SetComment{ObjectId{1}, 2, "on its second column"});
  state.apply(SetComment{ObjectId{2}, 0, "on it"});
  state.apply(SetComment{ObjectId{2}, 0, std::nullopt});
  EXPECT_EQ(state.comment(ObjectId{1}, 0), "on it");
  EXPECT_EQ(state.comment(ObjectId{1}, 2), "on its second column");
  EXPECT_EQ(state.comment(ObjectId{2}, 0), "");
  state.apply(DropItem{ObjectId{1}});
  state.apply(DropSchema{"db", "other"});
  state.apply(DropCluster{ClusterId{30}});
  ASSERT_EQ(state.comments().size(), 2u);
  EXPECT_EQ(state.comment(ObjectId{20}, 0), "on it");
  state.apply(DropDatabase{"db"});
  EXPECT_EQ(state.comment(ObjectId{10}, 0), "");
}

TEST(CatalogState, CommentsFollowARename) {
  CatalogState state = sample();
  state.apply(SetComment{ObjectId{1}, 0, "on it"});
  state.apply(SetComment{ObjectId{21}, 0, "on the schema"});
  state.apply(PutItem{make_item(1, ItemKind::kTable, {"db", "public", "renamed"}, {})});
  state.apply(CreateSchema{21, "db", "renamed", "r"});
  state.apply(DropSchema{"db", "other"});
  EXPECT_EQ(state.comment(ObjectId{1}, 0), "on it");
  EXPECT_EQ(state.comment(ObjectId{21}, 0), "on the schema");
}

CatalogState read_back(const std::vector<CatalogChange>& changes) {
  CatalogState state;
  for (const CatalogChange& change : changes) {
    DurableChange durable = encode_change(change);
    state.apply(decode_change(durable.key, *durable.value).value());
  }
  return state;
}

TEST(DurableItem, CommentsRoundTrip) {
  CatalogState state =
      read_back({SetComment{ObjectId{7}, 0, "on it \"…\""},
                 SetComment{ObjectId{7}, 3, "on a column"}, SetRoleComment{"a/b", "on a role"}});
  EXPECT_EQ(state.comment(ObjectId{7}, 0), "on it \"…\"");
  EXPECT_EQ(state.comment(ObjectId{7}, 3), "on a column");
  EXPECT_EQ(state.role_comments().at("a/b"), "on a role");
  EXPECT_EQ(encode_change(SetComment{ObjectId{7}, 3, std::nullopt}).value, std::nullopt);
  EXPECT_EQ(encode_change(SetRoleComment{"r", std::nullopt}).value, std::nullopt);
}

TEST(DurableItem, CommentsAreReadAsTheyWereFirstWritten) {
  CatalogState state;
  state.apply(
      decode_change("comment/100007/2", R"({"column":2,"id":100007,"text":"old"})").value());
  EXPECT_EQ(state.comment(ObjectId{100007}, 2), "old");
}

TEST(DurableItem, RoundTripsThroughJson) {
  CatalogItem item;
  item.id = ObjectId{9};
  item.kind = ItemKind::kTable;
  item.name = {"d", "s", "n\"x"};
  item.create_sql = "CREATE TABLE …";
  defs::SourceTableDef table;
  table.upstream = {77, "public", "orders", {{"id", 1, 20, -1, true}}, {{"pk", true, false, {0}}}};
  table.columns = {0};
  table.as_text = {true};
  item.facts = table;
  DurableChange change = encode_change(PutItem{std::make_shared<const CatalogItem>(item)});
  EXPECT_EQ(change.key, "item/9");
  DurableItem back = decode_item(*change.value).value();
  EXPECT_EQ(back.name, item.name);
  EXPECT_EQ(back.create_sql, item.create_sql);
  defs::SourceTableDef read;
  ASSERT_TRUE(decode_table_details(back.details_json, read));
  EXPECT_EQ(read.upstream, table.upstream);
  EXPECT_EQ(read.as_text, table.as_text);
}

TEST(DurableItem, DamageIsAnErrorNotACrash) {
  EXPECT_FALSE(decode_item("{"));
  EXPECT_FALSE(decode_item("{\"id\":1}"));
  EXPECT_FALSE(decode_change("cluster/1", "[]"));
  EXPECT_FALSE(decode_change("what/1", "{}"));
}

}  // namespace
}  // namespace penstock::catalog
