// What a connection that could not be set up says of itself, in the words that Kafka's users look
// for, and whether it is worth while to try again. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

struct SetupFault {
  std::string cause;  // "Failed to verify broker certificate: certificate has expired"
  // It stands until somebody changes an option or a certificate.
  bool refused = false;
  // It looks as if the listener spoke another security protocol; but a broker that goes away looks
  // the same, so it is tried again a few times.
  bool misfit = false;
};

// `tls`: whether the connection is one.
SetupFault setup_fault(const LinkError& error, bool tls);

// What the peer sent first is no frame of Kafka's.
SetupFault foreign_protocol(std::string_view bytes);

}  // namespace penstock::connect::kafka
