// What a loop lends to its links. Touched by the loop's thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "connect/net/name_resolver.h"
#include "connect/net/timer_queue.h"
#include "connect/net/tls_context.h"

namespace penstock::connect {

class SocketConnection;

struct LoopParts {
  explicit LoopParts(const MakeResolver& make_resolver) : resolver(make_resolver(io)) {}

  boost::asio::io_context io{1};  // One thread: no waking up of others.
  TimerQueue timers;
  std::unique_ptr<NameResolver> resolver;
  // Those that were given something to send since the loop last wrote.
  std::vector<std::shared_ptr<SocketConnection>> to_flush;
  // The last context made; links of one client have the same material.
  TlsOptions tls_options;
  std::shared_ptr<const TlsContext> tls_context;
};

}  // namespace penstock::connect
