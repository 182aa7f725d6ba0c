// batonctl: the operator's command line, a client of the gRPC admin API.
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "admin/ctl/commands.h"
#include "server/control/endpoint_settings.h"

namespace {

using baton::ctl::Command;
using baton::ctl::ExitCode;

constexpr char kFooter[] =
    "\nExamples:\n"
    "  batonctl status\n"
    "  batonctl get endpoints\n"
    "  batonctl get endpoint tumour -o json\n"
    "  batonctl set pool size=4\n"
    "  batonctl set endpoint tumour default_budget=40ms max_budget=200ms --dry-run\n"
    "  batonctl set endpoint tumour fallback=constant 'fallback_constant={\"label\": "
    "\"unknown\"}'\n"
    "  batonctl misses --endpoint tumour --limit 5\n"
    "  batonctl reset estimator tumour\n"
    "  batonctl --server 10.0.0.7:8081 --timeout 1s status\n"
    "\nExit codes:\n"
    "  0 done            1 refused by the server   2 wrong usage     3 cannot reach the server\n"
    "  4 no such thing   5 conflict                6 timed out       7 the server is not ready\n";

void AddSharedOptions(CLI::App& app, Command& command) {
  app.add_option("--server", command.server,
                 "Admin address of the server: HOST:PORT or unix:PATH (environment: BATON_ADMIN)")
      ->envname("BATON_ADMIN")
      ->capture_default_str();
  app.add_option("--timeout", command.timeout, "How long to wait for each answer")
      ->capture_default_str();
  app.add_option("-o,--output", command.output, "How to print the result: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

// A subcommand that sets `kind` when it is the one that was given.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     Command& command, Command::Kind kind) {
  CLI::App* added = parent.add_subcommand(name, description);
  added->fallthrough();
  added->callback([&command, kind] { command.kind = kind; });
  return added;
}

void AddSettings(CLI::App& set, Command& command, const std::string& keys) {
  set.add_option("settings", command.settings, keys)->required()->type_name("KEY=VALUE");
  set.add_option("--etag", command.etag,
                 "Refuse unless this is still the generation in force (see `get -o json`)");
  set.add_flag("--dry-run", command.dry_run, "Check and show what would change, change nothing");
}

void AddCommands(CLI::App& app, Command& command) {
  using Kind = Command::Kind;
  AddCommand(app, "status", "What the server is doing now", command, Kind::kStatus);

  CLI::App* get = app.add_subcommand("get", "Show the pool, the endpoints or one of them");
  get->require_subcommand(1)->fallthrough();
  AddCommand(*get, "pool", "The worker pool", command, Kind::kGetPool);
  AddCommand(*get, "endpoints", "Every endpoint, by name", command, Kind::kGetEndpoints);
  AddCommand(*get, "endpoint", "One endpoint", command, Kind::kGetEndpoint)
      ->add_option("name", command.endpoint, "Its name, such as tumour")
      ->required();

  CLI::App* set = app.add_subcommand("set", "Change the pool or an endpoint while the server runs");
  set->require_subcommand(1)->fallthrough();
  CLI::App* pool = AddCommand(*set, "pool", "The worker pool", command, Kind::kSetPool);
  AddSettings(*pool, command, "size=N: how many workers, 1 to 1024");
  CLI::App* endpoint = AddCommand(*set, "endpoint", "One endpoint", command, Kind::kSetEndpoint);
  endpoint->add_option("name", command.endpoint, "Its name, such as tumour")->required();
  AddSettings(*endpoint, command, "What to change; the keys are below");
  endpoint->footer("\nKeys (durations such as 40ms, sizes such as 8MiB):\n" +
                   baton::control::EndpointKeysHelp());

  CLI::App* reset = app.add_subcommand("reset", "Forget what was learned of an endpoint");
  reset->require_subcommand(1)->fallthrough();
  AddCommand(*reset, "estimator", "How long its requests take, for a model that has changed",
             command, Kind::kResetEstimator)
      ->add_option("name", command.endpoint, "Its name, such as tumour")
      ->required();

  CLI::App* misses =
      AddCommand(app, "misses", "The last requests without a prediction in time, newest first",
                 command, Kind::kMisses);
  misses->add_option("--endpoint", command.endpoint, "Of this one only")->type_name("NAME");
  misses->add_option("--limit", command.limit, "How many at most, 1 to 1024")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

// Help and the version end parsing in the same way as mistakes do.
ExitCode Explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto unknown = app.remaining(true);
  if (error.get_name() == "RequiredError" && !unknown.empty()) {
    // The parser only says that something is missing, when it is there and misspelled.
    std::cerr << "unknown argument '" << unknown.front()
              << "'\nRun with --help for the commands.\n";
    return ExitCode::kUsage;
  }
  return app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  Command command;
  CLI::App app("Looks at a running baton-server and changes it.", "batonctl");
  app.set_version_flag("--version", std::string("batonctl " BATON_VERSION));
  app.require_subcommand(1);
  app.footer(kFooter);
  AddSharedOptions(app, command);
  AddCommands(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(Explain(app, error));
  }
  return static_cast<int>(baton::ctl::Run(command));
}
