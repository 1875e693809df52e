// All families, an index by name, and the categories of types.
#include "expr/function_catalogue.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <string>

#include "expr/functions/families.h"

namespace penstock::expr {
namespace {

using types::TypeId;
using Index = absl::flat_hash_map<std::string_view, std::vector<const FunctionSpec*>>;

const Index& index_by_name() {
  static const Index kIndex = [] {
    Index index;
    for (const FunctionFamily& family : function_families()) {
      for (const FunctionSpec& function : family.functions) {
        index[function.name].push_back(&function);
      }
    }
    return index;
  }();
  return kIndex;
}

}  // namespace

std::span<const FunctionFamily> function_families() {
  static const FunctionFamily kFamilies[] = {
      {"Arithmetic", arithmetic_functions()},
      {"Numeric", numeric_functions()},
      {"Floats", float_functions()},
      {"Bits", bit_functions()},
      {"Comparison", comparison_functions()},
      {"Conditional", conditional_functions()},
      {"Strings", string_functions()},
      {"Patterns", pattern_functions()},
      {"Bytes", byte_functions()},
      {"Hashes", hash_functions()},
      {"Date and time operators", date_functions()},
      {"Dates and times", date_part_functions()},
      {"Formatting of dates", date_format_functions()},
      {"JSON", json_functions()},
      {"Arrays", array_functions()},
      {"Lists", list_functions()},
      {"Maps", map_functions()},
      {"Records", record_functions()},
      {"Ranges", range_functions()},
      {"Comparison with elements", quantified_functions()},
      {"Session and system", system_functions()},
  };
  return kFamilies;
}

std::vector<const FunctionSpec*> functions_named(std::string_view name) {
  auto found = index_by_name().find(name);
  return found == index_by_name().end() ? std::vector<const FunctionSpec*>() : found->second;
}

const FunctionSpec& function_of(std::string_view name,
                                std::initializer_list<TypePattern> parameters) {
  for (const FunctionSpec* function : functions_named(name)) {
    if (std::ranges::equal(function->parameters(), parameters)) return *function;
  }
  check_failed(__FILE__, __LINE__, "function_of", std::string(name));
}

TypeCategory category_of(TypeId type) {
  switch (type) {
    case TypeId::kUnknown:
      return TypeCategory::kUnknown;
    case TypeId::kBool:
      return TypeCategory::kBool;
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kFloat4:
    case TypeId::kFloat8:
    case TypeId::kNumeric:
    case TypeId::kOid:
      return TypeCategory::kNumeric;
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kBpchar:
    case TypeId::kName:
      return TypeCategory::kString;
    case TypeId::kBytea:
      return TypeCategory::kBytes;
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return TypeCategory::kDateTime;
    case TypeId::kInterval:
      return TypeCategory::kTimespan;
    case TypeId::kUuid:
      return TypeCategory::kUuid;
    case TypeId::kJsonb:
      return TypeCategory::kJson;
    case TypeId::kArray:
      return TypeCategory::kArray;
    case TypeId::kRecord:
      return TypeCategory::kRecord;
    case TypeId::kList:
      return TypeCategory::kList;
    case TypeId::kMap:
      return TypeCategory::kMap;
    case TypeId::kRange:
      return TypeCategory::kRange;
    case TypeId::kChar:
    case TypeId::kMzTimestamp:
      return TypeCategory::kSystem;
  }
  return TypeCategory::kUnknown;
}

bool is_preferred(TypeId type) {
  return type == TypeId::kBool || type == TypeId::kFloat8 || type == TypeId::kText ||
         type == TypeId::kInterval || type == TypeId::kTimestampTz;
}

TypeId near_match(TypeId type) {
  switch (type) {
    case TypeId::kUInt2:
      return TypeId::kInt4;
    case TypeId::kUInt4:
      return TypeId::kInt8;
    case TypeId::kUInt8:
      return TypeId::kNumeric;
    default:
      return type;
  }
}

}  // namespace penstock::expr
