// What the HTTP port answers. Pure but for the metrics.
#pragma once

#include <string>
#include <string_view>

namespace penstock::server {

// Where the process listens, as host:port.
struct Addresses {
  std::string sql;
  std::string internal_sql;
  std::string http;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

// `target` may have a query, which is not looked at.
HttpReply route(std::string_view method, std::string_view target, const Addresses& addresses,
                bool ready);

}  // namespace penstock::server
