// baton-server.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "server/app/flags.h"
#include "server/app/server.h"
#include "server/base/log.h"
#include "server/lifecycle/signals.h"

int main(int argc, char** argv) {
  const baton::app::ParsedFlags parsed = baton::app::ParseFlags(argc, argv);
  if (!parsed.flags) return parsed.exit_code;

  baton::lifecycle::BlockSignals();
  std::optional<baton::LogGuard> log(parsed.flags->log);
  auto server = baton::app::Server::Start(parsed.flags->server);
  if (!server) {
    log.reset();
    std::cerr << "baton-server: " << server.error().message << "\n";
    return 1;
  }
  std::cout << "ready";
  for (const auto& listener : (*server)->listeners()) {
    std::cout << " " << listener.name << "=" << listener.address;
  }
  std::cout << std::endl;

  const bool may_be_destroyed = (*server)->Run();
  if (may_be_destroyed) server->reset();
  log.reset();
  // A worker that is stuck in a model never ends; everything else is done.
  if (!may_be_destroyed) std::quick_exit(0);
  return 0;
}
