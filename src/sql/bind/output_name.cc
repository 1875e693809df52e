// The names of output columns without alias. They become field names in sinks.
#include <optional>

#include "sql/bind/select_binder.h"
#include "sql/parse/print.h"
#include "types/type_name.h"

namespace penstock::sql {
namespace {

// A strong name wins over the name of a cast or CASE around it.
struct Name {
  std::string text;
  bool strong = true;
};
using MaybeName = std::optional<Name>;

MaybeName name_of(const Expr& expr);

MaybeName name_of_query(const Query& query) {
  if (const auto* select = std::get_if<Box<Select>>(&query.body.kind)) {
    const std::vector<SelectItem>& items = (*select)->items;
    if (items.size() != 1) return std::nullopt;
    if (items[0].alias) return Name{items[0].alias->text};
    return name_of(items[0].expr);
  }
  if (const auto* nested = std::get_if<NestedQuery>(&query.body.kind)) {
    return name_of_query(*nested->query);
  }
  if (std::holds_alternative<ValuesBody>(query.body.kind)) return Name{"column1"};
  return std::nullopt;
}

MaybeName name_of_type(const TypeName& type) {
  if (const auto* named = std::get_if<NamedType>(&type.kind)) {
    const std::string& name = named->name.parts.back().text;
    if (auto known = types::type_from_name(name)) {
      return Name{types::catalog_name(*known), false};
    }
    return Name{name, false};
  }
  if (const auto* array = std::get_if<ArrayType>(&type.kind)) return name_of_type(*array->element);
  return Name{std::holds_alternative<ListType>(type.kind) ? "list" : "map", false};
}

struct Namer {
  MaybeName operator()(const ColumnRef& reference) const {
    return Name{reference.parts.back().text};
  }
  MaybeName operator()(const FieldAccess& access) const { return Name{access.field.text}; }
  MaybeName operator()(const Box<FunctionCall>& call) const {
    return Name{call->name.parts.back().text};
  }
  MaybeName operator()(const Conditional& conditional) const {
    switch (conditional.kind) {
      case ConditionalKind::kCoalesce:
        return Name{"coalesce"};
      case ConditionalKind::kNullif:
        return Name{"nullif"};
      case ConditionalKind::kGreatest:
        return Name{"greatest"};
      case ConditionalKind::kLeast:
        return Name{"least"};
    }
    return std::nullopt;
  }
  MaybeName operator()(const ArrayExpr&) const { return Name{"array"}; }
  MaybeName operator()(const ListExpr&) const { return Name{"list"}; }
  MaybeName operator()(const MapExpr&) const { return Name{"map"}; }
  MaybeName operator()(const RowExpr&) const { return Name{"row"}; }
  MaybeName operator()(const BoolLiteral&) const { return Name{"bool", false}; }
  MaybeName operator()(const IntervalLiteral&) const { return Name{"interval", false}; }
  MaybeName operator()(const Cast& cast) const {
    MaybeName inner = name_of(*cast.operand);
    if (inner && inner->strong) return inner;
    return name_of_type(cast.type);
  }
  MaybeName operator()(const CaseExpr& node) const {
    if (node.otherwise) {
      MaybeName inner = name_of(**node.otherwise);
      if (inner && inner->strong) return inner;
    }
    return Name{"case", false};
  }
  MaybeName operator()(const Subscript& subscript) const { return name_of(*subscript.operand); }
  MaybeName operator()(const Collate& collate) const { return name_of(*collate.operand); }
  MaybeName operator()(const SubqueryExpr& subquery) const {
    if (subquery.kind == SubqueryKind::kExists) return Name{"exists"};
    if (subquery.kind == SubqueryKind::kMap) return Name{"map"};
    return name_of_query(*subquery.query);
  }
  template <typename Other>
  MaybeName operator()(const Other&) const {
    return std::nullopt;
  }
};

MaybeName name_of(const Expr& expr) {
  return std::visit(Namer(), expr.kind);
}

}  // namespace

std::string output_name(const Expr& expr) {
  MaybeName name = name_of(expr);
  return name ? name->text : "?column?";
}

}  // namespace penstock::sql
