// Answers to HTTP calls, made up by a test.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "connect/http/http_wait.h"
#include "connect/net/socket_loop.h"

namespace penstock::connect {

// Answers calls in order, at once, and keeps what was asked; silent when it has no answer left.
// Outlives what it makes.
struct ScriptedHttp {
  std::deque<HttpResult<HttpAnswer>> answers;
  std::vector<HttpRequest> asked;

  void answer(int status, const std::string& body) {
    answers.push_back(HttpAnswer{.status = status, .body = SecretString(body)});
  }

  WaitingHttp http() { return {make_socket_loop(), std::make_unique<Call>(*this)}; }

 private:
  class Call final : public HttpCall {
   public:
    explicit Call(ScriptedHttp& script) : script_(script) {}
    void start(HttpRequest request, Done done) override {
      script_.asked.push_back(std::move(request));
      if (script_.answers.empty()) return;
      HttpResult<HttpAnswer> answer = std::move(script_.answers.front());
      script_.answers.pop_front();
      done(std::move(answer));
    }

   private:
    ScriptedHttp& script_;
  };
};

}  // namespace penstock::connect
