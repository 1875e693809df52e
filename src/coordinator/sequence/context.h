// What the sequencing of one statement may look at, and the checks that all DDL shares: where a new
// object goes, whether its name is free, what IF EXISTS and IF NOT EXISTS say.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "coordinator/sequence/sequenced.h"
#include "expr/statement_context.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_show.h"

namespace penstock::coordinator {

// Mints ids that are never used again, also after a restart. Owned by the coordinator's thread.
class IdMint {
 public:
  explicit IdMint(uint64_t next) : next_(next) {}
  ObjectId object() { return ObjectId{next_++}; }
  uint64_t plain() { return next_++; }
  uint64_t next() const { return next_; }
  // PostgreSQL's kind of id of an object: unique, 32 bits.
  static uint32_t oid_of(uint64_t id) { return static_cast<uint32_t>(20000 + id % 4'000'000'000); }

 private:
  uint64_t next_;
};

struct SequenceContext {
  const catalog::CatalogState& catalog;
  catalog::NameContext names;
  std::string role;
  std::string cluster_name;  // Of the session.
  bool is_superuser = false;
  IdMint& ids;
  const expr::StatementContext& statement;
};

// Where an object called `name` would be created. Errors: unknown database or schema, no schema
// selected (3F000), a schema of the system.
Result<catalog::FullName> creation_name(const sql::ItemName& name, const SequenceContext& context);

// True: the name is free. False: it is taken and `if_not_exists` says that is fine (a notice is
// added). Otherwise the error `{type} "full.name" already exists`.
Result<bool> name_is_free(const catalog::FullName& name, bool if_not_exists,
                          const SequenceContext& context, Sequenced& out);

// The cluster named, or the session's.
Result<ClusterId> cluster_for(const std::optional<sql::Identifier>& in_cluster,
                              const SequenceContext& context);

// An item that must be of `kind`. Error: `x is not a sink`, with a hint.
Result<catalog::ItemRef> item_of_kind(const sql::ItemName& name, catalog::ItemKind kind,
                                      const SequenceContext& context);
catalog::ItemKind kind_of(sql::ObjectType type);
// "MATERIALIZED VIEW"
std::string_view object_type_words(sql::ObjectType type);

// An item with everything but its facts filled in.
catalog::CatalogItem new_item(catalog::FullName name, catalog::ItemKind kind,
                              SequenceContext& context);
catalog::PutItem put_item(catalog::CatalogItem item);

// Names of databases, schemas, roles and clusters may not look like the system's.
Status check_unreserved(const std::string& name, std::string_view what);
Notice notice(SqlState state, std::string message);
// What IF EXISTS says of a `kind` that is not there.
void skip_missing(std::string_view kind, std::string_view name, Sequenced& out);

}  // namespace penstock::coordinator
