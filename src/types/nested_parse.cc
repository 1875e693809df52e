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
class RecordReader {
 public:
  explicit RecordReader(std::string_view text) : text_(text), rest_(trim(text)) {}

  Result<std::vector<Datum>> read(const RecordFields& fields) {
    if (!take('(')) return bad("Missing left parenthesis.");
    std::vector<Datum> out;
    for (const ColumnDesc& field : fields) {
      if (!out.empty() && !take(',')) return bad("Too few columns.");
      ASSIGN_OR_RETURN(Datum value, read_field(field.type.type));
      out.push_back(std::move(value));
    }
    if (rest_.starts_with(',')) return bad("Too many columns.");
    if (!take(')')) return bad(rest_.empty() ? "Unexpected end of input." : "Too many columns.");
    if (!rest_.empty()) return bad("Junk after right parenthesis.");
    return out;
  }

 private:
  static std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
  }
  std::unexpected<Error> bad(std::string_view detail) const {
    return fail(sql_state::kInvalidTextRepresentation,
                "invalid input syntax for type record: " + std::string(detail) + ": \"" +
                    std::string(text_) + "\"");
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Result<Datum> read_field(const SqlType& type) {
    if (rest_.starts_with(',') || rest_.starts_with(')')) return Datum::null();
    std::string text;
    bool in_quotes = false;
    while (in_quotes || !(rest_.starts_with(',') || rest_.starts_with(')'))) {
      if (take('"')) {
        if (in_quotes && take('"')) {
          text += '"';
        } else {
          in_quotes = !in_quotes;
        }
        continue;
      }
      take('\\');
      if (rest_.empty()) return bad("Unexpected end of input.");
      text += rest_[0];
      rest_.remove_prefix(1);
    }
    Result<Datum> value = parse_text(type, text);
    if (!value) return bad(value.error().message);
    return value;
  }

  std::string_view text_;
  std::string_view rest_;
};

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
  ASSIGN_OR_RETURN(std::vector<Datum> values, RecordReader(text).read(fields));
  return encode_record(fields, values);
}

}  // namespace penstock::types
