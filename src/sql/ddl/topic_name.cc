// The rule of Kafka's brokers for names of topics, so that what they will never take is not waited
// for.
#include "sql/ddl/topic_name.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::sql {
namespace {

constexpr size_t kLongest = 249;

bool is_legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Status check_topic_name(std::string_view option, std::string_view name) {
  const bool length_fits = !name.empty() && name.size() <= kLongest;
  if (length_fits && name != "." && name != ".." && std::ranges::all_of(name, is_legal)) return {};
  return fail(Error(sql_state::kInvalidParameterValue,
                    fmt::format("invalid {}: \"{}\" cannot be the name of a topic", option, name))
                  .with_hint("Kafka allows 1 to 249 letters and digits of ASCII, '.', '_' and '-', "
                             "but neither '.' nor '..' alone."));
}

}  // namespace penstock::sql
