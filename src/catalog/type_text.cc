// Names of types, those of CREATE TYPE included.
#include "catalog/type_text.h"

#include "types/type_name.h"

namespace penstock::catalog {

std::string type_text(const types::SqlType& type, const CatalogView& catalog,
                      const NameContext& context) {
  if (ItemRef item = type.named.is_none() ? nullptr : catalog.item(type.named)) {
    return catalog.minimal_name(*item, context);
  }
  auto text_of = [&](const types::SqlType& part) { return type_text(part, catalog, context); };
  switch (type.id) {
    case types::TypeId::kArray:
      return text_of(*type.element) + "[]";
    case types::TypeId::kList:
      return text_of(*type.element) + " list";
    case types::TypeId::kMap:
      return "map[text=>" + text_of(*type.element) + "]";
    case types::TypeId::kRecord: {
      std::string out = "record(";
      for (const types::ColumnDesc& field : *type.fields) {
        if (out.back() != '(') out += ',';
        out += field.name + ": " + text_of(field.type.type) + (field.type.nullable ? "?" : "");
      }
      return out + ")";
    }
    default:
      return types::display_name(type);
  }
}

}  // namespace penstock::catalog
