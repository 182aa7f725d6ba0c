// The admin API's mirror, as a server's options have it.
#pragma once

#include <memory>

#include "server/app/admin_mirror.h"
#include "server/app/server_options.h"

namespace baton::access {
class SecretFile;
}
namespace baton::admin {
class AdminServer;
}

namespace baton::app {

// `tokens` is null without a token file, `admin` where the admin plane is off: then the mirror is,
// too. All of them outlive it.
std::unique_ptr<AdminMirror> MakeAdminMirror(const ServerOptions& options,
                                             const access::SecretFile* tokens,
                                             admin::AdminServer* admin, const Clock& clock,
                                             metrics::Registry& registry);

}  // namespace baton::app
