// What an order comes to is decided twice by the same function: here, for the answer, and by the
// sink, when nobody else can write any more.
#include "coordinator/execute/order_sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "catalog/facts_of.h"
#include "coordinator/execute/alter_sink.h"
#include "coordinator/outside/stored_ledger.h"
#include "defs/names.h"
#include "sinks/progress_decision.h"
#include "sinks/topic_difference.h"

namespace penstock::coordinator {
namespace {

using sinks::SinkOrder;
using types::Datum;

// A claim may be ahead of us by what clocks differ.
constexpr uint64_t kClockSkewMs = 60'000;

std::unexpected<Error> not_so(std::string message, std::string_view hint) {
  Error error(sql_state::kObjectNotInState, std::move(message));
  return fail(hint.empty() ? std::move(error) : std::move(error).with_hint(std::string(hint)));
}

struct OrderPlan {
  catalog::ItemRef sink;
  const defs::SinkDef* def = nullptr;
  CollectionId collection;
  std::optional<std::string> halted;
  PlaceOrder order;
  std::shared_ptr<storage::ReadHold> hold;  // Of a snapshot.
  sinks::ProgressSurvey survey;
  sinks::OrderOutcome outcome;
  uint64_t version = 0;  // That the sink will have.
};

Status check_order(const OrderPlan& plan, const sinks::SinkPlace& place,
                   const catalog::CatalogState& catalog, Session& session) {
  if (plan.order.order == SinkOrder::kAdopt || !plan.order.as_difference) return {};
  RETURN_IF_ERROR(session.services().auditor.check_alone(*plan.sink, catalog, session.cancelled()));
  sinks::SinkConfig config;
  config.def = *plan.def;
  Status comparable = sinks::check_comparable(config, plan.survey.is_compacted, place.changed_over);
  if (comparable) return {};
  return fail(std::move(comparable)
                  .error()
                  .with_hint("RESTART WITH SNAPSHOT without AS DIFFERENCE sends everything."));
}

void decide(Session& session, const sinks::SinkPlace& place, OrderPlan& plan) {
  sinks::SinkPlace told = place;
  plan.order.tell(told);
  const std::vector<sinks::Life> lives = lives_of(session.services().storage);
  plan.outcome = sinks::outcome_of_order(plan.survey.view, told, lives);
  plan.version = plan.def->version;
  for (const sinks::FoundRecord& found : plan.survey.view.records) {
    plan.version = std::max(plan.version, found.record.version);
  }
  ++plan.version;
  if (plan.outcome.refusal.empty() &&
      plan.outcome.needs.ms > session.services().clock.wall_ms() + kClockSkewMs) {
    plan.outcome.refusal = fmt::format("the progress topic claims the time {}, which is to come",
                                       plan.outcome.needs.ms);
    plan.outcome.remedy = "Drop the sink and create it anew.";
  }
}

Result<PlaceOrder> order_of(Session& session, const sql::AlterStatement& statement,
                            OrderPlan& plan) {
  PlaceOrder order;
  const auto* restart = std::get_if<sql::RestartWithSnapshot>(&statement.action);
  if (restart == nullptr) return order;
  ASSIGN_OR_RETURN(plan.hold, hold_where_it_is(session, plan.collection));
  storage::Storage& storage = session.services().storage;
  ASSIGN_OR_RETURN(storage::CollectionInfo info, storage.reader().info(plan.collection));
  order.order = SinkOrder::kRestart;
  order.as_difference = restart->as_difference;
  // A cluster may have skipped where its collection is now.
  order.as_of = storage.durability().offered_from(info.spec.timeline, plan.hold->time());
  return order;
}

Result<OrderPlan> plan_order(Session& session, const sql::AlterStatement& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  IdMint unused(0);
  SequenceContext context{*catalog,          view.names, view.role,     view.cluster_name,
                          view.is_superuser, unused,     view.statement};
  OrderPlan plan;
  ASSIGN_OR_RETURN(plan.sink, item_of_kind(statement.name, catalog::ItemKind::kSink, context));
  const std::string& name = plan.sink->name.item;
  plan.def = &std::get<defs::SinkDef>(plan.sink->facts);
  plan.collection = plan.def->collection();
  ASSIGN_OR_RETURN(std::optional<sinks::SinkPlace> place,
                   session.services().sink_place(plan.sink->id));
  if (!place) {
    return not_so(fmt::format("sink \"{}\" has not begun yet", name),
                  "It waits for what it reads to be there.");
  }
  plan.halted = place->halted;
  ASSIGN_OR_RETURN(plan.order, order_of(session, statement, plan));
  if (plan.order.order == SinkOrder::kAdopt && !place->halted) {
    return not_so(fmt::format("sink \"{}\" goes on by itself: there is no progress to adopt", name),
                  "Its status is in mz_internal.mz_sink_statuses.");
  }
  ASSIGN_OR_RETURN(plan.survey, session.services().contacts.survey_progress(*plan.sink, *catalog,
                                                                            session.cancelled()));
  RETURN_IF_ERROR(check_order(plan, *place, *catalog, session));
  decide(session, *place, plan);
  return plan;
}

// --- EXPLAIN ---

// Beside the compatible record there is the one that says who wrote it.
const sinks::FoundRecord& last_progress(const std::vector<sinks::FoundRecord>& records) {
  const sinks::FoundRecord& last = records.back();
  for (const sinks::FoundRecord& found : records) {
    const bool same = found.record.claim.frontier == last.record.claim.frontier;
    if (!last.record.life && found.record.life && same) return found;
  }
  return last;
}

using Lines = std::vector<std::pair<const char*, std::string>>;

std::string told(const sinks::FoundRecord& found, const std::vector<sinks::Life>& lives) {
  const sinks::ProgressRecord& record = found.record;
  std::string who = "by another system";
  if (record.life) {
    who = sinks::is_ours(record, lives)
              ? "by this data directory"
              : "by another copy of this data directory, life " + sinks::to_text(*record.life);
  }
  return fmt::format("offset {}: frontier {}, version {}{}, written {}", found.offset,
                     record.claim.frontier.ms, record.version,
                     record.claim.bulk ? ", in the middle of a snapshot or large change" : "", who);
}

std::string told_topic(const OrderPlan& plan) {
  if (!plan.survey.partitions) return plan.def->topic + ": is not there";
  return fmt::format("{}: {} partitions, {} offsets{}", plan.def->topic, *plan.survey.partitions,
                     plan.survey.offsets, plan.survey.is_compacted ? ", compacted" : "");
}

void tell_adopting(const OrderPlan& plan, Lines& lines) {
  const uint64_t frontier = plan.outcome.claim.frontier.ms;
  lines.emplace_back("will be sent",
                     fmt::format("every change of the collection stamped {} or later", frontier));
  lines.emplace_back(
      "will not be sent",
      fmt::format("what is stamped before {}: it counts as sent. If another writer had other rows, "
                  "the topic keeps them until they change; AUDIT SINK finds them, RESTART WITH "
                  "SNAPSHOT AS DIFFERENCE repairs them",
                  frontier));
}

void tell_restarting(const OrderPlan& plan, Lines& lines) {
  const uint64_t time = plan.outcome.place.next.ms;
  if (plan.order.as_difference) {
    lines.emplace_back("will be read", "the whole topic, sorted on disk beside the collection");
    lines.emplace_back(
        "will be sent",
        fmt::format("the rows of {} that the topic lacks, as insertions; what it has "
                    "too much, as deletions; both stamped {}; then every change",
                    time, time));
    return;
  }
  lines.emplace_back("will be sent", fmt::format("all rows of {} as insertions stamped with it, "
                                                 "though the topic may have them; then every "
                                                 "change",
                                                 time));
  lines.emplace_back("will not be sent",
                     "deletions of rows that the topic has and the collection has no more: AS "
                     "DIFFERENCE sends them");
}

Lines explain(const OrderPlan& plan, Session& session) {
  const std::vector<sinks::Life> lives = lives_of(session.services().storage);
  const bool fences = plan.def->delivery == defs::DeliveryGuarantee::kExactlyOnce;
  Lines lines;
  lines.emplace_back("sink", fmt::format("{}, {} in Kafka", plan.sink->name.item,
                                         defs::progress_id(*plan.def, plan.sink->id)));
  lines.emplace_back("state", plan.halted ? "stalled: " + *plan.halted : "goes on by itself");
  const auto& records = plan.survey.view.records;
  lines.emplace_back("last progress",
                     records.empty() ? "none" : told(last_progress(records), lives));
  if (plan.survey.is_open) {
    lines.emplace_back("open transaction",
                       "somebody has one in the progress topic; the last progress may be part of "
                       "it, and be undone");
  }
  lines.emplace_back("topic", told_topic(plan));
  if (!plan.outcome.refusal.empty()) {
    lines.emplace_back("refused", plan.outcome.refusal);
    lines.emplace_back("instead", plan.outcome.remedy);
    return lines;
  }
  lines.emplace_back("other writers",
                     fences ? "whoever else has the transactional id is fenced, and what it has "
                              "open is aborted"
                            : "nobody is fenced (at least once): stop them before");
  lines.emplace_back("progress record", fmt::format("frontier {}, version {}",
                                                    plan.outcome.claim.frontier.ms, plan.version));
  plan.order.order == SinkOrder::kAdopt ? tell_adopting(plan, lines) : tell_restarting(plan, lines);
  return lines;
}

}  // namespace

bool is_sink_order(const sql::AlterStatement& statement) {
  return statement.type == sql::ObjectType::kSink &&
         (std::holds_alternative<sql::AdoptSinkProgress>(statement.action) ||
          std::holds_alternative<sql::RestartWithSnapshot>(statement.action));
}

Result<DdlFunction> order_sink(Session& session, const sql::AlterStatement& statement) {
  ASSIGN_OR_RETURN(OrderPlan plan, plan_order(session, statement));
  if (!plan.outcome.refusal.empty()) return not_so(plan.outcome.refusal, plan.outcome.remedy);
  const uint64_t before = plan.def->version;
  const ObjectId sink = plan.sink->id;
  // The hold lives as long as the function does: until the sink has one of its own.
  return [sink, before, plan](SequenceContext& now) -> Result<Sequenced> {
    catalog::ItemRef item = now.catalog.item(sink);
    if (!item || std::get<defs::SinkDef>(item->facts).version != before) {
      return fail(sql_state::kSerializationFailure, "sink was altered concurrently");
    }
    return sequence_sink_order(item, plan.version, plan.order, now);
  };
}

types::RelationType explain_alter_columns() {
  types::RelationType relation;
  const types::SqlType text = types::SqlType::of(types::TypeId::kText);
  for (const char* name : {"aspect", "description"}) {
    relation.columns.push_back({name, {text, false}});
  }
  return relation;
}

Result<ExecuteResponse> explain_alter(Session& session, const sql::ExplainAlter& explained) {
  const auto& statement = std::get<sql::AlterStatement>(explained.statement->kind);
  if (!is_sink_order(statement)) {
    return fail(sql_state::kFeatureNotSupported,
                "EXPLAIN of ALTER SINK with another action than ADOPT PROGRESS and RESTART WITH "
                "SNAPSHOT not yet supported");
  }
  ASSIGN_OR_RETURN(OrderPlan plan, plan_order(session, statement));
  types::RelationType relation = explain_alter_columns();
  data::BatchBuilder builder(data::physical_kinds(relation));
  for (const auto& [aspect, description] : explain(plan, session)) {
    const std::vector<Datum> row = {Datum::bytes(aspect), Datum::bytes(description)};
    builder.append_row(row, 1);
  }
  return rows_response(relation, {std::make_shared<const data::DeltaBatch>(builder.finish())},
                       "SELECT");
}

}  // namespace penstock::coordinator
