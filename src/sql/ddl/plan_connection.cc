// Options of Kafka and PostgreSQL connections. Security is looked at before brokers, since that is
// the order users of the dialect see errors in.
#include "sql/ddl/plan_connection.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "sql/ddl/option_reader.h"

namespace penstock::sql {
namespace {

using catalog::CatalogView;
using catalog::NameContext;

std::unexpected<Error> invalid(const std::string& cause) {
  return fail(sql_state::kInvalidParameterValue, "invalid CONNECTION: " + cause);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string_view type_words(ConnectionType type) {
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

Status check_allowed(ConnectionType type, const OptionReader& options,
                     const std::vector<std::string_view>& allowed) {
  RETURN_IF_ERROR(options.check_unique());
  std::vector<std::string> others = options.others(allowed);
  if (others.empty()) return {};
  return fail(
      sql_state::kInvalidParameterValue,
      fmt::format("{} connections do not support {} values", type_words(type), joined(others)));
}

Result<std::string> broker_address(const OptionValue& value) {
  std::string address;
  if (const auto* broker = std::get_if<BrokerValue>(&value.kind)) {
    if (broker->matching || !std::holds_alternative<std::monostate>(broker->tunnel)) {
      return fail(sql_state::kFeatureNotSupported, "broker tunnels not yet supported");
    }
    address = broker->address;
  } else {
    Result<std::string> text = option_text(value);
    if (!text) return invalid(text.error().message);
    address = *text;
  }
  if (address.find(',') != std::string::npos) {
    return invalid(
        "cannot specify multiple Kafka broker addresses in one string.\n\nInstead, specify BROKERS "
        "using multiple strings, e.g. BROKERS ('kafka:9092', 'kafka:9093')");
  }
  size_t colon = address.rfind(':');
  return colon == std::string::npos ? address + ":9092" : address;
}

Result<std::vector<std::string>> brokers(const OptionReader& options) {
  const Option* one = options.find("BROKER");
  const Option* many = options.find("BROKERS");
  if (one && many) return invalid("can only set one of BROKER, BROKERS, or AWS PRIVATELINK");
  const Option* given = one ? one : many;
  if (!given) return invalid("must set one of BROKER, BROKERS, or AWS PRIVATELINK");
  if (!given->value) return invalid("must provide a string value");
  std::vector<std::string> out;
  if (const auto* sequence = std::get_if<OptionSequence>(&given->value->kind)) {
    for (const OptionValue& item : sequence->items) {
      ASSIGN_OR_RETURN(std::string address, broker_address(item));
      out.push_back(address);
    }
  } else {
    ASSIGN_OR_RETURN(std::string address, broker_address(*given->value));
    out.push_back(address);
  }
  if (out.empty()) return invalid("must set one of BROKER, BROKERS, or AWS PRIVATELINK");
  return out;
}

// Only PLAINTEXT can be spoken; the rest is understood well enough to be refused by name.
Result<std::string> kafka_security(const OptionReader& options) {
  ASSIGN_OR_RETURN(std::optional<std::string> given, options.text("SECURITY PROTOCOL"));
  bool sasl = options.has("SASL MECHANISMS") || options.has("SASL USERNAME") ||
              options.has("SASL PASSWORD") || options.has("AWS CONNECTION");
  std::string protocol = given.value_or(sasl ? "SASL_SSL" : "SSL");
  std::ranges::transform(protocol, protocol.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (protocol != "PLAINTEXT" && protocol != "SSL" && protocol != "SASL_PLAINTEXT" &&
      protocol != "SASL_SSL") {
    return fail(sql_state::kInvalidParameterValue, "unknown security protocol: " + protocol);
  }
  if (protocol != "PLAINTEXT") {
    return fail(Error(sql_state::kFeatureNotSupported,
                      fmt::format("SECURITY PROTOCOL {} not yet supported", protocol))
                    .with_hint("Use SECURITY PROTOCOL PLAINTEXT."));
  }
  for (const char* option : {"SASL MECHANISMS", "SASL USERNAME", "SASL PASSWORD", "AWS CONNECTION",
                             "SSL KEY", "SSL CERTIFICATE", "SSL CERTIFICATE AUTHORITY"}) {
    if (options.has(option)) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("option {} not supported with this configuration", option));
    }
  }
  return std::string("plaintext");
}

Result<defs::ConnectionDef> plan_kafka(const CreateConnection& statement) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(check_allowed(
      statement.type, options,
      {"BROKER", "BROKERS", "AWS PRIVATELINK", "SSH TUNNEL", "SECURITY PROTOCOL", "SASL MECHANISMS",
       "SASL USERNAME", "SASL PASSWORD", "AWS CONNECTION", "SSL KEY", "SSL CERTIFICATE",
       "SSL CERTIFICATE AUTHORITY", "PROGRESS TOPIC", "PROGRESS TOPIC REPLICATION FACTOR"}));
  for (const char* tunnel : {"AWS PRIVATELINK", "SSH TUNNEL"}) {
    if (options.has(tunnel)) {
      return fail(sql_state::kFeatureNotSupported, std::string(tunnel) + " not yet supported");
    }
  }
  defs::KafkaConnectionDef def;
  ASSIGN_OR_RETURN(def.security_protocol, kafka_security(options));
  ASSIGN_OR_RETURN(def.brokers, brokers(options));
  ASSIGN_OR_RETURN(def.progress_topic, options.text("PROGRESS TOPIC"));
  ASSIGN_OR_RETURN(def.progress_topic_replication_factor,
                   options.integer("PROGRESS TOPIC REPLICATION FACTOR"));
  if (def.progress_topic_replication_factor && *def.progress_topic_replication_factor <= 0) {
    return invalid("PROGRESS TOPIC REPLICATION FACTOR must be greater than 0");
  }
  return def;
}

Result<defs::TlsMode> tls_mode(const OptionReader& options) {
  ASSIGN_OR_RETURN(std::optional<std::string> mode, options.text("SSL MODE"));
  if (!mode || *mode == "disable") return defs::TlsMode::kDisable;
  if (*mode == "require" || *mode == "required") return defs::TlsMode::kRequire;
  if (*mode == "verify_ca" || *mode == "verify-ca") return defs::TlsMode::kVerifyCa;
  if (*mode == "verify_full" || *mode == "verify-full") return defs::TlsMode::kVerifyFull;
  return invalid("unknown SSL MODE \"" + *mode + "\"");
}

Result<defs::ConnectionDef> plan_postgres(const CreateConnection& statement,
                                          const CatalogView& catalog, const NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(check_allowed(
      statement.type, options,
      {"HOST", "PORT", "DATABASE", "USER", "PASSWORD", "SSL MODE", "SSL KEY", "SSL CERTIFICATE",
       "SSL CERTIFICATE AUTHORITY", "AWS PRIVATELINK", "SSH TUNNEL"}));
  for (const char* tunnel : {"AWS PRIVATELINK", "SSH TUNNEL"}) {
    if (options.has(tunnel)) {
      return fail(sql_state::kFeatureNotSupported, std::string(tunnel) + " not yet supported");
    }
  }
  defs::PostgresConnectionDef def;
  ASSIGN_OR_RETURN(def.tls, tls_mode(options));
  if (options.has("SSL KEY") != options.has("SSL CERTIFICATE")) {
    return invalid("both SSL KEY and SSL CERTIFICATE are required");
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

// Options of which at most one may be given: setting one takes the other's place.
const std::pair<std::string_view, std::string_view> kExclusive = {"BROKER", "BROKERS"};

std::string_view exclusive_with(std::string_view option) {
  if (option == kExclusive.first) return kExclusive.second;
  if (option == kExclusive.second) return kExclusive.first;
  return "";
}

Status check_actions(ConnectionType type, const std::vector<ConnectionAction>& actions) {
  for (const ConnectionAction& action : actions) {
    if (action.kind == ConnectionActionKind::kRotateKeys) {
      return fail(sql_state::kWrongObjectType, "this is not an SSH connection");
    }
    const std::string& name = action.option->name;
    if (name == "PROGRESS TOPIC" || name == "PROGRESS TOPIC REPLICATION FACTOR") {
      return fail(sql_state::kFeatureNotSupported,
                  fmt::format("cannot ALTER {} option {}", type_words(type), name));
    }
    for (const ConnectionAction& other : actions) {
      if (action.kind != ConnectionActionKind::kSet || other.kind != ConnectionActionKind::kDrop) {
        continue;
      }
      if (other.option->name == name) {
        return fail(sql_state::kSyntaxError, "cannot both SET and DROP/RESET options " + name);
      }
      if (other.option->name == exclusive_with(name)) {
        return fail(
            sql_state::kSyntaxError,
            fmt::format("cannot both SET and DROP/RESET mutually exclusive {} options {}, {}",
                        type_words(type), kExclusive.first, kExclusive.second));
      }
    }
  }
  return {};
}

}  // namespace

Result<ConnectionPlan> plan_create_connection(const CreateConnection& statement,
                                              const CatalogView& catalog,
                                              const NameContext& context) {
  ConnectionPlan plan;
  OptionReader with(statement.with);
  RETURN_IF_ERROR(with.check_unique());
  ASSIGN_OR_RETURN(std::optional<bool> validate, with.boolean("VALIDATE"));
  plan.validate = validate.value_or(true);
  if (statement.type == ConnectionType::kKafka) {
    ASSIGN_OR_RETURN(plan.def, plan_kafka(statement));
  } else if (statement.type == ConnectionType::kPostgres) {
    ASSIGN_OR_RETURN(plan.def, plan_postgres(statement, catalog, context));
  } else {
    return fail(sql_state::kFeatureNotSupported,
                fmt::format("{} connections not yet supported", type_words(statement.type)));
  }
  return plan;
}

Result<CreateConnection> alter_connection(CreateConnection stored,
                                          const AlterConnectionActions& actions) {
  RETURN_IF_ERROR(check_actions(stored.type, actions.actions));
  std::vector<Option> set;
  for (const ConnectionAction& action : actions.actions) {
    if (action.kind == ConnectionActionKind::kSet) set.push_back(*action.option);
    std::string_view other = exclusive_with(action.option->name);
    std::erase_if(stored.options, [&](const Option& option) {
      return option.name == action.option->name ||
             (action.kind == ConnectionActionKind::kSet && option.name == other);
    });
  }
  RETURN_IF_ERROR(OptionReader(set).check_unique());
  stored.options.insert(stored.options.end(), set.begin(), set.end());
  stored.with = actions.with;
  return stored;
}

}  // namespace penstock::sql
