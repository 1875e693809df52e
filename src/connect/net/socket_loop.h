// The EventLoop of sockets: TCP and TLS, over Asio and OpenSSL.
#pragma once

#include <memory>

#include "connect/net/event_loop.h"

namespace penstock::connect {

// The loop belongs to the thread that calls run(), and there is no other: host names are looked up
// by it, too. Destroying the loop waits for nothing.
std::unique_ptr<EventLoop> make_socket_loop();

}  // namespace penstock::connect
