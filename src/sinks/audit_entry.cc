// Entries as bytes: [u8 kind][what they sort by, big-endian][samples].
#include "sinks/audit_entry.h"

#include <fmt/core.h>

#include <bit>

#include "base/bytes_io.h"
#include "base/check.h"
#include "base/text_encoding.h"
#include "expr/seahash.h"

namespace penstock::sinks {
namespace {

constexpr char kMessage = 'm';
constexpr char kRow = 'r';  // After all messages.

void put_big_endian(std::string& out, uint64_t value) {
  put_fixed(out, std::byteswap(value));
}
uint64_t big_endian(ByteReader& reader) {
  return std::byteswap(reader.fixed<uint64_t>());
}

void put_sample(std::string& out, const AuditSample& sample) {
  put_fixed(out, sample.hash);
  put_varint(out, sample.size);
  put_string(out, sample.head);
}
AuditSample read_sample(ByteReader& reader) {
  AuditSample sample;
  sample.hash = reader.fixed<uint64_t>();
  sample.size = reader.varint();
  sample.head = reader.string();
  return sample;
}

void put_sample(std::string& out, const std::optional<AuditSample>& sample) {
  out.push_back(sample ? '\1' : '\0');
  if (sample) put_sample(out, *sample);
}
std::optional<AuditSample> read_optional_sample(ByteReader& reader) {
  if (reader.fixed<char>() == '\0') return std::nullopt;
  return read_sample(reader);
}

// What a value of type text may hold.
bool is_text(std::string_view bytes) {
  return is_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
}

}  // namespace

AuditSample AuditSample::of(std::string_view bytes) {
  return {expr::seahash(bytes), bytes.size(), std::string(bytes.substr(0, kHeadBytes))};
}

std::string AuditSample::shown(bool may_be_text) const {
  std::string_view text = head;
  const bool cut = size > head.size();
  // A character may have been cut in two.
  for (size_t i = 0; cut && i < 4 && !is_text(text); ++i) text.remove_suffix(1);
  std::string out = may_be_text && is_text(text) ? std::string(text) : "\\x" + encode_hex(head);
  return cut ? out + fmt::format("… ({} bytes)", size) : out;
}

std::string encode_audit_message(const AuditMessage& message) {
  std::string out(1, kMessage);
  put_big_endian(out, message.time.ms);
  put_big_endian(out, static_cast<uint64_t>(message.partition));
  put_big_endian(out, static_cast<uint64_t>(message.offset));
  put_sample(out, message.before);
  put_sample(out, message.after);
  put_fixed(out, static_cast<uint8_t>(message.is_malformed));
  return out;
}

std::string encode_audit_row(const AuditRow& row) {
  std::string out(1, kRow);
  put_big_endian(out, static_cast<uint64_t>(row.copies));
  put_sample(out, row.row);
  put_string(out, row.refusal);
  return out;
}

bool is_audit_message(std::string_view payload) {
  return payload.front() == kMessage;
}

AuditMessage decode_audit_message(std::string_view payload) {
  ByteReader reader(payload.substr(1));
  AuditMessage message;
  message.time = {big_endian(reader)};
  message.partition = static_cast<int32_t>(big_endian(reader));
  message.offset = static_cast<int64_t>(big_endian(reader));
  message.before = read_optional_sample(reader);
  message.after = read_optional_sample(reader);
  message.is_malformed = reader.fixed<uint8_t>() != 0;
  DCHECK(!reader.failed());
  return message;
}

AuditRow decode_audit_row(std::string_view payload) {
  ByteReader reader(payload.substr(1));
  AuditRow row;
  row.copies = static_cast<int64_t>(big_endian(reader));
  row.row = read_sample(reader);
  row.refusal = reader.string();
  DCHECK(!reader.failed());
  return row;
}

}  // namespace penstock::sinks
