// Options of AWS connections: credentials that are given. Roles are not assumed yet.
#include "sql/ddl/connection_options.h"

namespace penstock::sql {
namespace {

std::unexpected<Error> invalid(const char* cause) {
  return fail(sql_state::kInvalidParameterValue, cause);
}

Status check_way_in(const OptionReader& options) {
  const bool id = options.has("ACCESS KEY ID");
  const bool key = options.has("SECRET ACCESS KEY");
  const bool role = options.has("ASSUME ROLE ARN");
  const bool credentials = id || key || options.has("SESSION TOKEN");
  const bool assumed = role || options.has("ASSUME ROLE SESSION NAME");
  if (credentials && assumed) {
    return invalid("cannot specify both ACCESS KEY ID and ASSUME ROLE ARN");
  }
  if (credentials && !(id && key)) {
    return invalid(
        "must specify both ACCESS KEY ID and SECRET ACCESS KEY with optional SESSION TOKEN");
  }
  if (assumed && !role) {
    return invalid("must specify ASSUME ROLE ARN with optional ASSUME ROLE SESSION NAME");
  }
  if (!credentials && !assumed) {
    return invalid("must specify either ASSUME ROLE ARN or ACCESS KEY ID and SECRET ACCESS KEY");
  }
  if (role) return fail(sql_state::kFeatureNotSupported, "ASSUME ROLE ARN not yet supported");
  return {};
}

}  // namespace

Result<defs::ConnectionDef> plan_aws_connection(const CreateConnection& statement,
                                                const catalog::CatalogView& catalog,
                                                const catalog::NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(
      check_connection_options(statement.type, options,
                               {"ENDPOINT", "REGION", "ACCESS KEY ID", "SECRET ACCESS KEY",
                                "SESSION TOKEN", "ASSUME ROLE ARN", "ASSUME ROLE SESSION NAME"}));
  defs::AwsConnectionDef def;
  ASSIGN_OR_RETURN(def.endpoint, options.text("ENDPOINT"));
  ASSIGN_OR_RETURN(def.region, options.text("REGION"));
  ASSIGN_OR_RETURN(std::optional<defs::TextOrSecret> id,
                   options.text_or_secret("ACCESS KEY ID", catalog, context));
  ASSIGN_OR_RETURN(std::optional<ObjectId> key,
                   options.secret("SECRET ACCESS KEY", catalog, context));
  ASSIGN_OR_RETURN(def.session_token, options.text_or_secret("SESSION TOKEN", catalog, context));
  RETURN_IF_ERROR(check_way_in(options));
  if (def.endpoint && def.endpoint->empty()) def.endpoint.reset();
  def.access_key_id = *id;
  def.secret_access_key = *key;
  return def;
}

}  // namespace penstock::sql
