// WITH (...) of CREATE SINK: how its producer works.
#pragma once

#include "base/result.h"
#include "defs/sink_def.h"
#include "sql/ddl/option_reader.h"

namespace penstock::sql {

// Errors: 22023 naming the option and the bounds of its value.
Result<defs::SinkTuning> plan_sink_tuning(const OptionReader& with);

}  // namespace penstock::sql
