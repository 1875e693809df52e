// Letters, and what is kept of a row on disk.
#include "sinks/refusal.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes_io.h"
#include "base/text_encoding.h"
#include "defs/names.h"
#include "format/json/json_text.h"

namespace penstock::sinks {
namespace {

// A broker takes batches of 1 MiB unless it is told, and a letter is worth less than what it is
// about.
constexpr size_t kLetterBytesLeast = 16 << 10;
constexpr size_t kLetterBytesMost = 512 << 10;
constexpr size_t kErrorBytes = 1 << 10;
// Of names, numbers and the members' own names; an error may get longer when it is escaped.
constexpr size_t kFrameBytes = 7 << 10;

// At most so much of it, without half a character at its end.
std::string_view cut(std::string_view text, size_t bytes) {
  text = text.substr(0, bytes);
  for (size_t i = 0; i < 4 && !is_utf8(text); ++i) text.remove_suffix(1);
  return text;
}

// As much of the text as has room as a string of JSON.
std::string_view cut_escaped(std::string_view text, size_t room) {
  size_t bytes = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const auto c = static_cast<unsigned char>(text[end]);
    bytes += c < ' ' || c == 0x7f ? 6 : c == '"' || c == '\\' ? 2 : 1;
    if (bytes > room) break;
  }
  return cut(text, end);
}

void member(std::string_view name, std::string_view text, std::string& out) {
  out += fmt::format(",\"{}\":", name);
  format::append_json_string(text, out);
}

// The row whole, or, under another name, the text it begins with.
void row_member(std::string_view name, bool had, const std::optional<RowText>& row, size_t room,
                std::string& out) {
  const bool whole = row && row->json.size() == row->bytes && row->bytes <= room;
  out += fmt::format(",\"{}\":{}", name, had && whole ? row->json : "null");
  if (!had || whole || !row) return;
  member(fmt::format("{}_cut_off", name), cut_escaped(row->json, room), out);
  out += fmt::format(",\"{}_bytes\":{}", name, row->bytes);
}

}  // namespace

std::string RowRefusal::encode() const {
  std::string out;
  if (empty()) return out;
  for (const std::string* error : {&key, &header, &value}) put_string(out, *error);
  out.push_back(text ? '\1' : '\0');
  if (!text) return out;
  put_varint(out, text->bytes);
  put_string(out, text->json);
  return out;
}

RowRefusal RowRefusal::decode(std::string_view bytes) {
  RowRefusal out;
  if (bytes.empty()) return out;
  ByteReader reader(bytes);
  out.key = reader.string();
  out.header = reader.string();
  out.value = reader.string();
  if (reader.fixed<char>() == '\0') return out;
  RowText& text = out.text.emplace();
  text.bytes = reader.varint();
  text.json = reader.string();
  return out;
}

size_t letter_bytes_most(const SinkConfig& config) {
  return std::clamp(config.limits.message_max_bytes, kLetterBytesLeast, kLetterBytesMost);
}

size_t letter_row_bytes(const SinkConfig& config) {
  const size_t most = letter_bytes_most(config);
  return (most - most / 4 - kFrameBytes) / 2;
}

Letter write_letter(const SinkConfig& config, const Refusal& refusal,
                    std::optional<std::string_view> key, uint64_t copies, Timestamp time) {
  Letter out;
  out.has_key = !key || key->size() <= letter_bytes_most(config) / 4;
  std::string& json = out.value;
  json = fmt::format("{{\"cause\":\"{}\"",
                     refusal.is_too_large ? "message too large" : "not encodable");
  member("error", cut(refusal.error, kErrorBytes), json);
  member("sink", config.name, json);
  member("sink_id", defs::object_id_text(config.id), json);
  member("topic", config.def.topic, json);
  json += fmt::format(",\"timestamp\":{}", time.ms);
  if (refusal.is_too_large) json += fmt::format(",\"message_bytes\":{}", refusal.bytes);
  if (!out.has_key) json += fmt::format(",\"key_bytes\":{}", key->size());
  if (copies > 1) json += fmt::format(",\"copies\":{}", copies);
  const size_t room = letter_row_bytes(config);
  row_member("before", refusal.had_before, refusal.before, room, json);
  row_member("after", refusal.had_after, refusal.after, room, json);
  json += '}';
  return out;
}

}  // namespace penstock::sinks
