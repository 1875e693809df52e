// A peek, as a function of what it reads; see peek.h. In the caller's thread.
#pragma once

#include "base/result.h"
#include "base/stop_token.h"
#include "data/consolidate.h"
#include "engine/index_rows.h"
#include "engine/peek.h"
#include "storage/storage.h"

namespace penstock::engine {

// `index` is the one the request names, if it is there.
Result<PeekResult> peek(storage::Storage& storage, const PeekRequest& request,
                        const IndexRows* index, const StopToken& cancelled);

}  // namespace penstock::engine
