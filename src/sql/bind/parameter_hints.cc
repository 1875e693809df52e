// Parameters that stand alone in a SELECT list take the type of what the column is for: the column
// of INSERT, or the other side of a set operation. Without that they would be text.
#include "sql/bind/binder.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

void Binder::hint_parameter(const Expr& expr, const SqlType& type) {
  const auto* parameter = std::get_if<Parameter>(&expr.kind);
  if (parameter == nullptr || options_.in_view || options_.parameter_values) return;
  if (parameter->number < 1 || parameter->number > kMaxParameters) return;
  if (type.id == TypeId::kUnknown) return;
  const auto index = static_cast<size_t>(parameter->number - 1);
  if (options_.parameter_types.size() <= index) options_.parameter_types.resize(index + 1);
  if (!options_.parameter_types[index]) {
    options_.parameter_types[index] = types::without_modifier(type);
  }
}

void Binder::hint_parameters(const QueryBody& body, const std::vector<SqlType>& types) {
  if (const auto* nested = std::get_if<NestedQuery>(&body.kind)) {
    return hint_parameters(nested->query->body, types);
  }
  if (const auto* operation = std::get_if<SetOperation>(&body.kind)) {
    hint_parameters(*operation->left, types);
    return hint_parameters(*operation->right, types);
  }
  if (const auto* values = std::get_if<ValuesBody>(&body.kind)) {
    for (const std::vector<Expr>& row : values->rows) {
      for (size_t i = 0; i < row.size() && i < types.size(); ++i) hint_parameter(row[i], types[i]);
    }
    return;
  }
  const auto* select = std::get_if<Box<Select>>(&body.kind);
  if (select == nullptr) return;
  const std::vector<SelectItem>& items = (*select)->items;
  for (size_t i = 0; i < items.size() && i < types.size(); ++i) {
    // What follows a wildcard is who knows which column.
    if (std::holds_alternative<Wildcard>(items[i].expr.kind)) return;
    hint_parameter(items[i].expr, types[i]);
  }
}

}  // namespace penstock::sql
