// The pieces of JSON text: strings, numbers, dates. Appends; never fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::format {

// A string with its quotes. `utf8` is not checked.
void append_json_string(std::string_view utf8, std::string& out);

void append_json_integer(int64_t value, std::string& out);
void append_json_unsigned(uint64_t value, std::string& out);

// The fewest digits that read back as the same value; fixed notation for decimal exponents -5 to 15
// (float: -6 to 12), with ".0" after integers; NaN and infinities are null.
void append_json_double(double value, std::string& out);
void append_json_float(float value, std::string& out);

// "2024-02-29"; years beyond 9999 have a sign, years before year 1 are astronomical.
void append_json_date(int64_t days, std::string& out);
// "11:11:11", ".fff" or ".ffffff" appended as needed.
void append_json_time(int64_t micros_of_day, std::string& out);
// "1321009871123.450": milliseconds rounded down, then the rest in microseconds.
void append_json_timestamp(int64_t micros, std::string& out);
// [209,130]
void append_json_bytes(std::string_view bytes, std::string& out);

}  // namespace penstock::format
