// What each function does, in a line, and the page that lists them with their signatures.
#include "expr/function_reference.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "expr/aggregate_catalogue.h"
#include "expr/cast_catalogue.h"
#include "expr/function_catalogue.h"
#include "types/type_name.h"

namespace penstock::expr {
namespace {

using types::SqlType;
using types::TypeId;

struct Description {
  std::string_view function;
  std::string_view text;
};
constexpr Description kDescriptions[] = {
    {"+", "sum; a date and a time make a timestamp; union of ranges"},
    {"-", "difference or negation; takes a key or element out of a JSON value"},
    {"*", "product; intersection of ranges"},
    {"/", "quotient; integers are cut towards zero"},
    {"%", "remainder with the sign of the dividend"},
    {"mod", "as `%`"},
    {"abs", "absolute value"},
    {"ceil", "the least integer not below"},
    {"ceiling", "as `ceil`"},
    {"floor", "the greatest integer not above"},
    {"trunc", "towards zero"},
    {"round",
     "to an integer, or to so many digits; numerics half away from zero, floats half to even"},
    {"sqrt", "square root"},
    {"cbrt", "cube root"},
    {"exp", "e to the power"},
    {"ln", "natural logarithm"},
    {"log", "logarithm to base 10, or to the base given first"},
    {"log10", "logarithm to base 10"},
    {"pow", "power"},
    {"power", "power"},
    {"sin", "sine"},
    {"cos", "cosine"},
    {"tan", "tangent"},
    {"cot", "cotangent"},
    {"asin", "inverse sine"},
    {"acos", "inverse cosine"},
    {"atan", "inverse tangent"},
    {"sinh", "hyperbolic sine"},
    {"cosh", "hyperbolic cosine"},
    {"tanh", "hyperbolic tangent"},
    {"asinh", "inverse hyperbolic sine"},
    {"acosh", "inverse hyperbolic cosine"},
    {"atanh", "inverse hyperbolic tangent"},
    {"degrees", "radians to degrees"},
    {"radians", "degrees to radians"},
    {"&", "bits set in both"},
    {"|", "bits set in either"},
    {"#", "bits set in one"},
    {"~", "all bits turned; on text: matches a regular expression"},
    {"<<", "bits shifted left, modulo the width; a range that ends before the other"},
    {">>", "bits shifted right, modulo the width; a range that begins behind the other"},
    {"=", "equal"},
    {"<>", "not equal"},
    {"<", "less"},
    {"<=", "less or equal"},
    {">", "greater"},
    {">=", "greater or equal"},
    {"not", "`NOT x`"},
    {"is_null", "`x IS NULL`"},
    {"is_true", "`x IS TRUE`"},
    {"is_false", "`x IS FALSE`"},
    {"is_distinct_from", "`x IS DISTINCT FROM y`: NULL equals NULL"},
    {"greatest", "the greatest argument that is not NULL"},
    {"least", "the least argument that is not NULL"},
    {"nullif", "NULL if both are equal, else the first"},
    {"||", "concatenation of texts, JSON values, arrays or lists, a list also with an element"},
    {"length", "characters of a text, bytes of a byte string"},
    {"char_length", "characters"},
    {"octet_length", "bytes"},
    {"bit_length", "bits"},
    {"lower", "in lower case; the lower bound of a range, or NULL"},
    {"upper", "in upper case; the upper bound of a range, or NULL"},
    {"initcap", "each word with a capital"},
    {"substr", "from a character position on, or so many characters from there"},
    {"substring", "as `substr`"},
    {"left", "the first characters; negative: all but the last"},
    {"right", "the last characters; negative: all but the first"},
    {"split_part", "the n-th field between delimiters"},
    {"btrim", "without blanks, or the given characters, at both ends"},
    {"ltrim", "likewise at the start"},
    {"rtrim", "likewise at the end"},
    {"strpos", "position of the second in the first, 0 if absent"},
    {"position", "`POSITION(a IN b)`"},
    {"starts_with", "whether the first begins with the second"},
    {"replace", "every occurrence replaced"},
    {"translate", "characters replaced one by one, or dropped"},
    {"repeat", "so many times in a row"},
    {"reverse", "characters in reverse"},
    {"lpad", "filled up from the left to a length, or cut to it"},
    {"ascii", "code of the first character, 0 if there is none"},
    {"chr", "the character of a code"},
    {"concat", "texts of all arguments in a row; NULL is left out"},
    {"concat_ws", "the same with a separator between"},
    {"quote_ident", "as an identifier, quoted if it must be"},
    {"constant_time_eq", "equality that takes the same time wherever the difference is"},
    {"~~", "`LIKE`"},
    {"!~~", "`NOT LIKE`"},
    {"~~*", "`ILIKE`"},
    {"!~~*", "`NOT ILIKE`"},
    {"like_escape", "`LIKE pattern ESCAPE e`: the pattern rewritten for backslash"},
    {"!~", "does not match a regular expression"},
    {"~*", "matches it in any letter case"},
    {"!~*", "does not match it in any letter case"},
    {"regexp_match", "groups of the first match, or the whole match"},
    {"regexp_replace",
     "the first match replaced, or all with flag `g`; `$1` and `${name}` are groups"},
    {"regexp_split_to_array", "what is between matches"},
    {"encode", "bytes as text: `base64`, `hex` or `escape`"},
    {"decode", "the reverse of `encode`"},
    {"convert_from", "bytes read in a character encoding: `utf8` or `latin1`"},
    {"get_byte", "a byte, counted from 0"},
    {"get_bit", "a bit, counted from the lowest of byte 0"},
    {"bit_count", "number of bits set"},
    {"md5", "MD5 as hexadecimal text"},
    {"sha224", "SHA-224"},
    {"sha256", "SHA-256"},
    {"sha384", "SHA-384"},
    {"sha512", "SHA-512"},
    {"digest", "hash by the algorithm named"},
    {"hmac", "message authentication code: data, key, algorithm"},
    {"crc32", "CRC-32 as in zlib"},
    {"kafka_murmur2", "the hash of Kafka's default partitioner, never negative"},
    {"seahash", "SeaHash"},
    {"uuid_generate_v5", "UUID of a name in a namespace"},
    {"justify_days", "30 days become a month"},
    {"justify_hours", "24 hours become a day"},
    {"justify_interval", "both, and the signs made alike"},
    {"extract", "`EXTRACT(unit FROM x)`"},
    {"date_part", "as `extract`, as float"},
    {"date_trunc", "start of the unit that contains x"},
    {"date_bin", "start of the bin of this width, counted from an origin"},
    {"datediff", "boundaries of the unit between two instants"},
    {"age", "difference in years, months, days and time"},
    {"timezone", "`x AT TIME ZONE zone`"},
    {"to_timestamp", "of seconds since 1970"},
    {"make_timestamp",
     "of year, month, day, hour, minute, second; NULL if there is no such instant"},
    {"try_parse_monotonic_iso8601_timestamp", "of exactly `YYYY-MM-DDThh:mm:ss.sssZ`; else NULL"},
    {"date", "as a cast to date"},
    {"to_char", "formatted by a template"},
    {"->", "member or element of a JSON value; value of a key in a map"},
    {"->>", "the same as text"},
    {"#>", "what a path leads to"},
    {"#>>", "the same as text"},
    {"@>", "contains"},
    {"<@", "is contained in"},
    {"?", "has this key or string element"},
    {"?&", "has all of these keys"},
    {"?|", "has one of these keys"},
    {"jsonb_array_length", "number of elements; NULL if it is no array"},
    {"jsonb_typeof", "kind of JSON value"},
    {"jsonb_strip_nulls", "without members that are null"},
    {"jsonb_pretty", "on several lines, indented"},
    {"to_jsonb", "any value as JSON"},
    {"jsonb_build_array", "array of the arguments"},
    {"jsonb_build_object", "object of alternating keys and values"},
    {"array", "`ARRAY[...]`"},
    {"list", "`LIST[...]`"},
    {"map",
     "`MAP[k => v, ...]`; entries with a NULL key are left out, of equal keys the last stays"},
    {"map_build", "map of a list of (key, value), likewise"},
    {"map_length", "number of entries"},
    {"row", "`ROW(...)`"},
    {"field", "`(r).f`"},
    {"subscript", "`a[i]`, `a[i][j]`; NULL outside"},
    {"slice", "`a[i:j]`; of lists of lists also `l[i:j, k:l]`"},
    {"list_append", "the list with one more element; a NULL list counts as empty"},
    {"list_prepend", "likewise at the start"},
    {"list_cat", "as `||`"},
    {"list_length", "number of elements"},
    {"any_eq", "`x = ANY (a)`"},
    {"any_ne", "`x <> ANY (a)`"},
    {"any_lt", "`x < ANY (a)`"},
    {"any_le", "`x <= ANY (a)`"},
    {"any_gt", "`x > ANY (a)`"},
    {"any_ge", "`x >= ANY (a)`"},
    {"all_eq", "`x = ALL (a)`"},
    {"all_ne", "`x <> ALL (a)`"},
    {"all_lt", "`x < ALL (a)`"},
    {"all_le", "`x <= ALL (a)`"},
    {"all_gt", "`x > ALL (a)`"},
    {"all_ge", "`x >= ALL (a)`"},
    {"array_length", "length of a dimension"},
    {"array_lower", "lower bound of a dimension"},
    {"array_upper", "upper bound of a dimension"},
    {"array_position", "subscript of the first such element, from a start on"},
    {"array_remove", "without the elements that are equal"},
    {"array_cat", "as `||`"},
    {"array_fill", "an array of one value, by lengths and lower bounds"},
    {"array_to_string", "elements with a delimiter between, and a text for NULL"},
    {"string_to_array", "fields between delimiters; a text that means NULL"},
    {"int4range", "the range between two bounds, NULL being none; which belong to it: `[)`, `[]`"},
    {"int8range", "as `int4range`"},
    {"numrange", "as `int4range`"},
    {"daterange", "as `int4range`"},
    {"tsrange", "as `int4range`"},
    {"tstzrange", "as `int4range`"},
    {"isempty", "whether nothing is in the range"},
    {"lower_inc", "whether the lower bound belongs to the range"},
    {"upper_inc", "whether the upper bound belongs to the range"},
    {"lower_inf", "whether the range has no lower bound"},
    {"upper_inf", "whether the range has no upper bound"},
    {"&&", "whether something is in both ranges"},
    {"-|-", "whether one range ends where the other begins"},
    {"&<", "whether the range does not end behind the other"},
    {"&>", "whether the range does not begin before the other"},
    {"now", "start of the transaction"},
    {"current_timestamp", "as `now()`"},
    {"mz_now", "logical time of the query; in maintained views only as a bound"},
    {"current_user", "the role in force"},
    {"current_role", "as `current_user`"},
    {"user", "as `current_user`"},
    {"session_user", "the role that logged in"},
    {"mz_is_superuser", "whether the role may do everything"},
    {"current_database", "the database"},
    {"current_catalog", "as `current_database()`"},
    {"current_schema", "the first schema of the search path that exists"},
    {"current_schemas", "all of them, with the system's if true"},
    {"current_setting", "value of a parameter; NULL instead of an error if true is given too"},
    {"version", "version that PostgreSQL clients look at"},
    {"mz_version", "version of the product"},
    {"mz_version_num", "the same as a number"},
    {"pg_backend_pid", "number of the session"},
    {"mz_environment_id", "name of this installation"},
    {"pg_postmaster_start_time", "start of the server"},
    {"mz_uptime", "time since the start of the server"},
    {"pg_typeof", "name of the argument's type"},
    {"format_type", "name of a type by OID and modifier"},
    {"pg_encoding_to_char", "name of an encoding by number"},
    {"pg_is_in_recovery", "false"},
    {"pg_table_is_visible", "true"},
    {"pg_type_is_visible", "true"},
    {"pg_function_is_visible", "true"},
    {"obj_description", "comment on an object; the relation of `pg_catalog` that lists it"},
    {"shobj_description", "the same of databases"},
    {"col_description", "comment on a column by its relation and position"},
    {"pg_get_constraintdef", "NULL: there are no constraints"},
    {"pg_get_expr", "its first argument"},
    {"pg_tablespace_location", "NULL: there are no tablespaces"},
    {"pg_size_pretty", "a number of bytes with a unit"},
};

std::string type_text(TypeId type) {
  return types::display_name(SqlType::of(type));
}
// The same of arrays in general.
std::string kind_text(TypeId type) {
  return type == TypeId::kArray ? "array" : type_text(type);
}

std::string pattern_text(const TypePattern& pattern) {
  switch (pattern.kind) {
    case PatternKind::kExact:
      return kind_text(pattern.type);
    case PatternKind::kArrayOf:
      return type_text(pattern.type) + "[]";
    case PatternKind::kRangeOf:
      return types::display_name(SqlType::range_of(SqlType::of(pattern.type)));
    case PatternKind::kAny:
      return "any";
    case PatternKind::kAnyNonArray:
      return "any but arrays and lists";
    case PatternKind::kAnyRecord:
      return "record";
    case PatternKind::kAnyElement:
    case PatternKind::kAnyCompatible:
      return "T";
    case PatternKind::kAnyArray:
    case PatternKind::kAnyCompatibleArray:
      return "T[]";
    case PatternKind::kAnyList:
    case PatternKind::kAnyCompatibleList:
      return "T list";
    case PatternKind::kAnyMap:
      return "map[text=>T]";
    case PatternKind::kAnyRange:
      return "range of T";
  }
  return "";
}

bool is_operator(std::string_view name) {
  return std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string signature(const FunctionSpec& function) {
  std::vector<std::string> parameters;
  for (const TypePattern& parameter : function.parameters()) {
    parameters.push_back(pattern_text(parameter));
  }
  if (function.variadic) parameters.back() += " ...";
  std::string name(function.name);
  std::string out;
  if (is_operator(name) && parameters.size() == 2) {
    out = parameters[0] + " " + name + " " + parameters[1];
  } else if (is_operator(name)) {
    out = name + " " + parameters[0];
  } else {
    out = name + "(";
    for (size_t i = 0; i < parameters.size(); ++i) out += (i == 0 ? "" : ", ") + parameters[i];
    out += ")";
  }
  return out + " → " + pattern_text(function.result);
}

std::string notes(const FunctionSpec& function) {
  std::vector<std::string> out;
  if (function.volatility == Volatility::kStatement) out.emplace_back("of the statement");
  if (function.null_policy == NullPolicy::kSeesNulls) out.emplace_back("takes NULL");
  if (function.may_return_null) out.emplace_back("may be NULL");
  if (function.can_fail) out.emplace_back("may fail");
  if (function.preserves_uniqueness) out.emplace_back("keeps keys");
  std::string text;
  for (const std::string& note : out) text += (text.empty() ? "" : ", ") + note;
  return text;
}

// Bars would end a table cell.
std::string cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, "\\");
  }
  return text;
}

void append_family(const FunctionFamily& family, std::string& out) {
  out += fmt::format("\n## {}\n\n| signature | notes | |\n|---|---|---|\n", family.title);
  std::string_view previous;
  for (const FunctionSpec& function : family.functions) {
    std::string_view text = function.name == previous ? "" : description_of(function.name);
    previous = function.name;
    out += fmt::format("| `{}` | {} | {} |\n", cell(signature(function)), notes(function), text);
  }
}

void append_casts(std::string& out) {
  out +=
      "\n## Casts\n\nImplicit casts happen anywhere, assignment casts when a value is stored "
      "in a column, explicit ones where\n`CAST` or `::` is written. Arrays are cast element by "
      "element, explicitly; lists, maps and\nrecords part by part, where their parts are.\n\n| "
      "from | implicit | assignment | explicit |\n|---|---|---|---|\n";
  std::vector<std::pair<TypeId, std::array<std::vector<std::string>, 3>>> rows;
  for (const CastEntry& cast : all_casts()) {
    if (cast.from == cast.to) continue;
    auto row = std::ranges::find(rows, cast.from, [](const auto& r) { return r.first; });
    if (row == rows.end()) row = rows.insert(rows.end(), {cast.from, {}});
    row->second[static_cast<size_t>(cast.context)].push_back(kind_text(cast.to));
  }
  // A pair that casts in a weaker context is listed there.
  for (auto& [from, columns] : rows) {
    auto listed_before = [&](size_t context) {
      return [&columns, context](const std::string& to) {
        for (size_t i = 0; i < context; ++i) {
          if (std::ranges::find(columns[i], to) != columns[i].end()) return true;
        }
        return false;
      };
    };
    std::erase_if(columns[1], listed_before(1));
    std::erase_if(columns[2], listed_before(2));
  }
  for (const auto& [from, columns] : rows) {
    out += "| " + kind_text(from) + " ";
    for (const auto& names : columns) {
      std::string list;
      for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
      out += "| " + list + " ";
    }
    out += "|\n";
  }
}

void append_aggregates(std::string& out) {
  out +=
      "\n## Aggregates\n\nAll accept `DISTINCT` and `FILTER`; those that gather "
      "values in a list or map accept `ORDER BY`, and take them in ascending order\nwithout it. "
      "Rows with a NULL key do not get into a map; of equal keys the last stays.\n\n| signature "
      "|\n|---|\n";
  for (const AggregateSpec& aggregate : all_aggregates()) {
    bool pair = aggregate.second.is_polymorphic();
    out += fmt::format("| `{}({}{}) → {}` |\n", aggregate.name, pattern_text(aggregate.argument),
                       pair ? ", " + pattern_text(aggregate.second) : "",
                       pattern_text(aggregate.result));
  }
}

}  // namespace

std::string_view description_of(std::string_view function) {
  const Description* found = std::ranges::find(kDescriptions, function, &Description::function);
  return found == std::end(kDescriptions) ? "" : found->text;
}

std::string function_reference() {
  std::string out =
      "# Functions and operators\n\nThis page is made from the engine's own tables; a test keeps "
      "it so.\n\nT stands for one type throughout a signature. Unless a function *takes NULL*, a "
      "NULL argument makes the result\nNULL. *May be NULL*: also without a NULL argument. *May "
      "fail*: some arguments are an error. *Keeps keys*: different\narguments give different "
      "results, so a unique column stays unique through it. *Of the statement*: fixed while a\n"
      "statement runs, and not allowed in maintained views.\n";
  for (const FunctionFamily& family : function_families()) append_family(family, out);
  append_casts(out);
  append_aggregates(out);
  return out;
}

}  // namespace penstock::expr
