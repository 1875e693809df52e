// Encoding, order and printing of lists, maps and records. Reading text is in nested_parse.cc.
#include "types/nested_value.h"

#include <algorithm>

#include "base/check.h"
#include "types/element.h"
#include "types/text_io.h"

namespace penstock::types {

namespace {

constexpr std::string_view kMapSpecial = "=>";

}  // namespace

// --- lists ---

std::string encode_list(const SqlType& element, std::span<const Datum> elements) {
  std::string out;
  put_varint(out, elements.size());
  for (const Datum& value : elements) put_element(element, value, out);
  return out;
}

std::vector<Datum> decode_list(const SqlType& element, std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<Datum> out;
  size_t count = in.varint();
  out.reserve(std::min(count, bytes.size()));
  for (size_t i = 0; i < count && !in.failed(); ++i) out.push_back(take_element(element, in));
  CHECK(!in.failed() && in.at_end());
  return out;
}

size_t list_length(std::string_view bytes) {
  return ByteReader(bytes).varint();
}

std::optional<Datum> find_in_list(const SqlType& element, std::string_view bytes, int64_t number) {
  ByteReader in(bytes);
  if (number < 1 || static_cast<uint64_t>(number) > in.varint()) return std::nullopt;
  while (--number > 0) take_element_bytes(element, in);
  return take_element(element, in);
}

std::strong_ordering compare_lists(const SqlType& element, std::string_view left,
                                   std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  ByteReader a(left);
  ByteReader b(right);
  size_t size_a = a.varint();
  size_t size_b = b.varint();
  for (size_t i = 0; i < std::min(size_a, size_b); ++i) {
    auto order = compare_elements(element, take_element(element, a), take_element(element, b));
    if (order != 0) return order;
  }
  return size_a <=> size_b;
}

void append_list_text(const SqlType& element, std::string_view bytes, std::string& out) {
  ByteReader in(bytes);
  size_t count = in.varint();
  out += '{';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_element_text(element, take_element(element, in), "", out);
  }
  out += '}';
}

// --- maps ---

std::string encode_map(const SqlType& value, std::vector<MapEntry> entries) {
  std::ranges::stable_sort(entries, {}, &MapEntry::first);
  // Of equal keys the last: the first from behind.
  auto last = std::unique(entries.rbegin(), entries.rend(),
                          [](const auto& a, const auto& b) { return a.first == b.first; });
  entries.erase(entries.begin(), last.base());
  std::string out;
  put_varint(out, entries.size());
  for (const auto& [key, datum] : entries) {
    put_string(out, key);
    put_element(value, datum, out);
  }
  return out;
}

std::vector<MapEntry> decode_map(const SqlType& value, std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<MapEntry> out;
  size_t count = in.varint();
  out.reserve(std::min(count, bytes.size()));
  for (size_t i = 0; i < count && !in.failed(); ++i) {
    std::string key(in.string());
    out.emplace_back(std::move(key), take_element(value, in));
  }
  CHECK(!in.failed() && in.at_end());
  return out;
}

size_t map_length(std::string_view bytes) {
  return ByteReader(bytes).varint();
}

std::optional<Datum> find_in_map(const SqlType& value, std::string_view bytes,
                                 std::string_view key) {
  ByteReader in(bytes);
  for (size_t left = in.varint(); left > 0; --left) {
    auto order = in.string().compare(key) <=> 0;
    if (order > 0) return std::nullopt;
    if (order == 0) return take_element(value, in);
    take_element_bytes(value, in);
  }
  return std::nullopt;
}

std::strong_ordering compare_maps(const SqlType& value, std::string_view left,
                                  std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  ByteReader a(left);
  ByteReader b(right);
  size_t size_a = a.varint();
  size_t size_b = b.varint();
  for (size_t i = 0; i < std::min(size_a, size_b); ++i) {
    auto keys = a.string().compare(b.string()) <=> 0;
    if (keys != 0) return keys;
    auto order = compare_elements(value, take_element(value, a), take_element(value, b));
    if (order != 0) return order;
  }
  return size_a <=> size_b;
}

void append_map_text(const SqlType& value, std::string_view bytes, std::string& out) {
  ByteReader in(bytes);
  size_t count = in.varint();
  out += '{';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_quoted(in.string(), kMapSpecial, out);
    out += "=>";
    append_element_text(value, take_element(value, in), kMapSpecial, out);
  }
  out += '}';
}

// --- records ---

std::string encode_record(const RecordFields& fields, std::span<const Datum> values) {
  CHECK_OP(==, fields.size(), values.size());
  std::string out;
  for (size_t i = 0; i < fields.size(); ++i) put_element(fields[i].type.type, values[i], out);
  return out;
}

std::vector<Datum> decode_record(const RecordFields& fields, std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<Datum> out;
  out.reserve(fields.size());
  for (const ColumnDesc& field : fields) out.push_back(take_element(field.type.type, in));
  CHECK(!in.failed() && in.at_end());
  return out;
}

Datum field_of_record(const RecordFields& fields, std::string_view bytes, size_t number) {
  ByteReader in(bytes);
  for (size_t i = 0; i < number; ++i) take_element_bytes(fields[i].type.type, in);
  return take_element(fields[number].type.type, in);
}

std::strong_ordering compare_records(const RecordFields& fields, std::string_view left,
                                     std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  ByteReader a(left);
  ByteReader b(right);
  for (const ColumnDesc& field : fields) {
    const SqlType& type = field.type.type;
    auto order = compare_elements(type, take_element(type, a), take_element(type, b));
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

void append_record_text(const RecordFields& fields, std::string_view bytes, std::string& out) {
  ByteReader in(bytes);
  std::string text;
  out += '(';
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    const SqlType& type = fields[i].type.type;
    Datum value = take_element(type, in);
    if (value.is_null()) continue;
    text.clear();
    append_text(type, value, text);
    append_doubling_quotes(text, "(),", out);
  }
  out += ')';
}

// --- all three ---

Result<std::string> convert_parts(const SqlType& from, const SqlType& to, std::string_view bytes,
                                  const ConvertPart& convert) {
  if (from.id == TypeId::kMap) {
    std::vector<MapEntry> entries = decode_map(*from.element, bytes);
    for (auto& [key, value] : entries) {
      ASSIGN_OR_RETURN(value, convert(0, std::move(value)));
    }
    return encode_map(*to.element, std::move(entries));
  }
  bool record = from.id == TypeId::kRecord;
  std::vector<Datum> values =
      record ? decode_record(*from.fields, bytes) : decode_list(*from.element, bytes);
  for (size_t i = 0; i < values.size(); ++i) {
    ASSIGN_OR_RETURN(values[i], convert(record ? i : 0, std::move(values[i])));
  }
  return record ? encode_record(*to.fields, values) : encode_list(*to.element, values);
}

}  // namespace penstock::types
