// COMMENT ON: what it may be on, and what it says of anything else.
#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

class CommentTest : public SequenceTest {
 protected:
  CommentTest() {
    catalog::CatalogItem table;
    table.id = ObjectId{10};
    table.name = {"d", "public", "t"};
    types::SqlType type = types::SqlType::of(types::TypeId::kInt4);
    table.relation.emplace();
    table.relation->columns = {{"a", {type, true}}, {"b", {type, true}}};
    apply({catalog::PutItem{std::make_shared<const catalog::CatalogItem>(table)}});
    put(11, catalog::ItemKind::kSecret, "s", catalog::NoFacts{});
    catalog::CatalogItem builtin = table;
    builtin.id = ObjectId{900};
    builtin.name = {"", "mz_catalog", "mz_things"};
    apply({catalog::PutItem{std::make_shared<const catalog::CatalogItem>(builtin)}});
  }

  catalog::SetComment comment(const std::string& text) {
    auto decided = decide<sql::CommentOn>(text);
    EXPECT_TRUE(decided) << text << ": " << decided.error().message;
    if (!decided) return {};
    EXPECT_EQ(decided->tag, "COMMENT");
    EXPECT_EQ(decided->changes.size(), 1u);
    return std::get<catalog::SetComment>(decided->changes[0]);
  }
  std::string refusal(const std::string& text) {
    auto decided = decide<sql::CommentOn>(text);
    if (decided) return "none";
    return std::string(decided.error().state.view()) + " " + decided.error().message;
  }
};

TEST_F(CommentTest, NamesWhatItIsOn) {
  EXPECT_EQ(comment("COMMENT ON TABLE t IS 'x'").id, ObjectId{10});
  EXPECT_EQ(comment("COMMENT ON TABLE t IS 'x'").text, "x");
  EXPECT_EQ(comment("COMMENT ON COLUMN d.public.t.b IS 'x'").column, 2u);
  EXPECT_EQ(comment("COMMENT ON SECRET s IS 'x'").id, ObjectId{11});
  EXPECT_EQ(comment("COMMENT ON DATABASE d IS 'x'").id, ObjectId{1});
  EXPECT_EQ(comment("COMMENT ON SCHEMA public IS 'x'").id, ObjectId{2});
  EXPECT_EQ(comment("COMMENT ON SCHEMA d.public IS 'x'").id, ObjectId{2});
  EXPECT_EQ(comment("COMMENT ON CLUSTER c1 IS 'x'").id, ObjectId{3});
  auto role = decide<sql::CommentOn>("COMMENT ON ROLE r IS 'x'");
  ASSERT_TRUE(role);
  EXPECT_EQ(std::get<catalog::SetRoleComment>(role->changes[0]).role, "r");
}

TEST_F(CommentTest, NullAndNothingTakeItAway) {
  EXPECT_EQ(comment("COMMENT ON TABLE t IS NULL").text, std::nullopt);
  EXPECT_EQ(comment("COMMENT ON TABLE t IS ''").text, std::nullopt);
}

TEST_F(CommentTest, IsLimitedInBytes) {
  std::string fits(1022, 'x');
  EXPECT_EQ(comment("COMMENT ON TABLE t IS '" + fits + "ü'").text->size(), 1024u);
  EXPECT_EQ(refusal("COMMENT ON TABLE t IS '" + fits + "xü'"),
            "54000 provided comment was 1025 bytes long, max size is 1024 bytes");
}

TEST_F(CommentTest, SaysWhatIsNotThere) {
  EXPECT_EQ(refusal("COMMENT ON TABLE u IS 'x'"), "42P01 unknown catalog item 'u'");
  EXPECT_EQ(refusal("COMMENT ON COLUMN t.z IS 'x'"), "42703 column \"t.z\" does not exist");
  EXPECT_EQ(refusal("COMMENT ON COLUMN u.a IS 'x'"), "42P01 unknown catalog item 'u'");
  EXPECT_EQ(refusal("COMMENT ON DATABASE e IS 'x'"), "3F000 unknown database 'e'");
  EXPECT_EQ(refusal("COMMENT ON SCHEMA e IS 'x'"), "3F000 unknown schema 'e'");
  EXPECT_EQ(refusal("COMMENT ON SCHEMA e.public IS 'x'"), "3F000 unknown database 'e'");
  EXPECT_EQ(refusal("COMMENT ON CLUSTER e IS 'x'"), "42704 unknown cluster 'e'");
  EXPECT_EQ(refusal("COMMENT ON ROLE e IS 'x'"), "42704 unknown role 'e'");
  EXPECT_EQ(refusal("COMMENT ON DATABASE d.e IS 'x'"), "42601 a database's name has one part");
}

TEST_F(CommentTest, SaysWhatIsOfAnotherKind) {
  EXPECT_EQ(refusal("COMMENT ON VIEW t IS 'x'"), "42809 t is not a view");
  EXPECT_EQ(refusal("COMMENT ON COLUMN s.a IS 'x'"),
            "42809 s is a secret and so does not have columns");
  EXPECT_EQ(refusal("COMMENT ON TYPE t IS 'x'"), "42809 t is not a type");
}

TEST_F(CommentTest, LeavesTheSystemAlone) {
  EXPECT_EQ(refusal("COMMENT ON TABLE mz_things IS 'x'"),
            "42501 cannot comment on table mz_things because it is required by the database "
            "system");
  EXPECT_TRUE(refusal("COMMENT ON COLUMN mz_things.a IS 'x'").starts_with("42501 "));
  EXPECT_TRUE(refusal("COMMENT ON SCHEMA mz_catalog IS 'x'").starts_with("42501 "));
  EXPECT_TRUE(refusal("COMMENT ON ROLE mz_system IS 'x'").starts_with("42501 "));
}

}  // namespace
}  // namespace penstock::coordinator
