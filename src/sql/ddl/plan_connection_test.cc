// Options of connections: what they become, and which mistake is told first.
#include "sql/ddl/plan_connection.h"

#include <gtest/gtest.h>

#include "catalog/catalog_state.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"

namespace penstock::sql {
namespace {

using catalog::ItemKind;
using defs::AwsConnectionDef;
using defs::KafkaConnectionDef;
using defs::TextOrSecret;

constexpr ObjectId kSecret{100'010};
constexpr ObjectId kAws{100'011};

class PlanConnection : public testing::Test {
 protected:
  PlanConnection() {
    catalog_.apply(catalog::CreateDatabase{20, "d", "r"});
    catalog_.apply(catalog::CreateSchema{21, "d", "public", "r"});
    put(kSecret, ItemKind::kSecret, "s", catalog::NoFacts{});
    put(kAws, ItemKind::kConnection, "aws", AwsConnectionDef{});
    put(ObjectId{100'012}, ItemKind::kConnection, "k", KafkaConnectionDef{});
    put(ObjectId{100'013}, ItemKind::kTable, "t", catalog::TableFacts{});
  }
  void put(ObjectId id, ItemKind kind, const std::string& name, catalog::ItemFacts facts) {
    catalog::CatalogItem item;
    item.id = id;
    item.kind = kind;
    item.name = {"d", "public", name};
    item.facts = std::move(facts);
    catalog_.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(item)});
  }

  Result<ConnectionPlan> plan(const std::string& text) const {
    ASSIGN_OR_RETURN(Statement statement, parse_statement("CREATE CONNECTION c TO " + text));
    return plan_create_connection(std::get<CreateConnection>(statement.kind), catalog_, names_);
  }
  KafkaConnectionDef kafka(const std::string& options) const {
    auto planned = plan("KAFKA (" + options + ")");
    EXPECT_TRUE(planned.has_value()) << planned.error().message;
    return planned ? std::get<KafkaConnectionDef>(planned->def) : KafkaConnectionDef{};
  }
  // "22023: message", or "".
  std::string refusal(const std::string& text) const {
    auto planned = plan(text);
    if (planned) return "";
    return std::string(planned.error().state.view()) + ": " + planned.error().message;
  }
  std::string kafka_refusal(const std::string& options) const {
    return refusal("KAFKA (" + options + ")");
  }
  // What is stored afterwards, or the refusal.
  std::string altered(const std::string& before, const std::string& actions) const {
    auto stored = parse_statement("CREATE CONNECTION c TO KAFKA (" + before + ")");
    auto alter = parse_statement("ALTER CONNECTION c " + actions);
    EXPECT_TRUE(stored && alter) << actions;
    auto made = alter_connection(
        std::get<CreateConnection>(stored->kind),
        std::get<AlterConnectionActions>(std::get<AlterStatement>(alter->kind).action),
        "d.public.c");
    if (!made) return std::string(made.error().state.view()) + ": " + made.error().message;
    made->with.clear();
    return print(Statement{{}, *made});
  }

  catalog::CatalogState catalog_;
  const catalog::NameContext names_{.database = "d", .search_path = {"public"}};
};

TEST_F(PlanConnection, SecurityFollowsFromTheOptions) {
  EXPECT_EQ(kafka("BROKER 'b'").security_protocol, "ssl");
  EXPECT_EQ(kafka("BROKER 'b', SECURITY PROTOCOL PLAINTEXT").security_protocol, "plaintext");
  const KafkaConnectionDef sasl = kafka(
      "BROKER 'b', SASL MECHANISMS 'scram-sha-256', SASL USERNAME 'u', SASL PASSWORD SECRET s");
  EXPECT_EQ(sasl.security_protocol, "sasl_ssl");
  EXPECT_EQ(sasl.sasl_mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(sasl.sasl_username, TextOrSecret("u"));
  EXPECT_EQ(sasl.sasl_password, kSecret);
  const KafkaConnectionDef aws = kafka("BROKER 'b', AWS CONNECTION aws");
  EXPECT_EQ(aws.security_protocol, "sasl_ssl");
  EXPECT_EQ(aws.sasl_mechanism, "OAUTHBEARER");
  EXPECT_EQ(aws.aws_connection, kAws);
}

TEST_F(PlanConnection, ValuesAreTextOrSecretsWhereTheyMayBe) {
  const KafkaConnectionDef def = kafka(
      "BROKERS ('a', 'b:1', '[::1]:2'), SSL CERTIFICATE 'pem', SSL KEY SECRET s, "
      "SSL CERTIFICATE AUTHORITY SECRET s, PROGRESS TOPIC 'p', "
      "PROGRESS TOPIC REPLICATION FACTOR 3");
  EXPECT_EQ(def.brokers, (std::vector<std::string>{"a:9092", "b:1", "[::1]:2"}));
  EXPECT_EQ(def.ssl_certificate, TextOrSecret("pem"));
  EXPECT_EQ(def.ssl_key, kSecret);
  EXPECT_EQ(def.ssl_certificate_authority, TextOrSecret(kSecret));
  EXPECT_EQ(def.progress_topic, "p");
  EXPECT_EQ(def.progress_topic_replication_factor, 3);
  EXPECT_EQ(kafka_refusal("BROKER 'b', SSL KEY 'pem'"),
            "22023: invalid SSL KEY: must provide a secret value");
  EXPECT_EQ(kafka_refusal("BROKER 'b', SASL PASSWORD 'x'"),
            "22023: invalid SASL PASSWORD: must provide a secret value");
  EXPECT_EQ(kafka_refusal("BROKER 'b', SASL USERNAME SECRET t"), "42809: t is not a secret");
  EXPECT_EQ(kafka_refusal("BROKER 'b', SASL USERNAME"),
            "22023: invalid SASL USERNAME: must provide a string value");
}

TEST_F(PlanConnection, WhatIsMissingIsToldInOrder) {
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL 'tls'"), "22023: unknown security protocol: TLS");
  EXPECT_EQ(kafka_refusal("SSL CERTIFICATE 'pem'"),
            "22023: SSL KEY must be specified with SSL CERTIFICATE");
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL SASL_SSL"),
            "22023: SASL MECHANISMS must be specified");
  EXPECT_EQ(kafka_refusal("SASL MECHANISMS 'PLAIN'"), "22023: SASL USERNAME must be specified");
  EXPECT_EQ(kafka_refusal("SASL MECHANISMS 'PLAIN', SASL USERNAME 'u'"),
            "22023: SASL PASSWORD must be specified");
  EXPECT_EQ(kafka_refusal("AWS CONNECTION k"), "42809: k is not an AWS connection");
  EXPECT_EQ(kafka_refusal("AWS CONNECTION nosuch"), "42P01: unknown catalog item 'nosuch'");
}

TEST_F(PlanConnection, WhatTheProtocolDoesNotUseIsRefused) {
  const std::string rest = " not supported with this configuration";
  EXPECT_EQ(kafka_refusal("SSL KEY SECRET s"), "22023: option SSL KEY" + rest);
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL PLAINTEXT, SASL USERNAME 'u'"),
            "22023: option SASL USERNAME" + rest);
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL SSL, AWS CONNECTION aws"),
            "22023: option AWS CONNECTION" + rest);
  EXPECT_EQ(kafka_refusal("AWS CONNECTION aws, SASL MECHANISMS 'PLAIN'"),
            "22023: option SASL MECHANISMS" + rest);
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL SASL_PLAINTEXT, SASL MECHANISMS 'PLAIN', "
                          "SASL USERNAME 'u', SASL PASSWORD SECRET s, "
                          "SSL CERTIFICATE AUTHORITY 'pem'"),
            "22023: option SSL CERTIFICATE AUTHORITY" + rest);
  EXPECT_EQ(refusal("KAFKA (PORT 1, ACCESS KEY ID 'x')"),
            "22023: KAFKA connections do not support ACCESS KEY ID, PORT values");
  EXPECT_EQ(kafka_refusal("BROKER 'a', BROKER 'b'"), "42601: BROKER specified more than once");
}

TEST_F(PlanConnection, BrokersComeAfterSecurity) {
  const std::string invalid = "22023: invalid CONNECTION: ";
  EXPECT_EQ(kafka_refusal("SECURITY PROTOCOL PLAINTEXT"),
            invalid + "must set one of BROKER, BROKERS, or AWS PRIVATELINK");
  EXPECT_EQ(kafka_refusal("BROKER 'a', BROKERS ('b')"),
            invalid + "can only set one of BROKER, BROKERS, or AWS PRIVATELINK");
  EXPECT_EQ(kafka_refusal("BROKER 'a', AWS PRIVATELINK p"),
            invalid + "can only set one of BROKER, BROKERS, or AWS PRIVATELINK");
  EXPECT_EQ(kafka_refusal("BROKER 'a:1,b:1'"),
            invalid +
                "cannot specify multiple Kafka broker addresses in one string.\n\nInstead, "
                "specify BROKERS using multiple strings, e.g. BROKERS ('kafka:9092', "
                "'kafka:9093')");
  EXPECT_EQ(kafka_refusal("BROKERS ()"),
            invalid + "BROKERS must contain at least one static broker address");
  EXPECT_EQ(kafka_refusal("BROKER"), "22023: invalid BROKER: must provide a string value");
  EXPECT_EQ(kafka_refusal("BROKER 'b', PROGRESS TOPIC REPLICATION FACTOR 0"),
            invalid + "PROGRESS TOPIC REPLICATION FACTOR must be greater than 0");
}

TEST_F(PlanConnection, TunnelsComeLater) {
  EXPECT_EQ(kafka_refusal("AWS PRIVATELINK p, SSH TUNNEL q"),
            "22023: cannot specify both SSH TUNNEL and AWS PRIVATELINK");
  EXPECT_EQ(kafka_refusal("AWS PRIVATELINK p (PORT 1)"),
            "0A000: AWS PRIVATELINK not yet supported");
  EXPECT_EQ(kafka_refusal("BROKER 'b', SSH TUNNEL q"), "0A000: SSH TUNNEL not yet supported");
  EXPECT_EQ(kafka_refusal("BROKER 'b' USING SSH TUNNEL q"),
            "0A000: BROKER ... USING SSH TUNNEL not yet supported");
  EXPECT_EQ(kafka_refusal("BROKERS ('a', 'b' USING AWS PRIVATELINK p (AVAILABILITY ZONE 'z'))"),
            "0A000: BROKERS ... USING AWS PRIVATELINK not yet supported");
  EXPECT_EQ(kafka_refusal("BROKERS ('a', MATCHING '*:9092' USING AWS PRIVATELINK p)"),
            "XX000: MATCHING broker rules is not available");
}

TEST_F(PlanConnection, AwsNeedsOneWayIn) {
  auto planned = plan(
      "AWS (REGION 'eu-central-1', ACCESS KEY ID 'id', SECRET ACCESS KEY SECRET s, "
      "SESSION TOKEN SECRET s, ENDPOINT '')");
  ASSERT_TRUE(planned.has_value()) << planned.error().message;
  EXPECT_FALSE(planned->validate);
  const auto& aws = std::get<AwsConnectionDef>(planned->def);
  EXPECT_EQ(aws.region, "eu-central-1");
  EXPECT_EQ(aws.access_key_id, TextOrSecret("id"));
  EXPECT_EQ(aws.secret_access_key, kSecret);
  EXPECT_EQ(aws.session_token, TextOrSecret(kSecret));
  EXPECT_FALSE(aws.endpoint);
  EXPECT_EQ(refusal("AWS (REGION 'r')"),
            "22023: must specify either ASSUME ROLE ARN or ACCESS KEY ID and SECRET ACCESS KEY");
  EXPECT_EQ(refusal("AWS (ACCESS KEY ID 'id', ASSUME ROLE ARN 'arn')"),
            "22023: cannot specify both ACCESS KEY ID and ASSUME ROLE ARN");
  EXPECT_EQ(refusal("AWS (ACCESS KEY ID 'id')"),
            "22023: must specify both ACCESS KEY ID and SECRET ACCESS KEY with optional SESSION "
            "TOKEN");
  EXPECT_EQ(refusal("AWS (ASSUME ROLE SESSION NAME 'n')"),
            "22023: must specify ASSUME ROLE ARN with optional ASSUME ROLE SESSION NAME");
  EXPECT_EQ(refusal("AWS (ASSUME ROLE ARN 'arn')"), "0A000: ASSUME ROLE ARN not yet supported");
  EXPECT_EQ(refusal("AWS (SECRET ACCESS KEY 'text')"),
            "22023: invalid SECRET ACCESS KEY: must provide a secret value");
}

TEST_F(PlanConnection, AlterChangesTheStoredStatement) {
  EXPECT_EQ(altered("BROKER 'a'", "SET (BROKERS ('b', 'c'))"),
            "CREATE CONNECTION c TO KAFKA (BROKERS = ('b', 'c'))");
  EXPECT_EQ(altered("BROKER 'a', SSL KEY SECRET s", "RESET (SSL KEY), SET (BROKER 'b')"),
            "CREATE CONNECTION c TO KAFKA (BROKER = 'b')");
  EXPECT_EQ(altered("BROKER 'a'", "SET (PROGRESS TOPIC 'p')"),
            "0A000: cannot ALTER KAFKA option PROGRESS TOPIC");
  EXPECT_EQ(altered("BROKER 'a'", "DROP (PROGRESS TOPIC REPLICATION FACTOR)"),
            "0A000: cannot ALTER KAFKA option PROGRESS TOPIC REPLICATION FACTOR");
  EXPECT_EQ(altered("BROKER 'a'", "SET (BROKER 'b'), RESET (BROKER)"),
            "42601: cannot both SET and DROP/RESET options BROKER");
  EXPECT_EQ(altered("BROKER 'a'", "SET (BROKERS ('b')), DROP (BROKER)"),
            "42601: cannot both SET and DROP/RESET mutually exclusive KAFKA options BROKER, "
            "BROKERS");
  EXPECT_EQ(altered("BROKER 'a'", "ROTATE KEYS"), "42809: d.public.c is not an SSH connection");
  EXPECT_EQ(altered("BROKER 'a'", "ROTATE KEYS, DROP (BROKER)"),
            "0A000: cannot specify any other actions alongside ALTER CONNECTION...ROTATE KEYS");
}

}  // namespace
}  // namespace penstock::sql
