// A client's end of TLS over a TCP socket, with OpenSSL. Records are decrypted straight into the
// reader's memory and encrypted straight out of the payloads', but small pieces are copied
// together: each record costs thirty bytes, a cipher's start and a system call.
//
// TLS 1.3 ends the client's handshake before the server has looked at the client's certificate: a
// refusal arrives with the first read, and is told alike whenever it comes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connect/net/byte_stream.h"
#include "connect/net/tls_context.h"

struct bio_st;
struct ssl_st;

namespace penstock::connect {

// Whom the peer's certificate shall name: a host name or an IP address.
struct TlsPeer {
  std::string host_name;
  bool verify = true;
};

class TlsStream final : public ByteStream {
 public:
  // The socket belongs to somebody else, who keeps it open longer. It must not block.
  TlsStream(std::shared_ptr<const TlsContext> context, int socket, const TlsPeer& peer);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  StreamNeed shake_hands() override;
  Transfer read(std::span<char> into) override;
  Transfer write(SendQueue& queue) override;
  const LinkError& error() const override { return error_; }

  // Called by OpenSSL when the peer wants a certificate of ours.
  void be_asked() { asked_ = true; }
  // What OpenSSL calls to reach the socket; the results are those of recv() and send().
  int receive(std::span<char> into);
  int transmit(std::span<const char> bytes);

 private:
  void forget_errors();
  // What the last call of OpenSSL, which returned `result`, needs in order to go on.
  StreamNeed need_after(int result);
  LinkError handshake_failure(int ssl_error) const;
  LinkError later_failure(int ssl_error) const;
  // The peer wants to know who we are, and we had nothing to show.
  bool unidentified() const;
  LinkError refusal() const;

  std::shared_ptr<const TlsContext> context_;
  const int socket_;
  ssl_st* ssl_ = nullptr;
  bool can_verify_ = false;  // The peer's name is one that a certificate can have.
  bool set_up_ = false;
  bool asked_ = false;          // For a certificate of ours.
  bool answered_ = false;       // Something was read after the handshake.
  bool ended_ = false;          // The socket has given its last byte.
  bool drained_ = false;        // It had less than there was room for.
  int system_error_ = 0;        // It failed with this during the last call.
  bool broken_ = false;         // OpenSSL must not be asked to say good-bye any more.
  size_t unended_ = 0;          // Bytes of the queue's front in a record that did not leave whole.
  std::vector<char> gathered_;  // Small pieces on their way into one record.
  LinkError error_{LinkFault::kReset, ""};
};

}  // namespace penstock::connect
