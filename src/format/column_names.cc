// Names of members.
#include "format/column_names.h"

#include <set>

namespace penstock::format {
namespace {

std::string numbered(const std::string& stem, size_t number) {
  bool digit = !stem.empty() && stem.back() >= '0' && stem.back() <= '9';
  return stem + (digit ? "_" : "") + std::to_string(number);
}

}  // namespace

std::vector<std::string> distinct_names(const std::vector<types::ColumnDesc>& columns) {
  std::set<std::string> given;
  std::vector<std::string> names;
  for (const types::ColumnDesc& column : columns) {
    std::string name = column.name;
    for (size_t number = 1; given.contains(name); ++number) name = numbered(column.name, number);
    given.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace penstock::format
