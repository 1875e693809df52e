// Finds where the row before ends.
#include "format/json/json_change.h"

namespace penstock::format {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Takes the object that `text` begins with; false when it begins with none.
bool take_object(std::string_view& text, std::string_view& object) {
  if (!text.starts_with('{')) return false;
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      object = text.substr(0, i + 1);
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool take_row(std::string_view& text, std::optional<std::string_view>& row) {
  if (take(text, "null")) return true;
  return take_object(text, row.emplace());
}

}  // namespace

std::optional<ChangeRows> split_json_change(std::string_view change) {
  ChangeRows rows;
  const bool whole = take(change, R"({"before":)") && take_row(change, rows.before) &&
                     take(change, R"(,"after":)") && take_row(change, rows.after) && change == "}";
  if (!whole) return std::nullopt;
  return rows;
}

}  // namespace penstock::format
