// Calls of functions, window definitions, intervals, and the calls that are spelled with keywords.
#include <optional>
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/keyword.h"

namespace penstock::sql {
namespace {

// --- windows ---

Result<FrameBound> parse_frame_bound(Cursor& cursor) {
  FrameBound bound;
  if (cursor.accept({"CURRENT", "ROW"})) return bound;
  if (cursor.accept("UNBOUNDED")) {
    ASSIGN_OR_RETURN(const std::string_view side, cursor.expect_one_of({"PRECEDING", "FOLLOWING"}));
    bound.kind = side == "PRECEDING" ? FrameBoundKind::kUnboundedPreceding
                                     : FrameBoundKind::kUnboundedFollowing;
    return bound;
  }
  ASSIGN_OR_RETURN(Expr offset, parse_expr(cursor));
  bound.offset = Box<Expr>(std::move(offset));
  ASSIGN_OR_RETURN(const std::string_view side, cursor.expect_one_of({"PRECEDING", "FOLLOWING"}));
  bound.kind = side == "PRECEDING" ? FrameBoundKind::kPreceding : FrameBoundKind::kFollowing;
  return bound;
}

Result<WindowFrame> parse_frame(Cursor& cursor) {
  WindowFrame frame;
  const std::string_view units = cursor.take().keyword;
  frame.units = units == "ROWS"    ? FrameUnits::kRows
                : units == "RANGE" ? FrameUnits::kRange
                                   : FrameUnits::kGroups;
  if (cursor.accept("BETWEEN")) {
    ASSIGN_OR_RETURN(frame.start, parse_frame_bound(cursor));
    RETURN_IF_ERROR(cursor.expect("AND"));
    ASSIGN_OR_RETURN(frame.end, parse_frame_bound(cursor));
  } else {
    ASSIGN_OR_RETURN(frame.start, parse_frame_bound(cursor));
  }
  if (cursor.is("EXCLUDE")) {
    return cursor.not_supported(cursor.peek().range, "EXCLUDE in window frames not yet supported");
  }
  return frame;
}

// --- calls ---

Status parse_arguments(Cursor& cursor, FunctionCall& call) {
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (cursor.accept(TokenKind::kRightParen)) return {};
  if (cursor.is(TokenKind::kStar) && cursor.peek(1).kind == TokenKind::kRightParen) {
    cursor.take();
    cursor.take();
    call.star = true;
    return {};
  }
  call.distinct = cursor.accept("DISTINCT");
  if (!call.distinct && cursor.is("ALL") && cursor.peek(1).kind != TokenKind::kRightParen &&
      cursor.peek(1).kind != TokenKind::kComma && cursor.peek(1).kind != TokenKind::kDot) {
    cursor.take();
  }
  ASSIGN_OR_RETURN(call.arguments, parse_expr_list(cursor));
  if (cursor.accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(call.order_by, parse_order_items(cursor));
  }
  return cursor.expect(TokenKind::kRightParen);
}

// [FILTER (WHERE …)] [IGNORE | RESPECT NULLS] [OVER …]
Status parse_call_suffix(Cursor& cursor, FunctionCall& call) {
  if (cursor.is("FILTER") && cursor.peek(1).kind == TokenKind::kLeftParen) {
    cursor.take();
    cursor.take();
    RETURN_IF_ERROR(cursor.expect("WHERE"));
    ASSIGN_OR_RETURN(Expr condition, parse_expr(cursor));
    call.filter = Box<Expr>(std::move(condition));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  if (cursor.accept({"IGNORE", "NULLS"})) call.nulls = NullTreatment::kIgnoreNulls;
  if (cursor.accept({"RESPECT", "NULLS"})) call.nulls = NullTreatment::kRespectNulls;
  if (!cursor.is("OVER")) return {};
  const bool inline_window = cursor.peek(1).kind == TokenKind::kLeftParen;
  if (!inline_window && cursor.peek(1).kind != TokenKind::kWord &&
      cursor.peek(1).kind != TokenKind::kQuotedWord) {
    return {};  // An alias called over.
  }
  cursor.take();
  if (inline_window) {
    ASSIGN_OR_RETURN(call.over, parse_window_definition(cursor));
    return {};
  }
  const std::size_t place = cursor.place();
  WindowSpec named;
  ASSIGN_OR_RETURN(named.base, cursor.identifier());
  named.only_name = true;
  named.range = cursor.range_from(place);
  call.over = std::move(named);
  return {};
}

// --- calls spelled with keywords; each starts behind its left parenthesis ---

FunctionCall named_call(std::string_view name, ByteRange range) {
  FunctionCall call;
  call.name = ItemName{{Identifier{std::string(name), false, range}}, {}, {}, range};
  return call;
}

// Behind the arguments read so far: [, more …] )
Status parse_rest_of_arguments(Cursor& cursor, FunctionCall& call) {
  while (cursor.accept(TokenKind::kComma)) {
    ASSIGN_OR_RETURN(Expr argument, parse_expr(cursor));
    call.arguments.push_back(std::move(argument));
  }
  return cursor.expect(TokenKind::kRightParen);
}

// EXTRACT(field FROM x) | EXTRACT('field', x)
Status parse_extract(Cursor& cursor, FunctionCall& call) {
  const bool field = cursor.is_name() || cursor.is(TokenKind::kString);
  if (field && cursor.peek(1).keyword == "FROM") {
    const ByteRange range = cursor.peek().range;
    call.arguments.push_back(Expr{range, StringLiteral{cursor.take().text}});
    cursor.take();
  } else {
    ASSIGN_OR_RETURN(Expr unit, parse_expr(cursor));
    call.arguments.push_back(std::move(unit));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kComma));
  }
  ASSIGN_OR_RETURN(Expr operand, parse_expr(cursor));
  call.arguments.push_back(std::move(operand));
  return cursor.expect(TokenKind::kRightParen);
}

// POSITION(a IN b) | POSITION(a, b)
Status parse_position(Cursor& cursor, FunctionCall& call) {
  ASSIGN_OR_RETURN(Expr needle, parse_expr_above(cursor, Precedence::kLike));
  call.arguments.push_back(std::move(needle));
  if (!cursor.accept("IN")) return parse_rest_of_arguments(cursor, call);
  ASSIGN_OR_RETURN(Expr haystack, parse_expr(cursor));
  call.arguments.push_back(std::move(haystack));
  return cursor.expect(TokenKind::kRightParen);
}

// SUBSTRING(x [FROM a] [FOR b]) | SUBSTRING(x, a, b)
Status parse_substring(Cursor& cursor, FunctionCall& call) {
  ASSIGN_OR_RETURN(Expr text, parse_expr(cursor));
  call.arguments.push_back(std::move(text));
  if (!cursor.is_one_of({"FROM", "FOR"})) return parse_rest_of_arguments(cursor, call);
  if (cursor.accept("FROM")) {
    ASSIGN_OR_RETURN(Expr start, parse_expr(cursor));
    call.arguments.push_back(std::move(start));
  } else {
    call.arguments.push_back(Expr{cursor.peek().range, NumberLiteral{"1"}});
  }
  if (cursor.accept("FOR")) {
    ASSIGN_OR_RETURN(Expr length, parse_expr(cursor));
    call.arguments.push_back(std::move(length));
  }
  return cursor.expect(TokenKind::kRightParen);
}

// TRIM([BOTH | LEADING | TRAILING] [characters] FROM x) | TRIM([side] x [, characters])
Status parse_trim(Cursor& cursor, FunctionCall& call) {
  std::string& name = call.name.parts[0].text;
  name = "btrim";
  if (cursor.accept("LEADING")) {
    name = "ltrim";
  } else if (cursor.accept("TRAILING")) {
    name = "rtrim";
  } else {
    cursor.accept("BOTH");
  }
  if (cursor.accept("FROM")) {
    ASSIGN_OR_RETURN(Expr text, parse_expr(cursor));
    call.arguments.push_back(std::move(text));
    return parse_rest_of_arguments(cursor, call);
  }
  ASSIGN_OR_RETURN(Expr first, parse_expr(cursor));
  if (cursor.accept("FROM")) {
    ASSIGN_OR_RETURN(Expr text, parse_expr(cursor));
    call.arguments.push_back(std::move(text));
  }
  call.arguments.push_back(std::move(first));
  return parse_rest_of_arguments(cursor, call);
}

// NORMALIZE(x [, NFC | NFD | NFKC | NFKD]): the form is a word.
Status parse_normalize(Cursor& cursor, FunctionCall& call) {
  ASSIGN_OR_RETURN(Expr text, parse_expr(cursor));
  call.arguments.push_back(std::move(text));
  if (cursor.is(TokenKind::kComma) && cursor.peek(1).kind == TokenKind::kWord &&
      cursor.peek(2).kind == TokenKind::kRightParen) {
    cursor.take();
    const ByteRange range = cursor.peek().range;
    std::string form = cursor.take().text;
    for (char& c : form) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    call.arguments.push_back(Expr{range, StringLiteral{std::move(form)}});
  }
  return parse_rest_of_arguments(cursor, call);
}

std::optional<IntervalField> interval_field(std::string_view word) {
  if (word == "YEAR" || word == "YEARS") return IntervalField::kYear;
  if (word == "MONTH" || word == "MONTHS") return IntervalField::kMonth;
  if (word == "DAY" || word == "DAYS") return IntervalField::kDay;
  if (word == "HOUR" || word == "HOURS") return IntervalField::kHour;
  if (word == "MINUTE" || word == "MINUTES") return IntervalField::kMinute;
  if (word == "SECOND" || word == "SECONDS") return IntervalField::kSecond;
  return std::nullopt;
}

}  // namespace

Result<WindowSpec> parse_window_definition(Cursor& cursor) {
  const std::size_t place = cursor.place();
  WindowSpec spec;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  const bool clause = cursor.is_one_of({"PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS"});
  if (!clause && cursor.is_name()) {
    ASSIGN_OR_RETURN(spec.base, cursor.identifier());
  }
  if (cursor.accept({"PARTITION", "BY"})) {
    ASSIGN_OR_RETURN(spec.partition_by, parse_expr_list(cursor));
  }
  if (cursor.accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(spec.order_by, parse_order_items(cursor));
  }
  if (cursor.is_one_of({"ROWS", "RANGE", "GROUPS"})) {
    ASSIGN_OR_RETURN(spec.frame, parse_frame(cursor));
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  spec.range = cursor.range_from(place);
  return spec;
}

Result<FunctionCall> parse_call(Cursor& cursor, ItemName name) {
  FunctionCall call;
  call.name = std::move(name);
  RETURN_IF_ERROR(parse_arguments(cursor, call));
  RETURN_IF_ERROR(parse_call_suffix(cursor, call));
  return call;
}

Result<IntervalLiteral> parse_interval(Cursor& cursor) {
  IntervalLiteral literal;
  ASSIGN_OR_RETURN(literal.value, cursor.string_literal());
  literal.head = interval_field(cursor.peek().keyword);
  if (!literal.head) return literal;
  cursor.take();
  std::optional<IntervalField> last = literal.head;
  if (cursor.is("TO") && interval_field(cursor.peek(1).keyword)) {
    cursor.take();
    literal.tail = interval_field(cursor.take().keyword);
    last = literal.tail;
  }
  if (last == IntervalField::kSecond && cursor.is(TokenKind::kLeftParen)) {
    cursor.take();
    ASSIGN_OR_RETURN(const std::uint64_t precision, cursor.unsigned_number());
    constexpr std::uint64_t kPrecisionMax = 6;
    if (precision > kPrecisionMax) {
      return cursor.error("precision of an interval must be between 0 and 6");
    }
    literal.second_precision = static_cast<std::int64_t>(precision);
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  return literal;
}

Result<std::optional<Expr>> parse_keyword_call(Cursor& cursor) {
  const std::string_view word = cursor.peek().keyword;
  if (word.empty()) return std::nullopt;
  const std::size_t place = cursor.place();
  const auto finish = [&](FunctionCall call) {
    return Expr{cursor.range_from(place), Box<FunctionCall>(std::move(call))};
  };
  if (cursor.peek(1).kind != TokenKind::kLeftParen) {
    if (!is_bare_function(word) || cursor.peek(1).kind == TokenKind::kDot) return std::nullopt;
    const Token token = cursor.take();
    return finish(named_call(token.text, token.range));
  }
  Status (*parse_form)(Cursor&, FunctionCall&) = word == "EXTRACT"     ? parse_extract
                                                 : word == "POSITION"  ? parse_position
                                                 : word == "SUBSTRING" ? parse_substring
                                                 : word == "TRIM"      ? parse_trim
                                                 : word == "NORMALIZE" ? parse_normalize
                                                                       : nullptr;
  if (parse_form == nullptr) return std::nullopt;
  FunctionCall call = named_call(cursor.peek().text, cursor.peek().range);
  cursor.take();
  cursor.take();
  RETURN_IF_ERROR(parse_form(cursor, call));
  return finish(std::move(call));
}

}  // namespace penstock::sql
