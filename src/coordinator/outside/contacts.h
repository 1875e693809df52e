// DDL's contacts with the outside, over the real clients.
#pragma once

#include <memory>

#include "coordinator/outside/secret_store.h"
#include "coordinator/services.h"

namespace penstock::coordinator {

std::unique_ptr<OutsideContacts> make_outside_contacts(const SecretStore& secrets,
                                                       std::string environment_id);

}  // namespace penstock::coordinator
