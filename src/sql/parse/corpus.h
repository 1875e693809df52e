// Statements that must parse, for the tests: a broad sample of the dialect.
#pragma once

#include <span>
#include <string_view>

namespace penstock::sql {

std::span<const std::string_view> query_corpus();
std::span<const std::string_view> statement_corpus();

}  // namespace penstock::sql
