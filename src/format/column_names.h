// Names of columns as names of a message's members.
#pragma once

#include <string>
#include <vector>

#include "types/sql_type.h"

namespace penstock::format {

// The columns' names, made distinct. The first of a name keeps it; a later one gets the smallest
// number that is free, after '_' if the name ends in a digit.
std::vector<std::string> distinct_names(const std::vector<types::ColumnDesc>& columns);

}  // namespace penstock::format
