// Finds where the row before ends.
#include "format/json/json_change.h"

#include "format/json/json_scan.h"

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
  const size_t end = object_end(text, 0);
  if (end == std::string_view::npos) return false;
  object = text.substr(0, end);
  text.remove_prefix(end);
  return true;
}

bool take_row(std::string_view& text, std::optional<std::string_view>& row) {
  if (take(text, "null")) return true;
  return take_object(text, row.emplace());
}

}  // namespace

std::optional<ChangeRows> split_json_change(std::string_view change, bool has_fields) {
  ChangeRows rows;
  const bool begins = take(change, R"({"before":)") && take_row(change, rows.before) &&
                      take(change, R"(,"after":)") && take_row(change, rows.after);
  if (!begins) return std::nullopt;
  const bool whole = has_fields
                         ? change.starts_with(",\"") && object_end(change, 1) == change.size()
                         : change == "}";
  if (!whole) return std::nullopt;
  return rows;
}

}  // namespace penstock::format
