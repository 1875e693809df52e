// The multi interface, which is looked at every few milliseconds while a call is open: calls are
// rare, and a loop need not know the library's sockets for them.
#include "connect/http/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace penstock::connect {
namespace {

// Between two looks at calls that are open.
constexpr std::chrono::milliseconds kLook(5);

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// What the library writes into while a call runs.
struct Received {
  std::string body;
  size_t body_bytes_max = 0;
  bool too_large = false;
  bool head_ended = false;
  std::array<char, CURL_ERROR_SIZE> error = {};
};

void initialise_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(code == CURLE_OK);
}

size_t on_body(char* bytes, size_t size, size_t count, void* target) {
  auto& received = *static_cast<Received*>(target);
  if (received.body.size() + size * count > received.body_bytes_max) {
    received.too_large = true;
    return 0;  // Ends the call.
  }
  received.body.append(bytes, size * count);
  return size * count;
}

size_t on_header(char* bytes, size_t size, size_t count, void* target) {
  // The last line is the empty one. After an interim answer, like 100, another head begins.
  const std::string_view line(bytes, size * count);
  auto& received = *static_cast<Received*>(target);
  if (line.starts_with("HTTP/")) received.head_ended = false;
  if (line == "\r\n" || line == "\n") received.head_ended = true;
  return line.size();
}

// Whether the text would end its line in the request's head, and begin another.
bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  CHECK(longer != nullptr);
  list.release();
  list.reset(longer);
}

HttpResult<HeaderList> header_list(const HttpRequest& request) {
  HeaderList list;
  append(list, "User-Agent: penstock");
  for (const HttpHeader& header : request.headers) {
    if (header.name.empty() || breaks_line(header.name) || breaks_line(header.value))
      return http_fail(HttpFault::kOptions, "a header of the request is malformed");
    append(list, header.name + ": " + header.value);
  }
  if (breaks_line(request.authorization.reveal()))
    return http_fail(HttpFault::kOptions, "the authorization of the request is malformed");
  if (!request.authorization.empty())
    append(list, "Authorization: " + request.authorization.reveal());
  return list;
}

template <typename T>
void set(CURL* handle, CURLoption option, T value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

void set_request(CURL* handle, const HttpRequest& request) {
  set(handle, CURLOPT_URL, request.url.c_str());
  if (request.method != "GET" || !request.body.empty()) {
    // The body stays where it is: the request outlives the call.
    set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  // Zero would be no limit.
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(1, request.timeout.count())));
}

void set_pem(CURL* handle, CURLoption option, std::string pem) {
  curl_blob blob{.data = pem.data(), .len = pem.size(), .flags = CURL_BLOB_COPY};
  set(handle, option, &blob);
}

void set_policy(CURL* handle, const HttpClientOptions& options) {
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  // Otherwise the end of a call waits for a name's resolution, which nothing bounds.
  set(handle, CURLOPT_QUICK_EXIT, 1L);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::max<int64_t>(1, options.connect_timeout.count())));
  if (!options.certificate.empty()) {
    set_pem(handle, CURLOPT_SSLCERT_BLOB, options.certificate);
    set_pem(handle, CURLOPT_SSLKEY_BLOB, options.key.reveal());
  }
  if (options.authorities.empty()) return;
  set_pem(handle, CURLOPT_CAINFO_BLOB, options.authorities);
  // Otherwise the system's would be trusted beside them.
  set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

void set_receiver(CURL* handle, Received& received) {
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&received));
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(&received));
  set(handle, CURLOPT_ERRORBUFFER, received.error.data());
}

HttpFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return HttpFault::kOptions;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFault::kUntrusted;
    default:
      return HttpFault::kUnavailable;
  }
}

}  // namespace

struct HttpClient::Library {
  Multi multi{curl_multi_init()};
};

// One call from its request to its answer.
class HttpClient::Exchange {
 public:
  Exchange(HttpRequest request, HeaderList headers, Done told, const HttpClientOptions& options)
      : done(std::move(told)), request_(std::move(request)), headers_(std::move(headers)) {
    CHECK(easy_ != nullptr);
    received_.body_bytes_max = options.body_bytes_max;
    set_policy(easy_.get(), options);
    set_request(easy_.get(), request_);
    set_receiver(easy_.get(), received_);
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
  }

  CURL* easy() const { return easy_.get(); }

  HttpResult<HttpAnswer> outcome(CURLcode code) {
    if (received_.too_large) {
      return http_fail(
          HttpFault::kTooLarge,
          "the answer is larger than " + std::to_string(received_.body_bytes_max) + " bytes");
    }
    if (code != CURLE_OK) {
      const char* detail = received_.error.data();
      return http_fail(fault_of(code), *detail != '\0' ? detail : curl_easy_strerror(code));
    }
    // The library takes a head that breaks off for a whole one.
    if (!received_.head_ended)
      return http_fail(HttpFault::kUnavailable, "the server closed the connection in its answer");
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return HttpAnswer{.status = static_cast<int>(status),
                      .body = SecretString(std::move(received_.body))};
  }

  Done done;

 private:
  HttpRequest request_;
  HeaderList headers_;
  Received received_;
  Easy easy_{curl_easy_init()};
};

HttpClient::HttpClient(EventLoop& loop, HttpClientOptions options)
    : loop_(loop), options_(std::move(options)) {
  initialise_library();
  library_ = std::make_unique<Library>();
  CHECK(library_->multi != nullptr);
}

HttpClient::~HttpClient() {
  if (timer_) loop_.cancel(*timer_);
  for (const auto& exchange : open_)
    curl_multi_remove_handle(library_->multi.get(), exchange->easy());
}

void HttpClient::start(HttpRequest request, Done done) {
  auto headers = header_list(request);
  if (!headers) return done(std::unexpected(headers.error()));
  open_.push_back(std::make_unique<Exchange>(std::move(request), *std::move(headers),
                                             std::move(done), options_));
  CHECK(curl_multi_add_handle(library_->multi.get(), open_.back()->easy()) == CURLM_OK);
  look_at(loop_.now());
}

void HttpClient::look_at(EventLoop::Time time) {
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.at(time, [this] {
    timer_.reset();
    look();
  });
}

// One call is told of at a time, and nothing is touched afterwards: whoever is told may destroy us.
void HttpClient::look() {
  CURLM* const multi = library_->multi.get();
  int running = 0;
  CHECK(curl_multi_perform(multi, &running) == CURLM_OK);
  int left = 0;
  const CURLMsg* const ended = curl_multi_info_read(multi, &left);
  if (!ended) return look_at(loop_.now() + kLook);
  const CURLcode code = ended->data.result;
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& exchange) {
    return exchange->easy() == ended->easy_handle;
  });
  CHECK(found != open_.end());
  const std::unique_ptr<Exchange> exchange = std::move(*found);
  open_.erase(found);
  curl_multi_remove_handle(multi, exchange->easy());
  if (!open_.empty()) look_at(loop_.now());
  exchange->done(exchange->outcome(code));
}

}  // namespace penstock::connect
