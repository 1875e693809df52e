// Reading the text form of arrays.
#include "types/array_value.h"
#include "types/element.h"
#include "types/text_io.h"

namespace penstock::types {
namespace {

class ArrayReader {
 public:
  ArrayReader(const SqlType& element, std::string_view text)
      : element_(element), text_(text), rest_(text) {}

  Result<ArrayValue> read() {
    skip_blanks();
    if (rest_.starts_with('[')) return bad("Specifying array lower bounds is not supported");
    if (!rest_.starts_with('{')) return bad("Array value must start with \"{\"");
    RETURN_IF_ERROR(read_braces(0));
    skip_blanks();
    if (!rest_.empty()) return bad("Junk after closing right brace.");
    if (out_.elements.empty()) out_.dimensions.clear();
    return std::move(out_);
  }

 private:
  std::unexpected<Error> bad(std::string_view detail) const {
    return fail(sql_state::kInvalidTextRepresentation,
                "invalid input syntax for type array: " + std::string(detail) + ": \"" +
                    std::string(text_) + "\"");
  }
  std::unexpected<Error> unexpected_character() const {
    if (rest_.empty()) return bad("Unexpected end of input.");
    return bad("Unexpected \"" + std::string(rest_.substr(0, 1)) + "\" character.");
  }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Status read_braces(size_t depth);
  Status read_item(size_t depth);
  Status read_element();
  Status append(std::string_view text);

  const SqlType& element_;
  std::string_view text_;
  std::string_view rest_;
  ArrayValue out_;
  bool depth_known_ = false;  // Elements stand in the innermost dimension known so far.
};

Status ArrayReader::read_braces(size_t depth) {
  constexpr std::string_view kUneven =
      "Multidimensional arrays must have sub-arrays with matching dimensions.";
  if (depth == kMaxArrayDimensions) {
    return fail(sql_state::kProgramLimitExceeded,
                "number of array dimensions (7) exceeds the maximum allowed (6)");
  }
  rest_.remove_prefix(1);
  bool first_of_its_depth = out_.dimensions.size() == depth;
  if (first_of_its_depth) {
    if (depth_known_) return bad(kUneven);
    out_.dimensions.push_back({0, 1});
  }
  int32_t length = 0;
  skip_blanks();
  while (!take('}')) {
    if (length > 0 && !take(',')) return unexpected_character();
    skip_blanks();
    if (rest_.starts_with('{')) {
      if (depth_known_ && depth + 1 == out_.dimensions.size()) return bad(kUneven);
      RETURN_IF_ERROR(read_braces(depth + 1));
    } else {
      if (depth + 1 != out_.dimensions.size()) return bad(kUneven);
      depth_known_ = true;
      RETURN_IF_ERROR(read_element());
    }
    ++length;
    skip_blanks();
  }
  if (first_of_its_depth) {
    out_.dimensions[depth].length = length;
  } else if (out_.dimensions[depth].length != length) {
    return bad(kUneven);
  }
  return {};
}

Status ArrayReader::append(std::string_view text) {
  Result<Datum> value = parse_text(element_, text);
  if (!value) return bad(value.error().message);
  out_.elements.push_back(std::move(*value));
  return {};
}

Status ArrayReader::read_element() {
  std::string text;
  if (take('"')) {
    while (!take('"')) {
      if (rest_.starts_with('\\')) rest_.remove_prefix(1);
      if (rest_.empty()) return unexpected_character();
      text += rest_[0];
      rest_.remove_prefix(1);
    }
    return append(text);
  }
  size_t kept = 0;  // Blanks behind the last kept character are not part of the element.
  bool escaped = false;
  while (!rest_.empty() && rest_[0] != ',' && rest_[0] != '}') {
    if (rest_[0] == '{' || rest_[0] == '"') return unexpected_character();
    bool literal = take('\\');
    if (literal && rest_.empty()) return unexpected_character();
    escaped = escaped || literal;
    text += rest_[0];
    if (literal || !is_blank(rest_[0])) kept = text.size();
    rest_.remove_prefix(1);
  }
  text.resize(kept);
  if (text.empty()) return unexpected_character();
  if (!escaped && spells_null(text)) {
    out_.elements.push_back(Datum::null());
    return {};
  }
  return append(text);
}

}  // namespace

Result<std::string> parse_array(const SqlType& element, std::string_view text) {
  ASSIGN_OR_RETURN(ArrayValue array, ArrayReader(element, text).read());
  return encode_array(element, array);
}

}  // namespace penstock::types
