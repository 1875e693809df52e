// Names, types and expressions as text. Parentheses are put where the precedence of the parser
// would otherwise read another tree.
#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "sql/parse/keyword.h"
#include "sql/parse/printer.h"

namespace penstock::sql {
namespace {

bool is_plain_word(std::string_view text) {
  const auto start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c & 0x80) != 0; };
  const auto part = [&](char c) { return start(c) || (c >= '0' && c <= '9') || c == '$'; };
  return !text.empty() && start(text[0]) && std::all_of(text.begin(), text.end(), part);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

// Names of types that, unquoted, would be read as a spelling of another type.
bool is_type_spelling(std::string_view text) {
  constexpr std::string_view kSpellings[] = {
      "bigint", "boolean", "bytes",   "char", "character", "dec",      "decimal", "double",
      "float",  "int",     "integer", "json", "real",      "smallint", "string"};
  return std::find(std::begin(kSpellings), std::end(kSpellings), text) != std::end(kSpellings);
}

// Names that begin a keyword form when `(` follows.
bool begins_form(std::string_view keyword) {
  constexpr std::string_view kForms[] = {
      "ARRAY", "COALESCE",  "EXISTS", "EXTRACT",  "GREATEST", "LEAST",     "LIST",
      "MAP",   "NORMALIZE", "NULLIF", "POSITION", "ROW",      "SUBSTRING", "TRIM"};
  return std::find(std::begin(kForms), std::end(kForms), keyword) != std::end(kForms);
}

Precedence precedence_of_operator(std::string_view op) {
  if (op == "=" || op == "<" || op == ">" || op == "<=" || op == ">=" || op == "<>") {
    return Precedence::kComparison;
  }
  if (op == "+" || op == "-") return Precedence::kPlus;
  if (op == "*" || op == "/" || op == "%") return Precedence::kTimes;
  if (op == "^") return Precedence::kPower;
  return Precedence::kOther;
}

struct PrecedenceOf {
  Precedence operator()(const BinaryOp& op) const {
    return op.op_schema.empty() ? precedence_of_operator(op.op) : Precedence::kOther;
  }
  Precedence operator()(const UnaryOp& op) const {
    return op.op == "-" || op.op == "+" ? Precedence::kUnary : Precedence::kOther;
  }
  Precedence operator()(const NotOp&) const { return Precedence::kNot; }
  Precedence operator()(const LogicalOp& op) const {
    return op.conjunction ? Precedence::kAnd : Precedence::kOr;
  }
  Precedence operator()(const IsTest&) const { return Precedence::kIs; }
  Precedence operator()(const DistinctTest&) const { return Precedence::kIs; }
  Precedence operator()(const LikeTest&) const { return Precedence::kLike; }
  Precedence operator()(const BetweenTest&) const { return Precedence::kLike; }
  Precedence operator()(const InList&) const { return Precedence::kLike; }
  Precedence operator()(const InSubquery&) const { return Precedence::kLike; }
  Precedence operator()(const QuantifiedExpr& e) const { return precedence_of_operator(e.op); }
  Precedence operator()(const QuantifiedSubquery& e) const { return precedence_of_operator(e.op); }
  Precedence operator()(const Collate&) const { return Precedence::kCollate; }
  template <typename Other>
  Precedence operator()(const Other&) const {
    return Precedence::kPostfix;
  }
};

Precedence precedence_of(const Expr& expr) {
  return std::visit(PrecedenceOf{}, expr.kind);
}

// The next lower precedence: the floor for the left operand of a left-associative operator.
Precedence below(Precedence precedence) {
  return static_cast<Precedence>(static_cast<int>(precedence) - 1);
}

std::string_view words_of(IntervalField field) {
  constexpr std::string_view kWords[] = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"};
  return kWords[static_cast<std::size_t>(field)];
}

std::string_view words_of(FrameBoundKind kind) {
  constexpr std::string_view kWords[] = {"UNBOUNDED PRECEDING", " PRECEDING", "CURRENT ROW",
                                         " FOLLOWING", "UNBOUNDED FOLLOWING"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string_view words_of(SubqueryKind kind) {
  constexpr std::string_view kWords[] = {"", "EXISTS ", "ARRAY", "LIST", "MAP"};
  return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string quote_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

std::string quote_identifier(std::string_view text) {
  const bool bare = is_plain_word(text) && !quoted_when_printed(find_keyword(text));
  return bare ? std::string(text) : quoted(text);
}

void Printer::literal(std::string_view value) {
  text(redacted() ? "'<REDACTED>'" : quote_literal(value));
}

void Printer::plain_literal(std::string_view value) {
  text(quote_literal(value));
}

void Printer::put(const Identifier& identifier) {
  text(quote_identifier(identifier.text));
}

void Printer::put(const ItemName& name) {
  if (name.id) text("[" + *name.id + " AS ");
  for (std::size_t i = 0; i < name.parts.size(); ++i) {
    if (i > 0) text(".");
    put(name.parts[i]);
  }
  if (name.version) text(" VERSION " + std::to_string(*name.version));
  if (name.id) text("]");
}

void Printer::put(const TypeName& type) {
  if (const auto* named = std::get_if<NamedType>(&type.kind)) {
    const bool alone = !named->name.id && named->name.parts.size() == 1;
    const std::string& word = named->name.parts.front().text;
    if (alone && is_type_spelling(word)) {
      text(quoted(word));
    } else if (alone && word == "interval") {
      text(word);
    } else {
      put(named->name);
    }
    for (std::size_t i = 0; i < named->modifiers.size(); ++i) {
      text(i == 0 ? "(" : ", ");
      text(std::to_string(named->modifiers[i]));
    }
    if (!named->modifiers.empty()) text(")");
  } else if (const auto* array = std::get_if<ArrayType>(&type.kind)) {
    put(*array->element);
    text("[]");
  } else if (const auto* list_type = std::get_if<ListType>(&type.kind)) {
    put(*list_type->element);
    text(" list");
  } else if (const auto* map = std::get_if<MapType>(&type.kind)) {
    text("map[");
    put(*map->key);
    text(" => ");
    put(*map->value);
    text("]");
  }
}

// Prints each kind of expression; parentheses around the whole are put_above's.
struct ExprPrinter {
  Printer& out;

  void operator()(const NullLiteral&) { out.text("NULL"); }
  void operator()(const BoolLiteral& literal) { out.text(literal.value ? "true" : "false"); }
  void operator()(const NumberLiteral& literal) {
    out.text(out.redacted() ? "'<REDACTED>'" : literal.text);
  }
  void operator()(const StringLiteral& literal) { out.literal(literal.value); }
  void operator()(const IntervalLiteral& literal) {
    out.text("INTERVAL ");
    out.literal(literal.value);
    if (literal.head) {
      out.text(" ");
      out.text(words_of(*literal.head));
    }
    if (literal.tail) {
      out.text(" TO ");
      out.text(words_of(*literal.tail));
    }
    if (literal.second_precision) {
      out.text("(" + std::to_string(*literal.second_precision) + ")");
    }
  }
  void operator()(const Parameter& parameter) { out.text("$" + std::to_string(parameter.number)); }
  void operator()(const DefaultValue&) { out.text("DEFAULT"); }
  void operator()(const ColumnRef& column) { dotted(column.parts); }
  void operator()(const Wildcard& wildcard) {
    dotted(wildcard.qualifier);
    out.text(wildcard.qualifier.empty() ? "*" : ".*");
  }
  void operator()(const FieldAccess& access) {
    in_parens(*access.operand);
    out.text(".");
    out.put(access.field);
  }
  void operator()(const FieldWildcard& wildcard) {
    in_parens(*wildcard.operand);
    out.text(".*");
  }
  void operator()(const Subscript& subscript) {
    const ExprKind& kind = subscript.operand->kind;
    const bool bare =
        std::holds_alternative<ColumnRef>(kind) || std::holds_alternative<Subscript>(kind) ||
        std::holds_alternative<ArrayExpr>(kind) || std::holds_alternative<ListExpr>(kind);
    if (bare) {
      out.put(*subscript.operand);
    } else {
      in_parens(*subscript.operand);
    }
    out.text("[");
    for (std::size_t i = 0; i < subscript.parts.size(); ++i) {
      const SubscriptPart& part = subscript.parts[i];
      if (i > 0) out.text(", ");
      out.list(part.start);
      if (part.slice) out.text(":");
      out.list(part.end);
    }
    out.text("]");
  }
  void operator()(const UnaryOp& op) {
    out.text(op.op);
    const std::size_t begin = out.out_.size();
    out.put_above(*op.operand, PrecedenceOf{}(op));
    if (begin == out.out_.size()) return;
    const char first = out.out_[begin];
    constexpr std::string_view kOperatorCharacters = "+-*/<>=~!@#%^&|`?";
    if (op.op == "-" && (first == '.' || (first >= '0' && first <= '9'))) {
      out.out_.insert(begin, 1, '(');  // Else the minus would become part of the literal.
      out.out_ += ')';
    } else if (kOperatorCharacters.find(first) != std::string_view::npos) {
      out.out_.insert(begin, 1, ' ');  // Else the operators would merge.
    }
  }
  void operator()(const BinaryOp& op) {
    const Precedence precedence = PrecedenceOf{}(op);
    out.put_above(*op.left, below(precedence));
    out.text(" ");
    if (op.op_schema.empty()) {
      out.text(op.op);
    } else {
      out.text("OPERATOR(");
      dotted(op.op_schema);
      out.text("." + op.op + ")");
    }
    out.text(" ");
    out.put_above(*op.right, precedence);
  }
  void operator()(const NotOp& op) {
    out.text("NOT ");
    out.put_above(*op.operand, Precedence::kNot);
  }
  void operator()(const LogicalOp& op) {
    const Precedence precedence = PrecedenceOf{}(op);
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      if (i > 0) out.text(op.conjunction ? " AND " : " OR ");
      out.put_above(op.operands[i], precedence);
    }
  }
  void operator()(const IsTest& test) {
    constexpr std::string_view kWords[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
    out.put_above(*test.operand, below(Precedence::kIs));
    out.text(test.negated ? " IS NOT " : " IS ");
    out.text(kWords[static_cast<std::size_t>(test.test)]);
  }
  void operator()(const DistinctTest& test) {
    out.put_above(*test.left, below(Precedence::kIs));
    out.text(test.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
    out.put_above(*test.right, Precedence::kIs);
  }
  void operator()(const LikeTest& test) {
    membership(*test.operand, test.negated, test.case_insensitive ? "ILIKE " : "LIKE ");
    out.put_above(*test.pattern, Precedence::kLike);
    if (test.escape) {
      out.text(" ESCAPE ");
      out.put_above(**test.escape, Precedence::kLike);
    }
  }
  void operator()(const BetweenTest& test) {
    membership(*test.operand, test.negated, "BETWEEN ");
    out.put_above(*test.low, Precedence::kLike);
    out.text(" AND ");
    out.put_above(*test.high, Precedence::kLike);
  }
  void operator()(const InList& in) {
    membership(*in.operand, in.negated, "IN ");
    out.list_in_parens(in.list);
  }
  void operator()(const InSubquery& in) {
    membership(*in.operand, in.negated, "IN ");
    subquery(*in.query);
  }
  void operator()(const QuantifiedExpr& quantified) {
    quantifier(*quantified.left, quantified.op, quantified.all);
    in_parens(*quantified.right);
  }
  void operator()(const QuantifiedSubquery& quantified) {
    quantifier(*quantified.left, quantified.op, quantified.all);
    subquery(*quantified.query);
  }
  void operator()(const Cast& cast) {
    out.put_above(*cast.operand, Precedence::kUnary);
    out.text("::");
    out.put(cast.type);
  }
  void operator()(const Collate& collate) {
    out.put_above(*collate.operand, below(Precedence::kCollate));
    out.text(" COLLATE ");
    out.put(collate.collation);
  }
  void operator()(const CaseExpr& expr) {
    out.text("CASE");
    if (expr.operand) prefixed(" ", **expr.operand);
    for (const CaseArm& arm : expr.arms) {
      prefixed(" WHEN ", *arm.condition);
      prefixed(" THEN ", *arm.result);
    }
    if (expr.otherwise) prefixed(" ELSE ", **expr.otherwise);
    out.text(" END");
  }
  void operator()(const Conditional& conditional) {
    constexpr std::string_view kWords[] = {"COALESCE", "NULLIF", "GREATEST", "LEAST"};
    out.text(kWords[static_cast<std::size_t>(conditional.kind)]);
    out.list_in_parens(conditional.arguments);
  }
  void operator()(const RowExpr& row) {
    out.text("ROW");
    out.list_in_parens(row.fields);
  }
  void operator()(const ArrayExpr& array) { elements("ARRAY[", array.elements); }
  void operator()(const ListExpr& list) { elements("LIST[", list.elements); }
  void operator()(const MapExpr& map) {
    out.text("MAP[");
    for (std::size_t i = 0; i < map.entries.size(); ++i) {
      if (i > 0) out.text(", ");
      out.put(*map.entries[i].key);
      prefixed(" => ", *map.entries[i].value);
    }
    out.text("]");
  }
  void operator()(const SubqueryExpr& expr) {
    out.text(words_of(expr.kind));
    subquery(*expr.query);
  }
  void operator()(const Box<FunctionCall>& call) { out.put(*call); }

  // --- pieces ---
  void dotted(const std::vector<Identifier>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out.text(".");
      out.put(parts[i]);
    }
  }
  void in_parens(const Expr& expr) {
    out.text("(");
    out.put(expr);
    out.text(")");
  }
  void prefixed(std::string_view words, const Expr& expr) {
    out.text(words);
    out.put(expr);
  }
  void subquery(const Query& query) {
    out.text("(");
    out.put(query);
    out.text(")");
  }
  void elements(std::string_view open, const std::vector<Expr>& items) {
    out.text(open);
    out.list(items);
    out.text("]");
  }
  void membership(const Expr& operand, bool negated, std::string_view word) {
    out.put_above(operand, below(Precedence::kLike));
    out.text(negated ? " NOT " : " ");
    out.text(word);
  }
  void quantifier(const Expr& left, const std::string& op, bool all) {
    out.put_above(left, below(precedence_of_operator(op)));
    out.text(" " + op + (all ? " ALL " : " ANY "));
  }
};

void Printer::put(const Expr& expr) {
  std::visit(ExprPrinter{*this}, expr.kind);
}

void Printer::put_above(const Expr& expr, Precedence floor) {
  const bool parens = precedence_of(expr) <= floor;
  if (parens) text("(");
  put(expr);
  if (parens) text(")");
}

void Printer::put(const OrderItem& item) {
  put(*item.expr);
  if (item.descending) text(" DESC");
  if (item.nulls == NullsOrder::kFirst) text(" NULLS FIRST");
  if (item.nulls == NullsOrder::kLast) text(" NULLS LAST");
}

namespace {

// EXTRACT, SUBSTRING and the like are read by rules of their own; where the general form of a call
// passes through them unchanged they need no quotes.
bool reads_as_call(const FunctionCall& call, std::string_view keyword) {
  const bool plain = !call.star && !call.distinct && call.order_by.empty() && !call.filter &&
                     !call.over && call.nulls == NullTreatment::kDefault;
  if (keyword == "EXTRACT") return plain && call.arguments.size() == 2;
  return keyword == "SUBSTRING" && plain && !call.arguments.empty();
}

void put_function_name(Printer& out, const FunctionCall& call) {
  if (call.name.id || call.name.parts.size() != 1) return out.put(call.name);
  const std::string& name = call.name.parts[0].text;
  const std::string_view keyword = find_keyword(name);
  const bool form = begins_form(keyword) && !reads_as_call(call, keyword);
  const bool bare = is_plain_word(name) && !reserved_in_expression(keyword) && !form;
  out.text(bare ? name : quoted(name));
}

void put_frame_bound(Printer& out, const FrameBound& bound) {
  if (bound.offset) out.put(**bound.offset);
  out.text(words_of(bound.kind));
}

}  // namespace

void Printer::put(const FunctionCall& call) {
  put_function_name(*this, call);
  text("(");
  if (call.star) text("*");
  if (call.distinct) text("DISTINCT ");
  list(call.arguments);
  if (!call.order_by.empty()) {
    text(" ORDER BY ");
    list(call.order_by);
  }
  text(")");
  if (call.filter) {
    text(" FILTER (WHERE ");
    put(**call.filter);
    text(")");
  }
  if (call.nulls == NullTreatment::kIgnoreNulls) text(" IGNORE NULLS");
  if (call.nulls == NullTreatment::kRespectNulls) text(" RESPECT NULLS");
  if (!call.over) return;
  text(" OVER ");
  if (call.over->only_name) {
    put(*call.over->base);
  } else {
    put_window(*call.over);
  }
}

void Printer::put_window(const WindowSpec& spec) {
  std::string_view separator = "(";
  const auto next = [&] {
    text(separator);
    separator = " ";
  };
  if (spec.base) {
    next();
    put(*spec.base);
  }
  if (!spec.partition_by.empty()) {
    next();
    text("PARTITION BY ");
    list(spec.partition_by);
  }
  if (!spec.order_by.empty()) {
    next();
    text("ORDER BY ");
    list(spec.order_by);
  }
  if (spec.frame) {
    constexpr std::string_view kUnits[] = {"ROWS ", "RANGE ", "GROUPS "};
    next();
    text(kUnits[static_cast<std::size_t>(spec.frame->units)]);
    if (spec.frame->end) text("BETWEEN ");
    put_frame_bound(*this, spec.frame->start);
    if (spec.frame->end) {
      text(" AND ");
      put_frame_bound(*this, *spec.frame->end);
    }
  }
  text(separator == "(" ? "()" : ")");
}

}  // namespace penstock::sql
