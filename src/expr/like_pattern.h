// A compiled LIKE pattern: `_` is one character, `%` any number of them, `\` takes the next
// character literally. Immutable after compile().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::expr {

class LikePattern {
 public:
  // Error 22025: the pattern ends in its escape character.
  static Result<LikePattern> compile(std::string_view pattern, bool ignore_case);

  bool matches(std::string_view text) const;

 private:
  // A run between two `%`: literal bytes, with `_` marked.
  struct Part {
    std::string bytes;
    bool wild = false;      // Has an any_[i].
    std::vector<bool> any;  // any[i]: bytes[i] stands for `_`.
  };

  bool matches_folded(std::string_view text) const;
  // Bytes of `text` that the part matches at its front; nothing if it does not.
  static std::optional<size_t> match_front(const Part& part, std::string_view text);
  // Where the part first matches in `text`: begin and end.
  static std::optional<std::pair<size_t, size_t>> find(const Part& part, std::string_view text);

  std::vector<Part> parts_;  // At least one; `%` stands between neighbours.
  bool ignore_case_ = false;
};

// `pattern` written for escape character `escape`, rewritten for `\`. Error 22025: the escape is
// longer than one character, or the pattern ends in it.
Result<std::string> like_escape(std::string_view pattern, std::string_view escape);

}  // namespace penstock::expr
