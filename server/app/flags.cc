// Flags by CLI11; the only unit of the server that includes it.
#include "server/app/flags.h"

#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "server/base/whole_number.h"
#include "server/control/endpoint_settings.h"
#include "server/serve/worker_pool.h"

namespace baton::app {
namespace {

constexpr const char* kFooter = R"(
Examples:
  baton-server                                  the bundled models, on the default addresses
  baton-server --models /srv/models --workers 4
  baton-server --http 127.0.0.1:0 --admin off   any free port, no admin plane
  baton-server --endpoint tumour:criticality=critical --endpoint digits:max_workers=1
  baton-server --limit body_bytes=64MiB --limit connections_per_address=100

Keys of --endpoint (as for `batonctl set endpoint`; durations such as 40ms, sizes such as 8MiB):
)";
constexpr const char* kLimitsFooter = R"(
Names of --limit, with what is answered, or done, beyond it:
)";
constexpr const char* kReadyFooter = R"(
Once it serves it prints one line to standard output:
  ready http=ADDR:PORT grpc=off admin=ADDR:PORT pages=ADDR:PORT
Logs go to standard error. SIGINT or SIGTERM drains and ends it with exit code 0; a second one at once.)";

// An option whose text is read by a parser of ours; its error becomes the option's.
template <typename T>
CLI::Option* AddParsed(CLI::App& app, const std::string& name, T& value,
                       Result<T> (*parse)(std::string_view), const std::string& help) {
  return app.add_option_function<std::string>(
      name,
      [&value, parse, name](const std::string& text) {
        Result<T> parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        value = *parsed;
      },
      help);
}

// 0 for "auto".
Result<int> ReadConductors(std::string_view text) {
  if (text == "auto") return 0;
  const auto count = ParseWholeNumber<unsigned>(text);
  if (count && *count >= 1 && *count <= 64) return static_cast<int>(*count);
  return Fail(ErrorCode::kInvalidArgument,
              "is '" + std::string(text) + "', expected 1 to 64, or auto");
}

void AddListeners(CLI::App& app, ServerOptions& server) {
  AddParsed<ListenAddress>(app, "--http", server.http, ParseListenAddress,
                           "Data plane, HTTP/JSON (default 0.0.0.0:8080)")
      ->type_name("ADDR:PORT");
  AddParsed<ListenAddress>(
      app, "--grpc", server.grpc, ParseListenAddress,
      "Data plane, gRPC: taken, and not served yet; it stays off (default off)")
      ->type_name("ADDR:PORT");
  AddParsed<ListenAddress>(app, "--admin", server.admin, ParseListenAddress,
                           "Admin plane, gRPC, or 'off' (default 127.0.0.1:8081)")
      ->type_name("ADDR:PORT");
  AddParsed<ListenAddress>(app, "--pages", server.pages, ParseListenAddress,
                           "Metrics, or 'off' (default 127.0.0.1:8082)")
      ->type_name("ADDR:PORT");
}

void AddSizes(CLI::App& app, ServerOptions& server) {
  app.add_option("--workers", server.workers,
                 "Threads that run models, 1 to 1024 (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(serve::WorkerPool::kSmallest, serve::WorkerPool::kLargest));
  AddParsed<int>(
      app, "--conductors", server.conductors, ReadConductors,
      "Threads that own sockets, 1 to 64, or auto: one for 4 cores, 8 at most (default 1)")
      ->type_name("N|auto");
  app.add_option("--backlog", server.backlog,
                 "Connections that may wait to be accepted, 1 to 65535 (default 4096)")
      ->type_name("N");
  app.add_option("--max-connections", server.max_connections,
                 "Open connections, further ones are closed (default: what descriptors allow)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--half-close", server.half_close,
                 "A client that ends its input while its answer is pending: answer, or abandon it "
                 "as one that left (default answer)")
      ->type_name("WHAT")
      ->transform(CLI::CheckedTransformer(std::map<std::string, http::HalfClose>{
          {"answer", http::HalfClose::kAnswer}, {"abandon", http::HalfClose::kAbandon}}));
}

void AddEndpoints(CLI::App& app, ServerOptions& server) {
  app.add_option("--models", server.models,
                 "Folder of <name>/<version>/model.onnx, in place of the bundled models")
      ->type_name("DIR");
  app.add_option("--onnxruntime", server.onnxruntime_library,
                 "The ONNX Runtime library (default: ../lib beside the program, then the system's)")
      ->type_name("FILE");
  AddParsed<Duration>(app, "--default-budget", server.default_budget, ParseDuration,
                      "Budget of requests that ask for none (default 50ms)")
      ->type_name("DURATION");
  AddParsed<Duration>(app, "--max-budget", server.max_budget, ParseDuration,
                      "Largest budget that is granted, at most 1h (default 10s)")
      ->type_name("DURATION");
  std::map<std::string, serve::SchedulingPolicy> policies;
  for (const serve::SchedulingPolicy policy : serve::kAllSchedulingPolicies) {
    policies.emplace(ToText(policy), policy);
  }
  app.add_option("--policy", server.scheduling,
                 "baton, or for comparison edf or fifo, which refuse nobody (default baton)")
      ->type_name("POLICY")
      ->transform(CLI::CheckedTransformer(policies));
  app.add_option_function<std::vector<std::string>>(
         "--endpoint",
         [&server](const std::vector<std::string>& texts) {
           Result<EndpointChanges> changes = ReadEndpointFlags(texts);
           if (!changes) throw CLI::ValidationError(changes.error().message);
           server.endpoints = *std::move(changes);
         },
         "NAME:KEY=VALUE, a setting of one endpoint; may be repeated (keys below)")
      ->type_name("SETTING")
      ->expected(1)
      ->take_all();
}

void AddStaticFiles(CLI::App& app, ServerOptions& server) {
  app.add_option_function<std::vector<std::string>>(
         "--static",
         [&server](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             Result<http::StaticMount> mount = http::ParseStaticMount(text);
             if (!mount) throw CLI::ValidationError(mount.error().message);
             server.static_mounts.push_back(*std::move(mount));
           }
         },
         "PREFIX=DIR, serves the files of a folder under a prefix such as /static; may be repeated")
      ->type_name("MOUNT")
      ->expected(1)
      ->take_all();
}

void AddLimits(CLI::App& app, LimitSettings& limits) {
  app.add_option_function<std::vector<std::string>>(
         "--limit",
         [&limits](const std::vector<std::string>& texts) {
           const Status read = ReadLimitFlags(texts, limits);
           if (!read) throw CLI::ValidationError(read.error().message);
         },
         "NAME=VALUE, what a client may cost; may be repeated (names below)")
      ->type_name("LIMIT")
      ->expected(1)
      ->take_all();
}

void AddLogs(CLI::App& app, LogOptions& log) {
  app.add_option("--log-format", log.format,
                 "auto, text or json (default auto: text on a terminal)")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, LogOptions::Format>{{"auto", LogOptions::Format::kAuto},
                                                    {"text", LogOptions::Format::kText},
                                                    {"json", LogOptions::Format::kJson}}));
  app.add_option("--log-level", log.level, "debug, info, warning or error (default info)")
      ->type_name("LEVEL")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, LogLevel>{{"debug", LogLevel::kDebug},
                                                                  {"info", LogLevel::kInfo},
                                                                  {"warning", LogLevel::kWarning},
                                                                  {"error", LogLevel::kError}}));
}

void AddOptions(CLI::App& app, Flags& flags) {
  ServerOptions& server = flags.server;
  AddListeners(app, server);
  AddSizes(app, server);
  AddEndpoints(app, server);
  AddStaticFiles(app, server);
  AddLimits(app, server.limits);
  app.add_flag("--test-endpoints", server.test_endpoints,
               "Serve POST /test/sleep and /test/spin, which hold a worker: for tests only");
  app.add_option("--user", server.user, "Whom root becomes once it listens (default nobody)")
      ->type_name("NAME");
  AddLogs(app, flags.log);
}

}  // namespace

ParsedFlags ParseFlags(int argc, char** argv) {
  Flags flags;
  CLI::App app("Baton: an inference server that answers every request inside its latency budget.",
               "baton-server");
  app.set_version_flag("--version", "baton-server " BATON_VERSION);
  app.footer(kFooter + control::EndpointKeysHelp() + kLimitsFooter + LimitsHelp() + kReadyFooter);
  AddOptions(app, flags);
  try {
    app.parse(argc, argv);
    const Status valid = flags.server.Validate();
    if (!valid) throw CLI::ValidationError(valid.error().message);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {std::nullopt, app.exit(error)};
    std::cerr << "baton-server: " << error.what() << "\nTry: baton-server --help\n";
    return {std::nullopt, 2};
  }
  return {flags, 0};
}

}  // namespace baton::app
