// Names of objects and types: what spellings of a type mean is in ast_type.h.
#include "sql/parse/name_and_type.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace penstock::sql {
namespace {

constexpr std::size_t kNamePartsMax = 4;

// `"db"."s"."t"`, without an id.
Result<ItemName> parse_dotted_name(Cursor& cursor) {
  ItemName name;
  const std::size_t place = cursor.place();
  do {
    ASSIGN_OR_RETURN(Identifier part, cursor.identifier());
    name.parts.push_back(std::move(part));
    if (name.parts.size() > kNamePartsMax) {
      return cursor.error_at(name.parts.front().range,
                             fmt::format("qualified name has more than {} parts", kNamePartsMax));
    }
  } while (cursor.accept(TokenKind::kDot));
  name.range = cursor.range_from(place);
  return name;
}

NamedType builtin(std::string_view name) {
  NamedType type;
  type.name.parts.push_back(Identifier{std::string(name), false, {}});
  return type;
}

Result<std::int64_t> parse_modifier(Cursor& cursor) {
  const bool negative = cursor.is_operator("-");
  if (negative) cursor.take();
  if (!cursor.is(TokenKind::kNumber)) return cursor.expected("literal integer");
  const std::string& digits = cursor.peek().text;
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size()) {
    return cursor.expected("literal integer");
  }
  cursor.take();
  return negative ? -value : value;
}

// [(n, …)]
Status parse_modifiers(Cursor& cursor, std::vector<std::int64_t>& modifiers) {
  if (!cursor.accept(TokenKind::kLeftParen)) return {};
  do {
    ASSIGN_OR_RETURN(const std::int64_t modifier, parse_modifier(cursor));
    modifiers.push_back(modifier);
  } while (cursor.accept(TokenKind::kComma));
  return cursor.expect(TokenKind::kRightParen);
}

struct Spelling {
  std::string_view word;
  std::string_view catalog_name;
};
constexpr Spelling kSpellings[] = {
    {"bigint", "int8"},     {"boolean", "bool"},  {"bytes", "bytea"},  {"dec", "numeric"},
    {"decimal", "numeric"}, {"int", "int4"},      {"integer", "int4"}, {"json", "jsonb"},
    {"real", "float4"},     {"smallint", "int2"}, {"string", "text"},
};

// {char | character} [varying] [(n)]
Result<NamedType> parse_character(Cursor& cursor) {
  NamedType type = builtin(cursor.accept("VARYING") ? "varchar" : "bpchar");
  RETURN_IF_ERROR(parse_modifiers(cursor, type.modifiers));
  if (type.name.parts[0].text == "bpchar" && type.modifiers.empty()) type.modifiers.push_back(1);
  return type;
}

Result<NamedType> parse_float(Cursor& cursor) {
  const ByteRange range = cursor.peek().range;
  NamedType type = builtin("float8");
  RETURN_IF_ERROR(parse_modifiers(cursor, type.modifiers));
  if (type.modifiers.empty()) return type;
  const std::int64_t precision = type.modifiers[0];
  if (type.modifiers.size() != 1 || precision < 1 || precision > 53) {
    return cursor.error_at(range, "precision for type float must be within ([1-53])");
  }
  return builtin(precision <= 24 ? "float4" : "float8");
}

// {time | timestamp} [(p)] [{with | without} time zone]
Result<NamedType> parse_time(Cursor& cursor, bool timestamp) {
  NamedType type = builtin(timestamp ? "timestamp" : "time");
  const std::size_t place = cursor.place();
  RETURN_IF_ERROR(parse_modifiers(cursor, type.modifiers));
  if (cursor.accept({"WITH", "TIME", "ZONE"})) {
    if (!timestamp) {
      return cursor.not_supported(cursor.range_from(place),
                                  "TIME WITH TIME ZONE not yet supported");
    }
    type.name.parts[0].text = "timestamptz";
  } else {
    cursor.accept({"WITHOUT", "TIME", "ZONE"});
  }
  return type;
}

// The types whose spelling is more than a name and modifiers; absent if the next word is none.
Result<std::optional<NamedType>> parse_spelled_type(Cursor& cursor) {
  if (!cursor.is(TokenKind::kWord) || cursor.peek(1).kind == TokenKind::kDot) return std::nullopt;
  const std::string word = cursor.peek().text;
  const auto spelled = [&](auto result) -> Result<std::optional<NamedType>> {
    if (!result) return std::unexpected(std::move(result).error());
    return std::optional<NamedType>(std::move(result).value());
  };
  if (word == "char" || word == "character") {
    cursor.take();
    return spelled(parse_character(cursor));
  }
  if (word == "float") {
    cursor.take();
    return spelled(parse_float(cursor));
  }
  if (word == "double") {
    cursor.take();
    if (cursor.peek().kind == TokenKind::kWord && cursor.peek().text == "precision") cursor.take();
    return std::optional<NamedType>(builtin("float8"));
  }
  if (word == "timestamp" || word == "time") {
    cursor.take();
    return spelled(parse_time(cursor, word == "timestamp"));
  }
  const auto* spelling = std::find_if(std::begin(kSpellings), std::end(kSpellings),
                                      [&](const Spelling& s) { return s.word == word; });
  if (spelling == std::end(kSpellings)) return std::nullopt;
  cursor.take();
  NamedType type = builtin(spelling->catalog_name);
  RETURN_IF_ERROR(parse_modifiers(cursor, type.modifiers));
  return std::optional<NamedType>(std::move(type));
}

// map[K => V]
Result<TypeName> parse_map_type(Cursor& cursor) {
  const std::size_t place = cursor.place();
  cursor.take();
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftBracket));
  ASSIGN_OR_RETURN(TypeName key, parse_type_name(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kArrow));
  ASSIGN_OR_RETURN(TypeName value, parse_type_name(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  return TypeName{cursor.range_from(place),
                  MapType{Box<TypeName>(std::move(key)), Box<TypeName>(std::move(value))}};
}

Result<TypeName> parse_base_type(Cursor& cursor) {
  if (cursor.is("MAP") && cursor.peek(1).kind == TokenKind::kLeftBracket) {
    return parse_map_type(cursor);
  }
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(std::optional<NamedType> spelled, parse_spelled_type(cursor));
  if (!spelled) {
    spelled.emplace();
    ASSIGN_OR_RETURN(spelled->name, parse_item_name(cursor));
    RETURN_IF_ERROR(parse_modifiers(cursor, spelled->modifiers));
  }
  const ByteRange range = cursor.range_from(place);
  if (spelled->name.range.end == 0) {
    spelled->name.range = range;
    spelled->name.parts[0].range = range;
  }
  return TypeName{range, *std::move(spelled)};
}

}  // namespace

bool starts_item_name(const Cursor& cursor) {
  return cursor.is_name() ||
         (cursor.is(TokenKind::kLeftBracket) && cursor.peek(1).kind == TokenKind::kWord &&
          cursor.peek(2).keyword == "AS");
}

Result<ItemName> parse_item_name(Cursor& cursor) {
  if (!cursor.is(TokenKind::kLeftBracket)) return parse_dotted_name(cursor);
  const std::size_t place = cursor.place();
  cursor.take();
  if (!cursor.is(TokenKind::kWord)) return cursor.expected("id");
  const std::string id = cursor.take().text;
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(ItemName name, parse_dotted_name(cursor));
  if (cursor.accept("VERSION")) {
    ASSIGN_OR_RETURN(name.version, cursor.unsigned_number());
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  name.id = id;
  name.range = cursor.range_from(place);
  return name;
}

Result<std::vector<ItemName>> parse_item_names(Cursor& cursor) {
  std::vector<ItemName> names;
  do {
    ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
    names.push_back(std::move(name));
  } while (cursor.accept(TokenKind::kComma));
  return names;
}

Result<TypeName> parse_type_name(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(TypeName type, parse_base_type(cursor));
  while (true) {
    if (cursor.is(TokenKind::kLeftBracket)) {
      while (cursor.accept(TokenKind::kLeftBracket)) {
        if (cursor.is(TokenKind::kNumber)) cursor.take();
        RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
      }
      type = TypeName{cursor.range_from(place), ArrayType{Box<TypeName>(std::move(type))}};
    } else if (cursor.accept("LIST")) {
      type = TypeName{cursor.range_from(place), ListType{Box<TypeName>(std::move(type))}};
    } else if (cursor.is("ARRAY") && cursor.peek(1).kind != TokenKind::kLeftBracket &&
               cursor.peek(1).kind != TokenKind::kLeftParen) {
      cursor.take();
      type = TypeName{cursor.range_from(place), ArrayType{Box<TypeName>(std::move(type))}};
    } else {
      return type;
    }
    RETURN_IF_ERROR(cursor.grow());
  }
}

}  // namespace penstock::sql
