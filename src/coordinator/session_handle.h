// SessionClient over a Session: every call becomes a task on the pool, one at a time.
//
// The handle may go while a task runs: the task keeps the session alive, is cancelled, and its
// answer goes nowhere the server still looks at (the server's callbacks guard themselves).
#pragma once

#include <memory>

#include "coordinator/session.h"
#include "coordinator/session_client.h"

namespace penstock::coordinator {

std::unique_ptr<SessionClient> make_session_handle(std::shared_ptr<Session> session,
                                                   TaskPool& pool);

}  // namespace penstock::coordinator
