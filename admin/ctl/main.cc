// batonctl: the operator's command line, a client of the gRPC admin API.
#include <algorithm>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "admin/ctl/command_hints.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/complete_command.h"
#include "admin/ctl/manual_facts.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/references.h"
#include "server/control/endpoint_settings.h"

namespace {

using baton::ctl::Command;
using baton::ctl::Complain;
using baton::ctl::ExitCode;
using baton::ctl::UnknownText;
using baton::manual::TreeOf;
using Kind = Command::Kind;

constexpr char kFooter[] =
    "\nExamples:\n"
    "  batonctl status\n"
    "  batonctl get endpoints -o wide\n"
    "  batonctl get endpoint tumour -o json\n"
    "  batonctl describe endpoint tumour\n"
    "  batonctl set pool size=4\n"
    "  batonctl set endpoint tumour default_budget=40ms max_budget=200ms --dry-run\n"
    "  batonctl set endpoint tumour fallback=constant 'fallback_constant={\"label\": "
    "\"unknown\"}'\n"
    "  batonctl misses --endpoint tumour --limit 5\n"
    "  batonctl reset estimator tumour\n"
    "  batonctl get models --watch\n"
    "  batonctl load tumour\n"
    "  batonctl reload\n"
    "  batonctl config reload --dry-run\n"
    "  batonctl set limits idle_time=30s\n"
    "  batonctl log-level debug\n"
    "  batonctl log-level net debug\n"
    "  batonctl close connection 0-17\n"
    "  batonctl drain --wait\n"
    "  batonctl resume\n"
    "  batonctl capture --endpoint tumour --for 10s --to tumour.jsonl\n"
    "  batonctl top\n"
    "  batonctl explain no_time\n"
    "  batonctl context set lab --server 10.0.0.7:8081 --ca ca.crt --token-file lab.token\n"
    "  batonctl --context lab --timeout 1s status\n"
    "  source <(batonctl completion bash)\n"
    "\nExit codes:\n"
    "  0 done            1 refused by the server   2 wrong usage     3 cannot reach the server\n"
    "  4 no such thing   5 conflict                6 timed out       7 the server is not ready\n";

void AddSharedOptions(CLI::App& app, Command& command) {
  app.add_option("--server", command.target.server,
                 "Admin address of the server: HOST:PORT or unix:PATH (default 127.0.0.1:8081 "
                 "unless a server answers on this machine's Unix socket, or --context, BATON_ADMIN "
                 "or the current context say otherwise)")
      ->type_name("ADDRESS");
  const auto add_file = [&app](const char* flag, std::string& path, const char* help) {
    app.add_option(flag, path, help)->type_name("FILE");
  };
  add_file("--ca", command.target.ca,
           "Speak TLS, with a server whose certificate these have signed, in PEM; 'system': those "
           "that the machine trusts");
  add_file("--certificate", command.target.certificate, "One's own certificate, in PEM");
  add_file("--key", command.target.key, "Its key, in PEM, not encrypted");
  add_file("--token-file", command.target.token_file, "The token to show, as one line");
  app.add_option("--context", command.context, "The server that has this name, see context list")
      ->type_name("CONTEXT");
  app.add_option("--timeout", command.timeout,
                 "How long to wait for each answer (default 5s), and 60s to load, reload and wait")
      ->type_name("DURATION");
  app.add_option("-o,--output", command.output, "How to print the result")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}))
      ->capture_default_str();
  app.add_option("--color", command.color,
                 "Whether states have colours; auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

// A subcommand that sets `kind` when it is the one that was given.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     Command& command, Kind kind) {
  CLI::App* added = parent.add_subcommand(name, description);
  added->fallthrough();
  added->callback([&command, kind] { command.kind = kind; });
  return added;
}

// A subcommand that has others.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* added = parent.add_subcommand(name, description);
  added->require_subcommand(1)->fallthrough();
  return added;
}

void AddSettings(CLI::App& set, Command& command, const std::string& keys) {
  set.add_option("settings", command.settings, keys)->required()->type_name("KEY=VALUE");
  set.add_option("--etag", command.etag,
                 "Refuse unless this is still the generation in force (see `get -o json`)")
      ->type_name("GENERATION");
  set.add_flag("--dry-run", command.dry_run, "Check and show what would change, change nothing");
}

void AddEndpointName(CLI::App* added, Command& command) {
  added->add_option("name", command.endpoint, "Its name, such as tumour")
      ->required()
      ->type_name("ENDPOINT");
}

void AddModelName(CLI::App* added, Command& command) {
  added->add_option("name", command.model, "Its name, such as tumour")
      ->required()
      ->type_name("MODEL");
}

void AddOperationName(CLI::App* added, Command& command) {
  added->add_option("name", command.name, "Its name, such as 692166c1-000012")
      ->required()
      ->type_name("OPERATION");
}

void AddNoWait(CLI::App* added, Command& command) {
  CLI::Option* const no_wait = added->add_flag("--no-wait", command.returns_at_once,
                                               "Print the operation that goes on, and end");
  added
      ->add_flag("--wait", command.waits,
                 "Wait for its end, at most for --timeout, without stopping it (default)")
      ->excludes(no_wait);
}

void AddInterval(CLI::App* added, Command& command, const std::string& what) {
  added->add_option("--interval", command.interval, what)
      ->type_name("DURATION")
      ->capture_default_str();
}

void AddWatch(CLI::App* added, Command& command) {
  added->add_flag("-w,--watch", command.keeps_on, "Print it again whenever it has changed");
  AddInterval(added, command, "With --watch: how long to wait between two looks");
}

// Limits, admission and logging: `keys` of what is changed there.
struct SettingsCommand {
  const char* name;
  const char* what;
  const char* keys;
};
constexpr SettingsCommand kSettingsCommands[] = {
    {"limits", "What a client may cost", "Such as idle_time=30s; get limits -o wide shows all"},
    {"admission", "Who is let in, and for how long",
     "Such as default_budget=40ms; get admission -o wide shows all"},
    {"logging", "What is written to the log", "level=LEVEL"},
};

void AddSettingsLooks(CLI::App& get, Command& command) {
  for (const SettingsCommand& one : kSettingsCommands) {
    CLI::App* added = AddCommand(get, one.name, one.what, command, Kind::kGetSettings);
    added->callback([&command, name = one.name] {
      command.kind = Kind::kGetSettings;
      command.group = name;
    });
  }
}

void AddLooks(CLI::App& app, Command& command) {
  AddCommand(app, "status", "What the server is doing now", command, Kind::kStatus)
      ->add_flag("--wait", command.waits, "Wait until it is ready, at most for --timeout (60s)");
  CLI::App* get =
      AddGroup(app, "get", "Show the pool, endpoints, models, operations, settings or connections");
  AddWatch(AddCommand(*get, "pool", "The worker pool", command, Kind::kGetPool), command);
  AddWatch(AddCommand(*get, "endpoints", "Every endpoint, by name", command, Kind::kGetEndpoints),
           command);
  CLI::App* endpoint = AddCommand(*get, "endpoint", "One endpoint", command, Kind::kGetEndpoint);
  AddEndpointName(endpoint, command);
  AddWatch(endpoint, command);
  AddWatch(AddCommand(*get, "models", "Every model with its versions", command, Kind::kGetModels),
           command);
  CLI::App* model = AddCommand(*get, "model", "One model", command, Kind::kGetModel);
  AddModelName(model, command);
  AddWatch(model, command);
  AddWatch(AddCommand(*get, "operations", "What goes on, and what has been done", command,
                      Kind::kGetOperations),
           command);
  CLI::App* operation =
      AddCommand(*get, "operation", "One operation", command, Kind::kGetOperation);
  AddOperationName(operation, command);
  AddWatch(operation, command);

  AddSettingsLooks(*get, command);
  AddCommand(*get, "listeners", "Every address that the server may listen on", command,
             Kind::kGetListeners);
  AddCommand(*get, "connections", "Open connections of the data plane over HTTP", command,
             Kind::kGetConnections);

  CLI::App* describe = AddGroup(app, "describe", "Show all that is known of one thing");
  AddCommand(*describe, "pool", "The worker pool, and who has which share of it", command,
             Kind::kDescribePool);
  AddEndpointName(AddCommand(*describe, "endpoint", "An endpoint with its last misses", command,
                             Kind::kDescribeEndpoint),
                  command);
  AddModelName(AddCommand(*describe, "model", "A model with its versions and its endpoint", command,
                          Kind::kDescribeModel),
               command);
}

void AddLiveLooks(CLI::App& app, Command& command) {
  CLI::App* misses =
      AddCommand(app, "misses", "The last requests without a prediction in time, newest first",
                 command, Kind::kMisses);
  misses->add_option("--endpoint", command.endpoint, "Of this one only")->type_name("ENDPOINT");
  misses->add_option("--limit", command.limit, "How many at most, 1 to 1024")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  CLI::App* top = AddCommand(app, "top", "The server at work, drawn anew each second; q quits",
                             command, Kind::kTop);
  top->add_flag("--once", command.once, "Print one picture, of one interval, and end");
  AddInterval(top, command, "How long between two pictures");
  CLI::App* watch =
      AddCommand(app, "watch", "A line of figures each second", command, Kind::kWatch);
  watch->add_option("--count", command.count, "How many lines; 0: until it is interrupted")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  AddInterval(watch, command, "How long between two lines");
}

void AddCapture(CLI::App& app, Command& command) {
  CLI::App* capture = AddCommand(
      app, "capture", "What clients send, a line of JSON each request, for a bounded time", command,
      Kind::kCapture);
  capture->add_option("--endpoint", command.endpoint, "Of this one only")->type_name("ENDPOINT");
  capture->add_option("--for", command.capture.duration, "How long, 100ms to 10m")
      ->type_name("DURATION")
      ->capture_default_str();
  capture->add_option("--requests", command.capture.requests, "How many at most, 1 to 10000")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  capture->add_option("--bytes", command.capture.bytes, "How much at most, 4KiB to 64MiB")
      ->type_name("SIZE")
      ->capture_default_str();
  capture->add_option("--body", command.capture.body_bytes, "How much of each body, 0B to 1MiB")
      ->type_name("SIZE")
      ->capture_default_str();
  capture->add_option("--to", command.capture.file, "Into this new file, for its owner alone")
      ->type_name("FILE");
}

void AddChanges(CLI::App& app, Command& command) {
  CLI::App* set =
      AddGroup(app, "set", "Change the pool, an endpoint or settings while the server runs");
  AddSettings(*AddCommand(*set, "pool", "The worker pool", command, Kind::kSetPool), command,
              "size=N: how many workers, 1 to 1024");
  CLI::App* endpoint = AddCommand(*set, "endpoint", "One endpoint", command, Kind::kSetEndpoint);
  AddEndpointName(endpoint, command);
  AddSettings(*endpoint, command, "What to change; the keys are below");
  endpoint->footer("\nKeys (durations such as 40ms, sizes such as 8MiB):\n" +
                   baton::control::EndpointKeysHelp());

  for (const SettingsCommand& one : kSettingsCommands) {
    CLI::App* added = AddCommand(*set, one.name, one.what, command, Kind::kSetSettings);
    AddSettings(*added, command, one.keys);
    added->callback([&command, name = one.name] {
      command.kind = Kind::kSetSettings;
      command.group = name;
    });
  }

  CLI::App* reset = AddGroup(app, "reset", "Forget what was learned of an endpoint");
  AddEndpointName(
      AddCommand(*reset, "estimator", "How long its requests take, for a model that has changed",
                 command, Kind::kResetEstimator),
      command);
  CLI::App* load = AddCommand(app, "load", "Bring a model up to date with its folder", command,
                              Kind::kLoadModel);
  AddModelName(load, command);
  AddNoWait(load, command);
  CLI::App* unload = AddCommand(app, "unload", "Take a model back: its requests are refused",
                                command, Kind::kUnloadModel);
  AddModelName(unload, command);
  AddNoWait(unload, command);
  AddNoWait(AddCommand(app, "reload", "Take up all that has changed in the model folder", command,
                       Kind::kReloadModels),
            command);
  AddOperationName(
      AddCommand(app, "wait", "Wait for the end of an operation", command, Kind::kWaitOperation),
      command);
}

void AddService(CLI::App& app, Command& command) {
  AddCommand(app, "drain",
             "Take the server out of service: not ready, clients are told to go, whoever still "
             "comes is answered",
             command, Kind::kDrain)
      ->add_flag("--wait", command.waits,
                 "Wait until nothing is in flight and nothing came for a second, at most for "
                 "--timeout (60s)");
  AddCommand(app, "resume", "Put the server back into service", command, Kind::kResume);
  AddCommand(app, "log-level", "Show, or change, which lines of the log are written", command,
             Kind::kLogLevel)
      ->add_option(
          "level", command.words,
          "debug, info, warning or error; of one module, such as net, with its name before "
          "it, or inherit; a module alone shows what holds for it")
      ->expected(0, 2)
      ->type_name("[MODULE] LEVEL");
  CLI::App* close = AddGroup(app, "close", "Close a connection");
  CLI::App* connection =
      AddCommand(*close, "connection", "With its next answer, or at once where it owes none",
                 command, Kind::kCloseConnection);
  connection->add_option("name", command.name, "As get connections shows it, such as 0-17")
      ->required()
      ->type_name("CONNECTION");
  connection->add_flag("--force", command.forces, "At once, whatever is in flight");
}

void AddConfig(CLI::App& app, Command& command) {
  CLI::App* config = AddGroup(app, "config", "What the server is configured to");
  AddCommand(*config, "get", "Every value in force, and where it was said", command,
             Kind::kGetConfig);
  AddCommand(*config, "diff", "What file, environment and flags say otherwise now", command,
             Kind::kDiffConfig);
  AddCommand(*config, "reload", "Read them again, and apply what differs and needs no restart",
             command, Kind::kReloadConfig)
      ->add_flag("--dry-run", command.dry_run, "Check and show what would change, change nothing");
}

void AddContextName(CLI::App* added, Command& command, bool is_required = true) {
  added->add_option("name", command.name, "Its name, such as lab")
      ->required(is_required)
      ->type_name("CONTEXT");
}

void AddHelpers(CLI::App& app, Command& command) {
  CLI::App* explain = AddCommand(app, "explain", "What a word of Baton means, without a server",
                                 command, Kind::kExplain);
  explain
      ->add_option("term", command.words,
                   "A setting, metric, answer, cause, status, header, field or word; a group of "
                   "them; nothing: the groups")
      ->type_name("TERM");
  CLI::App* context = AddGroup(app, "context", "Servers that have a name, kept in a file");
  AddCommand(*context, "list", "All of them", command, Kind::kContextList);
  AddContextName(
      AddCommand(*context, "show", "One, or the current one", command, Kind::kContextShow), command,
      false);
  AddContextName(
      AddCommand(*context, "use", "Make one the current one", command, Kind::kContextUse), command);
  AddContextName(
      AddCommand(*context, "set", "Name the server that --server says", command, Kind::kContextSet),
      command);
  AddContextName(AddCommand(*context, "delete", "Forget one", command, Kind::kContextDelete),
                 command);
  AddCommand(app, "completion", "Print what completes command lines in a shell", command,
             Kind::kCompletion)
      ->add_option("shell", command.name, "The shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

// Help and the version end parsing in the same way as mistakes do.
ExitCode Explain(const CLI::App& app, const CLI::ParseError& error,
                 std::span<const std::string> words) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    return ExitCode::kOk;
  }
  // The parser only says that something is missing, or not expected, when it is misspelled.
  const std::vector<std::string> unknown = app.remaining(true);
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (code == CLI::ExitCodes::RequiredError || code == CLI::ExitCodes::ExtrasError) {
    const auto first =
        std::find_first_of(words.begin(), words.end(), unknown.begin(), unknown.end());
    if (first != words.end()) {
      return Complain(ExitCode::kUsage,
                      UnknownText(TreeOf(app), words, *first) + "\nTry: batonctl --help");
    }
  }
  return Complain(ExitCode::kUsage, std::string(error.what()) + "\nTry: batonctl --help");
}

}  // namespace

int main(int argc, char** argv) {
  Command command;
  CLI::App app("Looks at a running baton-server and changes it.", "batonctl");
  app.set_version_flag("--version", std::string("batonctl " BATON_VERSION));
  app.require_subcommand(1);
  app.footer(kFooter);
  AddSharedOptions(app, command);
  AddLooks(app, command);
  AddLiveLooks(app, command);
  AddCapture(app, command);
  AddChanges(app, command);
  AddService(app, command);
  AddConfig(app, command);
  AddHelpers(app, command);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "__complete") {
    return static_cast<int>(baton::ctl::RunComplete(TreeOf(app), std::span(words).subspan(1)));
  }
  if (words.size() == 2 && words[0] == "manual") {
    if (const auto reference = baton::ctl::ReferenceOf(words[1])) {
      std::cout << *reference;
      return 0;
    }
    std::cout << Manual(baton::ctl::ManualOf(TreeOf(app)), words[1]);
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(Explain(app, error, words));
  }
  return static_cast<int>(baton::ctl::Run(command));
}
