// The client against a server of a few lines: what is sent, what is answered, and each way to fail.
#include "connect/http/http_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "connect/net/socket_loop.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Whether the request is whole: its head, and the body of the length that the head gives.
bool is_whole(const std::string& request) {
  const size_t head = request.find("\r\n\r\n");
  if (head == request.npos) return false;
  const size_t at = request.find("Content-Length: ");
  const size_t body = at == request.npos ? 0 : std::strtoul(&request[at + 16], nullptr, 10);
  return request.size() >= head + 4 + body;
}

// Listens on a port of its own and serves one connection, in a thread.
class OneShotServer {
 public:
  using Serve = std::function<void(int connection, std::string& request)>;

  explicit OneShotServer(Serve serve) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 1);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      serve(connection, request_);
      close(connection);
    });
  }
  ~OneShotServer() { finish(); }

  std::string url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + "/path?a=b";
  }
  // What was received, when the connection is over.
  const std::string& request() {
    finish();
    return request_;
  }

 private:
  void finish() {
    shutdown(listener_, SHUT_RDWR);  // Ends an accept() for which nobody came.
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) close(std::exchange(listener_, -1));
  }

  int listener_;
  uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

void read_request(int connection, std::string& request) {
  char bytes[4096];
  for (ssize_t count = 0; !is_whole(request);) {
    count = recv(connection, bytes, sizeof bytes, 0);
    if (count <= 0) return;
    request.append(bytes, static_cast<size_t>(count));
  }
}

OneShotServer::Serve answering(const std::string& answer) {
  return [answer](int connection, std::string& request) {
    read_request(connection, request);
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  };
}

// Until the client goes.
void stay_silent(int connection, std::string&) {
  char bytes[4096];
  while (recv(connection, bytes, sizeof bytes, 0) > 0) {
  }
}

struct HttpClientTest : testing::Test {
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1", 1);
    signal(SIGPIPE, SIG_IGN);
  }

  HttpResult<HttpAnswer> perform(const HttpRequest& request, HttpClientOptions options = {}) {
    HttpClient client(*loop_, std::move(options));
    std::optional<HttpResult<HttpAnswer>> answer;
    client.start(request, [&](HttpResult<HttpAnswer> result) { answer = std::move(result); });
    run_until([&] { return answer.has_value(); });
    if (!answer) return http_fail(HttpFault::kUnavailable, "no answer within the test's time");
    return *std::move(answer);
  }
  void run_until(const std::function<bool()>& there) {
    for (const auto end = loop_->now() + 20s; !there() && loop_->now() < end;) loop_->run(100ms);
  }

  const std::unique_ptr<EventLoop> loop_ = make_socket_loop();
};

TEST_F(HttpClientTest, Gets) {
  OneShotServer server(answering(kOk));
  const auto answer = perform({.url = server.url(), .headers = {{"Accept", "text/plain"}}});
  ASSERT_TRUE(answer) << answer.error().cause;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.reveal(), "hello");
  const std::string& request = server.request();
  EXPECT_TRUE(request.starts_with("GET /path?a=b HTTP/1.1\r\n")) << request;
  EXPECT_TRUE(request.contains("\r\nAccept: text/plain\r\n")) << request;
  EXPECT_TRUE(request.contains("\r\nUser-Agent: penstock\r\n")) << request;
  EXPECT_FALSE(request.contains("Authorization")) << request;
}

TEST_F(HttpClientTest, Posts) {
  OneShotServer server(answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"));
  const auto answer = perform({.method = "POST",
                               .url = server.url(),
                               .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                               .authorization = SecretString("Basic dTpw"),
                               .body = std::string("a=b\0c", 5)});
  ASSERT_TRUE(answer) << answer.error().cause;
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->body.reveal(), "no");
  const std::string& request = server.request();
  EXPECT_TRUE(request.starts_with("POST /path?a=b HTTP/1.1\r\n")) << request;
  EXPECT_TRUE(request.contains("\r\nAuthorization: Basic dTpw\r\n")) << request;
  EXPECT_TRUE(request.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_TRUE(request.ends_with(std::string("\r\n\r\na=b\0c", 9))) << request;
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
  OneShotServer elsewhere(answering(kOk));
  OneShotServer server(answering("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() +
                                 "\r\nContent-Length: 0\r\n\r\n"));
  const auto answer = perform({.url = server.url(), .authorization = SecretString("Basic dTpw")});
  ASSERT_TRUE(answer) << answer.error().cause;
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(elsewhere.request(), "");
}

TEST_F(HttpClientTest, ARefusalIsUnavailable) {
  std::string url;
  {
    OneShotServer server(answering(kOk));
    url = server.url();
  }
  const auto answer = perform({.url = url});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, HttpFault::kUnavailable);
  EXPECT_NE(answer.error().cause, "");
}

TEST_F(HttpClientTest, ASilentServerTimesOut) {
  OneShotServer server(stay_silent);
  const auto answer = perform({.url = server.url(), .timeout = 50ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, HttpFault::kUnavailable);
  EXPECT_TRUE(answer.error().cause.contains("timed out")) << answer.error().cause;
}

TEST_F(HttpClientTest, TheLoopGoesOnWhileAServerThinks) {
  std::atomic<bool> asked = false;
  std::promise<void> thought;
  OneShotServer server([&](int connection, std::string& request) {
    read_request(connection, request);
    asked = true;
    thought.get_future().wait();
    send(connection, kOk, strlen(kOk), MSG_NOSIGNAL);
  });
  HttpClient client(*loop_, {});
  bool answered = false;
  client.start({.url = server.url()}, [&](const auto& answer) { answered = answer.has_value(); });
  run_until([&] { return asked.load(); });
  bool others = false;
  loop_->at(loop_->now(), [&] { others = true; });
  run_until([&] { return others; });
  EXPECT_TRUE(others);
  EXPECT_FALSE(answered);
  thought.set_value();
  run_until([&] { return answered; });
  EXPECT_TRUE(answered);
}

TEST_F(HttpClientTest, SeveralCallsAreAnsweredEachOnce) {
  OneShotServer servers[] = {OneShotServer(answering(kOk)), OneShotServer(answering(kOk)),
                             OneShotServer(answering(kOk))};
  HttpClient client(*loop_, {});
  int answered = 0;
  for (OneShotServer& server : servers)
    client.start({.url = server.url()}, [&](const auto& answer) { answered += answer ? 1 : 100; });
  run_until([&] { return answered >= 3; });
  EXPECT_EQ(answered, 3);
}

TEST_F(HttpClientTest, ADestroyedClientTellsNobody) {
  std::atomic<bool> asked = false;
  OneShotServer silent([&](int connection, std::string& request) {
    read_request(connection, request);
    asked = true;
    stay_silent(connection, request);
  });
  OneShotServer quick(answering(kOk));
  auto client = std::make_unique<HttpClient>(*loop_, HttpClientOptions());
  bool told = false;
  client->start({.url = silent.url()}, [&](const auto&) { told = true; });
  run_until([&] { return asked.load(); });
  client->start({.url = quick.url()}, [&](const auto&) { client.reset(); });
  run_until([&] { return !client; });
  loop_->run(20ms);
  EXPECT_TRUE(!client && !told);
}

TEST_F(HttpClientTest, AnAnswerThatBreaksOffIsNone) {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (const size_t size : {size_t{0}, size_t{5}, size_t{20}, whole.size() - 1}) {
    OneShotServer server(answering(whole.substr(0, size)));
    const auto answer = perform({.url = server.url(), .timeout = 60s});
    ASSERT_FALSE(answer) << size;
    EXPECT_EQ(answer.error().fault, HttpFault::kUnavailable);
  }
}

TEST_F(HttpClientTest, TakesAnswersInAnyForm) {
  for (const char* text :
       {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
        "2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello"}) {
    OneShotServer server(answering(text));
    const auto answer = perform({.url = server.url()});
    ASSERT_TRUE(answer) << answer.error().cause;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body.reveal(), "hello");
  }
}

TEST_F(HttpClientTest, BoundsTheAnswer) {
  OneShotServer exact(answering(kOk));
  EXPECT_TRUE(perform({.url = exact.url()}, {.body_bytes_max = 5}));
  OneShotServer server(answering(kOk));
  const auto answer = perform({.url = server.url()}, {.body_bytes_max = 4});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, HttpFault::kTooLarge);
}

TEST_F(HttpClientTest, RefusesWhatItCannotSend) {
  const HttpRequest requests[] = {
      {.url = ""},
      {.url = "file:///etc/hostname"},
      {.url = "ftp://127.0.0.1/"},
      {.url = "http://127.0.0.1:x/"},
      {.url = "http://127.0.0.1/", .headers = {{"A", "b\r\nC: d"}}},
      {.url = "http://127.0.0.1/", .headers = {{"A\n", "b"}}},
      {.url = "http://127.0.0.1/", .headers = {{"", "b"}}},
      {.url = "http://127.0.0.1/", .authorization = SecretString("hidden\r\nC: d")}};
  for (const HttpRequest& request : requests) {
    const auto answer = perform(request);
    ASSERT_FALSE(answer) << request.url;
    EXPECT_EQ(answer.error().fault, HttpFault::kOptions) << request.url << answer.error().cause;
    EXPECT_FALSE(answer.error().cause.contains("hidden"));
  }
}

// --- TLS ---

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

// Signed by itself, so that it is its own authority; for one hour and one address.
struct Identity {
  explicit Identity(const char* address) {
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    const auto* name = reinterpret_cast<const unsigned char*>("test");
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    std::string names = "IP:" + std::string(address);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
  }
  std::string pem() const {
    const std::unique_ptr<BIO, Freed<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return std::string(bytes, static_cast<size_t>(size));
  }
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate{X509_new()};
};

OneShotServer::Serve answering_over_tls(const Identity& identity) {
  return [&identity](int connection, std::string& request) {
    const std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    const std::unique_ptr<SSL, Freed<SSL_free>> tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), connection);
    if (SSL_accept(tls.get()) != 1) return;
    char bytes[4096];
    for (int count = 0; !is_whole(request);) {
      count = SSL_read(tls.get(), bytes, sizeof bytes);
      if (count <= 0) return;
      request.append(bytes, static_cast<size_t>(count));
    }
    SSL_write(tls.get(), kOk, static_cast<int>(std::string_view(kOk).size()));
    SSL_shutdown(tls.get());
  };
}

TEST_F(HttpClientTest, TrustsTheGivenAuthority) {
  const Identity identity("127.0.0.1");
  OneShotServer server(answering_over_tls(identity));
  const auto answer = perform({.url = server.url("https")}, {.authorities = identity.pem()});
  ASSERT_TRUE(answer) << answer.error().cause;
  EXPECT_EQ(answer->body.reveal(), "hello");
}

TEST_F(HttpClientTest, TrustsNoOther) {
  const Identity identity("127.0.0.1");
  const Identity another("127.0.0.1");
  for (const std::string& authorities : {std::string(), another.pem()}) {
    OneShotServer server(answering_over_tls(identity));
    const auto answer = perform({.url = server.url("https"), .authorization = SecretString("x")},
                                {.authorities = authorities});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, HttpFault::kUntrusted) << answer.error().cause;
    EXPECT_EQ(server.request(), "");
  }
}

TEST_F(HttpClientTest, VerifiesTheHost) {
  const Identity identity("127.0.0.2");
  OneShotServer server(answering_over_tls(identity));
  const auto answer = perform({.url = server.url("https")}, {.authorities = identity.pem()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, HttpFault::kUntrusted) << answer.error().cause;
}

TEST_F(HttpClientTest, RefusesAuthoritiesThatAreNone) {
  const Identity identity("127.0.0.1");
  OneShotServer server(answering_over_tls(identity));
  const auto answer = perform({.url = server.url("https")}, {.authorities = "no PEM"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, HttpFault::kOptions) << answer.error().cause;
}

}  // namespace
}  // namespace penstock::connect
