// Options of Kafka connections. Security is looked at before brokers, since that is the order users
// of the dialect see errors in.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "sql/ddl/connection_options.h"
#include "sql/ddl/topic_name.h"
#include "sql/resolve/item_names.h"

namespace penstock::sql {
namespace {

using catalog::CatalogView;
using catalog::NameContext;
using defs::KafkaConnectionDef;

// What of these is given and not used by the protocol is refused.
constexpr std::string_view kSecurityOptions[] = {
    "AWS CONNECTION",  "SASL MECHANISMS",           "SASL PASSWORD", "SASL USERNAME",
    "SSL CERTIFICATE", "SSL CERTIFICATE AUTHORITY", "SSL KEY",
};

std::string with_letters(std::string text, int (*change)(int)) {
  std::ranges::transform(text, text.begin(),
                         [&](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}

std::unexpected<Error> missing(std::string_view option) {
  return fail(sql_state::kInvalidParameterValue, fmt::format("{} must be specified", option));
}

// Reads the security options of a statement into a def.
class SecurityPlanner {
 public:
  SecurityPlanner(const OptionReader& options, const CatalogView& catalog,
                  const NameContext& context, KafkaConnectionDef& def)
      : options_(options), catalog_(catalog), context_(context), def_(def) {}

  Status plan() {
    RETURN_IF_ERROR(read_values());
    ASSIGN_OR_RETURN(std::string protocol, security_protocol());
    if (protocol.ends_with("SSL")) RETURN_IF_ERROR(plan_ssl());
    if (protocol.starts_with("SASL")) RETURN_IF_ERROR(plan_sasl());
    def_.security_protocol = with_letters(protocol, std::tolower);
    for (std::string_view option : kSecurityOptions) {
      if (options_.has(option) && !used_.contains(option)) {
        return fail(sql_state::kInvalidParameterValue,
                    fmt::format("option {} not supported with this configuration", option));
      }
    }
    return {};
  }

 private:
  // All of them, whether the protocol uses them or not: a value that is none is told first.
  Status read_values() {
    ASSIGN_OR_RETURN(authority_,
                     options_.text_or_secret("SSL CERTIFICATE AUTHORITY", catalog_, context_));
    ASSIGN_OR_RETURN(certificate_, options_.text_or_secret("SSL CERTIFICATE", catalog_, context_));
    ASSIGN_OR_RETURN(key_, options_.secret("SSL KEY", catalog_, context_));
    ASSIGN_OR_RETURN(mechanism_, options_.text("SASL MECHANISMS"));
    ASSIGN_OR_RETURN(user_, options_.text_or_secret("SASL USERNAME", catalog_, context_));
    ASSIGN_OR_RETURN(password_, options_.secret("SASL PASSWORD", catalog_, context_));
    return {};
  }

  Result<std::string> security_protocol() const {
    ASSIGN_OR_RETURN(std::optional<std::string> given, options_.text("SECURITY PROTOCOL"));
    const bool sasl = mechanism_ || user_ || password_ || options_.has("AWS CONNECTION");
    std::string protocol = with_letters(given.value_or(sasl ? "SASL_SSL" : "SSL"), std::toupper);
    if (protocol != "PLAINTEXT" && protocol != "SSL" && protocol != "SASL_PLAINTEXT" &&
        protocol != "SASL_SSL") {
      return fail(sql_state::kInvalidParameterValue, "unknown security protocol: " + protocol);
    }
    return protocol;
  }

  Status plan_ssl() {
    use("SSL CERTIFICATE AUTHORITY");
    def_.ssl_certificate_authority = authority_;
    if (!certificate_) return {};
    use("SSL CERTIFICATE");
    use("SSL KEY");
    if (!key_) {
      return fail(sql_state::kInvalidParameterValue,
                  "SSL KEY must be specified with SSL CERTIFICATE");
    }
    def_.ssl_certificate = certificate_;
    def_.ssl_key = key_;
    return {};
  }

  Status plan_sasl() {
    if (options_.has("AWS CONNECTION")) return plan_aws_tokens();
    if (!mechanism_) return missing("SASL MECHANISMS");
    if (!user_) return missing("SASL USERNAME");
    if (!password_) return missing("SASL PASSWORD");
    for (const char* option : {"SASL MECHANISMS", "SASL USERNAME", "SASL PASSWORD"}) use(option);
    // Whether there is such a mechanism is known when a client is made.
    def_.sasl_mechanism = with_letters(*mechanism_, std::toupper);
    def_.sasl_username = user_;
    def_.sasl_password = password_;
    return {};
  }

  Status plan_aws_tokens() {
    use("AWS CONNECTION");
    ASSIGN_OR_RETURN(def_.aws_connection, aws_connection(options_, catalog_, context_));
    def_.sasl_mechanism = "OAUTHBEARER";
    return {};
  }

  void use(std::string_view option) { used_.insert(option); }

  const OptionReader& options_;
  const CatalogView& catalog_;
  const NameContext& context_;
  KafkaConnectionDef& def_;
  std::set<std::string_view> used_;
  std::optional<defs::TextOrSecret> authority_;
  std::optional<defs::TextOrSecret> certificate_;
  std::optional<ObjectId> key_;
  std::optional<std::string> mechanism_;
  std::optional<defs::TextOrSecret> user_;
  std::optional<ObjectId> password_;
};

std::unexpected<Error> later(const std::string& option) {
  return fail(sql_state::kFeatureNotSupported, option + " not yet supported");
}

Result<std::string> broker_address(const std::string& address) {
  if (address.contains(',')) {
    return invalid_connection(
        "cannot specify multiple Kafka broker addresses in one string.\n\nInstead, specify BROKERS "
        "using multiple strings, e.g. BROKERS ('kafka:9092', 'kafka:9093')");
  }
  return address.contains(':') ? address : address + ":9092";
}

Result<std::string> plan_broker(std::string_view option, const OptionValue& value) {
  const auto* broker = std::get_if<BrokerValue>(&value.kind);
  if (broker == nullptr) {
    Result<std::string> text = option_text(value);
    if (!text) {
      return fail(sql_state::kInvalidParameterValue,
                  fmt::format("invalid {}: {}", option, text.error().message));
    }
    return broker_address(*text);
  }
  if (broker->matching) {
    Error error(sql_state::kInternalError, "MATCHING broker rules is not available");
    return fail(std::move(error)
                    .with_detail("MATCHING rules lead to brokers through AWS PRIVATELINK, which is "
                                 "not yet supported.")
                    .with_hint("Name each broker in BROKERS."));
  }
  ASSIGN_OR_RETURN(std::string address, broker_address(broker->address));
  if (std::holds_alternative<SshTunnelRef>(broker->tunnel))
    return later(fmt::format("{} ... USING SSH TUNNEL", option));
  if (std::holds_alternative<PrivatelinkRef>(broker->tunnel))
    return later(fmt::format("{} ... USING AWS PRIVATELINK", option));
  return address;
}

Result<std::vector<std::string>> plan_brokers(const OptionReader& options) {
  const Option* given = nullptr;
  for (const char* name : {"BROKER", "BROKERS", "AWS PRIVATELINK"}) {
    const Option* option = options.find(name);
    if (option == nullptr) continue;
    if (given) {
      return invalid_connection("can only set one of BROKER, BROKERS, or AWS PRIVATELINK");
    }
    given = option;
  }
  if (!given) return invalid_connection("must set one of BROKER, BROKERS, or AWS PRIVATELINK");
  if (options.has("SSH TUNNEL") && options.has("AWS PRIVATELINK")) {
    return fail(sql_state::kInvalidParameterValue,
                "cannot specify both SSH TUNNEL and AWS PRIVATELINK");
  }
  RETURN_IF_ERROR(refuse_tunnels(options));
  if (!given->value) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid {}: must provide a string value", given->name));
  }
  std::vector<std::string> out;
  const auto* sequence = std::get_if<OptionSequence>(&given->value->kind);
  if (!sequence) {
    ASSIGN_OR_RETURN(std::string address, plan_broker(given->name, *given->value));
    return std::vector{address};
  }
  for (const OptionValue& item : sequence->items) {
    ASSIGN_OR_RETURN(std::string address, plan_broker(given->name, item));
    out.push_back(address);
  }
  if (out.empty()) {
    return invalid_connection("BROKERS must contain at least one static broker address");
  }
  return out;
}

}  // namespace

Result<defs::ConnectionDef> plan_kafka_connection(const CreateConnection& statement,
                                                  const CatalogView& catalog,
                                                  const NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(check_connection_options(
      statement.type, options,
      {"BROKER", "BROKERS", "AWS PRIVATELINK", "SSH TUNNEL", "SECURITY PROTOCOL", "SASL MECHANISMS",
       "SASL USERNAME", "SASL PASSWORD", "AWS CONNECTION", "SSL KEY", "SSL CERTIFICATE",
       "SSL CERTIFICATE AUTHORITY", "PROGRESS TOPIC", "PROGRESS TOPIC REPLICATION FACTOR"}));
  KafkaConnectionDef def;
  ASSIGN_OR_RETURN(def.progress_topic, options.text("PROGRESS TOPIC"));
  ASSIGN_OR_RETURN(def.progress_topic_replication_factor,
                   options.integer("PROGRESS TOPIC REPLICATION FACTOR"));
  RETURN_IF_ERROR(SecurityPlanner(options, catalog, context, def).plan());
  ASSIGN_OR_RETURN(def.brokers, plan_brokers(options));
  if (def.progress_topic_replication_factor && *def.progress_topic_replication_factor <= 0) {
    return invalid_connection("PROGRESS TOPIC REPLICATION FACTOR must be greater than 0");
  }
  if (def.progress_topic) RETURN_IF_ERROR(check_topic_name("PROGRESS TOPIC", *def.progress_topic));
  return def;
}

}  // namespace penstock::sql
