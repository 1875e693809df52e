// From an object's stored statement to its facts: the one way both CREATE and the start of the
// process learn what an object is.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "catalog/durable_item.h"
#include "engine/view.h"
#include "sql/planner.h"

namespace penstock::coordinator {

// Context for what is stored and maintained: names are ids, functions of the statement are refused.
sql::PlanContext maintained_context(const catalog::CatalogView& catalog);

// The item with relation, facts and uses, planned from its statement. REQUIRES: everything it uses
// is in `catalog`.
Result<catalog::CatalogItem> restore_item(const catalog::DurableItem& stored,
                                          const catalog::CatalogView& catalog);

// Facts of the kinds that planning alone decides; the same functions serve CREATE.
Status fill_view(catalog::CatalogItem& item, const sql::Query& query,
                 const std::vector<sql::Identifier>& columns, const sql::PlanContext& context);

Status fill_type(catalog::CatalogItem& item, const sql::CreateType& statement,
                 const sql::PlanContext& context);

// What the engine has to run for an item.
Result<engine::ViewSpec> view_spec(const catalog::CatalogItem& item,
                                   const catalog::CatalogView& catalog);
Result<engine::IndexSpec> index_spec(const catalog::CatalogItem& item,
                                     const catalog::CatalogView& catalog);
// What keeps the collection `id` of one row for each key of a sink. REQUIRES: it resolves its key.
Result<engine::ViewSpec> resolved_spec(const catalog::CatalogItem& sink, const defs::SinkDef& def,
                                       CollectionId id, const catalog::CatalogView& catalog);
// What the engine has to run so that a sink can read; nothing for one that reads its relation.
Result<std::optional<engine::ViewSpec>> resolved_spec(const catalog::CatalogItem& sink,
                                                      const catalog::CatalogView& catalog);
// The plan of a stored sink: its PARTITION BY is an expression and not in its def.
Result<sql::SinkPlan> sink_plan(const catalog::CatalogItem& item,
                                const catalog::CatalogView& catalog);

}  // namespace penstock::coordinator
