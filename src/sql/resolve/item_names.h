// Finds every name of a catalog item in a syntax tree, and exchanges names for ids and back.
//
// What the catalog stores names other objects by id, `[u7 AS db.schema.name]`, so that a rename
// touches one object; what SHOW CREATE prints has their present full names. Pure functions.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_view.h"
#include "sql/parse/ast_statement.h"

namespace penstock::sql {

// Calls `visit` for each name of a relation, connection, secret or type of CREATE TYPE that the
// statement refers to; not for the object it creates, nor for names of common table expressions.
// Stops at the first error.
using ItemNameVisitor = std::function<Status(ItemName&)>;
Status visit_item_names(Statement& statement, const ItemNameVisitor& visit);
Status visit_item_names(Query& query, const ItemNameVisitor& visit);

// Puts id and full name into every item name, in place. Gives the ids, each once, in order.
// Errors: unknown catalog item (42P01), with its position.
Result<std::vector<ObjectId>> resolve_item_names(Statement& statement,
                                                 const catalog::CatalogView& catalog,
                                                 const catalog::NameContext& context);

// Takes the ids out and puts the present full names in: for people to read.
void name_items(Statement& statement, const catalog::CatalogView& catalog);

// The item a name means: by id if it has one, otherwise by name.
Result<catalog::ItemRef> lookup_item(const ItemName& name, const catalog::CatalogView& catalog,
                                     const catalog::NameContext& context);

// Whether a name of a type is one of the system's own.
bool is_builtin_type(const ItemName& name);
// type "x" does not exist (42704)
Error no_such_type(const ItemName& name);

// "u7" or "s3" -> id.
std::optional<ObjectId> parse_object_id(const std::string& text);
// The parts of a name as plain strings.
std::vector<std::string> name_parts(const ItemName& name);
// An item name with the id and full name of `item`.
ItemName id_reference(const catalog::CatalogItem& item);
// The full name of `item` without an id.
ItemName name_reference(const catalog::CatalogItem& item);

}  // namespace penstock::sql
