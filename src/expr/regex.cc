// The seam to RE2.
#include "expr/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "expr/utf8.h"

namespace penstock::expr {
namespace {

constexpr size_t kMaxPatternBytes = 1 << 20;
constexpr int64_t kMaxProgramBytes = 10 << 20;

std::unexpected<Error> invalid(std::string_view problem) {
  return fail(sql_state::kInvalidRegex, "invalid regular expression: " + std::string(problem));
}

// The Unicode class behind a backslash and this letter; empty if it has none.
std::string_view unicode_class(char letter, bool in_brackets) {
  switch (letter) {
    case 'd':
      return "\\p{Nd}";
    case 'D':
      return "\\P{Nd}";
    case 'w':
      return in_brackets ? "\\p{L}\\p{M}\\p{Nd}\\p{Pc}" : "[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]";
    case 'W':
      return in_brackets ? "" : "[^\\p{L}\\p{M}\\p{Nd}\\p{Pc}]";
    case 's':
      return in_brackets ? "\\t\\n\\v\\f\\r\\p{Z}\\x{85}" : "[\\t\\n\\v\\f\\r\\p{Z}\\x{85}]";
    case 'S':
      return in_brackets ? "" : "[^\\t\\n\\v\\f\\r\\p{Z}\\x{85}]";
    default:
      return "";
  }
}

std::string translate(std::string_view pattern) {
  std::string out;
  bool in_brackets = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      std::string_view replaced = unicode_class(pattern[i + 1], in_brackets);
      if (replaced.empty()) {
        out.append(pattern.substr(i, 2));
      } else {
        out.append(replaced);
      }
      ++i;
      continue;
    }
    if (c == '[' && !in_brackets) {
      in_brackets = true;
      out.push_back(c);
      // A bracket that stands first is literal.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out.push_back(pattern[++i]);
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') {
        out.append("\\]");
        ++i;
      }
      continue;
    }
    if (c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
      size_t end = pattern.find(":]", i);
      if (end != std::string_view::npos) {
        out.append(pattern.substr(i, end + 2 - i));
        i = end + 1;
        continue;
      }
    }
    if (c == ']') in_brackets = false;
    out.push_back(c);
  }
  return out;
}

bool is_name_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern, bool ignore_case) {
  if (pattern.size() > kMaxPatternBytes) return invalid("the pattern is longer than 1 MiB");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(kMaxProgramBytes);
  auto compiled = std::make_unique<re2::RE2>(piece(translate(pattern)), options);
  if (!compiled->ok()) return invalid("regex parse error: " + compiled->error());
  return Regex(std::move(compiled));
}

bool Regex::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(piece(text), *compiled_);
}

size_t Regex::num_groups() const {
  return static_cast<size_t>(compiled_->NumberOfCapturingGroups());
}

std::vector<std::string> Regex::group_names() const {
  std::vector<std::string> out(num_groups());
  for (const auto& [number, name] : compiled_->CapturingGroupNames()) {
    out[static_cast<size_t>(number) - 1] = name;
  }
  return out;
}

Regex::Groups Regex::find(std::string_view text, size_t start) const {
  std::vector<re2::StringPiece> found(num_groups() + 1);
  if (start > text.size() ||
      !compiled_->Match(piece(text), start, text.size(), re2::RE2::UNANCHORED, found.data(),
                        static_cast<int>(found.size()))) {
    return {};
  }
  Groups out;
  out.reserve(found.size());
  for (const re2::StringPiece& group : found) {
    if (group.data() == nullptr) {
      out.emplace_back(std::nullopt);
    } else {
      out.emplace_back(std::string_view(group.data(), group.size()));
    }
  }
  return out;
}

void Regex::append_expansion(std::string_view replacement, const Groups& groups,
                             std::string& out) const {
  while (!replacement.empty()) {
    size_t dollar = replacement.find('$');
    out.append(replacement.substr(0, dollar));
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out.push_back('$');
      replacement.remove_prefix(1);
      continue;
    }
    std::string_view name;
    if (replacement.starts_with('{') && replacement.contains('}')) {
      name = replacement.substr(1, replacement.find('}') - 1);
      replacement.remove_prefix(name.size() + 2);
    } else {
      size_t length = 0;
      while (length < replacement.size() && is_name_character(replacement[length])) ++length;
      name = replacement.substr(0, length);
      replacement.remove_prefix(length);
      if (name.empty()) {
        out.push_back('$');
        continue;
      }
    }
    size_t number = groups.size();
    if (std::from_chars(name.data(), name.data() + name.size(), number).ptr !=
        name.data() + name.size()) {
      auto named = compiled_->NamedCapturingGroups().find(std::string(name));
      number = named == compiled_->NamedCapturingGroups().end()
                   ? groups.size()
                   : static_cast<size_t>(named->second);
    }
    if (number < groups.size() && groups[number]) out.append(*groups[number]);
  }
}

std::string Regex::replace(std::string_view text, std::string_view replacement, bool all) const {
  std::string out;
  size_t copied = 0;
  size_t start = 0;
  while (start <= text.size()) {
    Groups groups = find(text, start);
    if (groups.empty()) break;
    auto begin = static_cast<size_t>(groups[0]->data() - text.data());
    size_t end = begin + groups[0]->size();
    out.append(text.substr(copied, begin - copied));
    append_expansion(replacement, groups, out);
    copied = end;
    if (!all) break;
    // After an empty match the next is looked for behind the next character.
    start = end > begin         ? end
            : end < text.size() ? end + character_bytes(text.substr(end))
                                : end + 1;
  }
  out.append(text.substr(std::min(copied, text.size())));
  return out;
}

std::vector<std::string_view> Regex::split(std::string_view text) const {
  std::vector<std::string_view> out;
  size_t piece_begin = 0;
  size_t start = 0;
  while (start <= text.size()) {
    Groups groups = find(text, start);
    if (groups.empty()) break;
    auto begin = static_cast<size_t>(groups[0]->data() - text.data());
    size_t end = begin + groups[0]->size();
    if (begin == end) {
      // Empty matches count only between two characters.
      if (begin >= text.size()) break;
      start = end + character_bytes(text.substr(end));
      if (begin == piece_begin) continue;
    } else {
      start = end;
    }
    out.push_back(text.substr(piece_begin, begin - piece_begin));
    piece_begin = end;
  }
  out.push_back(text.substr(piece_begin));
  return out;
}

}  // namespace penstock::expr
