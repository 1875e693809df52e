// Finds where rows end, by the schema that they were written by.
#include "format/avro/avro_change.h"

#include "base/bytes_io.h"

namespace penstock::format {
namespace {

// The reader has failed if there is neither of the two.
bool take_branch(ByteReader& in) {
  const int64_t branch = read_avro_long(in);
  if (branch != 0 && branch != 1) in.bytes(in.rest().size() + 1);
  return branch == 1;
}

void take_row(ByteReader& in, const AvroEncoder& rows, std::optional<std::string_view>& row) {
  if (!take_branch(in)) return;
  const std::string_view from = in.rest();
  rows.skip_row(in);
  if (!in.failed()) row = from.substr(0, from.size() - in.rest().size());
}

void skip_text(ByteReader& in) {
  const int64_t size = read_avro_long(in);
  in.bytes(static_cast<size_t>(size));  // A negative one is more than there is.
}

// As avro_change_fields() says.
void skip_fields(ByteReader& in, const ChangeFields& fields) {
  if (fields.source) {
    for (int i = 0; i < 3; ++i) skip_text(in);  // version, connector, name
    read_avro_long(in);                         // ts_ms
    if (!take_branch(in)) skip_text(in);        // snapshot, a union of text and null
    for (int i = 0; i < 3; ++i) skip_text(in);  // db, schema, table
  }
  if (fields.op) skip_text(in);
  if (fields.ts_ms && take_branch(in)) read_avro_long(in);
  if (fields.transaction && take_branch(in)) skip_text(in);
}

}  // namespace

std::optional<ChangeRows> split_avro_change(std::string_view change, const AvroEncoder& rows,
                                            const ChangeFields& fields) {
  ByteReader in(change);
  ChangeRows out;
  take_row(in, rows, out.before);
  take_row(in, rows, out.after);
  skip_fields(in, fields);
  if (in.failed() || !in.at_end()) return std::nullopt;
  return out;
}

bool is_avro_row(std::string_view row, const AvroEncoder& rows) {
  ByteReader in(row);
  rows.skip_row(in);
  return !in.failed() && in.at_end();
}

}  // namespace penstock::format
