// What the pages may show and ask for, as a server's options have it.
#pragma once

#include <memory>
#include <vector>

#include "server/app/conductor.h"
#include "server/app/server_options.h"
#include "server/control/control_port.h"
#include "server/control/status_feed.h"
#include "server/pages/pages_server.h"

namespace baton::app {

// Whose pages those of the server are.
pages::Site SiteOf(const ServerOptions& options);

// `feed` and `conductors` outlive the pages; `listeners` has the data plane's.
pages::PagesServer::Options MakePagesOptions(
    const ServerOptions& options, control::StatusFeed& feed,
    const std::vector<control::ListenerState>& listeners,
    const std::vector<std::unique_ptr<Conductor>>& conductors);

}  // namespace baton::app
