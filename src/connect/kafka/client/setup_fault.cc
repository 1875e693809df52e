// One text for each way in which the two ends of a connection do not fit together.
#include "connect/kafka/client/setup_fault.h"

namespace penstock::connect::kafka {
namespace {

std::string with_cause(std::string text, const std::string& cause) {
  if (!cause.empty()) text += ": " + cause;
  return text;
}

bool is_about_authorities(const std::string& cause) {
  return cause.contains("ssl.ca.pem");
}

// A server of TLS answers what it does not understand with an alert: content type 21, version 3.x.
bool is_tls_alert(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

}  // namespace

SetupFault setup_fault(const LinkError& error, bool tls) {
  const std::string& cause = error.cause;
  switch (error.fault) {
    case LinkFault::kResolve:
      return {.cause = with_cause("Failed to resolve hostname", cause)};
    case LinkFault::kTimeout:
      return {.cause = with_cause("Connection timeout", cause)};
    case LinkFault::kRefused:
      return {.cause = "Connection refused"};
    case LinkFault::kTlsMaterial:
      return {.cause = with_cause(is_about_authorities(cause) ? "Invalid CA certificate"
                                                              : "Invalid client certificate or key",
                                  cause),
              .refused = true};
    case LinkFault::kTlsVerify:
      return {.cause = with_cause("Failed to verify broker certificate", cause), .refused = true};
    case LinkFault::kTlsAbsent:
      return {.cause = with_cause("Broker does not support SSL connections", cause),
              .refused = true};
    case LinkFault::kTlsAborted:
      return {.cause =
                  "Broker does not support SSL connections, or went away: disconnected during "
                  "handshake",
              .misfit = true};
    case LinkFault::kTlsUnidentified:
      return {.cause = with_cause(
                  "SSL authentication required; broker asked for a client certificate", cause),
              .refused = true};
    case LinkFault::kTlsRefused:
      return {.cause = with_cause("SSL handshake failed; broker refused it", cause),
              .refused = true};
    case LinkFault::kClosed:
    case LinkFault::kReset:
      if (tls) return {.cause = with_cause("Disconnected during handshake", cause)};
      return {.cause = "Disconnected during handshake; broker might require SSL encryption",
              .misfit = true};
    case LinkFault::kUnreachable:
      break;
  }
  return {.cause = with_cause("Broker transport failure", cause)};
}

SetupFault foreign_protocol(std::string_view bytes) {
  if (is_tls_alert(bytes)) {
    return {.cause = "Disconnected during handshake; broker might require SSL encryption",
            .refused = true};
  }
  return {.cause = "what it sends is not Kafka's protocol", .refused = true};
}

}  // namespace penstock::connect::kafka
