// Walking, comparing and putting together canonical JSON text.
#include "types/jsonb.h"

#include "base/check.h"

namespace penstock::types {
namespace {

// Length of the string that `json` begins with, quotes included.
size_t string_length(std::string_view json) {
  size_t at = 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return at + 1;
}

// Length of the value that `json` begins with.
size_t value_length(std::string_view json) {
  if (json.starts_with('"')) return string_length(json);
  int depth = 0;
  size_t at = 0;
  while (at < json.size()) {
    char c = json[at];
    if (c == '"') {
      at += string_length(json.substr(at));
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') {
      if (depth == 0) break;
      if (--depth == 0) return at + 1;
    }
    if (c == ',' && depth == 0) break;
    ++at;
  }
  return at;
}

uint32_t hex_value(std::string_view digits) {
  uint32_t value = 0;
  for (char c : digits) {
    value = value * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::strong_ordering compare_strings(std::string_view left, std::string_view right) {
  // Without escapes the texts themselves compare, up to their closing quotes.
  if (left.find('\\') == std::string_view::npos && right.find('\\') == std::string_view::npos) {
    return left.substr(1, left.size() - 2).compare(right.substr(1, right.size() - 2)) <=> 0;
  }
  return jsonb_string(left).compare(jsonb_string(right)) <=> 0;
}

std::strong_ordering compare_members(std::string_view left, std::string_view right, bool object) {
  JsonReader a(left);
  JsonReader b(right);
  while (true) {
    bool more_a = a.next();
    bool more_b = b.next();
    if (!more_a || !more_b) return more_a <=> more_b;
    if (object) {
      std::strong_ordering keys = compare_strings(a.key_json(), b.key_json());
      if (keys != std::strong_ordering::equal) return keys;
    }
    std::strong_ordering values = compare_jsonb(a.value(), b.value());
    if (values != std::strong_ordering::equal) return values;
  }
}

}  // namespace

JsonKind jsonb_kind(std::string_view json) {
  CHECK(!json.empty());
  switch (json[0]) {
    case 'f':
      return JsonKind::kFalse;
    case 't':
      return JsonKind::kTrue;
    case '"':
      return JsonKind::kString;
    case '[':
      return JsonKind::kArray;
    case '{':
      return JsonKind::kObject;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::strong_ordering compare_jsonb(std::string_view left, std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  JsonKind kind = jsonb_kind(left);
  JsonKind other = jsonb_kind(right);
  if (kind != other) return kind <=> other;
  switch (kind) {
    case JsonKind::kString:
      return compare_strings(left, right);
    case JsonKind::kArray:
    case JsonKind::kObject:
      return compare_members(left, right, kind == JsonKind::kObject);
    case JsonKind::kNumber:
      return jsonb_number(left).compare(jsonb_number(right));
    default:
      return std::strong_ordering::equal;
  }
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else {
      constexpr std::string_view kFrom = "\b\f\n\r\t";
      constexpr std::string_view kTo = "bfnrt";
      constexpr std::string_view kHex = "0123456789abcdef";
      size_t simple = kFrom.find(c);
      if (simple != std::string_view::npos) {
        out += '\\';
        out += kTo[simple];
      } else {
        out += "\\u00";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
  }
  out += '"';
}

std::string jsonb_string(std::string_view json) {
  CHECK(json.size() >= 2);
  json = json.substr(1, json.size() - 2);
  std::string out;
  out.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      out += json[i];
      continue;
    }
    ++i;
    constexpr std::string_view kFrom = "\"\\bfnrt";
    constexpr std::string_view kTo = "\"\\\b\f\n\r\t";
    if (json[i] == 'u') {
      // Canonical text escapes only control characters this way.
      out += static_cast<char>(hex_value(json.substr(i + 1, 4)));
      i += 4;
    } else {
      out += kTo[kFrom.find(json[i])];
    }
  }
  return out;
}

Numeric jsonb_number(std::string_view json) {
  Result<Numeric> value = Numeric::parse(json, ExcessDigits::kRound);
  CHECK(value.has_value());
  return *value;
}

JsonReader::JsonReader(std::string_view json) {
  object_ = json.starts_with('{');
  if (object_ || json.starts_with('[')) rest_ = json.substr(1, json.size() - 2);
}

bool JsonReader::next() {
  if (rest_.empty()) return false;
  if (object_) {
    size_t length = string_length(rest_);
    key_ = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
  }
  size_t length = value_length(rest_);
  value_ = rest_.substr(0, length);
  rest_.remove_prefix(length);
  if (rest_.starts_with(',')) rest_.remove_prefix(1);
  return true;
}

std::optional<std::string_view> jsonb_member(std::string_view json, std::string_view key) {
  if (!json.starts_with('{')) return std::nullopt;
  std::string wanted;
  append_json_string(key, wanted);
  JsonReader members(json);
  while (members.next()) {
    if (members.key_json() == wanted) return members.value();
  }
  return std::nullopt;
}

std::optional<std::string_view> jsonb_element(std::string_view json, int64_t index) {
  if (!json.starts_with('[')) return std::nullopt;
  if (index < 0) {
    JsonReader counter(json);
    while (counter.next()) ++index;
    if (index < 0) return std::nullopt;
  }
  JsonReader elements(json);
  while (elements.next()) {
    if (index-- == 0) return elements.value();
  }
  return std::nullopt;
}

void JsonObjectBuilder::erase(std::string_view key) {
  auto found = members_.find(key);
  if (found != members_.end()) members_.erase(found);
}

std::string JsonObjectBuilder::finish() const {
  std::string out = "{";
  for (const auto& [key, json] : members_) {
    if (out.size() > 1) out += ',';
    append_json_string(key, out);
    out += ':';
    out += json;
  }
  out += '}';
  return out;
}

}  // namespace penstock::types
