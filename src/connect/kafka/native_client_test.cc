// The client as the product makes it, over real sockets: what it tells when the two ends of a
// connection do not fit together, and where its tokens come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "connect/kafka/kafka_client.h"
#include "connect/kafka/simulated/server_session.h"
#include "connect/net/tls_server_test.h"

namespace penstock::connect {
namespace {

using kafka::ApiKey;
using kafka::ReceivedRequest;
using kafka::ServerSession;
using testing::EndsWith;
using testing::HasSubstr;

std::string text_of(const HostAndPort& address) {
  return address.host + ":" + std::to_string(address.port);
}

class NativeClientTest : public testing::Test {
 protected:
  static KafkaClientOptions options(const HostAndPort& address) {
    return {.bootstrap_servers = text_of(address), .metadata_timeout = kPatience};
  }
  KafkaClientOptions tls_options(const HostAndPort& address) const {
    KafkaClientOptions wanted = options(address);
    wanted.security.protocol = KafkaProtocol::kSsl;
    wanted.security.ca_pem = authority_.certificate_pem();
    return wanted;
  }
  // A refusal, without the broker's name that it must begin with.
  static std::string refusal(const KafkaClientOptions& wanted) {
    const auto admin = make_kafka_client(wanted)->make_admin();
    if (!admin) return admin.error().message;
    const StopToken never;
    const auto brokers = (*admin)->brokers(never);
    if (brokers) return "(brokers)";
    EXPECT_EQ(brokers.error().fault, KafkaFault::kFatal) << brokers.error().message;
    const std::string named = "broker " + wanted.bootstrap_servers + ": ";
    EXPECT_TRUE(brokers.error().message.starts_with(named)) << brokers.error().message;
    return brokers.error().message.substr(named.size());
  }
  std::string refusal_of(const MadeCertificate& certificate) const {
    const TlsServer server({certificate.certificate_pem(), certificate.key_pem()},
                           [](SSL* ssl, int) { SSL_shutdown(ssl); });
    return refusal(tls_options(server.address()));
  }

  const MadeCertificate authority_{{.name = "authority", .authority = true}};
  const MadeCertificate good_{{.name = "broker", .alternative_name = "IP:127.0.0.1"}, authority_};
};

TEST_F(NativeClientTest, TellsCertificatesThatCannotBeVerified) {
  const MadeCertificate stranger({.name = "stranger", .authority = true});
  EXPECT_EQ(
      refusal_of(MadeCertificate({.name = "b", .alternative_name = "IP:127.0.0.1"}, stranger)),
      "Failed to verify broker certificate: unable to get local issuer certificate");
  EXPECT_EQ(refusal_of(MadeCertificate({.name = "b",
                                        .alternative_name = "IP:127.0.0.1",
                                        .valid_from_s = -7200,
                                        .valid_until_s = -60},
                                       authority_)),
            "Failed to verify broker certificate: certificate has expired");
  EXPECT_EQ(
      refusal_of(MadeCertificate({.name = "b", .alternative_name = "IP:127.0.0.2"}, authority_)),
      "Failed to verify broker certificate: IP address mismatch");
}

TEST_F(NativeClientTest, TellsThatACertificateOfOursIsMissingOrRefused) {
  const MadeCertificate stranger({.name = "stranger", .authority = true});
  const MadeCertificate client({.name = "client"}, stranger);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const ServerWish wish{good_.certificate_pem(), good_.key_pem(), authority_.certificate_pem(),
                          version};
    const TlsServer anonymous(wish, [](SSL*, int) {});
    EXPECT_THAT(refusal(tls_options(anonymous.address())),
                testing::StartsWith(
                    "SSL authentication required; broker asked for a client certificate: "));
    const TlsServer refusing(wish, [](SSL*, int) {});
    KafkaClientOptions wanted = tls_options(refusing.address());
    wanted.security.certificate_pem = client.certificate_pem();
    wanted.security.key_pem = SecretString(client.key_pem());
    EXPECT_EQ(refusal(wanted), "SSL handshake failed; broker refused it: tlsv1 alert unknown ca");
  }
}

TEST_F(NativeClientTest, TellsMaterialThatIsNone) {
  const HostAndPort nobody{"127.0.0.1", 1};
  KafkaClientOptions wanted = tls_options(nobody);
  wanted.security.ca_pem = "rubbish";
  EXPECT_EQ(refusal(wanted),
            "Invalid CA certificate: failed to read certificate #0 from ssl.ca.pem: not in PEM "
            "format?: no start line");
  wanted = tls_options(nobody);
  wanted.security.certificate_pem = good_.certificate_pem();
  wanted.security.key_pem = SecretString(authority_.key_pem());
  EXPECT_EQ(refusal(wanted), "Invalid client certificate or key: key values mismatch");
}

TEST_F(NativeClientTest, TellsListenersOfTheOtherKind) {
  const LoopbackPeer plain([](int socket) {
    receive_exactly(socket, 10);
    send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
    receive_to_end(socket);
  });
  EXPECT_EQ(refusal(tls_options(plain.address())),
            "Broker does not support SSL connections: wrong version number");
  // What a broker of Kafka 4.3 says at its listener of TLS: a fatal alert, internal_error.
  const LoopbackPeer encrypted([](int socket) {
    receive_exactly(socket, 10);
    send_all(socket, {"\x15\x03\x03\x00\x02\x02\x50", 7});
    receive_to_end(socket);
  });
  EXPECT_EQ(refusal(options(encrypted.address())),
            "Disconnected during handshake; broker might require SSL encryption");
}

TEST_F(NativeClientTest, AMechanismThatNobodyHasIsToldBeforeAnybodyIsAsked) {
  KafkaClientOptions wanted = options({"127.0.0.1", 1});
  wanted.security.protocol = KafkaProtocol::kSaslPlaintext;
  wanted.security.sasl_mechanism = "garbage";
  EXPECT_EQ(refusal(wanted), "Unsupported SASL mechanism: GARBAGE");
  wanted.security.sasl_mechanism = "gssapi";
  EXPECT_EQ(refusal(wanted), "No provider for SASL mechanism GSSAPI: Kerberos is not supported");
  wanted.security.sasl_mechanism = "OAUTHBEARER";
  EXPECT_EQ(refusal(wanted), "SASL mechanism OAUTHBEARER has no source of tokens");
}

// The side of a server on a socket.
class SocketServerLink final : public kafka::ServerLink {
 public:
  explicit SocketServerLink(int socket) : socket_(socket) {}
  ~SocketServerLink() override { shutdown(socket_, SHUT_RDWR); }
  void send(std::string bytes) override { send_all(socket_, bytes); }

 private:
  const int socket_;
};

void serve(int socket, const ServerSession::Handler& handler) {
  ServerSession session(std::make_unique<SocketServerLink>(socket), handler);
  char bytes[4096];
  while (session.open() && wait_for(socket, POLLIN)) {
    const ssize_t size = recv(socket, bytes, sizeof bytes, 0);
    if (size <= 0) break;
    session.on_bytes({bytes, static_cast<size_t>(size)});
  }
}

struct OneToken final : kafka::TokenSource {
  void get(int64_t now_ms, Done done) override {
    done(kafka::Token{SecretString("to.ken"), now_ms + 60'000});
  }
};

TEST_F(NativeClientTest, TokensComeFromTheFactoryThatKnowsHowLongAConnectionWaits) {
  std::string shown;
  std::chrono::milliseconds patience{0};
  {
    const LoopbackPeer broker([&](int socket) {
      serve(socket, [&](ServerSession& server, const ReceivedRequest& request) {
        if (request.api == ApiKey::kApiVersions) {
          server.answer(request, kafka::every_version());
        } else if (request.api == ApiKey::kSaslHandshake) {
          server.answer(request, kafka::SaslHandshakeResponse{});
        } else if (request.api == ApiKey::kSaslAuthenticate) {
          shown = request.as<kafka::SaslAuthenticateRequest>().auth_bytes;
          server.answer(request, kafka::SaslAuthenticateResponse{});
        } else {
          server.answer(request, kafka::DescribeClusterResponse{});
        }
      });
    });
    KafkaClientOptions wanted = options(broker.address());
    wanted.connect_timeout = std::chrono::seconds(17);
    wanted.security.protocol = KafkaProtocol::kSaslPlaintext;
    wanted.security.sasl_mechanism = "OAUTHBEARER";
    wanted.security.oauth_tokens = [&](EventLoop&, std::chrono::milliseconds wait) {
      patience = wait;
      return std::make_unique<OneToken>();
    };
    EXPECT_EQ(refusal(wanted), "(brokers)");
  }
  EXPECT_THAT(shown, HasSubstr("auth=Bearer to.ken"));
  EXPECT_EQ(patience, std::chrono::seconds(17));
}

}  // namespace
}  // namespace penstock::connect
