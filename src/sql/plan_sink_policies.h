// WITH (...) of CREATE SINK: what becomes of rows and messages that cannot be sent as they are.
#pragma once

#include "base/result.h"
#include "sql/ddl/option_reader.h"
#include "sql/planner.h"

namespace penstock::sql {

// KEY VIOLATIONS. REQUIRES: the plan's key and envelope. Errors: 22023, a value that is none, a
// sink without KEY, an envelope without keys.
Status plan_key_violations(const CreateSink& statement, SinkPlan& plan);

// REFUSED MESSAGES and DEAD LETTER TOPIC. REQUIRES: the def's topic is not looked at yet. Errors:
// 22023, a value that is none, one option without the other, a name that is no topic's.
Status plan_refused_messages(const OptionReader& with, defs::SinkDef& def);

// The dead letter topic is another than the data topic.
Status check_dead_letter_topic(const defs::SinkDef& def);

}  // namespace penstock::sql
