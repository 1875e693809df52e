// Matching of LIKE patterns: the first and last part are anchored, those between are found from
// left to right, each as early as possible, which is enough because `%` takes anything.
#include "expr/like_pattern.h"

#include "expr/utf8.h"

namespace penstock::expr {
namespace {

std::unexpected<Error> unterminated() {
  return fail(sql_state::kInvalidEscape, "unterminated escape sequence in LIKE");
}

}  // namespace

Result<LikePattern> LikePattern::compile(std::string_view pattern, bool ignore_case) {
  LikePattern out;
  out.ignore_case_ = ignore_case;
  std::string folded;
  if (ignore_case) {
    folded = lower_text(pattern);
    pattern = folded;
  }
  out.parts_.emplace_back();
  bool after_percent = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    Part& part = out.parts_.back();
    char c = pattern[i];
    if (c == '%') {
      if (!after_percent) out.parts_.emplace_back();
      after_percent = true;
      continue;
    }
    after_percent = false;
    bool any = c == '_';
    if (c == '\\' && ++i == pattern.size()) return unterminated();
    part.bytes.push_back(any ? '_' : pattern[i]);
    part.any.push_back(any);
    part.wild |= any;
  }
  return out;
}

std::optional<size_t> LikePattern::match_front(const Part& part, std::string_view text) {
  if (!part.wild) {
    return text.starts_with(part.bytes) ? std::optional(part.bytes.size()) : std::nullopt;
  }
  size_t at = 0;
  for (size_t i = 0; i < part.bytes.size(); ++i) {
    if (at == text.size()) return std::nullopt;
    if (part.any[i]) {
      at += character_bytes(text.substr(at));
    } else if (text[at] == part.bytes[i]) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

std::optional<std::pair<size_t, size_t>> LikePattern::find(const Part& part,
                                                           std::string_view text) {
  if (!part.wild) {
    size_t found = text.find(part.bytes);
    if (found == std::string_view::npos) return std::nullopt;
    return std::pair(found, found + part.bytes.size());
  }
  for (size_t at = 0;; at += character_bytes(text.substr(at))) {
    if (std::optional<size_t> length = match_front(part, text.substr(at))) {
      return std::pair(at, at + *length);
    }
    if (at == text.size()) return std::nullopt;
  }
}

bool LikePattern::matches(std::string_view text) const {
  return ignore_case_ ? matches_folded(lower_text(text)) : matches_folded(text);
}

bool LikePattern::matches_folded(std::string_view text) const {
  std::optional<size_t> front = match_front(parts_.front(), text);
  if (!front) return false;
  if (parts_.size() == 1) return *front == text.size();
  text.remove_prefix(*front);
  for (size_t i = 1; i + 1 < parts_.size(); ++i) {
    auto found = find(parts_[i], text);
    if (!found) return false;
    text.remove_prefix(found->second);
  }
  const Part& last = parts_.back();
  if (!last.wild) return text.ends_with(last.bytes);
  // As many characters from the end as the part has.
  size_t characters = 0;
  for (size_t i = 0; i < last.bytes.size(); ++i) {
    characters += last.any[i] || (static_cast<unsigned char>(last.bytes[i]) & 0xC0) != 0x80;
  }
  size_t present = num_characters(text);
  if (present < characters) return false;
  text.remove_prefix(character_offset(text, present - characters));
  std::optional<size_t> end = match_front(last, text);
  return end && *end == text.size();
}

Result<std::string> like_escape(std::string_view pattern, std::string_view escape) {
  if (num_characters(escape) > 1) {
    return fail(sql_state::kInvalidEscape, "invalid escape string");
  }
  if (escape == "\\") return std::string(pattern);
  std::string out;
  while (!pattern.empty()) {
    if (!escape.empty() && pattern.starts_with(escape)) {
      pattern.remove_prefix(escape.size());
      if (pattern.empty()) return unterminated();
      out.push_back('\\');
    } else if (pattern[0] == '\\') {
      out.push_back('\\');
    }
    size_t bytes = character_bytes(pattern);
    out.append(pattern.substr(0, bytes));
    pattern.remove_prefix(bytes);
  }
  return out;
}

}  // namespace penstock::expr
