// The composition root: every part of a running server, made in order and taken down in the
// opposite one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/app/live_configuration.h"
#include "server/app/server_options.h"
#include "server/base/result.h"
#include "server/control/control_port.h"
#include "server/lifecycle/protection.h"

namespace baton::app {

class Server {
 public:
  // Everything is loaded and listens when it returns; requests are answered from Run on.
  // Requires: lifecycle::BlockSignals was called before any thread was started.
  // `options` are those of `configuration`, which is read again on SIGHUP. `from_start`: what
  // lifecycle::ProtectFromStart came to; the rest is done once everything listens.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               LoadedConfiguration configuration,
                                               lifecycle::Protections from_start);
  // Loads everything that Start would, and listens nowhere. Runs no model, or, where it `measures`,
  // each as at its warm-up, for 10 s at most. Returns what is doubtful, a sentence each. Errors:
  // everything that is wrong, a line each.
  static Result<std::vector<std::string>> Check(const ServerOptions& options, bool measures);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The addresses in use.
  const std::vector<control::ListenerState>& listeners() const;

  // Serves until SIGINT or SIGTERM (SIGHUP: reads the configuration again), then drains: no new
  // connections, what was admitted is answered, and all ends within the largest budget. A second
  // signal ends it at once. Returns false when workers are still stuck in a model then: their
  // threads cannot be joined.
  bool Run();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace baton::app
