// TlsStream: OpenSSL reaches the socket through a BIO of ours, which never raises SIGPIPE and knows
// the end of the stream from a failure.
#include "connect/net/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace penstock::connect {
namespace {

constexpr size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;

bool is_wait(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

bool is_address(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

int bio_read(BIO* bio, char* into, int capacity) {
  auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const int size = stream.receive({into, static_cast<size_t>(capacity)});
  if (size < 0 && is_wait(errno)) BIO_set_retry_read(bio);
  return size;
}

int bio_write(BIO* bio, const char* bytes, int size) {
  auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const int taken = stream.transmit({bytes, static_cast<size_t>(size)});
  if (taken < 0 && is_wait(errno)) BIO_set_retry_write(bio);
  return taken;
}

// OpenSSL asks a BIO many things; only a flush must not fail.
long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "penstock socket");
    CHECK(made != nullptr);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int note_certificate_request(SSL*, void* stream) {
  static_cast<TlsStream*>(stream)->be_asked();
  return 1;
}

// Bytes of another protocol where a record should begin.
bool is_no_tls(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
         reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

// What the peer said in an alert is told apart by the reason's number.
bool is_alert(unsigned long error) {
  return ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;
}

// False: no certificate can have this name, which may have come from a peer.
bool expect_peer(SSL* ssl, const TlsPeer& peer) {
  const bool address = is_address(peer.host_name);
  // SNI is for names only (RFC 6066).
  if (!address && !peer.host_name.empty()) {
    // What the macro of that name does, without its cast.
    std::string name = peer.host_name;
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  if (!peer.verify) return true;
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int done = address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, peer.host_name.c_str())
                           : X509_VERIFY_PARAM_set1_host(parameters, peer.host_name.data(),
                                                         peer.host_name.size());
  return done == 1;
}

std::string system_text(int code) {
  return std::system_category().message(code);
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, int socket, const TlsPeer& peer)
    : context_(std::move(context)), socket_(socket), ssl_(SSL_new(context_->handle())) {
  CHECK(ssl_ != nullptr);
  BIO* bio = BIO_new(socket_bio_method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_connect_state(ssl_);
  SSL_set_cert_cb(ssl_, note_certificate_request, this);
  can_verify_ = expect_peer(ssl_, peer);
}

TlsStream::~TlsStream() {
  // Says good-bye if the socket takes it; nobody waits for an answer.
  if (set_up_ && !broken_) SSL_shutdown(ssl_);
  SSL_free(ssl_);
  ERR_clear_error();
}

int TlsStream::receive(std::span<char> into) {
  const ssize_t size = recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
  drained_ = size < static_cast<ssize_t>(into.size());
  if (size == 0) ended_ = true;
  if (size < 0 && !is_wait(errno)) system_error_ = errno;
  return static_cast<int>(size);
}

int TlsStream::transmit(std::span<const char> bytes) {
  const ssize_t size = send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0 && !is_wait(errno)) system_error_ = errno;
  return static_cast<int>(size);
}

// OpenSSL tells what its call has met by what it finds in the thread's list of errors.
void TlsStream::forget_errors() {
  ERR_clear_error();
  system_error_ = 0;
}

StreamNeed TlsStream::shake_hands() {
  if (!can_verify_) {
    error_ = {LinkFault::kTlsVerify, "the host name is malformed"};
    return StreamNeed::kClose;
  }
  forget_errors();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return need_after(result);
  set_up_ = true;
  return StreamNeed::kNothing;
}

Transfer TlsStream::read(std::span<char> into) {
  forget_errors();
  size_t size = 0;
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &size);
  if (result != 1) return {.need = need_after(result)};
  answered_ = true;
  const bool all = drained_ && SSL_has_pending(ssl_) == 0;
  return {size, all ? StreamNeed::kReadable : StreamNeed::kNothing};
}

// One record at a time, and one that could not end is tried again as it was. With more bytes
// OpenSSL would go on with the next record; when that could not end either, it would not tell that
// the first has left, and what the peer may have would count as never sent.
Transfer TlsStream::write(SendQueue& queue) {
  forget_errors();
  const size_t most = unended_ > 0 ? unended_ : kRecord;
  std::string_view bytes = queue.front().substr(0, most);
  if (bytes.size() < most && bytes.size() < queue.bytes()) {
    gathered_.resize(most);
    bytes = {gathered_.data(), queue.copy(gathered_)};
  }
  size_t size = 0;
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size);
  unended_ = result == 1 ? 0 : bytes.size();
  if (result != 1) return {.need = need_after(result)};
  queue.consume(size);
  return {size, StreamNeed::kNothing};
}

StreamNeed TlsStream::need_after(int result) {
  const int ssl_error = SSL_get_error(ssl_, result);
  if (ssl_error == SSL_ERROR_WANT_READ) return StreamNeed::kReadable;
  if (ssl_error == SSL_ERROR_WANT_WRITE) return StreamNeed::kWritable;
  broken_ = true;
  error_ = set_up_ ? later_failure(ssl_error) : handshake_failure(ssl_error);
  ERR_clear_error();
  return StreamNeed::kClose;
}

LinkError TlsStream::handshake_failure(int ssl_error) const {
  const unsigned long error = ERR_peek_error();
  if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return {LinkFault::kTlsVerify, X509_verify_cert_error_string(SSL_get_verify_result(ssl_))};
  }
  if (ssl_error == SSL_ERROR_SSL && !ended_) {
    if (!is_no_tls(error)) return refusal();
    return {LinkFault::kTlsAbsent, take_openssl_error()};
  }
  if (system_error_ != 0 && system_error_ != ECONNRESET && system_error_ != EPIPE) {
    return {LinkFault::kUnreachable, system_text(system_error_)};
  }
  return {unidentified() ? LinkFault::kTlsUnidentified : LinkFault::kTlsAborted,
          "the peer closed the connection during the TLS handshake"};
}

bool TlsStream::unidentified() const {
  return asked_ && !answered_ && SSL_get_certificate(ssl_) == nullptr;
}

LinkError TlsStream::refusal() const {
  return {unidentified() ? LinkFault::kTlsUnidentified : LinkFault::kTlsRefused,
          take_openssl_error()};
}

LinkError TlsStream::later_failure(int ssl_error) const {
  const unsigned long error = ERR_peek_error();
  if (ssl_error == SSL_ERROR_ZERO_RETURN || ended_) {
    return {unidentified() ? LinkFault::kTlsUnidentified : LinkFault::kClosed,
            "the peer closed the connection"};
  }
  if (ssl_error == SSL_ERROR_SSL && system_error_ == 0) {
    // Whom it has answered a peer has let in.
    if (is_alert(error) && !answered_) return refusal();
    return {LinkFault::kReset, take_openssl_error()};
  }
  return {unidentified() ? LinkFault::kTlsUnidentified : LinkFault::kReset,
          system_text(system_error_)};
}

}  // namespace penstock::connect
