// What the keeper makes durable is what it loads again.
#include "coordinator/catalog_keeper.h"

#include <gtest/gtest.h>

#include <map>

namespace penstock::coordinator {
namespace {

class MetaMap final : public storage::MetaStore {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override {
    auto found = entries.find(std::string(key));
    if (found == entries.end()) return std::nullopt;
    return found->second;
  }
  Result<std::vector<std::pair<std::string, std::string>>> scan(
      std::string_view prefix) const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& entry : entries) {
      if (entry.first.starts_with(prefix)) out.emplace_back(entry);
    }
    return out;
  }

  std::map<std::string, std::string> entries;
};

class CatalogKeeperTest : public testing::Test {
 protected:
  CatalogKeeperTest() : keeper_(CatalogKeeper::load(meta_).value()) {}

  void change(const std::vector<catalog::CatalogChange>& changes) {
    for (storage::MetaChange& one : keeper_->encode(changes)) {
      if (one.value) {
        meta_.entries[one.key] = *one.value;
      } else {
        meta_.entries.erase(one.key);
      }
    }
    keeper_->apply(changes);
  }
  CatalogSnapshot loaded() const { return CatalogKeeper::load(meta_).value()->snapshot(); }

  MetaMap meta_;
  std::unique_ptr<CatalogKeeper> keeper_;
};

TEST_F(CatalogKeeperTest, CommentsAreLoadedUntilTheirObjectGoes) {
  change({catalog::CreateRole{"r"}, catalog::CreateDatabase{100001, "d", "r"},
          catalog::CreateSchema{100002, "d", "s", "r"},
          catalog::CreateCluster{ClusterId{100003}, "c", "1", 1, "r"}});
  for (uint64_t id : {100001, 100002, 100003}) {
    change({catalog::SetComment{ObjectId{id}, 0, "on " + std::to_string(id)}});
  }
  change({catalog::SetRoleComment{"r", "on r"}});
  CatalogSnapshot catalog = loaded();
  EXPECT_EQ(catalog->comment(ObjectId{100001}, 0), "on 100001");
  EXPECT_EQ(catalog->comment(ObjectId{100003}, 0), "on 100003");
  EXPECT_EQ(catalog->role_comments().at("r"), "on r");

  // As a rename does it.
  change({catalog::CreateSchema{100002, "d", "t", "r"}, catalog::DropSchema{"d", "s"}});
  EXPECT_EQ(loaded()->comment(ObjectId{100002}, 0), "on 100002");

  change({catalog::DropSchema{"d", "t"}, catalog::DropDatabase{"d"},
          catalog::DropCluster{ClusterId{100003}}, catalog::SetRoleComment{"r", std::nullopt}});
  EXPECT_TRUE(loaded()->comments().empty());
  EXPECT_TRUE(loaded()->role_comments().empty());
}

}  // namespace
}  // namespace penstock::coordinator
