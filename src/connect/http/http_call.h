// One HTTP request and its answer, as a seam: what needs one is written against this, and gets the
// real client (http_client.h), or in a test an answer made up.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret_string.h"

namespace penstock::connect {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // "https://host:port/path?query"; http, too.
  std::vector<HttpHeader> headers = {};
  SecretString authorization = {};  // The header's value: "Basic ...". Not sent when empty.
  std::string body = {};
  std::chrono::milliseconds timeout{10'000};  // Of the whole call.
};

struct HttpAnswer {
  int status = 0;          // 200; redirects are answers, too.
  SecretString body = {};  // It may hold a token.
};

enum class HttpFault {
  kOptions,      // The URL, a header or our authorities cannot be used. Nobody was asked.
  kUntrusted,    // The peer's certificate is not to be trusted.
  kUnavailable,  // Not resolved, refused, timed out, or broken off.
  kTooLarge,     // The body is larger than the client takes.
};

struct HttpError {
  HttpFault fault;
  std::string cause;  // "Could not resolve host: idp"; nothing secret.
};

template <typename T>
using HttpResult = std::expected<T, HttpError>;

inline std::unexpected<HttpError> http_fail(HttpFault fault, std::string cause) {
  return std::unexpected<HttpError>(HttpError{fault, std::move(cause)});
}

class HttpCall {
 public:
  using Done = std::move_only_function<void(HttpResult<HttpAnswer>)>;

  // Ends the calls that are open, and tells nobody.
  virtual ~HttpCall() = default;
  // An answer of any status is a success. `done` runs once, in the caller's thread: inside this
  // call or later.
  virtual void start(HttpRequest request, Done done) = 0;
};

}  // namespace penstock::connect
