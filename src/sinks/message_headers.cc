// Headers between rows and messages.
#include "sinks/message_headers.h"

#include "base/bytes_io.h"
#include "types/nested_value.h"

namespace penstock::sinks {
namespace {

void append_header(std::string_view name, const types::Datum& value, std::string& out) {
  if (name.starts_with(kReservedHeaderPrefix)) return;
  put_string(out, name);
  if (value.is_null()) {
    put_varint(out, 0);
  } else {
    put_varint(out, value.as_bytes().size() + 1);
    out += value.as_bytes();
  }
}

// A pair, which may be NULL itself.
bool append_pair(const types::SqlType& type, const types::Datum& pair, std::string& out) {
  if (pair.is_null()) return false;
  const std::vector<types::Datum> fields = types::decode_record(*type.fields, pair.as_bytes());
  if (fields[0].is_null()) return false;
  append_header(fields[0].as_bytes(), fields[1], out);
  return true;
}

}  // namespace

HeaderEncoder::HeaderEncoder(const types::RelationType& relation, size_t column)
    : column_(relation.columns[column]), position_(column) {}

bool HeaderEncoder::append(const data::DeltaBatch& batch, size_t row, std::string& out) const {
  const data::Column& column = batch.column(position_);
  if (column.is_null(row)) return true;
  const types::SqlType& type = column_.type.type;
  if (type.id == types::TypeId::kMap) {
    for (const auto& [name, value] : types::decode_map(*type.element, column.bytes(row))) {
      append_header(name, value, out);
    }
    return true;
  }
  for (const types::Datum& pair : types::decode_list(*type.element, column.bytes(row))) {
    if (!append_pair(*type.element, pair, out)) return false;
  }
  return true;
}

std::string HeaderEncoder::refusal() const {
  return "column \"" + column_.name + "\" has a pair without a name, and a header must have one";
}

void read_headers(std::string_view block, std::vector<connect::KafkaHeader>& out) {
  ByteReader reader(block);
  while (!reader.at_end()) {
    connect::KafkaHeader header;
    header.key = reader.string();
    const uint64_t size = reader.varint();
    if (size > 0) header.value = reader.bytes(size - 1);
    out.push_back(header);
  }
}

}  // namespace penstock::sinks
