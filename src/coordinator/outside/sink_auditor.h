// AUDIT SINK against the outside: at which time a sink can be audited, and with what.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/stop_token.h"
#include "catalog/catalog_state.h"
#include "coordinator/outside/secret_store.h"
#include "sinks/audit_report.h"
#include "storage/storage.h"

namespace penstock::coordinator {

struct AuditRequest {
  const catalog::CatalogItem& sink;
  const catalog::CatalogState& catalog;
  std::optional<Timestamp> at;  // None: everything that the sink has sent.
  const StopToken& cancelled;
  std::function<Status()> may_go_on;  // Asked often; its error ends the audit.
};

// Thread-safe. Runs in the calling thread, for as long as it takes to read the topic.
class SinkAuditor {
 public:
  virtual ~SinkAuditor() = default;
  // Errors: 55000 while nothing can be compared, at this time or at all; those of audit_sink().
  virtual Result<sinks::AuditReport> audit(const AuditRequest& request) = 0;
  // Messages do not say which sink sent them: error 55000 when another one has the same topic of
  // the same cluster. Connections whose brokers are other addresses are asked for the cluster's id;
  // one that does not answer is another cluster's.
  virtual Status check_alone(const catalog::CatalogItem& sink, const catalog::CatalogState& catalog,
                             const StopToken& cancelled) = 0;
};

// The references outlive it. `spill_directory` exists when it is used.
std::unique_ptr<SinkAuditor> make_sink_auditor(storage::Storage& storage,
                                               const SecretStore& secrets,
                                               std::string environment_id,
                                               std::string spill_directory);

}  // namespace penstock::coordinator
