// docs/reference/functions.md, made from the catalogues, so that it cannot lag behind them.
#pragma once

#include <string>
#include <string_view>

namespace penstock::expr {

// One line about a function or operator; empty when the name has none.
std::string_view description_of(std::string_view function);
// The whole page, Markdown.
std::string function_reference();

}  // namespace penstock::expr
