// For tests: a server of TLS in a thread, over OpenSSL.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "connect/net/loopback_peer_test.h"
#include "connect/net/made_certificates_test.h"

namespace penstock::connect {

struct ServerWish {
  std::string certificate;
  std::string key;
  std::string client_authority = {};  // Given: a client must show a certificate of it.
  int version = TLS1_3_VERSION;
  bool resets_when_refusing = false;
};

// Serves one connection: does the handshake, then what it is told to.
class TlsServer {
 public:
  using Serve = std::function<void(SSL* ssl, int socket)>;

  TlsServer(const ServerWish& wish, Serve serve)
      : context_(SSL_CTX_new(TLS_server_method())),
        resets_when_refusing_(wish.resets_when_refusing),
        peer_([this, serve](int socket) { serve_one(socket, serve); }) {
    SSL_CTX_set_min_proto_version(context_.get(), wish.version);
    SSL_CTX_set_max_proto_version(context_.get(), wish.version);
    const MadeBio certificate = bio_of(wish.certificate);
    const MadeX509 x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    CHECK_OP(==, SSL_CTX_use_certificate(context_.get(), x509.get()), 1);
    while (X509* next = PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr)) {
      SSL_CTX_add_extra_chain_cert(context_.get(), next);
    }
    const MadeBio key_bio = bio_of(wish.key);
    const MadeKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
    CHECK_OP(==, SSL_CTX_use_PrivateKey(context_.get(), key.get()), 1);
    if (!wish.client_authority.empty()) {
      const MadeBio bio = bio_of(wish.client_authority);
      const MadeX509 authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
    }
    ERR_clear_error();
    ready_ = true;
  }
  HostAndPort address() const { return peer_.address(); }

 private:
  static MadeBio bio_of(const std::string& text) {
    return MadeBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  }

  void serve_one(int socket, const Serve& serve) {
    // OpenSSL writes to sockets in a way that raises it when the client has gone.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!ready_) std::this_thread::yield();
    const std::unique_ptr<SSL, OpensslDeleter<&SSL_free>> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), socket);
    if (SSL_accept(ssl.get()) == 1) {
      serve(ssl.get(), socket);
    } else if (!resets_when_refusing_) {
      // Until the client has gone, or what it sent would take away the alert that tells it why.
      shutdown(socket, SHUT_WR);
      receive_to_end(socket);
    }
  }

  const std::unique_ptr<SSL_CTX, OpensslDeleter<&SSL_CTX_free>> context_;
  const bool resets_when_refusing_;
  std::atomic<bool> ready_ = false;
  LoopbackPeer peer_;
};

}  // namespace penstock::connect
