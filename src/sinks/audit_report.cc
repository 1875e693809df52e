// Counts of findings.
#include "sinks/audit_report.h"

#include <numeric>

namespace penstock::sinks {

std::string_view audit_problem_name(AuditProblem problem) {
  switch (problem) {
    case AuditProblem::kMissing:
      return "missing";
    case AuditProblem::kExtra:
      return "extra";
    case AuditProblem::kDiffers:
      return "differs";
    case AuditProblem::kDuplicate:
      return "duplicate";
    case AuditProblem::kGap:
      return "gap";
    case AuditProblem::kOutOfOrder:
      return "out of order";
    case AuditProblem::kForeign:
      return "foreign";
    case AuditProblem::kMalformed:
      return "malformed";
    case AuditProblem::kNotUnique:
      return "not unique";
    case AuditProblem::kRefused:
      return "refused";
  }
  return "";
}

uint64_t AuditReport::problems() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

void AuditReport::add(AuditFinding finding) {
  ++counts[static_cast<size_t>(finding.problem)];
  if (findings.size() < kMostAuditFindings) findings.push_back(std::move(finding));
}

}  // namespace penstock::sinks
