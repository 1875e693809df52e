// Our Kafka client by itself, one command per process, for tests that compare it with other
// clients. It speaks JSON, one value a line.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "connect/http/http_client.h"
#include "connect/kafka/auth/oidc_token_source.h"
#include "kafka_probe/commands.h"
#include "kafka_probe/record_json.h"

namespace penstock::connect {
namespace {

constexpr int kWrongUse = 2;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw WrongInput("cannot be read: " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The token that a file holds just then: it is for the broker to say whether it is any good.
class TokenFile final : public kafka::TokenSource {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  void get(int64_t now_ms, Done done) override {
    std::string token = text_of(path_);
    while (!token.empty() && token.back() == '\n') token.pop_back();
    // Never to be used twice.
    done(kafka::Token{SecretString(std::move(token)), now_ms});
  }

 private:
  const std::string path_;
};

struct ConnectionFlags {
  std::string password;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string token;
  std::string token_secret;
  kafka::OidcOptions issuer;
};

void add_connection(CLI::App& app, KafkaClientOptions& client, ConnectionFlags& flags) {
  KafkaSecurity& security = client.security;
  app.add_option("--bootstrap", client.bootstrap_servers, "HOST:PORT[,HOST:PORT]")->required();
  app.add_option("--client-id", client.client_id);
  app.add_option("--protocol", security.protocol)
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, KafkaProtocol>{{"plaintext", KafkaProtocol::kPlaintext},
                                               {"ssl", KafkaProtocol::kSsl},
                                               {"sasl_plaintext", KafkaProtocol::kSaslPlaintext},
                                               {"sasl_ssl", KafkaProtocol::kSaslSsl}},
          CLI::ignore_case));
  app.add_option("--mechanism", security.sasl_mechanism);
  app.add_option("--username", security.sasl_username);
  app.add_option("--password", flags.password);
  app.add_option("--ca", flags.ca, "a file of PEM, as the next two");
  app.add_option("--certificate", flags.certificate);
  app.add_option("--key", flags.key);
  app.add_option("--token", flags.token,
                 "a file of OAUTHBEARER's token, read whenever one is wanted");
  app.add_option("--token-endpoint", flags.issuer.token_endpoint,
                 "the URL of an issuer of OAUTHBEARER's tokens, with the next two");
  app.add_option("--token-client", flags.issuer.client_id);
  app.add_option("--token-secret", flags.token_secret);
}

TokenSourceFactory token_source(const ConnectionFlags& flags) {
  if (!flags.token.empty()) {
    return [path = flags.token](EventLoop&, std::chrono::milliseconds) {
      return std::make_unique<TokenFile>(path);
    };
  }
  kafka::OidcOptions issuer = flags.issuer;
  issuer.client_secret = SecretString(flags.token_secret);
  return [issuer](EventLoop& loop, std::chrono::milliseconds patience) {
    kafka::OidcOptions patient = issuer;
    patient.timeout = patience;
    return std::make_unique<kafka::OidcTokenSource>(
        std::move(patient), std::make_unique<HttpClient>(loop, HttpClientOptions()));
  };
}

void fill_connection(KafkaClientOptions& client, const ConnectionFlags& flags) {
  KafkaSecurity& security = client.security;
  security.sasl_password = SecretString(flags.password);
  if (!flags.ca.empty()) security.ca_pem = text_of(flags.ca);
  if (!flags.certificate.empty()) security.certificate_pem = text_of(flags.certificate);
  if (!flags.key.empty()) security.key_pem = SecretString(text_of(flags.key));
  if (!flags.token.empty() || !flags.issuer.token_endpoint.empty())
    security.oauth_tokens = token_source(flags);
}

void add_produce(CLI::App& app, ProducerOptions& options) {
  app.add_option("--transactional-id", options.transactional_id)->required();
  app.add_option("--compression", options.compression)
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, KafkaCompression>{{"none", KafkaCompression::kNone},
                                                  {"gzip", KafkaCompression::kGzip},
                                                  {"snappy", KafkaCompression::kSnappy},
                                                  {"lz4", KafkaCompression::kLz4},
                                                  {"zstd", KafkaCompression::kZstd}}));
  app.add_option("--batch-bytes", options.batch_bytes);
  app.add_option("--message-max-bytes", options.message_max_bytes);
  const auto duration = [&app](const char* name, std::chrono::milliseconds& value) {
    app.add_option_function<int64_t>(
        name, [&value](int64_t ms) { value = std::chrono::milliseconds(ms); });
  };
  duration("--linger-ms", options.linger);
  duration("--transaction-timeout-ms", options.transaction_timeout);
  duration("--fence-timeout-ms", options.fence_timeout);
  duration("--commit-timeout-ms", options.commit_timeout);
}

void add_read(CLI::App& app, ReadCommand& command) {
  app.add_option("--topic", command.reader.topic)->required();
  app.add_option("--partition", command.partition);
  app.add_option("--offset", command.offset, "a number, earliest, latest or time:MS");
  app.add_option("--isolation", command.reader.isolation)
      ->transform(CLI::CheckedTransformer(std::map<std::string, KafkaIsolation>{
          {"read_committed", KafkaIsolation::kReadCommitted},
          {"read_uncommitted", KafkaIsolation::kReadUncommitted}}));
  app.add_flag("--until-end", command.until_end);
  app.add_option_function<int64_t>(
      "--at-most-ms", [&command](int64_t ms) { command.at_most = std::chrono::milliseconds(ms); },
      "when to end in any case");
}

int run(int argc, char** argv) {
  CLI::App app{"Our Kafka client by itself, for tests.", "kafka_probe"};
  KafkaClientOptions client_options;
  ConnectionFlags flags;
  add_connection(app, client_options, flags);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all");
  ProducerOptions producer;
  auto* produce_command = app.add_subcommand("produce", "lines of JSON into transactions");
  add_produce(*produce_command, producer);
  ReadCommand reading;
  auto* read_command = app.add_subcommand("read", "a partition as lines of JSON");
  add_read(*read_command, reading);
  std::string question;
  std::string argument;
  auto* admin_command = app.add_subcommand("admin", "asks about topics, and makes them");
  admin_command->add_option("question", question)->required();
  admin_command->add_option("argument", argument);
  CLI11_PARSE(app, argc, argv);

  fill_connection(client_options, flags);
  const auto client = make_kafka_client(client_options);
  if (produce_command->parsed()) return produce(*client, producer);
  if (read_command->parsed()) return read(*client, reading);
  return administer(*client, question, argument);
}

}  // namespace
}  // namespace penstock::connect

int main(int argc, char** argv) {
  try {
    std::signal(SIGPIPE, SIG_IGN);  // As HttpClient wants it.
    return penstock::connect::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kafka_probe: %s\n", error.what());
    return penstock::connect::kWrongUse;
  }
}
