// Names of types, those of CREATE TYPE included.
#pragma once

#include <string>

#include "catalog/catalog_view.h"
#include "types/sql_type.h"

namespace penstock::catalog {

// types::display_name(), but a type that CREATE TYPE made is called by its minimal name in
// `context`, also inside other types.
std::string type_text(const types::SqlType& type, const CatalogView& catalog,
                      const NameContext& context);

}  // namespace penstock::catalog
