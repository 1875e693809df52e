// Text -> tokens: PostgreSQL's lexical rules (standard_conforming_strings on).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/parse/token.h"

namespace penstock::sql {

// The last token is kEnd. Errors: 42601; 22021 when the text is no UTF-8 or has a NUL.
Result<std::vector<Token>> tokenize(std::string_view text);

}  // namespace penstock::sql
