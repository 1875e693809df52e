// Regular expressions by RE2, in the dialect of the SQL operators: \d, \w and \s (and their
// opposites outside brackets) are Unicode classes; ^ and $ are the ends of the text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace penstock::expr {

class Regex {
 public:
  // Errors: 2201B for the pattern, also when it or its program is too large.
  static Result<Regex> compile(std::string_view pattern, bool ignore_case);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // Whether it matches anywhere in `text`.
  bool matches(std::string_view text) const;
  // The whole match and its groups (a group that took no part is absent), the first at or after
  // `start`; empty when there is none.
  using Groups = std::vector<std::optional<std::string_view>>;
  Groups find(std::string_view text, size_t start) const;
  size_t num_groups() const;  // Without the whole match.
  // By number, from 1; empty for a group without a name.
  std::vector<std::string> group_names() const;
  // The text with the first match, or all, replaced: $1, ${1}, $name and ${name} in `replacement`
  // stand for groups, $$ for a dollar.
  std::string replace(std::string_view text, std::string_view replacement, bool all) const;
  // What is between matches; an empty match splits between characters.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);
  void append_expansion(std::string_view replacement, const Groups& groups, std::string& out) const;

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace penstock::expr
