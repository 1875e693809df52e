// SCRAM: the vectors of the RFCs, both of our sides against each other, and everything a server may
// say that it must not.
#include "connect/kafka/auth/scram_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/text_encoding.h"
#include "connect/kafka/auth/scram_server.h"

namespace penstock::connect::kafka {
namespace {

// The same bytes again and again.
RandomSource seeded_random(uint64_t seed) {
  return [rng = Rng(seed)](std::span<unsigned char> bytes) mutable {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(rng.next());
  };
}

ScramExchange make_client(const std::string& user, const std::string& password,
                          Digest digest = Digest::kSha256) {
  return ScramExchange(digest, {user, SecretString(password)}, seeded_random(1));
}

ScramServer make_server(const std::string& user, const std::string& password,
                        ScramServerOptions options = {}) {
  return ScramServer(std::move(options),
                     [user, password](std::string_view asked) -> std::optional<SecretString> {
                       if (asked != user) return std::nullopt;
                       return SecretString(password);
                     });
}

std::string nonce_of(const std::string& client_first) {
  return client_first.substr(client_first.find(",r=") + 3);
}

std::string salt_and_count(int iterations = 4096) {
  return ",s=" + encode_base64("salt") + ",i=" + std::to_string(iterations);
}

// What the client says to this server-first, in which "<nonce>" is the client's.
AuthResult<SaslStep> answer_to(std::string server_first) {
  ScramExchange client = make_client("user", "secret-of-user");
  const std::string nonce = nonce_of(*client.first());
  if (const size_t at = server_first.find("<nonce>"); at != server_first.npos)
    server_first.replace(at, 7, nonce);
  return client.next(server_first);
}

// Both sides until one of them ends it.
AuthResult<void> converse(ScramExchange& client, ScramServer& server) {
  auto bytes = client.first();
  if (!bytes) return std::unexpected(bytes.error());
  for (std::string to_server = *bytes;;) {
    const auto answer = server.next(to_server);
    if (!answer) return std::unexpected(answer.error());
    const auto step = client.next(answer->bytes);
    if (!step) return std::unexpected(step.error());
    if (step->done) return {};
    to_server = step->bytes;
  }
}

// RFC 7677, chapter 3. Its client nonce is shorter than ours, so it is the computation that is
// checked.
TEST(ScramMessage, ComputesTheVectorOfRfc7677) {
  const auto salt = decode_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
  ASSERT_TRUE(salt);
  const ScramKeys keys = derive_scram_keys(Digest::kSha256, "pencil", {*salt, 4096});
  const ScramTranscript transcript{
      "n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"};
  const std::string message = transcript.auth_message();
  const std::string proof =
      scram_xor(keys.client_key, hmac(Digest::kSha256, {keys.stored_key}, message));
  EXPECT_EQ(encode_base64(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(encode_base64(hmac(Digest::kSha256, {keys.server_key}, message)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

// Computed with Python's hashlib and hmac, for a random source that gives zeros.
TEST(ScramExchange, ItsMessagesAreThoseOfAnotherImplementation) {
  struct Vector {
    Digest digest;
    const char* proof;
    const char* signature;
  };
  const Vector vectors[] = {
      {Digest::kSha256, "X5Wd6xo1W8t5AgJD1V5Gqdr7a9tEiv4/Rp/7086gyYg=",
       "1ccQuErsOhuqW82KvTb2B4TOiUvMfxrTYAPaPXj6i9E="},
      {Digest::kSha512,
       "nBmV+brYisSZS/bMMnSYElxYRD66cpypxHNYP1fQ6gENgRXiLGoJj10R8yQ6OGj83eWdA88G21qbngwVKjjM4w==",
       "vWhMgvpF9fH9kSxDelT4C+vauqEohDx6+J2kIQPPX42T00C0qPXya39h7bu9PhheUxqURqNiCQRv1xvMeP7yUQ=="}};
  const std::string nonce = std::string(32, 'A') + "3rfcNHYJY1ZVvWVs7j";
  for (const Vector& vector : vectors) {
    ScramExchange client(vector.digest, {"us,er=", SecretString("p\xE2\x82\xACn,cil")},
                         [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 0); });
    EXPECT_EQ(client.mechanism(), scram_mechanism(vector.digest));
    EXPECT_EQ(*client.first(), "n,,n=us=2Cer=3D,r=" + std::string(32, 'A'));
    const auto step = client.next("r=" + nonce + ",s=AAFzYWx0/w==,i=5000");
    ASSERT_TRUE(step) << step.error().cause;
    EXPECT_FALSE(step->done);
    EXPECT_EQ(step->bytes, "c=biws,r=" + nonce + ",p=" + vector.proof);
    const auto last = client.next("v=" + std::string(vector.signature));
    ASSERT_TRUE(last) << last.error().cause;
    EXPECT_TRUE(last->done);
  }
}

TEST(ScramExchange, TakesItsNonceFromTheGivenSource) {
  EXPECT_EQ(*make_client("u", "p").first(), *make_client("u", "p").first());
  ScramExchange other(Digest::kSha256, {"u", SecretString("p")}, seeded_random(2));
  EXPECT_NE(*make_client("u", "p").first(), *other.first());
}

TEST(ScramExchange, ClientAndServerAgree) {
  const std::string names[] = {"user", "a,b=c", "=2C",           "=",
                               ",",    "=3D2C", "J\xC3\xBCrgen", "\xF0\x9F\x94\x91"};
  const std::string passwords[] = {"p", "pa,ss=word", "\xE2\x82\xAC\xC2\xA0",
                                   std::string(500, 'x')};
  for (const Digest digest : {Digest::kSha256, Digest::kSha512}) {
    for (const std::string& name : names) {
      for (const std::string& password : passwords) {
        ScramExchange client = make_client(name, password, digest);
        ScramServer server = make_server(name, password, {.digest = digest});
        const auto agreed = converse(client, server);
        EXPECT_TRUE(agreed) << name << ": " << agreed.error().cause;
        EXPECT_EQ(server.user(), name);
      }
    }
  }
}

TEST(ScramExchange, AWrongPasswordIsRefusedByTheServer) {
  ScramExchange client = make_client("user", "secret-of-user");
  ScramServer server = make_server("user", "another");
  const auto agreed = converse(client, server);
  ASSERT_FALSE(agreed);
  EXPECT_EQ(agreed.error().fault, AuthFault::kRefused);
  EXPECT_EQ(agreed.error().cause, "wrong password");
}

TEST(ScramExchange, AnUnknownUserIsRefusedByTheServer) {
  ScramExchange client = make_client("user", "secret-of-user");
  ScramServer server = make_server("another", "secret-of-user");
  EXPECT_EQ(converse(client, server).error().cause, "unknown user");
}

// A server that lets everybody in, without knowing the password.
TEST(ScramExchange, AWrongServerSignatureIsNotTrusted) {
  ScramExchange client = make_client("user", "secret-of-user");
  const std::string nonce = nonce_of(*client.first());
  ASSERT_TRUE(client.next("r=" + nonce + "x" + salt_and_count()));
  const auto step = client.next("v=" + encode_base64(std::string(32, 'x')));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().fault, AuthFault::kUntrusted);
}

TEST(ScramExchange, TheServersNonceMustExtendOurs) {
  for (const char* nonce : {"r=<nonce>", "r=", "r=other", "r=x<nonce>"}) {
    const auto step = answer_to(nonce + salt_and_count());
    ASSERT_FALSE(step) << nonce;
    EXPECT_EQ(step.error().fault, AuthFault::kProtocol);
    EXPECT_TRUE(step.error().cause.contains("does not extend ours")) << step.error().cause;
  }
  EXPECT_TRUE(answer_to("r=<nonce>x" + salt_and_count()));
}

TEST(ScramExchange, BoundsTheIterationCount) {
  for (const char* bad : {"0", "1", "4095", "1000001", "2147483648", "99999999999999999999"}) {
    const auto step = answer_to("r=<nonce>x,s=c2FsdA==,i=" + std::string(bad));
    ASSERT_FALSE(step) << bad;
    EXPECT_EQ(step.error().fault, AuthFault::kProtocol);
    EXPECT_TRUE(step.error().cause.contains("between 4096 and 1000000")) << step.error().cause;
  }
  for (const char* bad : {"", "x", "4096x", "-4096", "+4096", " 4096", "-99999999999999999999"}) {
    const auto step = answer_to("r=<nonce>x,s=c2FsdA==,i=" + std::string(bad));
    ASSERT_FALSE(step) << bad;
    EXPECT_TRUE(step.error().cause.contains("not a number")) << step.error().cause;
  }
}

TEST(ScramExchange, RefusesMalformedServerFirsts) {
  for (const char* bad :
       {"", "r", "r=", "s=c2FsdA==,r=<nonce>x,i=4096", "r=<nonce>x,i=4096", "r=<nonce>x,s=,i=4096",
        "r=<nonce>x,s=c2FsdA=,i=4096", "r=<nonce>x,s=c2FsdA==,", "r=<nonce>x,s=c2FsdA==,x=4096",
        "m=ext,r=<nonce>x,s=c2FsdA==,i=4096", "v=c2FsdA==", "{\"status\":\"x\"}"}) {
    const auto step = answer_to(bad);
    ASSERT_FALSE(step) << bad;
    EXPECT_EQ(step.error().fault, AuthFault::kProtocol) << bad;
  }
  EXPECT_TRUE(answer_to("r=<nonce>x,s=c2FsdA==,i=4096,z=an extension"));
}

TEST(ScramExchange, EveryTruncationOfAServersMessageIsAnError) {
  ScramExchange whole = make_client("user", "secret-of-user");
  ScramServer server = make_server("user", "secret-of-user");
  const std::string server_first = server.next(*whole.first())->bytes;
  const std::string client_final = whole.next(server_first)->bytes;
  const std::string server_final = server.next(client_final)->bytes;
  for (size_t size = 0; size < server_first.size(); ++size) {
    ScramExchange client = make_client("user", "secret-of-user");
    ASSERT_TRUE(client.first());
    EXPECT_FALSE(client.next(server_first.substr(0, size))) << server_first.substr(0, size);
  }
  for (size_t size = 0; size < server_final.size(); ++size) {
    ScramExchange client = make_client("user", "secret-of-user");
    ASSERT_TRUE(client.first());
    ASSERT_TRUE(client.next(server_first));
    EXPECT_FALSE(client.next(server_final.substr(0, size))) << server_final.substr(0, size);
  }
  EXPECT_TRUE(whole.next(server_final)->done);
}

TEST(ScramExchange, AServersErrorIsTheCause) {
  const auto first = answer_to("e=unknown-user");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().fault, AuthFault::kRefused);
  EXPECT_EQ(first.error().cause, "SCRAM authentication failed: unknown-user");
  ScramExchange client = make_client("user", "secret-of-user");
  const std::string nonce = nonce_of(*client.first());
  ASSERT_TRUE(client.next("r=" + nonce + "x" + salt_and_count()));
  const auto last = client.next("e=invalid-proof");
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().cause, "SCRAM authentication failed: invalid-proof");
}

TEST(ScramExchange, RefusesCredentialsThatNoBrokerHas) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "p"}, {"u", ""}, {"u\xFF", "p"}, {std::string("u\0", 2), "p"}, {"u", "secret\xC3"}};
  for (const auto& [user, password] : cases) {
    ScramExchange client = make_client(user, password);
    const auto first = client.first();
    ASSERT_FALSE(first) << user;
    EXPECT_EQ(first.error().fault, AuthFault::kOptions);
    EXPECT_FALSE(first.error().cause.contains("secret"));
  }
}

TEST(ScramServer, RefusesWhatAStrictBrokerRefuses) {
  ScramExchange client = make_client("user", "secret-of-user");
  const std::string client_first = *client.first();
  const std::string server_first = make_server("user", "secret-of-user").next(client_first)->bytes;
  const std::string client_final = client.next(server_first)->bytes;
  auto answer_final = [&](const std::string& message) {
    ScramServer server = make_server("user", "secret-of-user");
    EXPECT_TRUE(server.next(client_first));
    return server.next(message);
  };
  EXPECT_TRUE(answer_final(client_final));
  // The client's part of the nonce alone.
  std::string short_nonce = client_final;
  short_nonce.erase(short_nonce.find("server,"), 6);
  EXPECT_EQ(answer_final(short_nonce).error().cause, "wrong nonce");
  std::string other_binding = client_final;
  other_binding.replace(2, 4, "eSws");
  EXPECT_EQ(answer_final(other_binding).error().cause, "wrong channel binding");
  for (size_t size = 0; size < client_final.size(); ++size)
    EXPECT_FALSE(answer_final(client_final.substr(0, size))) << client_final.substr(0, size);
  for (const char* bad : {"", "n,,", "y,,n=user,r=x", "n,,n=user", "n,,n=,r=x", "n,,n=u=2,r=x",
                          "n,,n=user,r=", "n=user,r=x", "n,a=b,n=user,r=x"})
    EXPECT_FALSE(make_server("user", "secret-of-user").next(bad)) << bad;
}

TEST(ScramMessage, EscapesNames) {
  EXPECT_EQ(escape_scram_name("a,b=c"), "a=2Cb=3Dc");
  EXPECT_EQ(escape_scram_name(""), "");
  EXPECT_EQ(unescape_scram_name("a=2Cb=3Dc"), "a,b=c");
  for (const char* bad : {"=", "=2", "=2c", "a,b", "=41", "=3"})
    EXPECT_EQ(unescape_scram_name(bad), std::nullopt) << bad;
}

TEST(ScramMessage, TakesAttributesInOrder) {
  ScramAttributes attributes("r=a=b,s=,i=1");
  EXPECT_EQ(attributes.take('s'), std::nullopt);
  EXPECT_EQ(attributes.take('r'), "a=b");
  EXPECT_EQ(attributes.take('s'), "");
  EXPECT_FALSE(attributes.ended());
  EXPECT_EQ(attributes.take('i'), "1");
  EXPECT_TRUE(attributes.ended());
  EXPECT_EQ(attributes.take('i'), std::nullopt);
  ScramAttributes hanging("r=a,");
  EXPECT_EQ(hanging.take('r'), "a");
  EXPECT_FALSE(hanging.ended());
}

}  // namespace
}  // namespace penstock::connect::kafka
