// Functions on text. Positions and lengths count characters.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "expr/functions/families.h"
#include "expr/row_kernel.h"
#include "expr/utf8.h"
#include "types/text_io.h"

namespace penstock::expr {
namespace {

using data::Column;
using std::string;
using std::string_view;
using types::TypeId;
using enum TypeId;

// No result is longer than 100 MiB.
constexpr size_t kMaxResultBytes = 100 << 20;

std::unexpected<Error> too_long() {
  return fail(sql_state::kProgramLimitExceeded, "requested length too large");
}
std::unexpected<Error> invalid_parameter(string message) {
  return fail(sql_state::kInvalidParameterValue, std::move(message));
}
Result<string> limited(string text) {
  if (text.size() > kMaxResultBytes) return too_long();
  return text;
}

// --- lengths and case ---

int32_t length(string_view text) {
  return static_cast<int32_t>(num_characters(text));
}
string_view unpadded(string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}
int32_t bpchar_length(string_view text) {
  return length(unpadded(text));
}
int32_t octet_length(string_view text) {
  return static_cast<int32_t>(text.size());
}
int32_t bpchar_octets(const KernelCall& call, string_view text) {
  auto width = static_cast<size_t>(std::max(0, call.argument_types[0].modifier));
  size_t characters = num_characters(text);
  return static_cast<int32_t>(text.size() + (width > characters ? width - characters : 0));
}
int32_t bit_length(string_view text) {
  return static_cast<int32_t>(text.size() * 8);
}
string lower(string_view text) {
  return lower_text(text);
}
string upper(string_view text) {
  return upper_text(text);
}

string initcap(string_view text) {
  string out;
  bool inside_word = false;
  while (!text.empty()) {
    char32_t c = take_character(text);
    append_character(inside_word ? lower_character(c) : upper_character(c), out);
    inside_word = is_alphanumeric(c);
  }
  return out;
}

// --- parts ---

// Characters [begin, end) of the text, 0-based, clamped.
string_view characters(string_view text, int64_t begin, int64_t end) {
  begin = std::max<int64_t>(begin, 0);
  if (end <= begin) return {};
  auto skipped = static_cast<size_t>(begin);
  auto count = static_cast<size_t>(end - begin);
  if (is_ascii(text)) return skipped >= text.size() ? string_view() : text.substr(skipped, count);
  text.remove_prefix(character_offset(text, skipped));
  return text.substr(0, character_offset(text, count));
}
string_view substring_from(string_view text, int32_t start) {
  return characters(text, int64_t{start} - 1, INT64_MAX);
}
Result<string_view> substring(string_view text, int32_t start, int32_t count) {
  if (count < 0) return invalid_parameter("negative substring length not allowed");
  int64_t begin = int64_t{start} - 1;
  return characters(text, begin, begin + count);
}
string_view left(string_view text, int32_t count) {
  if (count >= 0) return characters(text, 0, count);
  return characters(text, 0, int64_t{count} + length(text));
}
string_view right(string_view text, int32_t count) {
  int64_t size = length(text);
  return characters(text, count >= 0 ? size - count : -int64_t{count}, size);
}
Result<string_view> split_part(string_view text, string_view delimiter, int32_t field) {
  if (field <= 0) return invalid_parameter("field position must be greater than zero");
  if (delimiter.empty()) return field == 1 ? text : string_view();
  for (; field > 1; --field) {
    size_t found = text.find(delimiter);
    if (found == string_view::npos) return string_view();
    text.remove_prefix(found + delimiter.size());
  }
  return text.substr(0, text.find(delimiter));
}

// Whether the character that begins `text` is one of `set`.
bool begins_with_one_of(string_view text, string_view set) {
  string_view first = text.substr(0, character_bytes(text));
  while (!set.empty()) {
    size_t bytes = character_bytes(set);
    if (set.substr(0, bytes) == first) return true;
    set.remove_prefix(bytes);
  }
  return false;
}
string_view left_trim(string_view text, string_view set) {
  while (!text.empty() && begins_with_one_of(text, set)) {
    text.remove_prefix(character_bytes(text));
  }
  return text;
}
string_view right_trim(string_view text, string_view set) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!begins_with_one_of(text.substr(last), set)) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}
string_view trim(string_view text, string_view set) {
  return right_trim(left_trim(text, set), set);
}
string_view left_trim_blanks(string_view text) {
  return left_trim(text, " ");
}
string_view right_trim_blanks(string_view text) {
  return right_trim(text, " ");
}
string_view trim_blanks(string_view text) {
  return trim(text, " ");
}

// --- searching and replacing ---

int32_t strpos(string_view text, string_view part) {
  size_t found = text.find(part);
  return found == string_view::npos ? 0 : length(text.substr(0, found)) + 1;
}
int32_t position(string_view part, string_view text) {
  return strpos(text, part);
}
bool starts_with(string_view text, string_view prefix) {
  return text.starts_with(prefix);
}

Result<string> replace(string_view text, string_view from, string_view to) {
  if (from.empty()) return string(text);
  string out;
  while (true) {
    size_t found = text.find(from);
    out.append(text.substr(0, found));
    if (found == string_view::npos) return out;
    out.append(to);
    if (out.size() > kMaxResultBytes) return too_long();
    text.remove_prefix(found + from.size());
  }
}

string translate(string_view text, string_view from, string_view to) {
  string out;
  while (!text.empty()) {
    string_view character = text.substr(0, character_bytes(text));
    text.remove_prefix(character.size());
    size_t index = 0;
    string_view rest = from;
    while (!rest.empty() && rest.substr(0, character_bytes(rest)) != character) {
      rest.remove_prefix(character_bytes(rest));
      ++index;
    }
    if (rest.empty()) {
      out.append(character);
    } else {
      string_view replacement = to.substr(character_offset(to, index));
      if (!replacement.empty()) out.append(replacement.substr(0, character_bytes(replacement)));
    }
  }
  return out;
}

// --- building ---

Result<string> repeat(string_view text, int32_t count) {
  if (count <= 0 || text.empty()) return string();
  if (text.size() * static_cast<size_t>(count) > kMaxResultBytes) return too_long();
  string out;
  out.reserve(text.size() * static_cast<size_t>(count));
  for (; count > 0; --count) out.append(text);
  return out;
}
string reverse(string_view text) {
  string out(text.size(), '\0');
  size_t end = text.size();
  while (!text.empty()) {
    size_t bytes = character_bytes(text);
    end -= bytes;
    std::copy_n(text.data(), bytes, out.data() + end);
    text.remove_prefix(bytes);
  }
  return out;
}
Result<string> left_pad(string_view text, int32_t width, string_view fill) {
  if (width < 0) return invalid_parameter("length must be nonnegative");
  if (static_cast<size_t>(width) > kMaxResultBytes) return too_long();
  auto characters_wanted = static_cast<size_t>(width);
  size_t present = num_characters(text);
  if (present >= characters_wanted) return string(characters(text, 0, width));
  if (fill.empty()) return string(text);
  string out;
  string_view rest = fill;
  for (size_t missing = characters_wanted - present; missing > 0; --missing) {
    if (rest.empty()) rest = fill;
    size_t bytes = character_bytes(rest);
    out.append(rest.substr(0, bytes));
    rest.remove_prefix(bytes);
  }
  out.append(text);
  return limited(std::move(out));
}
Result<string> left_pad_blanks(string_view text, int32_t width) {
  return left_pad(text, width, " ");
}
int32_t ascii(string_view text) {
  return text.empty() ? 0 : static_cast<int32_t>(take_character(text));
}
Result<string> chr(int32_t code) {
  if (code == 0) return fail(sql_state::kProgramLimitExceeded, "null character not permitted");
  if (code < 0 || code > 0x10FFFF) {
    return fail(sql_state::kProgramLimitExceeded,
                fmt::format("requested character too large for encoding: {}", code));
  }
  if (code >= 0xD800 && code < 0xE000) {
    return fail(sql_state::kProgramLimitExceeded,
                fmt::format("requested character not valid for encoding: {}", code));
  }
  string out;
  append_character(static_cast<char32_t>(code), out);
  return out;
}

Result<string> concatenate(string_view a, string_view b) {
  string out;
  out.reserve(a.size() + b.size());
  out.append(a).append(b);
  return limited(std::move(out));
}
// One side is of any type: as a cast to text writes it.
void concatenate_any(KernelCall& call) {
  string text;
  call.rows.for_each([&](size_t row) {
    text.clear();
    for (size_t i = 0; i < 2; ++i) {
      types::append_cast_text(call.argument_types[i], call.arguments[i].datum(row), text);
    }
    if (text.size() > kMaxResultBytes) {
      call.fail(row, too_long().error());
    } else {
      call.out.set_bytes(row, text);
    }
  });
}
// The arguments from `first` on that are not NULL, in their output form, with the separator between
// them.
void join_arguments(const KernelCall& call, size_t row, size_t first, string_view separator) {
  string out;
  bool any = false;
  for (size_t i = first; i < call.arguments.size(); ++i) {
    if (call.arguments[i].is_null(row)) continue;
    if (any) out.append(separator);
    any = true;
    types::append_text(call.argument_types[i], call.arguments[i].datum(row), out);
  }
  if (out.size() > kMaxResultBytes) {
    call.fail(row, too_long().error());
  } else {
    call.out.set_bytes(row, out);
  }
}
void concat(KernelCall& call) {
  call.rows.for_each([&](size_t row) { join_arguments(call, row, 0, ""); });
}
void concat_with_separator(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    if (call.arguments[0].is_null(row)) {
      call.out.set_null(row);
    } else {
      join_arguments(call, row, 1, call.arguments[0].bytes(row));
    }
  });
}

// --- identifiers, comparison in constant time ---

bool needs_quotes(string_view name) {
  if (name.empty() || !(name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'))) return true;
  return !std::ranges::all_of(name, [](char c) {
    return c == '_' || c == '$' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}
// Words that mean something else when they stand alone in an expression or select list.
constexpr std::array<string_view, 24> kReserved = {
    "all",  "and",  "any",    "array", "as",     "case",  "cast",   "distinct",
    "else", "end",  "except", "false", "from",   "group", "having", "limit",
    "not",  "null", "or",     "order", "select", "true",  "union",  "where"};
string quote_ident(string_view name) {
  if (!needs_quotes(name) && std::ranges::find(kReserved, name) == kReserved.end()) {
    return string(name);
  }
  string out = "\"";
  for (char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}
bool constant_time_equal(string_view a, string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

constexpr FunctionSpec concatenation(TypePattern left_type, TypePattern right_type) {
  return entry("||", {left_type, right_type}, kText, failing_batch_kernel(concatenate_any));
}

constexpr FunctionSpec kFunctions[] = {
    entry("||", {kText, kText}, kText, row_kernel<concatenate>),
    concatenation(kText, kAnyNonArray),
    concatenation(kAnyNonArray, kText),
    entry("length", {kText}, kInt4, row_kernel<length>),
    entry("length", {kBpchar}, kInt4, row_kernel<bpchar_length>),
    entry("char_length", {kText}, kInt4, row_kernel<length>),
    entry("char_length", {kBpchar}, kInt4, row_kernel<bpchar_length>),
    entry("octet_length", {kText}, kInt4, row_kernel<octet_length>),
    entry("octet_length", {kBpchar}, kInt4, row_kernel<bpchar_octets>),
    entry("octet_length", {kBytea}, kInt4, row_kernel<octet_length>),
    entry("bit_length", {kText}, kInt4, row_kernel<bit_length>),
    entry("bit_length", {kBytea}, kInt4, row_kernel<bit_length>),
    entry("lower", {kText}, kText, row_kernel<lower>),
    entry("upper", {kText}, kText, row_kernel<upper>),
    entry("initcap", {kText}, kText, row_kernel<initcap>),
    entry("substr", {kText, kInt4}, kText, row_kernel<substring_from>),
    entry("substr", {kText, kInt4, kInt4}, kText, row_kernel<substring>),
    entry("substring", {kText, kInt4}, kText, row_kernel<substring_from>),
    entry("substring", {kText, kInt4, kInt4}, kText, row_kernel<substring>),
    entry("left", {kText, kInt4}, kText, row_kernel<left>),
    entry("right", {kText, kInt4}, kText, row_kernel<right>),
    entry("split_part", {kText, kText, kInt4}, kText, row_kernel<split_part>),
    entry("btrim", {kText}, kText, row_kernel<trim_blanks>),
    entry("btrim", {kText, kText}, kText, row_kernel<trim>),
    entry("ltrim", {kText}, kText, row_kernel<left_trim_blanks>),
    entry("ltrim", {kText, kText}, kText, row_kernel<left_trim>),
    entry("rtrim", {kText}, kText, row_kernel<right_trim_blanks>),
    entry("rtrim", {kText, kText}, kText, row_kernel<right_trim>),
    entry("strpos", {kText, kText}, kInt4, row_kernel<strpos>),
    entry("position", {kText, kText}, kInt4, row_kernel<position>),
    entry("starts_with", {kText, kText}, kBool, row_kernel<starts_with>),
    entry("replace", {kText, kText, kText}, kText, row_kernel<replace>),
    entry("translate", {kText, kText, kText}, kText, row_kernel<translate>),
    entry("repeat", {kText, kInt4}, kText, row_kernel<repeat>),
    preserving_uniqueness(entry("reverse", {kText}, kText, row_kernel<reverse>)),
    entry("lpad", {kText, kInt4}, kText, row_kernel<left_pad_blanks>),
    entry("lpad", {kText, kInt4, kText}, kText, row_kernel<left_pad>),
    entry("ascii", {kText}, kInt4, row_kernel<ascii>),
    entry("chr", {kInt4}, kText, row_kernel<chr>),
    seeing_nulls(variadic(entry("concat", {kAny}, kText, failing_batch_kernel(concat))),
                 Nullability::kNever),
    seeing_nulls(variadic(entry("concat_ws", {kText, kAny}, kText,
                                failing_batch_kernel(concat_with_separator))),
                 Nullability::kAlways),
    preserving_uniqueness(entry("quote_ident", {kText}, kText, row_kernel<quote_ident>)),
    entry("constant_time_eq", {kText, kText}, kBool, row_kernel<constant_time_equal>),
    entry("constant_time_eq", {kBytea, kBytea}, kBool, row_kernel<constant_time_equal>),
};

}  // namespace

std::span<const FunctionSpec> string_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
