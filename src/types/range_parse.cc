// Reading the text form of ranges.
#include <string>
#include <utility>

#include "types/element.h"
#include "types/range_value.h"

namespace penstock::types {

namespace {

// [a,"b c") as PostgreSQL reads it: no text is no bound, blanks are part of their bound.
Result<RangeValue> read_range(const SqlType& element, std::string_view text) {
  constexpr std::string_view kEnds = ",)]";
  DoubledQuotesReader in("range", text);
  if (in.take_word("empty")) {
    if (!in.at_end()) return in.bad("Junk after \"empty\" key word.");
    return RangeValue{.empty = true};
  }
  const bool from = in.take('[');
  if (!from && !in.take('(')) return in.bad("Missing left parenthesis or bracket.");
  ASSIGN_OR_RETURN(Datum lower, in.value(element, kEnds));
  if (!in.take(',')) return in.bad("Missing comma after lower bound.");
  ASSIGN_OR_RETURN(Datum upper, in.value(element, kEnds));
  if (in.is(',')) return in.bad("Too many commas.");
  const bool to = in.take(']');
  if (!to) in.take(')');
  if (!in.at_end()) return in.bad("Junk after right parenthesis or bracket.");
  return make_range(element, {std::move(lower), from}, {std::move(upper), to});
}

}  // namespace

Result<std::string> parse_range(const SqlType& element, std::string_view text) {
  ASSIGN_OR_RETURN(RangeValue range, read_range(element, text));
  return encode_range(element, range);
}

}  // namespace penstock::types
