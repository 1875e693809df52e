// Options of PostgreSQL connections.
#include <fmt/core.h>

#include "sql/ddl/connection_options.h"

namespace penstock::sql {
namespace {

Result<defs::TlsMode> tls_mode(const OptionReader& options) {
  ASSIGN_OR_RETURN(std::optional<std::string> mode, options.text("SSL MODE"));
  if (!mode || *mode == "disable") return defs::TlsMode::kDisable;
  if (*mode == "require" || *mode == "required") return defs::TlsMode::kRequire;
  if (*mode == "verify_ca" || *mode == "verify-ca") return defs::TlsMode::kVerifyCa;
  if (*mode == "verify_full" || *mode == "verify-full") return defs::TlsMode::kVerifyFull;
  return invalid_connection("unknown SSL MODE \"" + *mode + "\"");
}

}  // namespace

Result<defs::ConnectionDef> plan_postgres_connection(const CreateConnection& statement,
                                                     const catalog::CatalogView& catalog,
                                                     const catalog::NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(check_connection_options(
      statement.type, options,
      {"HOST", "PORT", "DATABASE", "USER", "PASSWORD", "SSL MODE", "SSL KEY", "SSL CERTIFICATE",
       "SSL CERTIFICATE AUTHORITY", "AWS PRIVATELINK", "SSH TUNNEL"}));
  RETURN_IF_ERROR(refuse_tunnels(options));
  defs::PostgresConnectionDef def;
  ASSIGN_OR_RETURN(def.tls, tls_mode(options));
  if (options.has("SSL KEY") != options.has("SSL CERTIFICATE")) {
    return invalid_connection("both SSL KEY and SSL CERTIFICATE are required");
  }
  if (options.has("SSL CERTIFICATE")) {
    ASSIGN_OR_RETURN(def.ssl_certificate,
                     options.text_or_secret("SSL CERTIFICATE", catalog, context));
    ASSIGN_OR_RETURN(def.ssl_key, options.secret("SSL KEY", catalog, context));
  }
  if (options.has("SSL CERTIFICATE AUTHORITY")) {
    ASSIGN_OR_RETURN(def.ssl_certificate_authority,
                     options.text_or_secret("SSL CERTIFICATE AUTHORITY", catalog, context));
  }
  for (const char* required : {"DATABASE", "HOST", "USER"}) {
    if (!options.has(required)) {
      return fail(sql_state::kInvalidParameterValue, std::string(required) + " option is required");
    }
  }
  ASSIGN_OR_RETURN(std::optional<std::string> database, options.text("DATABASE"));
  ASSIGN_OR_RETURN(std::optional<std::string> host, options.text("HOST"));
  ASSIGN_OR_RETURN(std::optional<defs::TextOrSecret> user,
                   options.text_or_secret("USER", catalog, context));
  ASSIGN_OR_RETURN(std::optional<int32_t> port, options.integer("PORT"));
  if (port && (*port <= 0 || *port > 65535)) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid PORT: {} is not a port number", *port));
  }
  ASSIGN_OR_RETURN(def.password, options.secret("PASSWORD", catalog, context));
  def.database = *database;
  def.host = *host;
  def.user = *user;
  def.port = static_cast<uint16_t>(port.value_or(5432));
  return def;
}

}  // namespace penstock::sql
