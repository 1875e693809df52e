// AUDIT SINK: which sink, and at which time.
#include <fmt/core.h>

#include "sql/planner.h"
#include "sql/resolve/item_names.h"

namespace penstock::sql {

Result<AuditPlan> plan_audit_sink(const AuditSink& statement, const PlanContext& context) {
  AuditPlan plan;
  ASSIGN_OR_RETURN(plan.sink, lookup_item(statement.name, context.catalog, context.names));
  if (plan.sink->kind != catalog::ItemKind::kSink) {
    return fail(
        Error(sql_state::kWrongObjectType,
              fmt::format("{} is not a sink",
                          context.catalog.minimal_name(*plan.sink, context.names)))
            .with_hint(fmt::format("It is a {}.", catalog::item_kind_name(plan.sink->kind))));
  }
  if (!statement.at) return plan;
  ASSIGN_OR_RETURN(
      const types::Datum at,
      evaluate_constant(*statement.at, types::SqlType::of(types::TypeId::kMzTimestamp), context));
  if (at.is_null()) return fail(sql_state::kNullNotAllowed, "AT must not be NULL");
  plan.at = Timestamp{static_cast<uint64_t>(at.as_int())};
  return plan;
}

}  // namespace penstock::sql
