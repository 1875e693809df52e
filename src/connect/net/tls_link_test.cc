// Links over TLS against servers of OpenSSL: what is trusted, what is refused, and that each
// failure is told as what it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>

#include "connect/net/loopback_peer_test.h"
#include "connect/net/made_certificates_test.h"
#include "connect/net/send_queue.h"
#include "connect/net/socket_loop.h"
#include "connect/net/tls_context.h"
#include "connect/net/tls_server_test.h"
#include "connect/net/tls_stream.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

void echo(SSL* ssl, int) {
  std::vector<char> buffer(50'000);
  size_t size = 0;
  while (SSL_read_ex(ssl, buffer.data(), buffer.size(), &size) == 1) {
    if (SSL_write_ex(ssl, buffer.data(), size, &size) != 1) return;
  }
}

class TlsLinkTest : public ::testing::Test {
 protected:
  static MadeCertificate issue(const std::string& alternative_name, const MadeCertificate& by) {
    return MadeCertificate({.name = "broker", .alternative_name = alternative_name}, by);
  }
  LinkOptions options(const HostAndPort& address) const {
    return {.address = address,
            .setup_timeout = kPatience,
            .tls = TlsOptions{.authorities = authority_.certificate_pem(),
                              .host_name = "broker.example"}};
  }
  ServerWish good() const { return {good_.certificate_pem(), good_.key_pem()}; }

  // What becomes of a link to a server that has this certificate.
  LinkError end_with(const MadeCertificate& certificate) {
    const TlsServer server({certificate.certificate_pem(), certificate.key_pem()},
                           [](SSL* ssl, int) { SSL_shutdown(ssl); });
    return end_of(options(server.address()));
  }
  LinkError end_of(const LinkOptions& wanted) {
    LinkOwner owner;
    const auto link = loop_->connect(wanted, owner);
    if (!run_until(*loop_, [&] { return owner.closed.has_value(); })) ADD_FAILURE() << "no end";
    connected_ = owner.connected == 1;
    return owner.closed.value_or(LinkError{});
  }
  // Sends some payloads to a server that echoes, and compares.
  void expect_echo(const LinkOptions& wanted, const std::vector<Payload>& payloads) {
    LinkOwner owner;
    const auto link = loop_->connect(wanted, owner);
    std::string sent;
    for (const Payload& payload : payloads) {
      link->send(payload);
      for (const std::string_view piece : payload.pieces) sent += piece;
    }
    const bool all =
        run_until(*loop_, [&] { return owner.closed || owner.received.size() == sent.size(); });
    EXPECT_TRUE(all && owner.received == sent) << owner.received.size();
    EXPECT_FALSE(owner.closed) << owner.closed->cause;
    EXPECT_EQ(link->unsent_bytes(), 0u);
  }

  const MadeCertificate authority_{{.name = "authority", .authority = true}};
  const MadeCertificate good_ = issue("DNS:broker.example", authority_);
  std::unique_ptr<EventLoop> loop_ = make_socket_loop();
  bool connected_ = false;
};

TEST_F(TlsLinkTest, EchoesPiecesOfAllSizesInBothVersions) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ServerWish wish = good();
    wish.version = version;
    const TlsServer server(wish, echo);
    std::vector<Payload> payloads;
    for (size_t piece : {1ul, 7ul, 16'383ul, 16'384ul, 16'385ul, 100'000ul}) {
      payloads.push_back(payload_of(pattern(piece * 30), piece));
    }
    payloads.push_back(payload_of(pattern(8 << 20), 3 << 20));
    expect_echo(options(server.address()), payloads);
  }
}

TEST_F(TlsLinkTest, PausesWithBytesLeftInsideTls) {
  const std::string bytes = pattern(4 << 20);
  const TlsServer server(good(), [&](SSL* ssl, int) {
    size_t size = 0;
    SSL_write_ex(ssl, bytes.data(), bytes.size(), &size);
    SSL_shutdown(ssl);
  });
  LinkOwner owner;
  owner.buffer.resize(1'000);  // A record does not fit.
  const auto link = loop_->connect(options(server.address()), owner);
  int pauses = 0;
  owner.at_read = [&] { owner.paused = owner.received.size() / 100'000 > size_t(pauses); };
  ASSERT_TRUE(run_until(*loop_, [&] {
    if (owner.paused) {
      ++pauses;
      owner.paused = false;
      link->resume_reading();
    }
    return owner.closed.has_value();
  }));
  EXPECT_GT(pauses, 30);
  EXPECT_TRUE(owner.received == bytes) << owner.received.size();
  EXPECT_EQ(owner.closed->fault, LinkFault::kClosed);
}

TEST_F(TlsLinkTest, AnEndWithoutGoodByeIsAnEndAllTheSame) {
  const TlsServer server(good(), [](SSL* ssl, int) { SSL_write(ssl, "x", 1); });
  const LinkError end = end_of(options(server.address()));
  EXPECT_TRUE(connected_);
  EXPECT_EQ(end.fault, LinkFault::kClosed);
}

TEST_F(TlsLinkTest, SaysGoodBye) {
  std::atomic<int> end = -1;
  {
    const TlsServer server(good(), [&](SSL* ssl, int) {
      char ignored = 0;
      const int result = SSL_read(ssl, &ignored, 1);
      end = SSL_get_error(ssl, result);
    });
    LinkOwner owner;
    auto link = loop_->connect(options(server.address()), owner);
    ASSERT_TRUE(run_until(*loop_, [&] { return owner.connected == 1; }));
    link.reset();
  }
  EXPECT_EQ(end, SSL_ERROR_ZERO_RETURN);
}

TEST_F(TlsLinkTest, TrustsOnlyWhatTheAuthoritySignedForTheHost) {
  const MadeCertificate expired({.name = "broker",
                                 .alternative_name = "DNS:broker.example",
                                 .valid_from_s = -7200,
                                 .valid_until_s = -60},
                                authority_);
  LinkError end = end_with(expired);
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "certificate has expired");
  EXPECT_FALSE(connected_);

  end = end_with(issue("DNS:other.example", authority_));
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "hostname mismatch");

  const MadeCertificate stranger({.name = "stranger", .authority = true});
  end = end_with(issue("DNS:broker.example", stranger));
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "unable to get local issuer certificate");

  end = end_with(MadeCertificate({.name = "self", .alternative_name = "DNS:broker.example"}));
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "self-signed certificate");

  end = end_with(good_);
  EXPECT_EQ(end.fault, LinkFault::kClosed);
  EXPECT_TRUE(connected_);
}

TEST_F(TlsLinkTest, TrustsChainsAndTellsOneThatEndsInAStranger) {
  const MadeCertificate middle({.name = "middle", .authority = true}, authority_);
  const MadeCertificate leaf = issue("DNS:broker.example", middle);
  const TlsServer server({leaf.certificate_pem() + middle.certificate_pem(), leaf.key_pem()}, echo);
  expect_echo(options(server.address()), {payload_of("ping")});

  const MadeCertificate root({.name = "root", .authority = true});
  const MadeCertificate other = issue("DNS:broker.example", root);
  const TlsServer strange({other.certificate_pem() + root.certificate_pem(), other.key_pem()},
                          echo);
  const LinkError end = end_of(options(strange.address()));
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "self-signed certificate in certificate chain");
}

TEST_F(TlsLinkTest, TheSystemsAuthoritiesDoNotKnowOurs) {
  const TlsServer server(good(), echo);
  LinkOptions wanted = options(server.address());
  wanted.tls->authorities.clear();
  const LinkError end = end_of(wanted);
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "unable to get local issuer certificate");
}

TEST_F(TlsLinkTest, VerifiesAddressesAndTheAddressIfThereIsNoName) {
  const MadeCertificate address = issue("IP:127.0.0.1", authority_);
  for (const char* name : {"127.0.0.1", ""}) {
    const TlsServer server({address.certificate_pem(), address.key_pem()}, echo);
    LinkOptions wanted = options(server.address());
    wanted.tls->host_name = name;
    expect_echo(wanted, {payload_of("ping")});
  }
  const TlsServer server(good(), echo);
  LinkOptions wanted = options(server.address());
  wanted.tls->host_name = "127.0.0.1";
  const LinkError end = end_of(wanted);
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "IP address mismatch");
}

TEST_F(TlsLinkTest, ANameThatNoCertificateCanHaveIsNotTrusted) {
  const TlsServer server(good(), echo);
  LinkOptions wanted = options(server.address());
  wanted.tls->host_name = std::string("broker\0.example", 15);
  const LinkError end = end_of(wanted);
  EXPECT_EQ(end.fault, LinkFault::kTlsVerify);
  EXPECT_EQ(end.cause, "the host name is malformed");
  EXPECT_FALSE(connected_);
}

TEST_F(TlsLinkTest, TheHostNameIsNotVerifiedIfNotWantedButStillSent) {
  std::string asked;
  {
    const TlsServer server(good(), [&](SSL* ssl, int) {
      const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      asked = name != nullptr ? name : "(none)";
    });
    LinkOptions wanted = options(server.address());
    wanted.tls->host_name = "wrong.example";
    wanted.tls->verify_host_name = false;
    EXPECT_EQ(end_of(wanted).fault, LinkFault::kClosed);
    EXPECT_TRUE(connected_);
  }
  EXPECT_EQ(asked, "wrong.example");
}

TEST_F(TlsLinkTest, ShowsItsCertificate) {
  const MadeCertificate client({.name = "client"}, authority_);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (bool locked : {false, true}) {
      ServerWish wish = good();
      wish.version = version;
      wish.client_authority = authority_.certificate_pem();
      const TlsServer server(wish, echo);
      LinkOptions wanted = options(server.address());
      wanted.tls->certificate = client.certificate_pem();
      wanted.tls->key = SecretString(locked ? client.locked_key_pem("a secret") : client.key_pem());
      if (locked) wanted.tls->key_password = SecretString("a secret");
      expect_echo(wanted, {payload_of("ping")});
    }
  }
}

TEST_F(TlsLinkTest, IsToldThatItsCertificateIsMissingOrRefused) {
  const MadeCertificate stranger({.name = "stranger", .authority = true});
  const MadeCertificate client({.name = "client"}, stranger);
  struct Case {
    int version;
    bool shown;
    const char* cause;
  };
  for (const Case& c : {Case{TLS1_2_VERSION, false, "sslv3 alert handshake failure"},
                        Case{TLS1_2_VERSION, true, "tlsv1 alert unknown ca"},
                        Case{TLS1_3_VERSION, false, "tlsv13 alert certificate required"},
                        Case{TLS1_3_VERSION, true, "tlsv1 alert unknown ca"}}) {
    ServerWish wish = good();
    wish.version = c.version;
    wish.client_authority = authority_.certificate_pem();
    const TlsServer server(wish, echo);
    LinkOptions wanted = options(server.address());
    if (c.shown) {
      wanted.tls->certificate = client.certificate_pem();
      wanted.tls->key = SecretString(client.key_pem());
    }
    const LinkError end = end_of(wanted);
    EXPECT_EQ(end.fault, c.shown ? LinkFault::kTlsRefused : LinkFault::kTlsUnidentified) << c.cause;
    EXPECT_EQ(end.cause, c.cause);
    EXPECT_EQ(connected_, c.version == TLS1_3_VERSION);
  }
}

// An alert from a peer that has answered is about what it was doing, not about who we are.
TEST_F(TlsLinkTest, AnAlertAfterAnAnswerIsNoRefusal) {
  const TlsServer server(good(), [](SSL* ssl, int socket) {
    char byte = 0;
    SSL_read(ssl, &byte, 1);
    SSL_write(ssl, "x", 1);
    // Without its first byte the next record is none, and the server says so.
    receive_exactly(socket, 1);
    SSL_read(ssl, &byte, 1);
    shutdown(socket, SHUT_WR);
    receive_to_end(socket);
  });
  LinkOwner owner;
  const auto link = loop_->connect(options(server.address()), owner);
  link->send(payload_of("a"));
  owner.at_read = [&] { link->send(payload_of("b")); };
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.closed.has_value(); }));
  EXPECT_EQ(owner.received, "x");
  EXPECT_EQ(owner.closed->fault, LinkFault::kReset);
  EXPECT_THAT(owner.closed->cause, HasSubstr("alert"));
}

// The peer refuses and goes while we are sending: the write fails first, and the alert is read yet.
TEST_F(TlsLinkTest, ARefusalIsReadAlthoughWritingFailed) {
  ServerWish wish = good();
  wish.client_authority = authority_.certificate_pem();
  wish.resets_when_refusing = true;
  const TlsServer server(wish, echo);
  LinkOwner owner;
  const auto link = loop_->connect(options(server.address()), owner);
  link->send(payload_of(pattern(size_t{32} << 20)));
  ASSERT_TRUE(run_until(*loop_, [&] { return owner.closed.has_value(); }));
  EXPECT_EQ(owner.closed->fault, LinkFault::kTlsUnidentified);
  EXPECT_EQ(owner.closed->cause, "tlsv13 alert certificate required");
}

TEST_F(TlsLinkTest, TellsPeersThatSpeakNoTls) {
  const LoopbackPeer plain([](int socket) {
    receive_exactly(socket, 10);
    send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
    receive_to_end(socket);
  });
  LinkError end = end_of(options(plain.address()));
  EXPECT_EQ(end.fault, LinkFault::kTlsAbsent);
  EXPECT_EQ(end.cause, "wrong version number");

  const LoopbackPeer closing([](int socket) {
    receive_exactly(socket, 5);
    shutdown(socket, SHUT_WR);
    receive_to_end(socket);
  });
  end = end_of(options(closing.address()));
  EXPECT_EQ(end.fault, LinkFault::kTlsAborted);
  EXPECT_EQ(end.cause, "the peer closed the connection during the TLS handshake");

  // With bytes unread its end is a reset.
  const LoopbackPeer resetting([](int socket) { receive_exactly(socket, 1); });
  end = end_of(options(resetting.address()));
  EXPECT_EQ(end.fault, LinkFault::kTlsAborted);
  EXPECT_EQ(end.cause, "the peer closed the connection during the TLS handshake");
}

TEST_F(TlsLinkTest, GivesUpAPeerThatDoesNotShakeHands) {
  const Listener listener(8);
  LinkOptions wanted = options(listener.address());
  wanted.setup_timeout = 50ms;
  const LinkError end = end_of(wanted);
  EXPECT_EQ(end.fault, LinkFault::kTimeout);
  EXPECT_EQ(end.cause, "TLS handshake timed out");
}

TEST_F(TlsLinkTest, ALinkMayBeDestroyedAtAnyStep) {
  using Hook = std::function<void()> LinkOwner::*;
  for (Hook hook : {&LinkOwner::at_connected, &LinkOwner::at_read_buffer, &LinkOwner::at_read,
                    &LinkOwner::at_closed}) {
    const TlsServer server(good(), [](SSL* ssl, int) {
      // All of what came is read, or the end would be a reset that takes the answer with it.
      char question[100];
      SSL_read(ssl, question, sizeof question);
      SSL_write(ssl, "some bytes", 10);
    });
    LinkOwner owner;
    std::unique_ptr<Link> link = loop_->connect(options(server.address()), owner);
    link->send(payload_of(pattern(100)));
    owner.*hook = [&] { link.reset(); };
    ASSERT_TRUE(run_until(*loop_, [&] { return link == nullptr || owner.closed; }) &&
                link == nullptr)
        << owner.connected << owner.received << (owner.closed ? owner.closed->cause : "open");
  }
}

TEST_F(TlsLinkTest, TellsWhatIsWrongWithItsMaterial) {
  const std::string certificate = good_.certificate_pem();
  const SecretString key(good_.key_pem());
  const auto cause_of = [&](const TlsOptions& tls) {
    const LinkError end = end_of({.address = {"127.0.0.1", 1}, .tls = tls});
    EXPECT_EQ(end.fault, LinkFault::kTlsMaterial);
    return end.cause;
  };
  EXPECT_EQ(cause_of({.authorities = "rubbish"}),
            "failed to read certificate #0 from ssl.ca.pem: not in PEM format?: no start line");
  EXPECT_THAT(cause_of({.authorities = certificate + "-----BEGIN CERTIFICATE-----\nx"}),
              StartsWith("failed to read certificate #1 from ssl.ca.pem: not in PEM format?: "));
  EXPECT_EQ(cause_of({.certificate = "rubbish", .key = key}),
            "ssl.certificate.pem failed: not in PEM format?: no start line");
  EXPECT_THAT(cause_of({.certificate = certificate, .key = SecretString("rubbish")}),
              StartsWith("ssl.key.pem failed: not in PEM format?: "));
  EXPECT_EQ(cause_of({.certificate = certificate, .key = SecretString(authority_.key_pem())}),
            "key values mismatch");
  EXPECT_EQ(cause_of({.certificate = certificate}), "no private key assigned");
  EXPECT_EQ(cause_of({.key = key}), "no certificate assigned");
  const SecretString locked(good_.locked_key_pem("a secret"));
  for (const char* wrong : {"", "another"}) {
    EXPECT_THAT(
        cause_of({.certificate = certificate, .key = locked, .key_password = SecretString(wrong)}),
        StartsWith("ssl.key.pem failed: not in PEM format?: "));
  }
}

// A TlsStream and its server over a pair of sockets, both in this thread.
class TlsPair {
 public:
  TlsPair(const MadeCertificate& authority, const MadeCertificate& certificate)
      : context_(*TlsContext::make({.authorities = authority.certificate_pem()})),
        server_context_(SSL_CTX_new(TLS_server_method())) {
    int ends[2];
    CHECK_OP(==, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = std::make_unique<Descriptor>(ends[0]);
    theirs_ = std::make_unique<Descriptor>(ends[1]);
    const std::string pem = certificate.certificate_pem() + certificate.key_pem();
    const MadeBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const MadeX509 x509(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    CHECK_OP(==, SSL_CTX_use_certificate(server_context_.get(), x509.get()), 1);
    const MadeKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    CHECK_OP(==, SSL_CTX_use_PrivateKey(server_context_.get(), key.get()), 1);
    server_.reset(SSL_new(server_context_.get()));
    SSL_set_fd(server_.get(), theirs_->get());
    stream = std::make_unique<TlsStream>(context_, ours_->get(), TlsPeer{"broker.example"});
    for (int turn = 0; turn < 5; ++turn) {
      stream->shake_hands();
      SSL_accept(server_.get());
    }
    CHECK(SSL_is_init_finished(server_.get()) == 1);
    // The least that the system allows: a few small records.
    const int size = 1;
    setsockopt(ours_->get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  // What the server reads with one call; 0 if there is no more.
  size_t read_once() {
    char bytes[1'000];
    size_t size = 0;
    return SSL_read_ex(server_.get(), bytes, sizeof bytes, &size) == 1 ? size : 0;
  }

 private:
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL_CTX, OpensslDeleter<&SSL_CTX_free>> server_context_;
  std::unique_ptr<Descriptor> ours_;
  std::unique_ptr<Descriptor> theirs_;
  std::unique_ptr<SSL, OpensslDeleter<&SSL_free>> server_;

 public:
  std::unique_ptr<TlsStream> stream;
};

// What is in the queue counts as never sent: a peer must not have it.
TEST(TlsStream, WhatHasLeftIsNotInTheQueueAlthoughMoreIsBehindIt) {
  constexpr size_t kPiece = 100;
  constexpr size_t kMore = 40'000;
  const MadeCertificate authority({.name = "authority", .authority = true});
  TlsPair pair(
      authority,
      MadeCertificate({.name = "broker", .alternative_name = "DNS:broker.example"}, authority));
  SendQueue queue;
  Transfer transfer;
  size_t pushed = 0;
  for (; transfer.need == StreamNeed::kNothing; pushed += kPiece) {
    queue.push(payload_of(pattern(kPiece)));
    transfer = pair.stream->write(queue);
  }
  ASSERT_EQ(transfer.need, StreamNeed::kWritable);
  ASSERT_EQ(queue.bytes(), kPiece);
  queue.push(payload_of(pattern(kMore)));
  // Makes room for the piece that waits, and for no other.
  size_t received = pair.read_once();
  ASSERT_EQ(received, kPiece);
  do {
    transfer = pair.stream->write(queue);
  } while (transfer.need == StreamNeed::kNothing && !queue.empty());
  EXPECT_EQ(transfer.need, StreamNeed::kWritable);
  while (const size_t size = pair.read_once()) received += size;
  EXPECT_EQ(received, pushed) << "the piece that waited has arrived";
  EXPECT_EQ(queue.bytes(), kMore);
}

}  // namespace
}  // namespace penstock::connect
