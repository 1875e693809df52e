// Where things end in JSON text that is known to be right.
#pragma once

#include <cstddef>
#include <string_view>

namespace penstock::format {

// Behind the object that `text` begins within, `depth` braces deep; npos when it does not end.
size_t object_end(std::string_view text, size_t depth);

}  // namespace penstock::format
