// Reading the text form of ranges.
#include <optional>
#include <string>
#include <utility>

#include "types/element.h"
#include "types/range_value.h"
#include "types/text_io.h"

namespace penstock::types {

namespace {

// [a,"b c") as PostgreSQL reads it: no text is no bound, blanks are part of their bound.
class RangeReader {
 public:
  RangeReader(const SqlType& element, std::string_view text)
      : element_(element), text_(text), rest_(text) {}

  Result<RangeValue> read() {
    skip_blanks();
    if (takes_empty()) {
      skip_blanks();
      if (!rest_.empty()) return bad("Junk after \"empty\" key word.");
      return RangeValue{.empty = true};
    }
    const bool from = take('[');
    if (!from && !take('(')) return bad("Missing left parenthesis or bracket.");
    ASSIGN_OR_RETURN(Datum lower, bound());
    if (!take(',')) {
      return bad(rest_.empty() ? "Unexpected end of input." : "Missing comma after lower bound.");
    }
    ASSIGN_OR_RETURN(Datum upper, bound());
    if (rest_.starts_with(',')) return bad("Too many commas.");
    const bool to = take(']');
    if (!to && !take(')')) return bad("Unexpected end of input.");
    skip_blanks();
    if (!rest_.empty()) return bad("Junk after right parenthesis or bracket.");
    return make_range(element_, {std::move(lower), from}, {std::move(upper), to});
  }

 private:
  std::unexpected<Error> bad(std::string_view detail) const {
    return fail(sql_state::kInvalidTextRepresentation,
                "invalid input syntax for type range: " + std::string(detail) + ": \"" +
                    std::string(text_) + "\"");
  }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // In any case.
  bool takes_empty() {
    constexpr std::string_view kEmpty = "empty";
    if (rest_.size() < kEmpty.size()) return false;
    for (size_t i = 0; i < kEmpty.size(); ++i) {
      if ((rest_[i] | 32) != kEmpty[i]) return false;
    }
    rest_.remove_prefix(kEmpty.size());
    return true;
  }
  bool at_end_of_bound() const {
    return rest_.starts_with(',') || rest_.starts_with(')') || rest_.starts_with(']');
  }

  // NULL where there is none.
  Result<Datum> bound() {
    if (at_end_of_bound()) return Datum::null();
    std::string text;
    bool in_quotes = false;
    while (in_quotes || !at_end_of_bound()) {
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
    Result<Datum> value = parse_text(element_, text);
    if (!value) return bad(value.error().message);
    return value;
  }

  const SqlType& element_;
  std::string_view text_;
  std::string_view rest_;
};

}  // namespace

Result<std::string> parse_range(const SqlType& element, std::string_view text) {
  ASSIGN_OR_RETURN(RangeValue range, RangeReader(element, text).read());
  return encode_range(element, range);
}

}  // namespace penstock::types
