// Options of connections to AWS Glue's schema registries.
#include "sql/ddl/connection_options.h"

namespace penstock::sql {

Result<defs::ConnectionDef> plan_glue_connection(const CreateConnection& statement,
                                                 const catalog::CatalogView& catalog,
                                                 const catalog::NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(
      check_connection_options(statement.type, options, {"AWS CONNECTION", "REGISTRY"}));
  defs::GlueRegistryConnectionDef def;
  ASSIGN_OR_RETURN(std::optional<ObjectId> aws, aws_connection(options, catalog, context));
  if (!aws) return fail(sql_state::kInvalidParameterValue, "AWS CONNECTION option is required");
  ASSIGN_OR_RETURN(std::optional<std::string> registry, options.text("REGISTRY"));
  if (!registry) return fail(sql_state::kInvalidParameterValue, "REGISTRY option is required");
  if (registry->empty()) return invalid_connection("REGISTRY must not be empty");
  def.aws_connection = *aws;
  def.registry = *registry;
  return def;
}

}  // namespace penstock::sql
