// LIKE and regular expressions. A pattern is compiled once and kept until another comes along, so a
// constant one is compiled once for ever.
#include <fmt/core.h>

#include "expr/functions/families.h"
#include "expr/like_pattern.h"
#include "expr/regex.h"
#include "expr/row_kernel.h"
#include "types/array_value.h"

namespace penstock::expr {
namespace {

using std::string;
using std::string_view;
using types::ArrayValue;
using types::Datum;
using types::SqlType;
using types::TypeId;
using enum TypeId;

// The last compiled pattern of one call, with what it was compiled from.
template <typename Compiled>
class PatternCache final : public KernelState {
 public:
  const Result<Compiled>& get(string_view pattern, bool ignore_case) {
    if (!compiled_ || pattern != pattern_ || ignore_case != ignore_case_) {
      pattern_ = pattern;
      ignore_case_ = ignore_case;
      compiled_.emplace(Compiled::compile(pattern, ignore_case));
    }
    return *compiled_;
  }

 private:
  string pattern_;
  bool ignore_case_ = false;
  std::optional<Result<Compiled>> compiled_;
};

template <typename Compiled, bool ignore_case, bool negated>
void match_rows(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Compiled>>();
  const data::Column& texts = call.arguments[0];
  const data::Column& patterns = call.arguments[1];
  bool* out = call.out.values<bool>();
  bool padded = call.argument_types[0].id == kBpchar;
  call.rows.for_each([&](size_t row) {
    const Result<Compiled>& pattern = cache.get(patterns.bytes(row), ignore_case);
    if (!pattern) {
      call.fail(row, pattern.error());
      return;
    }
    string_view text = texts.bytes(row);
    while (padded && text.ends_with(' ')) text.remove_suffix(1);
    out[row] = pattern->matches(text) != negated;
  });
}

struct Flags {
  bool ignore_case = false;
  bool all = false;
};
Result<Flags> parse_flags(string_view text, string_view allowed) {
  Flags out;
  for (char flag : text) {
    if (allowed.find(flag) == string_view::npos) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("invalid regular expression flag: {}", flag));
    }
    if (flag == 'i') out.ignore_case = true;
    if (flag == 'c') out.ignore_case = false;
    if (flag == 'g') out.all = true;
  }
  return out;
}

using RegexCache = PatternCache<Regex>;

string encode_texts(const std::vector<std::optional<string_view>>& texts) {
  if (texts.empty()) return types::encode_array(SqlType::of(kText), ArrayValue());
  std::vector<Datum> elements;
  elements.reserve(texts.size());
  for (const auto& text : texts) {
    elements.push_back(text ? Datum::bytes(string(*text)) : Datum::null());
  }
  return types::encode_array(SqlType::of(kText), ArrayValue::one_dimensional(std::move(elements)));
}

Result<std::optional<string>> match_flags(const KernelCall& call, string_view text,
                                          string_view pattern, string_view flag_text) {
  ASSIGN_OR_RETURN(Flags flags, parse_flags(flag_text, "ic"));
  const Result<Regex>& regex = call.state_of<RegexCache>().get(pattern, flags.ignore_case);
  if (!regex) return fail(regex.error());
  Regex::Groups groups = regex->find(text, 0);
  if (groups.empty()) return std::optional<string>();
  if (groups.size() > 1) groups.erase(groups.begin());
  return std::optional<string>(encode_texts(groups));
}
Result<std::optional<string>> match(const KernelCall& call, string_view text, string_view pattern) {
  return match_flags(call, text, pattern, "");
}

Result<string> replace_flags(const KernelCall& call, string_view text, string_view pattern,
                             string_view replacement, string_view flag_text) {
  ASSIGN_OR_RETURN(Flags flags, parse_flags(flag_text, "icg"));
  const Result<Regex>& regex = call.state_of<RegexCache>().get(pattern, flags.ignore_case);
  if (!regex) return fail(regex.error());
  return regex->replace(text, replacement, flags.all);
}
Result<string> replace(const KernelCall& call, string_view text, string_view pattern,
                       string_view replacement) {
  return replace_flags(call, text, pattern, replacement, "");
}

Result<string> split_flags(const KernelCall& call, string_view text, string_view pattern,
                           string_view flag_text) {
  ASSIGN_OR_RETURN(Flags flags, parse_flags(flag_text, "ic"));
  const Result<Regex>& regex = call.state_of<RegexCache>().get(pattern, flags.ignore_case);
  if (!regex) return fail(regex.error());
  std::vector<string_view> parts = regex->split(text);
  return encode_texts({parts.begin(), parts.end()});
}
Result<string> split(const KernelCall& call, string_view text, string_view pattern) {
  return split_flags(call, text, pattern, "");
}

template <typename Compiled, bool ignore_case, bool negated>
constexpr FunctionSpec test(std::string_view name, TypeId type) {
  return entry(name, {type, kText}, kBool,
               failing_batch_kernel(match_rows<Compiled, ignore_case, negated>));
}

constexpr TypePattern kTexts = array_of(kText);

constexpr FunctionSpec kFunctions[] = {
    test<LikePattern, false, false>("~~", kText),
    test<LikePattern, false, false>("~~", kBpchar),
    test<LikePattern, false, true>("!~~", kText),
    test<LikePattern, false, true>("!~~", kBpchar),
    test<LikePattern, true, false>("~~*", kText),
    test<LikePattern, true, false>("~~*", kBpchar),
    test<LikePattern, true, true>("!~~*", kText),
    test<LikePattern, true, true>("!~~*", kBpchar),
    entry("like_escape", {kText, kText}, kText, row_kernel<like_escape>),
    test<Regex, false, false>("~", kText),
    test<Regex, false, false>("~", kBpchar),
    test<Regex, false, true>("!~", kText),
    test<Regex, false, true>("!~", kBpchar),
    test<Regex, true, false>("~*", kText),
    test<Regex, true, false>("~*", kBpchar),
    test<Regex, true, true>("!~*", kText),
    test<Regex, true, true>("!~*", kBpchar),
    entry("regexp_match", {kText, kText}, kTexts, row_kernel<match>),
    entry("regexp_match", {kText, kText, kText}, kTexts, row_kernel<match_flags>),
    entry("regexp_replace", {kText, kText, kText}, kText, row_kernel<replace>),
    entry("regexp_replace", {kText, kText, kText, kText}, kText, row_kernel<replace_flags>),
    entry("regexp_split_to_array", {kText, kText}, kTexts, row_kernel<split>),
    entry("regexp_split_to_array", {kText, kText, kText}, kTexts, row_kernel<split_flags>),
};

}  // namespace

std::span<const FunctionSpec> pattern_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
