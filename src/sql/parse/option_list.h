// Option lists, driven by tables: which names may stand in a list, and how the value of each reads.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_option.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

enum class OptionRule {
  kValue,        // Literal, bare word, SECRET, sequence, MAP.
  kItem,         // Name of an object.
  kItems,        // ( a, b.c, … )
  kExpression,   // A whole SQL expression.
  kType,         // Name of a type.
  kBroker,       // 'host:port' [USING …]
  kBrokers,      // ( broker, … )
  kPrivatelink,  // connection [( … )]
  kHistory,      // FOR value
  kRefresh,
  kSchedule,
  kReplicas,    // ( name ( options ), … )
  kDocOnItem,   // item, then = value
  kDocOnColumn  // item.column, then = value
};

struct OptionSpec {
  std::string_view name;
  OptionRule rule = OptionRule::kValue;
  std::string_view synonym_of = {};  // Reported under this name.
};
using OptionSpecs = std::span<const OptionSpec>;

// One option. An unknown word is "Expected one of A or B, found …".
Result<Option> parse_option(Cursor& cursor, OptionSpecs specs);
// The name alone, as in RESET (…).
Result<Option> parse_option_name(Cursor& cursor, OptionSpecs specs);
Result<std::vector<Option>> parse_option_list(Cursor& cursor, OptionSpecs specs);  // a, b, …
Result<std::vector<Option>> parse_options_in_parens(Cursor& cursor, OptionSpecs specs);
Result<std::vector<Option>> parse_optional_options_in_parens(Cursor& cursor, OptionSpecs specs);
Result<std::vector<Option>> parse_with_options(Cursor& cursor, OptionSpecs specs);  // [WITH ( … )]
Result<std::vector<Option>> parse_option_names_in_parens(Cursor& cursor, OptionSpecs specs);
// Options of any name: words up to `=`, `,` or the end, then a value. For EXPLAIN.
Result<std::vector<Option>> parse_free_options_in_parens(Cursor& cursor);

Result<OptionValue> parse_option_value(Cursor& cursor);

}  // namespace penstock::sql
