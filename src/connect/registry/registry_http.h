// What the clients of registries share: the way there, and its faults.
#pragma once

#include "connect/http/http_client.h"
#include "connect/http/http_wait.h"
#include "connect/registry/schema_registry.h"

namespace penstock::connect {

WaitingHttp registry_http(HttpClientOptions options);
RegistryError transport_error(const HttpError& error);

}  // namespace penstock::connect
