// What a Kafka client is given: secrets as they are now, tokens, parameters, its name.
#include "coordinator/outside/client_options.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "connect/net/socket_loop.h"
#include "coordinator/system_parameters.h"

namespace penstock::coordinator {
namespace {

constexpr ObjectId kWord{30};
constexpr ObjectId kKey{31};
constexpr ObjectId kAws{40};

class KafkaOptionsTest : public testing::Test {
 protected:
  KafkaOptionsTest() : directory_(testing::TempDir() + "/client_options_test") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    auto file = storage::SecretFile::open(directory_);
    EXPECT_TRUE(file.has_value());
    secrets_ = std::make_unique<SecretStore>(std::move(*file));
    put(kWord, "first");
    connection_.brokers = {"a.east:9092", "b.west:9092"};
    connection_.security_protocol = "plaintext";
  }
  ~KafkaOptionsTest() override { std::filesystem::remove_all(directory_); }

  void put(ObjectId secret, const std::string& value) {
    EXPECT_TRUE(secrets_->put(secret, SecretString(value)).has_value());
  }
  void declare_aws(const defs::AwsConnectionDef& aws) {
    catalog::CatalogItem item;
    item.id = kAws;
    item.kind = catalog::ItemKind::kConnection;
    item.name = {"d", "public", "aws"};
    item.facts = aws;
    catalog_.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(item)});
  }
  Result<connect::KafkaClientOptions> made() const {
    return kafka_client_options(kafka_endpoint(connection_, catalog_), "me", *secrets_, catalog_);
  }

  const std::string directory_;
  std::unique_ptr<SecretStore> secrets_;
  catalog::CatalogState catalog_;
  defs::KafkaConnectionDef connection_;
};

TEST_F(KafkaOptionsTest, SecretsAreThoseOfTheMoment) {
  put(kKey, "key");
  connection_.security_protocol = "sasl_ssl";
  connection_.sasl_mechanism = "PLAIN";
  connection_.sasl_username = "user";
  connection_.sasl_password = kWord;
  connection_.ssl_certificate = "certificate";
  connection_.ssl_key = kKey;
  connection_.ssl_certificate_authority = kKey;
  for (const char* word : {"first", "second"}) {
    put(kWord, word);
    auto options = made();
    ASSERT_TRUE(options.has_value());
    EXPECT_EQ(options->security.protocol, connect::KafkaProtocol::kSaslSsl);
    EXPECT_EQ(options->security.sasl_mechanism, "PLAIN");
    EXPECT_EQ(options->security.sasl_username, "user");
    EXPECT_EQ(options->security.sasl_password.reveal(), word);
    EXPECT_EQ(options->security.certificate_pem, "certificate");
    EXPECT_EQ(options->security.key_pem.reveal(), "key");
    EXPECT_EQ(options->security.ca_pem, "key");
  }
  ASSERT_TRUE(secrets_->remove(kWord).has_value());
  EXPECT_FALSE(made().has_value());
}

TEST_F(KafkaOptionsTest, TokensAreSignedWithTheAwsConnection) {
  connection_.security_protocol = "sasl_ssl";
  connection_.sasl_mechanism = "OAUTHBEARER";
  connection_.aws_connection = kAws;
  EXPECT_EQ(made().error().message, "the AWS connection is gone");
  defs::AwsConnectionDef aws;
  aws.access_key_id = "AKIA";
  aws.secret_access_key = kWord;
  const auto token = [&] {
    auto options = made();
    EXPECT_TRUE(options.has_value());
    const auto loop = connect::make_socket_loop();
    auto source = options->security.oauth_tokens(*loop, options->connect_timeout);
    connect::kafka::AuthResult<connect::kafka::Token> out;
    source->get(1'700'000'000'000, [&](auto got) { out = std::move(got); });
    return out;
  };
  declare_aws(aws);
  EXPECT_EQ(token().error().cause, "the AWS connection has no region");
  aws.region = "eu-central-1";
  declare_aws(aws);
  const std::string first = token()->value.reveal();
  EXPECT_EQ(token()->expires_ms, 1'700'000'900'000);
  put(kWord, "second");
  EXPECT_NE(token()->value.reveal(), first);
}

TEST_F(KafkaOptionsTest, ParametersReachTheClient) {
  auto options = made();
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->bootstrap_servers, "a.east:9092,b.west:9092");
  EXPECT_EQ(options->client_id, "me");
  EXPECT_TRUE(options->keep_alive);
  const connect::KafkaClientOptions usual;
  EXPECT_EQ(options->metadata_timeout, usual.metadata_timeout);
  EXPECT_EQ(options->socket_timeout, usual.socket_timeout);
  EXPECT_EQ(options->connect_timeout, usual.connect_timeout);
  EXPECT_EQ(options->reconnect_backoff_max, usual.reconnect_backoff_max);
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"kafka_fetch_metadata_timeout", "11s"},
                                          {"kafka_socket_timeout", "12s"},
                                          {"kafka_socket_connection_setup_timeout", "13s"},
                                          {"kafka_retry_backoff", "14ms"},
                                          {"kafka_retry_backoff_max", "15ms"},
                                          {"kafka_reconnect_backoff", "16"},
                                          {"kafka_reconnect_backoff_max", "12"},
                                          {"kafka_socket_keepalive", "off"}}) {
    ASSERT_TRUE(check_system_parameter(name, value).has_value()) << name;
    catalog_.apply(catalog::SetSystemParameter{name, value});
  }
  using std::chrono::milliseconds;
  options = made();
  EXPECT_EQ(options->metadata_timeout, milliseconds(11'000));
  EXPECT_EQ(options->socket_timeout, milliseconds(12'000));
  EXPECT_EQ(options->connect_timeout, milliseconds(13'000));
  EXPECT_EQ(options->retry_backoff, milliseconds(14));
  EXPECT_EQ(options->retry_backoff_max, milliseconds(15));
  EXPECT_EQ(options->reconnect_backoff, milliseconds(16));
  EXPECT_EQ(options->reconnect_backoff_max, milliseconds(16)) << "never below the first";
  EXPECT_FALSE(options->keep_alive);
}

TEST_F(KafkaOptionsTest, ClientIdsAreExtendedByRules) {
  const std::string rules =
      R"([{"pattern": "\\.east:", "payload": "e"}, {"pattern": "north", "payload": "n"},
          {"pattern": "^b", "payload": "b"}])";
  ASSERT_TRUE(check_system_parameter("kafka_client_id_enrichment_rules", rules).has_value());
  catalog_.apply(catalog::SetSystemParameter{"kafka_client_id_enrichment_rules", rules});
  EXPECT_EQ(made()->client_id, "me-e-b");
}

TEST(SystemParameters, RefuseWhatTheyCannotBe) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"kafka_socket_timeout", "9ms"},
           {"kafka_socket_timeout", "301s"},
           {"kafka_socket_timeout", "soon"},
           {"kafka_socket_keepalive", "maybe"},
           {"max_connections", "0"},
           {"kafka_client_id_enrichment_rules", "{}"},
           {"kafka_client_id_enrichment_rules", R"([{"pattern": "x"}])"},
           {"kafka_client_id_enrichment_rules", R"([{"pattern": "(", "payload": "x"}])"},
           {"kafka_client_id_enrichment_rules",
            R"([{"pattern": "x", "payload": ")" + std::string(1025, 'x') + "\"}]"}}) {
    const Status checked = check_system_parameter(name, value);
    ASSERT_FALSE(checked.has_value()) << name << " " << value;
    EXPECT_EQ(checked.error().state, sql_state::kInvalidParameterValue);
  }
}

TEST(SystemParameters, AreShownWithTheirUnits) {
  catalog::CatalogState catalog;
  EXPECT_EQ(shown_system_parameter("kafka_socket_timeout", catalog), "60s");
  EXPECT_EQ(shown_system_parameter("kafka_retry_backoff", catalog), "100ms");
  EXPECT_EQ(shown_system_parameter("kafka_socket_keepalive", catalog), "on");
  EXPECT_EQ(shown_system_parameter("max_connections", catalog), "5000");
  EXPECT_EQ(shown_system_parameter("kafka_client_id_enrichment_rules", catalog), "[]");
  EXPECT_EQ(shown_system_parameter("nosuch", catalog), std::nullopt);
}

}  // namespace
}  // namespace penstock::coordinator
