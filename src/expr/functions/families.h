// The tables of every family, named one by one: nothing registers itself. Internal to the
// catalogue.
#pragma once

#include <span>

#include "expr/function_spec.h"

namespace penstock::expr {

std::span<const FunctionSpec> arithmetic_functions();
std::span<const FunctionSpec> bit_functions();
std::span<const FunctionSpec> comparison_functions();
std::span<const FunctionSpec> conditional_functions();
std::span<const FunctionSpec> float_functions();
std::span<const FunctionSpec> numeric_functions();
std::span<const FunctionSpec> string_functions();
std::span<const FunctionSpec> pattern_functions();
std::span<const FunctionSpec> byte_functions();
std::span<const FunctionSpec> hash_functions();
std::span<const FunctionSpec> date_functions();
std::span<const FunctionSpec> date_part_functions();
std::span<const FunctionSpec> date_format_functions();
std::span<const FunctionSpec> json_functions();
std::span<const FunctionSpec> array_functions();
std::span<const FunctionSpec> list_functions();
std::span<const FunctionSpec> map_functions();
std::span<const FunctionSpec> range_functions();
std::span<const FunctionSpec> record_functions();
std::span<const FunctionSpec> quantified_functions();
std::span<const FunctionSpec> system_functions();

}  // namespace penstock::expr
