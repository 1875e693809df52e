// AUDIT SINK: what was found as rows, how much was read as a notice.
#include <fmt/core.h>

#include "coordinator/execute/execute.h"
#include "sinks/audit_report.h"

namespace penstock::coordinator {
namespace {

using types::Datum;
using types::SqlType;
using types::TypeId;

Datum text_of(const std::optional<std::string>& text) {
  return text ? Datum::bytes(*text) : Datum::null();
}

std::vector<data::BatchRef> rows_of(const sinks::AuditReport& report) {
  std::vector<data::BatchRef> out;
  data::BatchBuilder builder(data::physical_kinds(audit_relation()));
  for (const sinks::AuditFinding& finding : report.findings) {
    const std::vector<Datum> row = {
        Datum::bytes(std::string(sinks::audit_problem_name(finding.problem))),
        text_of(finding.key),
        finding.partition ? Datum::integer(*finding.partition) : Datum::null(),
        finding.offset ? Datum::integer(*finding.offset) : Datum::null(),
        finding.time ? Datum::integer(static_cast<int64_t>(finding.time->ms)) : Datum::null(),
        text_of(finding.expected),
        text_of(finding.found),
        Datum::integer(static_cast<int64_t>(finding.copies))};
    builder.append_row(row, 1);
    if (builder.full()) out.push_back(std::make_shared<data::DeltaBatch>(builder.finish()));
  }
  if (!builder.empty()) out.push_back(std::make_shared<data::DeltaBatch>(builder.finish()));
  return out;
}

std::string counts_of(const sinks::AuditReport& report) {
  std::string out;
  for (size_t i = 0; i < sinks::kNumAuditProblems; ++i) {
    if (report.counts[i] == 0) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", report.counts[i],
                       sinks::audit_problem_name(static_cast<sinks::AuditProblem>(i)));
  }
  return out.empty() ? "no problems" : out;
}

void notify(Session& session, std::string message) {
  session.add_notice({"NOTICE", Error(sql_state::kSuccessfulCompletion, std::move(message))});
}

std::string why_not_whole(const defs::SinkDef& sink, const sinks::AuditReport& report) {
  if (report.since) {
    return fmt::format("the sink read another relation before {}: its {} messages were passed over",
                       report.since->ms, report.earlier_messages);
  }
  return sink.with_snapshot ? "the topic's first messages have been deleted"
                            : "the sink has no snapshot";
}

void summarize(Session& session, const defs::SinkDef& sink, const sinks::AuditReport& report) {
  notify(session, fmt::format("read {} messages in {} partitions of topic \"{}\" and compared them "
                              "with {} rows at {}: {}",
                              report.messages, report.partitions, sink.topic, report.rows,
                              report.time.ms, counts_of(report)));
  if (report.findings.size() < report.problems()) {
    notify(session, fmt::format("only the first {} problems are shown", report.findings.size()));
  }
  if (!report.is_whole) {
    notify(
        session,
        fmt::format("not judged: {} rows without a message that may never have had one, since {}",
                    report.unjudged_rows, why_not_whole(sink, report)));
  }
}

}  // namespace

types::RelationType audit_relation() {
  auto text = SqlType::of(TypeId::kText);
  types::RelationType relation;
  relation.columns = {{"problem", {text, false}},
                      {"key", {text, true}},
                      {"partition", {SqlType::of(TypeId::kInt4), true}},
                      {"offset", {SqlType::of(TypeId::kInt8), true}},
                      {"time", {SqlType::of(TypeId::kMzTimestamp), true}},
                      {"expected", {text, true}},
                      {"found", {text, true}},
                      {"copies", {SqlType::of(TypeId::kInt8), false}}};
  return relation;
}

Result<ExecuteResponse> execute_audit(Session& session, const sql::AuditSink& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, nullptr);
  ASSIGN_OR_RETURN(sql::AuditPlan plan, sql::plan_audit_sink(statement, context));
  auto may_go_on = [&session] { return session.wait_a_moment(std::chrono::milliseconds(0)); };
  Result<sinks::AuditReport> report = session.services().auditor.audit(
      {*plan.sink, *catalog, plan.at, session.cancelled(), may_go_on});
  if (!report) {
    RETURN_IF_ERROR(may_go_on());  // What was cancelled fails in other words.
    if (session.services().catalog.snapshot()->item(plan.sink->id)) {
      return std::unexpected(std::move(report).error());
    }
    return fail(sql_state::kUndefinedObject,
                fmt::format("sink \"{}\" was dropped during its audit", plan.sink->name.item));
  }
  summarize(session, std::get<defs::SinkDef>(plan.sink->facts), *report);
  return rows_response(audit_relation(), rows_of(*report), "SELECT");
}

}  // namespace penstock::coordinator
