// baton-server.
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "server/app/flags.h"
#include "server/app/paths_of.h"
#include "server/app/server.h"
#include "server/app/start_options.h"
#include "server/base/log.h"
#include "server/config/documents.h"
#include "server/config/layers.h"
#include "server/config/text.h"
#include "server/lifecycle/protection.h"
#include "server/lifecycle/signals.h"
#include "server/lifecycle/standard_streams.h"

namespace baton::app {
namespace {

using Command = CommandLine::Command;

constexpr int kCouldNotStart = 1;
constexpr int kMakesNoSense = 2;

int Fail(const Error& error, int exit_code) {
  std::cerr << "baton-server: " << error.message << "\n";
  return exit_code;
}

std::vector<std::string> Variables() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

int Serve(const StartOptions& options, LoadedConfiguration configuration,
          const std::vector<std::string>& unknown_variables) {
  if (const Status open = CheckLogFile(options.log.file); !open) {
    return Fail(open.error(), kCouldNotStart);
  }
  lifecycle::BlockSignals();
  auto protections = lifecycle::ProtectFromStart(options.server.process);  // before any thread
  if (!protections) return Fail(protections.error(), kCouldNotStart);
  std::optional<LogGuard> log(options.log);
  TakeLogSettings(options);
  for (const std::string& name : unknown_variables) {
    Log(LogLevel::kWarning, "unknown_variable", {{"name", name}});
  }
  auto server = Server::Start(options.server, std::move(configuration), *std::move(protections));
  if (!server) {
    log.reset();
    return Fail(server.error(), kCouldNotStart);
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

int Check(const StartOptions& options, const std::vector<std::string>& unknown_variables,
          bool measures) {
  for (const std::string& name : unknown_variables) {
    std::cerr << "baton-server: env " << name << ": means nothing to the server\n";
  }
  if (const Status open = CheckLogFile(options.log.file); !open) {
    return Fail(open.error(), kCouldNotStart);
  }
  const auto doubts = Server::Check(options.server, measures);
  if (!doubts) return Fail(doubts.error(), kCouldNotStart);
  for (const std::string& doubt : *doubts) std::cerr << "baton-server: warning: " << doubt << '\n';
  std::cout << "nothing is wrong\n";
  return 0;
}

int NewToken(const TokenAsk& ask) {
  const Status made = MakeToken(ask, std::cout, std::cerr);
  return made ? 0 : Fail(made.error(), kMakesNoSense);
}

int Run(const CommandLine& line) {
  config::Sources sources{line.config_file, Variables(), line.flags};
  const auto loaded = config::Load(sources);
  const int if_wrong = line.command == Command::kCheck ? kCouldNotStart : kMakesNoSense;
  if (!loaded) return Fail(loaded.error(), if_wrong);
  if (line.command == Command::kDump) {
    std::cout << (line.writes_json ? config::ToJson(loaded->configuration, line.shows_origins)
                                   : config::ToYaml(loaded->configuration, line.shows_origins));
    return 0;
  }
  auto options = ToStartOptions(loaded->configuration);
  if (!options) return Fail(options.error(), if_wrong);
  auto paths = PathsOf(loaded->configuration, sources);
  if (!paths) return Fail(paths.error(), if_wrong);
  options->server.process.paths = *std::move(paths);
  if (line.command == Command::kCheck) {
    return Check(*options, loaded->unknown_variables, line.measures);
  }
  return Serve(*options, {std::move(sources), loaded->configuration}, loaded->unknown_variables);
}

}  // namespace
}  // namespace baton::app

int main(int argc, char** argv) {
  using baton::app::CommandLine;
  baton::lifecycle::KeepStandardStreams();
  ::setenv("GRPC_POLL_STRATEGY", "epoll1",
           1);  // rpc::QueuedServer needs it; no thread is there yet
  const baton::app::ParsedFlags parsed = baton::app::ParseFlags(argc, argv);
  if (!parsed.line) return parsed.exit_code;
  switch (parsed.line->command) {
    case CommandLine::Command::kSchema: std::cout << baton::config::JsonSchema(); return 0;
    case CommandLine::Command::kExample: std::cout << baton::config::Example(); return 0;
    case CommandLine::Command::kReference: std::cout << baton::config::Reference(); return 0;
    case CommandLine::Command::kNewToken: return baton::app::NewToken(parsed.line->token);
    default: return baton::app::Run(*parsed.line);
  }
}
