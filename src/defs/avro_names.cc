// Names of Avro's schemas.
#include "defs/avro_names.h"

#include <algorithm>
#include <iterator>

namespace penstock::defs {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

}  // namespace

std::optional<std::string_view> malformed_avro_name(std::string_view full_name) {
  while (true) {
    const size_t dot = full_name.find('.');
    const std::string_view part = full_name.substr(0, dot);
    const bool begins = !part.empty() && !is_digit(part.front());
    if (!begins || !std::ranges::all_of(part, is_name_character)) return part;
    if (dot == std::string_view::npos) return std::nullopt;
    full_name.remove_prefix(dot + 1);
  }
}

bool is_avro_primitive(std::string_view full_name) {
  const std::string_view name = full_name.substr(full_name.rfind('.') + 1);  // npos + 1 is 0.
  static constexpr std::string_view kPrimitives[] = {"null",  "boolean", "int",   "long",
                                                     "float", "double",  "bytes", "string"};
  return std::ranges::find(kPrimitives, name) != std::end(kPrimitives);
}

std::string avro_namespace(std::string_view text) {
  std::string out;
  bool begins = true;  // A part of it.
  for (char c : text) {
    if (begins && (c == '.' || is_digit(c))) out += '_';
    out += is_name_character(c) || c == '.' ? c : '_';
    begins = c == '.';
  }
  if (begins) out += '_';
  return out;
}

}  // namespace penstock::defs
