// The words the grammar knows, and which of them cannot stand as a bare name at which place.
// Far fewer are reserved than in PostgreSQL: anywhere a name must stand, any keyword is a name.
#pragma once

#include <string_view>

namespace penstock::sql {

// The keyword (upper case, static storage) whose lower-case form is `folded`; else empty.
std::string_view find_keyword(std::string_view folded);

// Cannot begin or be a bare name inside a scalar expression.
bool reserved_in_expression(std::string_view keyword);
// Cannot be an alias of a table, or of a column, without AS.
bool reserved_as_table_alias(std::string_view keyword);
bool reserved_as_column_alias(std::string_view keyword);
// Calls without parentheses: CURRENT_TIMESTAMP, USER, …
bool is_bare_function(std::string_view keyword);
// Printed in quotes, so that it is read as the same name at every place.
bool quoted_when_printed(std::string_view keyword);

}  // namespace penstock::sql
