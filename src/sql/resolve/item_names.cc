// A walk over syntax trees that knows which names mean catalog items.
#include "sql/resolve/item_names.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <type_traits>

#include "base/check.h"
#include "defs/names.h"
#include "sql/parse/print.h"
#include "types/type_name.h"

namespace penstock::sql {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

class Walker {
 public:
  explicit Walker(const ItemNameVisitor& visit) : visit_(visit) {}

  Status query(Query& query) {
    size_t depth = ctes_.size();
    for (CommonTable& table : query.with) {
      RETURN_IF_ERROR(this->query(*table.query));
      ctes_.push_back(table.alias.name.text);
    }
    if (query.recursion) {
      for (RecursiveTable& table : query.recursion->tables) ctes_.push_back(table.name.text);
      for (RecursiveTable& table : query.recursion->tables) {
        RETURN_IF_ERROR(this->query(*table.query));
      }
    }
    RETURN_IF_ERROR(body(query.body));
    RETURN_IF_ERROR(order(query.order_by));
    RETURN_IF_ERROR(maybe(query.limit));
    RETURN_IF_ERROR(maybe(query.offset));
    ctes_.resize(depth);
    return {};
  }

  Status relation(ItemName& name) {
    if (!name.id && name.parts.size() == 1 &&
        std::ranges::find(ctes_, name.parts[0].text) != ctes_.end()) {
      return {};
    }
    return visit_(name);
  }

  Status expression(Expr& expr) {
    return std::visit([&](auto& node) { return this->node(node); }, expr.kind);
  }

  Status items(std::vector<SelectItem>& items) {
    for (SelectItem& item : items) RETURN_IF_ERROR(expression(item.expr));
    return {};
  }

  Status table(TableExpr& table) {
    return std::visit(Overloaded{[&](NamedTable& named) { return relation(named.name); },
                                 [&](DerivedTable& derived) { return query(*derived.query); },
                                 [&](FunctionTable& function) -> Status {
                                   for (FunctionCall& call : function.calls)
                                     RETURN_IF_ERROR(node(call));
                                   return {};
                                 },
                                 [&](Join& join) -> Status {
                                   RETURN_IF_ERROR(this->table(*join.left));
                                   RETURN_IF_ERROR(this->table(*join.right));
                                   return maybe(join.on);
                                 },
                                 [&](NestedTable& nested) { return this->table(*nested.inner); }},
                      table.kind);
  }

  Status options(std::vector<Option>& options) {
    for (Option& option : options) {
      if (option.target) RETURN_IF_ERROR(visit_(*option.target));
      if (option.value) RETURN_IF_ERROR(option_value(option.name, *option.value));
    }
    return {};
  }

  // The names in it that are the catalog's.
  Status type(TypeName& type) {
    return std::visit(
        Overloaded{
            [&](NamedType& named) -> Status {
              if (is_builtin_type(named.name)) return {};
              Status visited = visit_(named.name);
              if (visited || visited.error().state != sql_state::kUndefinedTable) return visited;
              return fail(
                  no_such_type(named.name).with_position(static_cast<int>(type.range.begin) + 1));
            },
            [&](ArrayType& array) { return this->type(*array.element); },
            [&](ListType& list) { return this->type(*list.element); },
            [&](MapType& map) -> Status {
              RETURN_IF_ERROR(this->type(*map.key));
              return this->type(*map.value);
            }},
        type.kind);
  }

 private:
  Status body(QueryBody& body) {
    return std::visit(Overloaded{[&](Box<Select>& select) { return this->select(*select); },
                                 [&](SetOperation& set) -> Status {
                                   RETURN_IF_ERROR(this->body(*set.left));
                                   return this->body(*set.right);
                                 },
                                 [&](ValuesBody& values) -> Status {
                                   for (auto& row : values.rows) RETURN_IF_ERROR(each(row));
                                   return {};
                                 },
                                 [&](TableBody& table) { return relation(table.name); },
                                 [&](NestedQuery& nested) { return query(*nested.query); },
                                 [&](ShowBody&) -> Status { return {}; }},
                      body.kind);
  }

  Status select(Select& select) {
    RETURN_IF_ERROR(each(select.distinct_on));
    RETURN_IF_ERROR(items(select.items));
    for (TableExpr& from : select.from) RETURN_IF_ERROR(table(from));
    RETURN_IF_ERROR(maybe(select.where));
    RETURN_IF_ERROR(each(select.group_by));
    RETURN_IF_ERROR(maybe(select.having));
    for (NamedWindow& window : select.windows) RETURN_IF_ERROR(this->window(window.spec));
    return maybe(select.qualify);
  }

  Status window(WindowSpec& spec) {
    RETURN_IF_ERROR(each(spec.partition_by));
    return order(spec.order_by);
  }
  Status each(std::vector<Expr>& expressions) {
    for (Expr& expr : expressions) RETURN_IF_ERROR(expression(expr));
    return {};
  }
  Status maybe(std::optional<Expr>& expr) { return expr ? expression(*expr) : Status(); }
  Status maybe(std::optional<Box<Expr>>& expr) { return expr ? expression(**expr) : Status(); }
  Status order(std::vector<OrderItem>& items) {
    for (OrderItem& item : items) RETURN_IF_ERROR(expression(*item.expr));
    return {};
  }
  Status both(Box<Expr>& left, Box<Expr>& right) {
    RETURN_IF_ERROR(expression(*left));
    return expression(*right);
  }

  // Leaves: literals and names of columns.
  template <typename Leaf>
    requires(std::is_same_v<Leaf, NullLiteral> || std::is_same_v<Leaf, BoolLiteral> ||
             std::is_same_v<Leaf, NumberLiteral> || std::is_same_v<Leaf, StringLiteral> ||
             std::is_same_v<Leaf, IntervalLiteral> || std::is_same_v<Leaf, Parameter> ||
             std::is_same_v<Leaf, DefaultValue> || std::is_same_v<Leaf, ColumnRef> ||
             std::is_same_v<Leaf, Wildcard>)
  Status node(Leaf&) {
    return {};
  }
  // One operand.
  template <typename Unary>
    requires requires(Unary& unary) {
      { unary.operand } -> std::same_as<Box<Expr>&>;
      requires std::is_same_v<Unary, FieldAccess> || std::is_same_v<Unary, FieldWildcard> ||
                   std::is_same_v<Unary, UnaryOp> || std::is_same_v<Unary, NotOp> ||
                   std::is_same_v<Unary, IsTest> || std::is_same_v<Unary, Collate>;
    }
  Status node(Unary& unary) {
    return expression(*unary.operand);
  }
  Status node(Cast& cast) {
    RETURN_IF_ERROR(expression(*cast.operand));
    return type(cast.type);
  }
  Status node(Subscript& subscript) {
    RETURN_IF_ERROR(expression(*subscript.operand));
    for (SubscriptPart& part : subscript.parts) {
      RETURN_IF_ERROR(each(part.start));
      RETURN_IF_ERROR(each(part.end));
    }
    return {};
  }
  Status node(BinaryOp& op) { return both(op.left, op.right); }
  Status node(LogicalOp& op) { return each(op.operands); }
  Status node(DistinctTest& test) { return both(test.left, test.right); }
  Status node(LikeTest& test) {
    RETURN_IF_ERROR(both(test.operand, test.pattern));
    return maybe(test.escape);
  }
  Status node(BetweenTest& test) {
    RETURN_IF_ERROR(expression(*test.operand));
    return both(test.low, test.high);
  }
  Status node(InList& in) {
    RETURN_IF_ERROR(expression(*in.operand));
    return each(in.list);
  }
  Status node(InSubquery& in) {
    RETURN_IF_ERROR(expression(*in.operand));
    return query(*in.query);
  }
  Status node(QuantifiedExpr& quantified) { return both(quantified.left, quantified.right); }
  Status node(QuantifiedSubquery& quantified) {
    RETURN_IF_ERROR(expression(*quantified.left));
    return query(*quantified.query);
  }
  Status node(CaseExpr& node) {
    RETURN_IF_ERROR(maybe(node.operand));
    for (CaseArm& arm : node.arms) RETURN_IF_ERROR(both(arm.condition, arm.result));
    return maybe(node.otherwise);
  }
  Status node(Conditional& conditional) { return each(conditional.arguments); }
  Status node(RowExpr& row) { return each(row.fields); }
  Status node(ArrayExpr& array) { return each(array.elements); }
  Status node(ListExpr& list) { return each(list.elements); }
  Status node(MapExpr& map) {
    for (MapEntry& entry : map.entries) RETURN_IF_ERROR(both(entry.key, entry.value));
    return {};
  }
  Status node(SubqueryExpr& subquery) { return query(*subquery.query); }
  Status node(Box<FunctionCall>& call) { return node(*call); }
  Status node(FunctionCall& call) {
    RETURN_IF_ERROR(each(call.arguments));
    RETURN_IF_ERROR(order(call.order_by));
    RETURN_IF_ERROR(maybe(call.filter));
    return call.over ? window(*call.over) : Status();
  }

  Status option_value(const std::string& option, OptionValue& value) {
    if (auto* secret = std::get_if<SecretRef>(&value.kind)) return visit_(secret->name);
    if (auto* name = std::get_if<ItemName>(&value.kind)) {
      bool is_object = option == "SSH TUNNEL" || option == "AWS CONNECTION";
      return is_object ? visit_(*name) : Status();
    }
    if (auto* named = std::get_if<TypeName>(&value.kind)) return type(*named);
    if (auto* expr = std::get_if<Box<Expr>>(&value.kind)) return expression(**expr);
    if (auto* sequence = std::get_if<OptionSequence>(&value.kind)) {
      for (OptionValue& item : sequence->items) RETURN_IF_ERROR(option_value(option, item));
    }
    return {};
  }

  const ItemNameVisitor& visit_;
  std::vector<std::string> ctes_;
};

struct StatementWalker {
  Walker& walker;
  const ItemNameVisitor& visit;

  Status operator()(SelectStatement& s) { return walker.query(s.query); }
  Status operator()(CreateView& s) { return walker.query(s.query); }
  Status operator()(CreateMaterializedView& s) { return walker.query(s.query); }
  Status operator()(CreateTable& s) {
    for (ColumnDefinition& column : s.columns) {
      if (column.type) RETURN_IF_ERROR(walker.type(*column.type));
      for (ColumnConstraint& constraint : column.constraints) {
        if (constraint.expr) RETURN_IF_ERROR(walker.expression(*constraint.expr));
      }
    }
    return {};
  }
  Status operator()(CreateType& s) {
    for (ColumnDefinition& field : s.fields) {
      if (field.type) RETURN_IF_ERROR(walker.type(*field.type));
    }
    return walker.options(s.options);
  }
  Status operator()(CreateConnection& s) { return walker.options(s.options); }
  Status operator()(CreateSource& s) {
    auto* from = std::get_if<ConnectionSource>(&s.from);
    return from ? visit(from->connection) : Status();
  }
  Status operator()(CreateTableFromSource& s) { return visit(s.source); }
  Status operator()(CreateIndex& s) {
    RETURN_IF_ERROR(visit(s.on));
    for (Expr& key : s.key) RETURN_IF_ERROR(walker.expression(key));
    return {};
  }
  Status operator()(CreateSink& s) {
    RETURN_IF_ERROR(visit(s.from));
    RETURN_IF_ERROR(visit(s.connection));
    RETURN_IF_ERROR(walker.options(s.options));
    if (!s.format) return {};
    if (s.format->key) RETURN_IF_ERROR(format(*s.format->key));
    return format(s.format->value);
  }
  template <typename Other>
  Status operator()(Other&) {
    return {};
  }

  Status format(Format& format) {
    auto* avro = std::get_if<AvroFormat>(&format.kind);
    if (avro == nullptr) return {};
    return std::visit(Overloaded{[](InlineSchema&) -> Status { return {}; },
                                 [&](auto& registry) -> Status {
                                   RETURN_IF_ERROR(visit(registry.connection));
                                   return walker.options(registry.options);
                                 }},
                      avro->schema);
  }
};

Identifier plain(const std::string& text) {
  return {text, false, {}};
}

}  // namespace

// regclass, regtype and regproc are no types of values, but literals are cast to them.
bool is_builtin_type(const ItemName& name) {
  if (name.id) return false;
  const std::vector<Identifier>& parts = name.parts;
  if (parts.size() > 1) {
    const std::string& schema = parts[parts.size() - 2].text;
    return schema == "pg_catalog" || schema == "mz_catalog";
  }
  const std::string& type = parts[0].text;
  return types::type_from_name(type).has_value() || type == "regclass" || type == "regtype" ||
         type == "regproc";
}

Error no_such_type(const ItemName& name) {
  return {sql_state::kUndefinedObject, "type \"" + print(name) + "\" does not exist"};
}

Status visit_item_names(Statement& statement, const ItemNameVisitor& visit) {
  Walker walker(visit);
  return std::visit(StatementWalker{walker, visit}, statement.kind);
}

Status visit_item_names(Query& query, const ItemNameVisitor& visit) {
  return Walker(visit).query(query);
}

std::optional<ObjectId> parse_object_id(const std::string& text) {
  if (text.size() < 2 || (text[0] != 'u' && text[0] != 's')) return std::nullopt;
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return ObjectId{text[0] == 'u' ? value + defs::kFirstUserId : value};
}

std::vector<std::string> name_parts(const ItemName& name) {
  std::vector<std::string> parts;
  for (const Identifier& part : name.parts) parts.push_back(part.text);
  return parts;
}

ItemName name_reference(const catalog::CatalogItem& item) {
  ItemName name;
  if (!item.name.database.empty()) name.parts.push_back(plain(item.name.database));
  name.parts.push_back(plain(item.name.schema));
  name.parts.push_back(plain(item.name.item));
  return name;
}

ItemName id_reference(const catalog::CatalogItem& item) {
  ItemName name = name_reference(item);
  name.id = defs::object_id_text(item.id);
  return name;
}

Result<catalog::ItemRef> lookup_item(const ItemName& name, const catalog::CatalogView& catalog,
                                     const catalog::NameContext& context) {
  if (name.id) {
    std::optional<ObjectId> id = parse_object_id(*name.id);
    catalog::ItemRef item = id ? catalog.item(*id) : nullptr;
    if (!item) return fail(sql_state::kUndefinedTable, "unknown catalog item '" + *name.id + "'");
    return item;
  }
  Result<catalog::ItemRef> item = catalog.resolve_item(name_parts(name), context);
  if (!item)
    return fail(std::move(item).error().with_position(static_cast<int>(name.range.begin) + 1));
  return item;
}

Result<std::vector<ObjectId>> resolve_item_names(Statement& statement,
                                                 const catalog::CatalogView& catalog,
                                                 const catalog::NameContext& context) {
  std::vector<ObjectId> ids;
  Status walked = visit_item_names(statement, [&](ItemName& name) -> Status {
    ASSIGN_OR_RETURN(catalog::ItemRef item, lookup_item(name, catalog, context));
    if (std::ranges::find(ids, item->id) == ids.end()) ids.push_back(item->id);
    ByteRange range = name.range;
    name = id_reference(*item);
    name.range = range;
    return {};
  });
  if (!walked) return std::unexpected(std::move(walked).error());
  return ids;
}

void name_items(Statement& statement, const catalog::CatalogView& catalog) {
  Status walked = visit_item_names(statement, [&](ItemName& name) -> Status {
    if (!name.id) return {};
    std::optional<ObjectId> id = parse_object_id(*name.id);
    catalog::ItemRef item = id ? catalog.item(*id) : nullptr;
    if (item) name = name_reference(*item);
    return {};
  });
  CHECK(walked.has_value());
}

}  // namespace penstock::sql
