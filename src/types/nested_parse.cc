// Reading the text forms of lists, maps and records.
#include <string>
#include <utility>

#include "types/element.h"
#include "types/nested_value.h"
#include "types/text_io.h"

namespace penstock::types {

namespace {

// A value inside a list or map, up to the comma or brace behind it.
Result<Datum> read_element(const SqlType& type, std::string_view nested_hint, BracedReader& in) {
  if (in.is('{')) {
    if (!has_braces(type)) return in.bad(nested_hint);
    ASSIGN_OR_RETURN(std::string_view text, in.braces());
    return parse_text(type, text);
  }
  ASSIGN_OR_RETURN(std::optional<std::string> text, in.text(""));
  if (!text) return Datum::null();
  Result<Datum> value = parse_text(type, *text);
  if (!value) return in.bad(value.error().message);
  return value;
}

// (a,"b c",) as PostgreSQL reads it: an empty field is NULL, blanks are part of their field.
Result<std::vector<Datum>> read_record(const RecordFields& fields, std::string_view text) {
  DoubledQuotesReader in("record", text);
  if (!in.take('(')) return in.bad("Missing left parenthesis.");
  std::vector<Datum> out;
  for (const ColumnDesc& field : fields) {
    if (!out.empty() && !in.take(',')) return in.bad("Too few columns.");
    ASSIGN_OR_RETURN(Datum value, in.value(field.type.type, ",)"));
    out.push_back(std::move(value));
  }
  if (in.is(',')) return in.bad("Too many columns.");
  if (!in.take(')')) return in.bad(in.at_end() ? "Unexpected end of input." : "Too many columns.");
  if (!in.at_end()) return in.bad("Junk after right parenthesis.");
  return out;
}

}  // namespace

Result<std::string> parse_list(const SqlType& element, std::string_view text) {
  constexpr std::string_view kHint =
      "unescaped '{' at beginning of element; perhaps you want a nested list, e.g. '{a}'::text "
      "list list";
  BracedReader in("list", text);
  in.skip_blanks();
  if (!in.take("{")) return in.expected("'{'");
  std::vector<Datum> elements;
  in.skip_blanks();
  while (!in.take("}")) {
    if (!elements.empty() && !in.take(",")) return in.expected("',' or '}'");
    in.skip_blanks();
    ASSIGN_OR_RETURN(Datum value, read_element(element, kHint, in));
    elements.push_back(std::move(value));
    in.skip_blanks();
  }
  in.skip_blanks();
  if (!in.at_end()) return in.bad("malformed literal; extra input after the closing brace");
  return encode_list(element, elements);
}

Result<std::string> parse_map(const SqlType& value, std::string_view text) {
  constexpr std::string_view kHint =
      "unescaped '{' at beginning of value; perhaps you want a nested map, e.g. "
      "'{a=>{b=>c}}'::map[text=>map[text=>text]]";
  BracedReader in("map", text);
  in.skip_blanks();
  if (!in.take("{")) return in.expected("'{'");
  std::vector<MapEntry> entries;
  in.skip_blanks();
  while (!in.take("}")) {
    if (!entries.empty() && !in.take(",")) return in.expected("',' or '}'");
    in.skip_blanks();
    if (in.is('{')) return in.bad("unescaped '{' at beginning of key");
    ASSIGN_OR_RETURN(std::optional<std::string> key, in.text("=>"));
    if (!key) return in.bad("a key cannot be NULL");
    in.skip_blanks();
    if (!in.take("=>")) return in.bad("expected =>");
    in.skip_blanks();
    ASSIGN_OR_RETURN(Datum datum, read_element(value, kHint, in));
    entries.emplace_back(*std::move(key), std::move(datum));
    in.skip_blanks();
  }
  in.skip_blanks();
  if (!in.at_end()) return in.bad("malformed literal; extra input after the closing brace");
  return encode_map(value, std::move(entries));
}

Result<std::string> parse_record(const RecordFields& fields, std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Datum> values, read_record(fields, text));
  return encode_record(fields, values);
}

}  // namespace penstock::types
