// Flags by CLI11, out of the schema of the configuration; the only unit of the server that includes
// it.
#include "server/app/flags.h"

#include <cctype>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "server/app/limit_settings.h"
#include "server/base/log.h"
#include "server/config/settings.h"
#include "server/control/endpoint_settings.h"
#include "server/manual/program.h"

namespace baton::app {
namespace {

using Command = CommandLine::Command;

constexpr const char* kFooter = R"(
Examples:
  baton-server                                  the bundled models, on the default addresses
  baton-server --models /srv/models --workers 4
  baton-server --http 127.0.0.1:0 --admin off   any free port, no admin plane
  baton-server --endpoint tumour:criticality=critical --endpoint digits:max_workers=1
  baton-server --limit body_bytes=64MiB --limit connections_per_address=100
  baton-server config example > baton.yaml      every key, to be changed
  baton-server check --config baton.yaml        what is wrong with it
  baton-server --config baton.yaml --workers 4  flags win over the file
  baton-server token new --name shop --rate 100/s --file api-keys.yaml

A setting that has no flag on the command line is that of the environment (BATON_WORKERS=4), then
that of the file. baton-server config dump --origin shows which holds, and why.

Keys of --endpoint (as for `batonctl set endpoint`; durations such as 40ms, sizes such as 8MiB):
)";
constexpr const char* kLimitsFooter = R"(
Names of --limit, with what is answered, or done, beyond it:
)";
constexpr const char* kReadyFooter = R"(
Once it serves it prints one line to standard output:
  ready http=ADDR:PORT grpc=ADDR:PORT admin=ADDR:PORT pages=ADDR:PORT
Logs go to standard error, or to --log-file. SIGINT or SIGTERM drains and ends it with exit code 0; a second one at once.)";

std::string KindOfValue(const config::v1::Setting& rules) {
  switch (rules.form()) {
    case config::v1::FORM_ADDRESS: return "ADDR:PORT";
    case config::v1::FORM_COUNT: return rules.words_size() > 0 ? "N|" + rules.words(0) : "N";
    case config::v1::FORM_DURATION: return "DURATION";
    case config::v1::FORM_SIZE: return "SIZE";
    case config::v1::FORM_PERCENT: return "PERCENT";
    case config::v1::FORM_WORD: return "WORD";
    default: return rules.placeholder().empty() ? "TEXT" : rules.placeholder();
  }
}

// "Threads that run models, 1 to 1024 (default: one for each core)".
std::string HelpOf(const config::v1::Setting& rules) {
  std::string help = rules.help();
  if (rules.form() != config::v1::FORM_WORD) {  // such a line begins with a word of them
    help[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(help[0])));
  }
  if (!rules.least().empty()) help += ", " + rules.least() + " to " + rules.most();
  if (rules.form() == config::v1::FORM_TRUTH) return help;
  const std::string& value = rules.default_value();
  return help +
         (value.empty() ? " (default: " + rules.without() + ")" : " (default " + value + ")");
}

void AddSetting(CLI::App& app, const config::v1::Setting& rules, CommandLine& line) {
  const std::string& flag = rules.flag();
  if (rules.form() == config::v1::FORM_TRUTH) {
    app.add_flag_callback(
        flag,
        [&line, flag] {
          line.flags.push_back({flag, "true"});
        },
        HelpOf(rules));
    return;
  }
  app.add_option_function<std::string>(
         flag,
         [&line, flag](const std::string& text) {
           line.flags.push_back({flag, text});
         },
         HelpOf(rules))
      ->type_name(KindOfValue(rules));
}

void AddRepeated(CLI::App& app, const std::string& flag, const std::string& kind,
                 const std::string& help, CommandLine& line) {
  app.add_option_function<std::vector<std::string>>(
         flag,
         [&line, flag](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) line.flags.push_back({flag, text});
         },
         help)
      ->type_name(kind)
      ->expected(1)
      ->take_all();
}

// "base, net, access".
std::string LogModules() {
  std::string names;
  for (const LogModule module : kAllLogModules) {
    names.append(names.empty() ? "" : ", ").append(ToText(module));
  }
  return names;
}

void AddOptions(CLI::App& app, CommandLine& line) {
  app.add_option(
         "--config", line.config_file,
         "The configuration file, in YAML; flags win over it (default: that of BATON_CONFIG)")
      ->type_name("FILE");
  for (const config::KnownSetting& setting : config::AllSettings()) {
    const config::v1::Setting& rules = config::RulesOf(*setting.field);
    const bool is_repeated = rules.flag().find(' ') != std::string::npos;  // "--limit body_bytes"
    if (!setting.is_named && !is_repeated) AddSetting(app, rules, line);
  }
  AddRepeated(app, "--endpoint", "SETTING",
              "NAME:KEY=VALUE, a setting of one endpoint; may be repeated (keys below)", line);
  AddRepeated(
      app, "--static", "MOUNT",
      "PREFIX=DIR, serves the files of a folder under a prefix such as /static; may be repeated",
      line);
  AddRepeated(app, "--limit", "LIMIT",
              "NAME=VALUE, what a client may cost; may be repeated (names below)", line);
  AddRepeated(
      app, "--log-levels", "LEVEL",
      "MODULE=LEVEL, the level of one module (" + LogModules() + "), or inherit; may be repeated",
      line);
}

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& help,
                     Command command, CommandLine& line) {
  CLI::App* const added = parent.add_subcommand(name, help);
  added->fallthrough();
  added->footer("The flags of the server are taken, too: baton-server --help\n");
  added->callback([&line, command] { line.command = command; });
  return added;
}

void AddCommands(CLI::App& app, CommandLine& line) {
  AddCommand(app, "check",
             "Loads all that the server would load, runs none of it, and says all that is wrong",
             Command::kCheck, line)
      ->add_flag("--measure", line.measures,
                 "Run each model as at a start, 10 s at most, and warn of a default budget that is "
                 "below what half of its runs need");
  CLI::App* const config = app.add_subcommand("config", "Shows what there is to configure");
  config->fallthrough();
  config->require_subcommand(1);
  CLI::App* const dump =
      AddCommand(*config, "dump", "Prints the configuration that would be in force, as a file",
                 Command::kDump, line);
  dump->add_flag("--origin", line.shows_origins, "Say where each value comes from");
  dump->add_option_function<std::string>(
          "--output,-o", [&line](const std::string& word) { line.writes_json = word == "json"; },
          "yaml or json (default yaml)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"yaml", "json"}));
  AddCommand(*config, "schema", "Prints the JSON Schema of the file, for editors", Command::kSchema,
             line);
  AddCommand(*config, "example", "Prints a file with every key, explained", Command::kExample,
             line);
  AddCommand(*config, "reference", "Prints the table of all keys", Command::kReference, line);
}

void AddTokenCommand(CLI::App& app, CommandLine& line) {
  CLI::App* const token = app.add_subcommand("token", "Makes secrets for clients and operators");
  token->require_subcommand(1);
  CLI::App* const made =
      token->add_subcommand("new", "Prints a new token, once, and its entry with the hash of it");
  made->footer(
      "The token goes to standard output. Its entry goes into --file, which is made where it is "
      "not "
      "there, or\nto standard error. A token with a role is an operator's; without, it is an API "
      "key "
      "of the data plane.\n");
  const auto add = [made](const char* flag, std::string& text, const char* help, const char* kind) {
    return made->add_option(flag, text, help)->type_name(kind);
  };
  add("--name", line.token.name, "Whose it is; several may have the same name", "NAME")->required();
  add("--role", line.token.role, "viewer or operator (default: none, an API key)", "ROLE");
  add("--rate", line.token.rate, "How often the key may be used, such as 100/s, 6000/min or 10/h",
      "RATE");
  made->add_option("--burst", line.token.burst,
                   "How often at once after a rest, 1 to 1000000 (default: the number in the rate)")
      ->type_name("N")
      ->check(CLI::Range(1U, 1'000'000U).description(""));
  add("--expires", line.token.expires, "From when on it is worth nothing: 2027-01-31T00:00:00Z",
      "INSTANT");
  add("--file", line.token.file, "The file to put the entry into", "FILE");
  made->callback([&line] { line.command = Command::kNewToken; });
}

manual::Program ManualOf(manual::CommandTree tree) {
  manual::Program program;
  program.tree = std::move(tree);
  program.section = 8;
  program.exit_codes = {{"0", "drained and ended, or printed what was asked for"},
                        {"1", "could not start; check: something is wrong"},
                        {"2", "the command line or the configuration makes no sense"}};
  program.environment = {{"BATON_CONFIG", "the configuration file, where --config names none"},
                         {"BATON_WORKERS, ...",
                          "any setting: its key in capitals, with '_' for '.' and BATON_ before"}};
  program.see_also = {"batonctl(1)", "baton-client(1)"};
  return program;
}

}  // namespace

ParsedFlags ParseFlags(int argc, char** argv) {
  CommandLine line;
  CLI::App app("Baton: an inference server that answers every request inside its latency budget.",
               "baton-server");
  app.set_version_flag("--version", "baton-server " BATON_VERSION);
  app.footer(kFooter + control::EndpointKeysHelp() + kLimitsFooter + LimitsHelp() + kReadyFooter);
  AddOptions(app, line);
  AddCommands(app, line);
  AddTokenCommand(app, line);
  if (argc == 3 && std::string(argv[1]) == "manual") {
    std::cout << Manual(ManualOf(manual::TreeOf(app)), argv[2]);
    return {std::nullopt, 0};
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {std::nullopt, app.exit(error)};
    std::cerr << "baton-server: " << error.what() << "\nTry: baton-server --help\n";
    return {std::nullopt, 2};
  }
  return {std::move(line), 0};
}

}  // namespace baton::app
