// Decoding of pgoutput's messages.
#include "format/pg/pgoutput.h"

#include "format/pg/big_endian.h"

namespace penstock::format {
namespace {

void read_tuple(BigEndianReader& in, PgTuple& out) {
  auto count = in.take<uint16_t>();
  out.clear();
  for (uint16_t i = 0; i < count && !in.failed(); ++i) {
    switch (in.take<uint8_t>()) {
      case 'n':
        out.push_back({PgValueKind::kNull, {}});
        break;
      case 'u':
        out.push_back({PgValueKind::kUnchangedToast, {}});
        break;
      case 't':
        out.push_back({PgValueKind::kText, in.bytes(in.take<uint32_t>())});
        break;
      case 'b':
        out.push_back({PgValueKind::kBinary, in.bytes(in.take<uint32_t>())});
        break;
      default:
        in.bytes(in.remaining() + 1);  // Marks the reader failed.
    }
  }
}

void read_relation(BigEndianReader& in, PgRelation& out) {
  out.oid = in.take<uint32_t>();
  out.schema_name = in.c_string();
  if (out.schema_name.empty()) out.schema_name = "pg_catalog";
  out.name = in.c_string();
  out.replica_identity = static_cast<char>(in.take<uint8_t>());
  out.columns.clear();
  auto count = in.take<uint16_t>();
  for (uint16_t i = 0; i < count && !in.failed(); ++i) {
    PgRelationColumn column;
    column.key = (in.take<uint8_t>() & 1) != 0;
    column.name = in.c_string();
    column.type_oid = in.take<uint32_t>();
    column.type_modifier = in.take<int32_t>();
    out.columns.push_back(std::move(column));
  }
}

// Rows of a change: 'K' or 'O' and the old row, if there is one, then 'N' and the new one.
bool read_rows(BigEndianReader& in, bool wants_new, PgOutputMessage& out) {
  auto tag = in.take<uint8_t>();
  out.old_row_kind = PgOldRow::kNone;
  if (tag == 'K' || tag == 'O') {
    out.old_row_kind = tag == 'O' ? PgOldRow::kFull : PgOldRow::kKeyOnly;
    read_tuple(in, out.old_row);
    if (!wants_new) return true;
    tag = in.take<uint8_t>();
  }
  if (!wants_new || tag != 'N') return false;
  read_tuple(in, out.new_row);
  return true;
}

// What follows the kind's byte; false when it has the wrong form.
bool read_body(uint8_t tag, BigEndianReader& in, PgOutputMessage& out) {
  switch (tag) {
    case 'B':
      out.kind = PgOutputKind::kBegin;
      out.lsn = in.take<uint64_t>();
      out.time_us = in.take<int64_t>();
      out.transaction_id = in.take<uint32_t>();
      return true;
    case 'C':
      out.kind = PgOutputKind::kCommit;
      in.take<uint8_t>();
      out.lsn = in.take<uint64_t>();
      out.end_lsn = in.take<uint64_t>();
      out.time_us = in.take<int64_t>();
      return true;
    case 'O':
      out.kind = PgOutputKind::kOrigin;
      out.lsn = in.take<uint64_t>();
      out.prefix = in.c_string();
      return true;
    case 'R':
      out.kind = PgOutputKind::kRelation;
      read_relation(in, out.relation);
      return true;
    case 'Y':
      out.kind = PgOutputKind::kType;
      in.take<uint32_t>();
      in.c_string();
      in.c_string();
      return true;
    case 'I':
    case 'U':
    case 'D':
      out.kind = tag == 'I'   ? PgOutputKind::kInsert
                 : tag == 'U' ? PgOutputKind::kUpdate
                              : PgOutputKind::kDelete;
      out.relation_oid = in.take<uint32_t>();
      return read_rows(in, tag != 'D', out);
    case 'T': {
      out.kind = PgOutputKind::kTruncate;
      auto count = in.take<uint32_t>();
      in.take<uint8_t>();
      out.truncated.clear();
      for (uint32_t i = 0; i < count && !in.failed(); ++i) {
        out.truncated.push_back(in.take<uint32_t>());
      }
      return true;
    }
    case 'M':
      out.kind = PgOutputKind::kMessage;
      in.take<uint8_t>();
      out.lsn = in.take<uint64_t>();
      out.prefix = in.c_string();
      out.content = in.bytes(in.take<uint32_t>());
      return true;
    default:
      return false;
  }
}

}  // namespace

Status decode_pgoutput(std::string_view bytes, PgOutputMessage& out) {
  BigEndianReader in(bytes);
  auto tag = in.take<uint8_t>();
  bool good = read_body(tag, in, out);
  if (!good || in.failed() || !in.at_end()) {
    return fail(sql_state::kInternalError,
                "unexpected bytes in the replication stream: a message "
                "of kind " +
                    std::to_string(tag) + " and " + std::to_string(bytes.size()) + " bytes");
  }
  return {};
}

}  // namespace penstock::format
