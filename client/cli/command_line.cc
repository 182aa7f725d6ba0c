// Flags and help texts; the only unit of the client that includes CLI11.
#include "client/cli/command_line.h"

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "client/cli/exit_codes.h"
#include "server/base/duration_text.h"
#include "server/manual/program.h"

namespace baton::client {
namespace {

constexpr const char* kExitCodes =
    "Exit status: 0 a prediction or a fallback (load, demo: it ran), 1 another answer, 2 usage,\n"
    "3 server unreachable, 4 not found, 6 no answer within --timeout, 130 interrupted.\n";

constexpr const char* kInferExamples =
    "Examples:\n"
    "  baton-client infer --model tumour --sample\n"
    "  baton-client infer --model digits --sample --budget 5ms --explain\n"
    "  baton-client infer --path /reverse --data '{\"data\": [\"baton\"]}' -o json\n"
    "  baton-client infer --model tumour --version 1 --file request.json\n";

constexpr const char* kLoadExamples =
    "Examples:\n"
    "  baton-client load --model tumour --sample --rate 2000 --duration 30s --budget 50ms\n"
    "  baton-client load --path /reverse --data '{\"data\": \"x\"}' --rate 500 --schedule fixed\n"
    "  baton-client load --model tumour --sample --closed --connections 64 -o json\n"
    "Latency counts from the instant a request was intended for, not from when it could leave;\n"
    "none is left out. The report says when the generator itself was behind.\n";

constexpr const char* kOverloadExamples =
    "Examples:\n"
    "  baton-client demo overload --svg overload.svg\n"
    "  baton-client demo overload --model tumour --sample --factors 0.5,1,2,10 --repeat 3\n"
    "  baton-client demo overload --beside 127.0.0.1:9080 --names baton,fifo --svg both.svg\n"
    "Without --model and --path it asks POST /test/spin for 5 ms of computing, which a server "
    "with\n"
    "--test-endpoints serves. Ctrl-C ends the step and prints what is there, with status 130.\n";

void AddDuration(CLI::App& app, const std::string& name, Duration& target,
                 const std::string& description) {
  app.add_option_function<std::string>(
         name,
         [name, &target](const std::string& text) {
           const Result<Duration> duration = ParseDuration(text);
           if (!duration) throw CLI::ValidationError(name, duration.error().message);
           target = *duration;
         },
         description)
      ->type_name("DURATION")
      ->default_str(target > Duration::zero() ? FormatDuration(target) : "");
}

// What all commands take. `budget` is where --budget lands; zero stays "not given".
void AddRequestFlags(CLI::App& app, RequestFlags& flags) {
  app.add_option("--server", flags.server, "Where the server is")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  auto* model =
      app.add_option("--model", flags.model, "Model to ask, by the Open Inference Protocol")
          ->type_name("NAME");
  app.add_option("--version", flags.version,
                 "Version of the model; the server picks one without it")
      ->type_name("V")
      ->needs(model);
  app.add_option("--path", flags.path, "Path to ask instead of a model")
      ->type_name("PATH")
      ->excludes(model);
  app.add_option("--method", flags.method, "HTTP method; POST with a body, GET without")
      ->type_name("METHOD");
  auto* sample = app.add_flag("--sample", flags.use_sample,
                              "Body: the bundled held-out row of the model (tumour, "
                              "tumour_logistic, digits)");
  auto* file = app.add_option("--file", flags.file, "Body: a file, - for standard input")
                   ->type_name("FILE")
                   ->excludes(sample);
  app.add_option("--data", flags.data, "Body: this text")
      ->type_name("JSON")
      ->excludes(sample)
      ->excludes(file);
  app.add_option_function<std::string>(
         "--budget",
         [&flags](const std::string& text) {
           const Result<Duration> budget = ParseDuration(text);
           if (!budget) throw CLI::ValidationError("--budget", budget.error().message);
           flags.budget = *budget;
         },
         "How long the answer may take; sent as Baton-Budget-Ms")
      ->type_name("DURATION")
      ->default_str(flags.budget ? FormatDuration(*flags.budget) : "");
  app.add_option("--header", flags.headers, "A further header, may be repeated")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
}

void AddOutput(CLI::App& app, bool& is_json, const std::string& text_name) {
  app.add_option_function<std::string>(
         "-o,--output", [&is_json](const std::string& format) { is_json = format == "json"; },
         "How to print")
      ->check(CLI::IsMember({text_name, std::string("json")}))
      ->default_str(text_name);
}

CLI::App* AddInfer(CLI::App& app, InferFlags& flags) {
  CLI::App* infer = app.add_subcommand("infer", "Sends one request and shows what became of it");
  AddRequestFlags(*infer, flags.request);
  infer->add_flag("--explain", flags.explain, "Ask for the time spent in each stage");
  AddDuration(*infer, "--timeout", flags.timeout, "How long to wait for the answer");
  AddOutput(*infer, flags.is_json, "text");
  infer->footer(std::string(kInferExamples) + kExitCodes);
  return infer;
}

void AddLoad(CLI::App& app, LoadFlags& flags) {
  CLI::App* load =
      app.add_subcommand("load", "Offers load and reports goodput, answers, latencies");
  AddRequestFlags(*load, flags.request);
  auto* schedule = load->add_option_function<std::string>(
      "--schedule",
      [&flags](const std::string& kind) {
        flags.schedule = kind == "fixed" ? ScheduleKind::kFixed : ScheduleKind::kPoisson;
      },
      "Spacing of the requests");
  schedule->check(CLI::IsMember({"fixed", "poisson"}))->default_str("poisson");
  auto* rate = load->add_option("--rate", flags.rate, "Requests per second, at most 1000000")
                   ->type_name("R")
                   ->capture_default_str();
  load->add_option("--seed", flags.seed, "Of the poisson schedule")->capture_default_str();
  auto* closed =
      load->add_flag("--closed", flags.is_closed,
                     "Closed loop: each connection sends its next request when it has an answer");
  closed->excludes(schedule)->excludes(rate);
  load->add_option("--connections", flags.connections, "Connections, 1 to 50000")
      ->type_name("N")
      ->capture_default_str();
  auto* pipeline = load->add_option("--pipeline", flags.pipeline,
                                    "Requests under way on each connection, 1 to 256");
  pipeline->type_name("N")->needs(closed)->capture_default_str();
  load->add_flag("--new-connections", flags.is_one_shot,
                 "A new connection for each request; its latency counts from the connecting")
      ->needs(closed)
      ->excludes(pipeline);
  AddDuration(*load, "--duration", flags.duration, "How long to offer load, at most 10m");
  AddDuration(*load, "--warmup", flags.warmup, "Before that, offered and not counted");
  AddDuration(*load, "--grace", flags.grace, "How long to wait for outstanding answers at the end");
  load->add_flag("--allow-remote", flags.allow_remote, "Permit a server on another machine");
  load->add_flag_callback(
      "--progress", [&flags] { flags.progress = Progress::kAlways; },
      "A line a second on standard error, also when that is no terminal");
  AddOutput(*load, flags.is_json, "table");
  load->footer(std::string(kLoadExamples) + kExitCodes);
}

void AddOverloadSteps(CLI::App& app, OverloadFlags& flags) {
  app.add_option("--factors", flags.factors, "Load of the steps, as multiples of the capacity")
      ->type_name("F,F,...")
      ->capture_default_str();
  app.add_option("--seconds", flags.seconds, "How long each step is counted, 0.1 to 600")
      ->type_name("S")
      ->capture_default_str();
  AddDuration(app, "--warmup", flags.warmup, "Before that, offered and not counted, at most 10m");
  app.add_option("--repeat", flags.repeats, "Runs of all the steps, 1 to 100; medians are shown")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--capacity", flags.capacity,
                 "Requests per second that are 1x; measured by a closed loop without it")
      ->type_name("R");
  app.add_option("--connections", flags.connections,
                 "Keep-alive connections, 1 to 50000; without it enough for the highest step")
      ->type_name("N");
  app.add_option("--seed", flags.seed, "Of the poisson schedule")->capture_default_str();
}

void AddOverload(CLI::App& demo, OverloadFlags& flags) {
  CLI::App* overload = demo.add_subcommand(
      "overload",
      "Offers more and more, up to 10x the capacity, and draws what becomes of goodput");
  AddRequestFlags(*overload, flags.request);
  auto* beside = overload->add_option("--beside", flags.beside,
                                      "A second server, which gets the same steps in turn");
  beside->type_name("HOST:PORT");
  overload->add_option("--names", flags.names, "What to call the server, or both: baton,fifo")
      ->type_name("NAME[,NAME]");
  AddOverloadSteps(*overload, flags);
  overload->add_option("--svg", flags.svg_file, "Draw the curve into this file")->type_name("FILE");
  overload->add_option("--json", flags.json_file, "Write the figures into this file too")
      ->type_name("FILE");
  overload->add_flag("--allow-remote", flags.allow_remote, "Permit servers on another machine");
  overload->add_flag("--progress", flags.force_progress,
                     "A line a step on standard error, also when that is no terminal");
  AddOutput(*overload, flags.is_json, "table");
  overload->footer(std::string(kOverloadExamples) + kExitCodes);
}

CLI::App* AddDemo(CLI::App& app, OverloadFlags& flags) {
  CLI::App* demo = app.add_subcommand("demo", "Shows a server at work under conditions of its own");
  demo->require_subcommand(1);
  demo->footer(std::string(kOverloadExamples) + kExitCodes);
  AddOverload(*demo, flags);
  return demo;
}

manual::Program ManualOf(manual::CommandTree tree) {
  manual::Program program;
  program.tree = std::move(tree);
  program.exit_codes = {
      {"0", "a prediction or a fallback; a load or a demonstration that ran to its end"},
      {"1", "another answer: refused, timeout, error, invalid; a demonstration without capacity"},
      {"2", "the command line makes no sense"},
      {"3", "no connection, or it was lost before the answer"},
      {"4", "404: no such model, version or path"},
      {"6", "no answer within --timeout"},
      {"130", "interrupted; load and demo overload have printed what is there"}};
  program.see_also = {"baton-server(8)", "batonctl(1)"};
  return program;
}

}  // namespace

Command ParseCommandLine(int argc, const char* const* argv) {
  InferFlags infer_flags;
  LoadFlags load_flags;
  OverloadFlags overload_flags;
  overload_flags.request.budget = 50ms;
  CLI::App app("Sends requests to a Baton server and offers it load.", "baton-client");
  app.set_version_flag("--version", "baton-client " BATON_VERSION);
  app.require_subcommand(0,
                         1);  // so that an unknown one is named; that there is one is seen to below
  app.footer(std::string(kInferExamples) + kExitCodes);
  const CLI::App* infer = AddInfer(app, infer_flags);
  AddLoad(app, load_flags);
  const CLI::App* demo = AddDemo(app, overload_flags);
  if (argc == 3 && std::string(argv[1]) == "manual") {
    std::cout << Manual(ManualOf(manual::TreeOf(app)), argv[2]);
    return Exit{kExitOk};
  }
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      throw CLI::RequiredError("A subcommand (infer, load, demo)");
    }
  } catch (const CLI::ParseError& error) {
    return Exit{app.exit(error) == 0 ? kExitOk : kExitUsage};
  }
  if (infer->parsed()) return infer_flags;
  if (demo->parsed()) return overload_flags;
  return load_flags;
}

}  // namespace baton::client
