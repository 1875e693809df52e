// What the planners of all kinds of connections share. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_view.h"
#include "defs/connection_def.h"
#include "sql/ddl/option_reader.h"
#include "sql/parse/ast_statement_create.h"

namespace penstock::sql {

// 22023 `invalid CONNECTION: {cause}`
std::unexpected<Error> invalid_connection(const std::string& cause);
// "CONFLUENT SCHEMA REGISTRY"
std::string_view connection_type_words(ConnectionType type);
// Each option once, and none but these: `KAFKA connections do not support PORT values`.
Status check_connection_options(ConnectionType type, const OptionReader& options,
                                const std::vector<std::string_view>& allowed);
// 0A000 naming the first of AWS PRIVATELINK and SSH TUNNEL that is given.
Status refuse_tunnels(const OptionReader& options);

// The kinds that can be made.
Result<defs::ConnectionDef> plan_kafka_connection(const CreateConnection& statement,
                                                  const catalog::CatalogView& catalog,
                                                  const catalog::NameContext& context);
Result<defs::ConnectionDef> plan_postgres_connection(const CreateConnection& statement,
                                                     const catalog::CatalogView& catalog,
                                                     const catalog::NameContext& context);
Result<defs::ConnectionDef> plan_aws_connection(const CreateConnection& statement,
                                                const catalog::CatalogView& catalog,
                                                const catalog::NameContext& context);
Result<defs::ConnectionDef> plan_registry_connection(const CreateConnection& statement,
                                                     const catalog::CatalogView& catalog,
                                                     const catalog::NameContext& context);
Result<defs::ConnectionDef> plan_glue_connection(const CreateConnection& statement,
                                                 const catalog::CatalogView& catalog,
                                                 const catalog::NameContext& context);
// AWS CONNECTION, which must be one; nothing when it is not given.
Result<std::optional<ObjectId>> aws_connection(const OptionReader& options,
                                               const catalog::CatalogView& catalog,
                                               const catalog::NameContext& context);

}  // namespace penstock::sql
