// Lists, maps and records: values made of values, held in kBytes by canonical encodings: equal
// values have equal bytes as long as their elements do.
//
// A list: varint number of elements, then each (element.h). A map: varint number of entries, then
// each: its key as varint length and bytes, its value as an element; keys ascend bytewise, each is
// there once. A record: its fields as elements, in the order of its type.
//
// All of these REQUIRE bytes that were encoded for the same type, whatever its names.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

std::string encode_list(const SqlType& element, std::span<const Datum> elements);
std::vector<Datum> decode_list(const SqlType& element, std::string_view bytes);
size_t list_length(std::string_view bytes);
// Counted from 1; nothing where there is none, without decoding the others.
std::optional<Datum> find_in_list(const SqlType& element, std::string_view bytes, int64_t number);
// Element by element, NULL greatest; then the shorter one comes first.
std::strong_ordering compare_lists(const SqlType& element, std::string_view left,
                                   std::string_view right);
// {a,b,NULL}; lists, maps and arrays inside without quotes.
void append_list_text(const SqlType& element, std::string_view bytes, std::string& out);
Result<std::string> parse_list(const SqlType& element, std::string_view text);

using MapEntry = std::pair<std::string, Datum>;
// In any order; of entries with the same key the last stays.
std::string encode_map(const SqlType& value, std::vector<MapEntry> entries);
std::vector<MapEntry> decode_map(const SqlType& value, std::string_view bytes);
size_t map_length(std::string_view bytes);
// Nothing where the key is missing, without decoding the other values.
std::optional<Datum> find_in_map(const SqlType& value, std::string_view bytes,
                                 std::string_view key);
// Entry by entry: by key, then by value, NULL greatest; then the shorter one comes first.
std::strong_ordering compare_maps(const SqlType& value, std::string_view left,
                                  std::string_view right);
// {a=>1,b=>NULL}
void append_map_text(const SqlType& value, std::string_view bytes, std::string& out);
Result<std::string> parse_map(const SqlType& value, std::string_view text);

std::string encode_record(const RecordFields& fields, std::span<const Datum> values);
std::vector<Datum> decode_record(const RecordFields& fields, std::string_view bytes);
// One field, counted from 0, without decoding the others.
Datum field_of_record(const RecordFields& fields, std::string_view bytes, size_t number);
// Field by field, NULL greatest.
std::strong_ordering compare_records(const RecordFields& fields, std::string_view left,
                                     std::string_view right);
// (a,b): NULL is nothing; quoted when empty or containing ( ) , " \ or white space.
void append_record_text(const RecordFields& fields, std::string_view bytes, std::string& out);
Result<std::string> parse_record(const RecordFields& fields, std::string_view text);

// The list, map or record with other parts: convert(number of the field, or 0; part), called for
// NULLs too, makes those of `to` out of those of `from`. The first error ends it.
using ConvertPart = std::function<Result<Datum>(size_t field, Datum value)>;
Result<std::string> convert_parts(const SqlType& from, const SqlType& to, std::string_view bytes,
                                  const ConvertPart& convert);

}  // namespace penstock::types
