// Addresses to listen at, as text: "127.0.0.1:6875", "localhost:0", "[::1]:6875".
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"

namespace penstock::server {

// Binds and listens. Port 0 takes any free port. Errors: 22023 for text that is no address, 58000
// when the system refuses (the address is taken, the host is unknown).
Result<boost::asio::ip::tcp::acceptor> listen_at(boost::asio::io_context& loop,
                                                 std::string_view address);
std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace penstock::server
