// Scalar expressions as written, before any name is resolved. Forms that are only another spelling
// of a call become a FunctionCall: EXTRACT(u FROM x) -> extract('u', x), POSITION(a IN b) ->
// position(a, b), SUBSTRING(x FROM a FOR b) -> substring(x, a, b), TRIM([BOTH|LEADING|TRAILING] c
// FROM s) -> btrim|ltrim|rtrim(s, c), x AT TIME ZONE z -> timezone(z, x), keyword functions such as
// current_timestamp -> a call without arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_name.h"
#include "sql/parse/ast_type.h"
#include "sql/parse/box.h"

namespace penstock::sql {

struct Expr;
struct Query;
extern template class Box<Query>;  // Instantiated in ast.cc.

// --- literals ---
struct NullLiteral {
  friend bool operator==(const NullLiteral&, const NullLiteral&) = default;
};
struct BoolLiteral {
  bool value = false;
  friend bool operator==(const BoolLiteral&, const BoolLiteral&) = default;
};
// Digits as written. A minus that stood directly before a non-zero literal is part of it, so that
// `-32768::int2` is a cast of -32768.
struct NumberLiteral {
  std::string text;
  friend bool operator==(const NumberLiteral&, const NumberLiteral&) = default;
};
struct StringLiteral {  // '…', E'…', $$…$$: the value, quotes and escapes removed.
  std::string value;
  friend bool operator==(const StringLiteral&, const StringLiteral&) = default;
};
enum class IntervalField { kYear, kMonth, kDay, kHour, kMinute, kSecond };
// INTERVAL 'value' [head [TO tail]]. One unit alone is the head; without units both are absent.
struct IntervalLiteral {
  std::string value;
  std::optional<IntervalField> head;
  std::optional<IntervalField> tail;
  std::optional<std::int64_t> second_precision;
  friend bool operator==(const IntervalLiteral&, const IntervalLiteral&) = default;
};
struct Parameter {  // $number
  int number = 0;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};
struct DefaultValue {  // DEFAULT, only as a value of INSERT … VALUES and UPDATE … SET.
  friend bool operator==(const DefaultValue&, const DefaultValue&) = default;
};

// --- names ---
struct ColumnRef {  // a | t.a | s.t.a | db.s.t.a
  std::vector<Identifier> parts;
  friend bool operator==(const ColumnRef&, const ColumnRef&) = default;
};
// * stands only as an item of SELECT and RETURNING. t.* is read wherever a column is; the binder
// says where it has no meaning.
struct Wildcard {
  std::vector<Identifier> qualifier;
  friend bool operator==(const Wildcard&, const Wildcard&) = default;
};
struct FieldAccess {  // (operand).field
  Box<Expr> operand;
  Identifier field;
  friend bool operator==(const FieldAccess&, const FieldAccess&) = default;
};
struct FieldWildcard {  // (operand).*
  Box<Expr> operand;
  friend bool operator==(const FieldWildcard&, const FieldWildcard&) = default;
};
// One position of a subscript: [i], or a slice [a:b], [a:], [:b], [:].
struct SubscriptPart {
  std::vector<Expr> start;  // At most one; empty = absent.
  std::vector<Expr> end;    // At most one, only in a slice.
  bool slice = false;
  friend bool operator==(const SubscriptPart&, const SubscriptPart&) = default;
};
struct Subscript {  // operand[a:b, c] is one node of two parts; operand[a][b] are two nodes.
  Box<Expr> operand;
  std::vector<SubscriptPart> parts;
  friend bool operator==(const Subscript&, const Subscript&) = default;
};

// --- operators ---
struct UnaryOp {  // "-", "+", "~", …
  std::string op;
  Box<Expr> operand;
  friend bool operator==(const UnaryOp&, const UnaryOp&) = default;
};
struct BinaryOp {  // op as written, except that != is <>; LIKE and friends are LikeTest.
  std::string op;
  std::vector<Identifier> op_schema;  // Of OPERATOR(schema.op), else empty.
  Box<Expr> left;
  Box<Expr> right;
  friend bool operator==(const BinaryOp&, const BinaryOp&) = default;
};
struct NotOp {
  Box<Expr> operand;
  friend bool operator==(const NotOp&, const NotOp&) = default;
};
// A chain of AND (or of OR) without parentheses is one node, so that long chains are not deep.
struct LogicalOp {
  bool conjunction = true;  // AND, else OR.
  std::vector<Expr> operands;
  friend bool operator==(const LogicalOp&, const LogicalOp&) = default;
};
enum class TruthTest { kNull, kTrue, kFalse, kUnknown };
struct IsTest {  // operand IS [NOT] NULL | TRUE | FALSE | UNKNOWN (ISNULL, NOTNULL too)
  Box<Expr> operand;
  TruthTest test = TruthTest::kNull;
  bool negated = false;
  friend bool operator==(const IsTest&, const IsTest&) = default;
};
struct DistinctTest {  // left IS [NOT] DISTINCT FROM right
  Box<Expr> left;
  Box<Expr> right;
  bool negated = false;
  friend bool operator==(const DistinctTest&, const DistinctTest&) = default;
};
struct LikeTest {  // operand [NOT] LIKE | ILIKE pattern [ESCAPE escape]
  Box<Expr> operand;
  Box<Expr> pattern;
  std::optional<Box<Expr>> escape;
  bool case_insensitive = false;
  bool negated = false;
  friend bool operator==(const LikeTest&, const LikeTest&) = default;
};
struct BetweenTest {
  Box<Expr> operand;
  Box<Expr> low;
  Box<Expr> high;
  bool negated = false;
  friend bool operator==(const BetweenTest&, const BetweenTest&) = default;
};
struct InList {
  Box<Expr> operand;
  std::vector<Expr> list;
  bool negated = false;
  friend bool operator==(const InList&, const InList&) = default;
};
struct InSubquery {
  Box<Expr> operand;
  Box<Query> query;
  bool negated = false;
  friend bool operator==(const InSubquery&, const InSubquery&) = default;
};
struct QuantifiedExpr {  // left op ANY|SOME|ALL (array or list)
  Box<Expr> left;
  std::string op;
  bool all = false;
  Box<Expr> right;
  friend bool operator==(const QuantifiedExpr&, const QuantifiedExpr&) = default;
};
struct QuantifiedSubquery {  // left op ANY|SOME|ALL (query)
  Box<Expr> left;
  std::string op;
  bool all = false;
  Box<Query> query;
  friend bool operator==(const QuantifiedSubquery&, const QuantifiedSubquery&) = default;
};
struct Cast {  // CAST(x AS t), x::t, and t 'string'
  Box<Expr> operand;
  TypeName type;
  friend bool operator==(const Cast&, const Cast&) = default;
};
struct Collate {
  Box<Expr> operand;
  ItemName collation;
  friend bool operator==(const Collate&, const Collate&) = default;
};

// --- keyword forms ---
struct CaseArm {
  Box<Expr> condition;
  Box<Expr> result;
  friend bool operator==(const CaseArm&, const CaseArm&) = default;
};
struct CaseExpr {
  std::optional<Box<Expr>> operand;
  std::vector<CaseArm> arms;
  std::optional<Box<Expr>> otherwise;
  friend bool operator==(const CaseExpr&, const CaseExpr&) = default;
};
enum class ConditionalKind { kCoalesce, kNullif, kGreatest, kLeast };
struct Conditional {
  ConditionalKind kind = ConditionalKind::kCoalesce;
  std::vector<Expr> arguments;  // Two for kNullif, else one or more.
  friend bool operator==(const Conditional&, const Conditional&) = default;
};
struct RowExpr {  // ROW(a, b) | (a, b)
  std::vector<Expr> fields;
  friend bool operator==(const RowExpr&, const RowExpr&) = default;
};
struct ArrayExpr {  // ARRAY[…]; nested brackets inside are ArrayExpr too.
  std::vector<Expr> elements;
  friend bool operator==(const ArrayExpr&, const ArrayExpr&) = default;
};
struct ListExpr {  // LIST[…]; nested brackets inside are ListExpr too.
  std::vector<Expr> elements;
  friend bool operator==(const ListExpr&, const ListExpr&) = default;
};
struct MapEntry {
  Box<Expr> key;
  Box<Expr> value;
  friend bool operator==(const MapEntry&, const MapEntry&) = default;
};
struct MapExpr {  // MAP[k => v, …]; a nested bracket as value is a MapExpr too.
  std::vector<MapEntry> entries;
  friend bool operator==(const MapExpr&, const MapExpr&) = default;
};
enum class SubqueryKind { kScalar, kExists, kArray, kList, kMap };
struct SubqueryExpr {  // (q) | EXISTS (q) | ARRAY(q) | LIST(q) | MAP(q)
  SubqueryKind kind = SubqueryKind::kScalar;
  Box<Query> query;
  friend bool operator==(const SubqueryExpr&, const SubqueryExpr&) = default;
};

// --- calls ---
enum class NullsOrder { kDefault, kFirst, kLast };
struct OrderItem {
  Box<Expr> expr;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
  ByteRange range;
  friend bool operator==(const OrderItem&, const OrderItem&) = default;
};
enum class FrameUnits { kRows, kRange, kGroups };
enum class FrameBoundKind {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing
};
struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kCurrentRow;
  std::optional<Box<Expr>> offset;  // Of kPreceding and kFollowing.
  friend bool operator==(const FrameBound&, const FrameBound&) = default;
};
struct WindowFrame {
  FrameUnits units = FrameUnits::kRange;
  FrameBound start;
  std::optional<FrameBound> end;
  friend bool operator==(const WindowFrame&, const WindowFrame&) = default;
};
struct WindowSpec {  // OVER (…), OVER name (only `base` set, `only_name`), WINDOW name AS (…)
  std::optional<Identifier> base;
  bool only_name = false;
  std::vector<Expr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<WindowFrame> frame;
  ByteRange range;
  friend bool operator==(const WindowSpec&, const WindowSpec&) = default;
};
enum class NullTreatment { kDefault, kIgnoreNulls, kRespectNulls };
struct FunctionCall {
  ItemName name;
  std::vector<Expr> arguments;
  bool star = false;  // f(*)
  bool distinct = false;
  std::vector<OrderItem> order_by;
  std::optional<Box<Expr>> filter;
  NullTreatment nulls = NullTreatment::kDefault;
  std::optional<WindowSpec> over;
  friend bool operator==(const FunctionCall&, const FunctionCall&) = default;
};

using ExprKind =
    std::variant<NullLiteral, BoolLiteral, NumberLiteral, StringLiteral, IntervalLiteral, Parameter,
                 DefaultValue, ColumnRef, Wildcard, FieldAccess, FieldWildcard, Subscript, UnaryOp,
                 BinaryOp, NotOp, LogicalOp, IsTest, DistinctTest, LikeTest, BetweenTest, InList,
                 InSubquery, QuantifiedExpr, QuantifiedSubquery, Cast, Collate, CaseExpr,
                 Conditional, RowExpr, ArrayExpr, ListExpr, MapExpr, SubqueryExpr,
                 Box<FunctionCall>>;

struct Expr {
  ByteRange range;
  ExprKind kind;
  friend bool operator==(const Expr&, const Expr&) = default;
};

}  // namespace penstock::sql
