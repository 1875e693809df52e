// Messages of PostgreSQL's pgoutput plugin, protocol version 1 ("Logical Replication Message
// Formats", chapter 55.9 of its manual), as plain structs.
//
// LSNs are plain numbers here; times are microseconds since 2000-01-01. One PgOutputMessage is
// reused from message to message so that decoding a row allocates nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::format {

enum class PgOutputKind : uint8_t {
  kBegin,
  kCommit,
  kOrigin,
  kRelation,
  kType,
  kInsert,
  kUpdate,
  kDelete,
  kTruncate,
  kMessage,
};

enum class PgValueKind : uint8_t { kNull, kUnchangedToast, kText, kBinary };
struct PgValue {
  PgValueKind kind = PgValueKind::kNull;
  std::string_view bytes;
};
using PgTuple = std::vector<PgValue>;

struct PgRelationColumn {
  bool key = false;  // Part of the replica identity.
  std::string name;
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
  friend bool operator==(const PgRelationColumn&, const PgRelationColumn&) = default;
};
struct PgRelation {
  uint32_t oid = 0;
  std::string schema_name;
  std::string name;
  char replica_identity = 'd';  // d default, n nothing, f full, i index
  std::vector<PgRelationColumn> columns;
  friend bool operator==(const PgRelation&, const PgRelation&) = default;
};

// What an update or delete sent of the row before it.
enum class PgOldRow : uint8_t { kNone, kKeyOnly, kFull };

// Which members are set is told by `kind`. Views point into the bytes decoded.
struct PgOutputMessage {
  PgOutputKind kind = PgOutputKind::kBegin;
  uint64_t lsn = 0;      // Begin: of the commit; Commit: of the commit; Origin, Message: of it.
  uint64_t end_lsn = 0;  // Commit: where the next transaction may begin.
  int64_t time_us = 0;   // Begin, Commit.
  uint32_t transaction_id = 0;  // Begin.
  uint32_t relation_oid = 0;    // Insert, Update, Delete.
  PgOldRow old_row_kind = PgOldRow::kNone;
  PgTuple old_row;                  // Update, Delete.
  PgTuple new_row;                  // Insert, Update.
  PgRelation relation;              // Relation.
  std::vector<uint32_t> truncated;  // Truncate: OIDs.
  std::string_view prefix;          // Message; Origin: its name.
  std::string_view content;         // Message.
};

// Decodes one message. Error XX000: bytes that are no such message.
Status decode_pgoutput(std::string_view bytes, PgOutputMessage& out);

}  // namespace penstock::format
