// Findings as rows, notices and errors.
#include "coordinator/execute/validate_sink.h"

#include <fmt/core.h>

#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using sinks::CheckScope;
using sinks::Concern;
using sinks::SinkFinding;
using types::Datum;

std::string_view concern_text(Concern concern) {
  switch (concern) {
    case Concern::kNone:
      return "ok";
    case Concern::kWarning:
      return "warning";
    case Concern::kError:
      return "error";
    case Concern::kUnknown:
      return "unknown";
  }
  return "";
}

Datum text_or_null(const std::string& text) {
  return text.empty() ? Datum::null() : Datum::bytes(text);
}

std::string sentence(const SinkFinding& finding) {
  return finding.check + (finding.object.empty() ? "" : " " + finding.object) + ": " + finding.text;
}

Error as_error(const SinkFinding& finding, const std::string& message) {
  Error error(sql_state::kSystemError, message);
  return finding.remedy.empty() ? error : std::move(error).with_hint(finding.remedy);
}

}  // namespace

types::RelationType validate_sink_columns() {
  types::RelationType relation;
  const types::SqlType text = types::SqlType::of(types::TypeId::kText);
  for (const auto& [name, nullable] :
       {std::pair("check", false), std::pair("object", true), std::pair("result", false),
        std::pair("description", true), std::pair("remedy", true)}) {
    relation.columns.push_back({name, {text, nullable}});
  }
  return relation;
}

Result<ExecuteResponse> execute_validate_sink(Session& session,
                                              const sql::ValidateSink& statement) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  ASSIGN_OR_RETURN(catalog::ItemRef item, sql::lookup_item(statement.name, *catalog, view.names));
  const auto* def = std::get_if<defs::SinkDef>(&item->facts);
  if (def == nullptr) {
    return fail(sql_state::kWrongObjectType,
                fmt::format("{} is not a sink", catalog->minimal_name(*item, view.names)));
  }
  ASSIGN_OR_RETURN(std::vector<SinkFinding> findings,
                   session.services().contacts.check_sink(*def, item->id, CheckScope::kAll,
                                                          *catalog, session.cancelled()));
  if (session.cancelled().stopped()) {
    return fail(sql_state::kQueryCanceled, "canceling statement due to user request");
  }
  types::RelationType relation = validate_sink_columns();
  data::BatchBuilder builder(data::physical_kinds(relation));
  for (const SinkFinding& finding : findings) {
    const std::vector<Datum> row = {Datum::bytes(finding.check), text_or_null(finding.object),
                                    Datum::bytes(std::string(concern_text(finding.concern))),
                                    text_or_null(finding.text), text_or_null(finding.remedy)};
    builder.append_row(row, 1);
  }
  return rows_response(relation, {std::make_shared<const data::DeltaBatch>(builder.finish())},
                       "VALIDATE SINK");
}

Status check_new_sink(Session& session, const sql::SinkPlan& plan,
                      const catalog::CatalogState& catalog) {
  ASSIGN_OR_RETURN(
      std::vector<SinkFinding> findings,
      session.services().contacts.check_sink(plan.def, std::nullopt,
                                             plan.validate ? CheckScope::kAll : CheckScope::kBroker,
                                             catalog, session.cancelled()));
  std::optional<Error> first;
  std::string others;
  for (const SinkFinding& finding : findings) {
    const bool told = finding.concern == Concern::kWarning || finding.concern == Concern::kError;
    if (!told) continue;
    if (finding.concern == Concern::kWarning || !plan.validate) {
      session.add_notice({"NOTICE", as_error(finding, sentence(finding))});
    } else if (!first) {
      first = as_error(finding, "sink validation: " + sentence(finding));
    } else {
      others += (others.empty() ? "" : "\n") + sentence(finding);
    }
  }
  if (!first) return {};
  return fail(others.empty() ? *std::move(first) : std::move(*first).with_detail(others));
}

}  // namespace penstock::coordinator
