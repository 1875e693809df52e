// What the messages of CREATE SINK are made of: ENVELOPE with its options, HEADERS, and which
// columns values have.
#pragma once

#include "base/result.h"
#include "defs/sink_def.h"
#include "sql/ddl/option_reader.h"
#include "sql/parse/ast_statement_create.h"

namespace penstock::sql {

// Fills in def.envelope and what its options say. REQUIRES: the statement has an envelope.
Status plan_sink_envelope(const CreateSink& statement, defs::SinkDef& def);

// What needs the relation and the key to be there, in the order in which mistakes are told.
Status plan_sink_headers(const CreateSink& statement, defs::SinkDef& def);
Status plan_value_columns(const OptionReader& with, defs::SinkDef& def);

}  // namespace penstock::sql
