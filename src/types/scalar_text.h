// Text forms of booleans, integers, floats and byte strings. text_io.h is the way in; these are for
// those who know the type already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/sql_type.h"

namespace penstock::types {

// Without the blanks (space, \t \n \v \f \r) at both ends.
std::string_view trim_blanks(std::string_view text);

// `invalid input syntax for type T: DETAIL: "TEXT"`; without detail when it is empty. 22P02, or
// 22007 for dates, times and intervals.
Error invalid_syntax(TypeId id, std::string_view detail, std::string_view text);
// `"TEXT" is out of range for type T: DETAIL`, likewise; 22003 or 22008.
Error out_of_range(TypeId id, std::string_view detail, std::string_view text);

Result<bool> parse_bool(std::string_view text);
// Any integer type but oid and mz_timestamp, as its bits (integer.h).
Result<int64_t> parse_integer(TypeId id, std::string_view text);
Result<double> parse_float8(std::string_view text);
Result<float> parse_float4(std::string_view text);
// \x and hexadecimal digits, or the escape form.
Result<std::string> parse_bytea(std::string_view text);

void append_integer(int64_t value, std::string& out);
void append_unsigned(uint64_t value, std::string& out);
// The fewest digits that read back as the same value; see docs/reference/types.md for the layout.
void append_float8(double value, std::string& out);
void append_float4(float value, std::string& out);
void append_bytea(std::string_view bytes, std::string& out);

// Number of characters of UTF-8 text.
size_t count_characters(std::string_view utf8);
// The first `characters` of it.
std::string_view first_characters(std::string_view utf8, size_t characters);

}  // namespace penstock::types
