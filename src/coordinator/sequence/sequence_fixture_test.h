// What the tests of this folder share: a catalog with database `d`, its schema `public` and cluster
// `c1`, all of role `r`, against which statements are decided.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "coordinator/sequence/statements.h"
#include "sql/parse/parse.h"

namespace penstock::coordinator {

class SequenceTest : public testing::Test {
 protected:
  SequenceTest() {
    apply({catalog::CreateRole{"r"}, catalog::CreateDatabase{1, "d", "r"},
           catalog::CreateSchema{2, "d", "public", "r"}});
    cluster(3, "c1");
  }

  void cluster(uint64_t id, const std::string& name) {
    apply({catalog::CreateCluster{ClusterId{id}, name, "1", 1, "r"}});
  }
  void put(uint64_t id, catalog::ItemKind kind, const std::string& name, catalog::ItemFacts facts) {
    catalog::CatalogItem item;
    item.id = ObjectId{id};
    item.kind = kind;
    item.name = {"d", "public", name};
    item.facts = std::move(facts);
    apply({catalog::PutItem{std::make_shared<const catalog::CatalogItem>(item)}});
  }
  void apply(const std::vector<catalog::CatalogChange>& changes) {
    for (const catalog::CatalogChange& change : changes) catalog_.apply(change);
  }

  // `found`: what was asked outside, for statements that ask.
  template <typename Kind, typename... Found>
  Result<Sequenced> decide(const std::string& text, const Found&... found) {
    ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(text));
    SequenceContext context{.catalog = catalog_,
                            .names = {.database = "d", .search_path = {"public"}},
                            .role = "r",
                            .cluster_name = "c1",
                            .ids = ids_,
                            .statement = statement_};
    return sequence(std::get<Kind>(statement.kind), found..., context);
  }

  catalog::CatalogState catalog_;
  IdMint ids_{1000};
  expr::StatementContext statement_;
};

}  // namespace penstock::coordinator
