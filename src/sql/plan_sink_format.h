// The formats of CREATE SINK: which a sink can have, and how schemas are generated and published.
#pragma once

#include <vector>

#include "base/result.h"
#include "defs/sink_def.h"
#include "sql/planner.h"

namespace penstock::sql {

// Fills in def.key_format and def.value_format, and adds what they use. REQUIRES: the relation, key
// and envelope of `def` are known. Errors: 0A000 a format that a sink cannot have; 22023 an option.
Status plan_sink_formats(const CreateSink& statement, const PlanContext& context,
                         defs::SinkDef& def, std::vector<ObjectId>& uses);

// Whether the columns that DOC ON COLUMN names are there, on the key's side and the value's.
// REQUIRES: the relations and types that it names are. Error: 42703.
Status check_documented_columns(const CreateSink& statement, const PlanContext& context);

// Adds it unless it is there.
void use_item(ObjectId id, std::vector<ObjectId>& uses);

}  // namespace penstock::sql
