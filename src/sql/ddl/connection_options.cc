// What the kinds of connections have in common: words and refusals.
#include "sql/ddl/connection_options.h"

#include <fmt/core.h>

namespace penstock::sql {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::unexpected<Error> invalid_connection(const std::string& cause) {
  return fail(sql_state::kInvalidParameterValue, "invalid CONNECTION: " + cause);
}

std::string_view connection_type_words(ConnectionType type) {
  switch (type) {
    case ConnectionType::kKafka:
      return "KAFKA";
    case ConnectionType::kConfluentSchemaRegistry:
      return "CONFLUENT SCHEMA REGISTRY";
    case ConnectionType::kPostgres:
      return "POSTGRES";
    case ConnectionType::kSshTunnel:
      return "SSH TUNNEL";
    case ConnectionType::kAws:
      return "AWS";
    case ConnectionType::kAwsPrivatelink:
      return "AWS PRIVATELINK";
    case ConnectionType::kAwsGlueSchemaRegistry:
      return "AWS GLUE SCHEMA REGISTRY";
    case ConnectionType::kMysql:
      return "MYSQL";
    case ConnectionType::kSqlServer:
      return "SQL SERVER";
    case ConnectionType::kGcp:
      return "GCP";
    case ConnectionType::kIcebergCatalog:
      return "ICEBERG CATALOG";
  }
  return "";
}

Status check_connection_options(ConnectionType type, const OptionReader& options,
                                const std::vector<std::string_view>& allowed) {
  RETURN_IF_ERROR(options.check_unique());
  std::vector<std::string> others = options.others(allowed);
  if (others.empty()) return {};
  return fail(sql_state::kInvalidParameterValue,
              fmt::format("{} connections do not support {} values", connection_type_words(type),
                          joined(others)));
}

Result<std::optional<ObjectId>> aws_connection(const OptionReader& options,
                                               const catalog::CatalogView& catalog,
                                               const catalog::NameContext& context) {
  ASSIGN_OR_RETURN(std::optional<catalog::ItemRef> item,
                   options.object("AWS CONNECTION", catalog, context));
  if (!item) return std::nullopt;
  if (std::holds_alternative<defs::AwsConnectionDef>((*item)->facts)) return (*item)->id;
  return fail(sql_state::kWrongObjectType,
              fmt::format("{} is not an AWS connection", catalog.minimal_name(**item, context)));
}

Status refuse_tunnels(const OptionReader& options) {
  for (const char* tunnel : {"AWS PRIVATELINK", "SSH TUNNEL"}) {
    if (options.has(tunnel)) {
      return fail(sql_state::kFeatureNotSupported, std::string(tunnel) + " not yet supported");
    }
  }
  return {};
}

}  // namespace penstock::sql
