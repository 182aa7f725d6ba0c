// What an operator says of a server before it starts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/app/endpoint_policies.h"
#include "server/app/limit_settings.h"
#include "server/app/tracing_options.h"
#include "server/base/clock.h"
#include "server/base/duration_text.h"
#include "server/base/result.h"
#include "server/http/session.h"
#include "server/http/static_mount.h"
#include "server/lifecycle/protection.h"
#include "server/net/tls/tls_files.h"
#include "server/serve/scheduling_policy.h"

namespace baton::app {

// The admin plane's doors.
struct AdminOptions {
  std::string socket = "auto";          // path of a Unix socket, or "auto", or "off"
  std::string token_file;               // empty: calls need no token, but changes over HTTP
  std::vector<std::string> viewers;     // names in client certificates that may only look
  std::vector<std::string> host_names;  // that browsers call a loopback listener by
};

struct ServerOptions {
  ListenAddress http{.off = false, .host = "0.0.0.0", .port = 8080};  // the data plane; not `off`
  ListenAddress grpc{
      .off = false, .host = "0.0.0.0", .port = 9000};  // the same over gRPC, or `off`
  ListenAddress admin{.off = false, .host = "127.0.0.1", .port = 8081};  // gRPC, `off` for none
  ListenAddress pages{.off = false, .host = "127.0.0.1", .port = 8082};  // metrics, `off` for none
  net::TlsFiles http_tls;                                                // off: plain HTTP
  net::TlsFiles grpc_tls;                                                // the same
  net::TlsFiles pages_tls;                                               // the same
  std::string api_keys;     // their file; empty: clients of the data plane need none
  net::TlsFiles admin_tls;  // the same
  AdminOptions admin_door;  // who may call `admin`
  int workers = 0;          // 1 to 1024; 0: one a core
  int conductors = 1;       // 1 to 64; 0: by the cores (ConductorsFor)
  int backlog = 4096;       // 1 to 65535; the kernel cuts it to net.core.somaxconn
  int max_connections = 0;  // 1 to 1000000; 0: what the descriptors allow
  // What a client means that ends its input while its answer is pending.
  http::HalfClose half_close = http::HalfClose::kAnswer;
  Duration default_budget = 50ms;  // 1 ms to max_budget
  Duration max_budget = 10s;       // 1 ms to 1 h
  serve::SchedulingPolicy scheduling = serve::SchedulingPolicy::kBaton;
  std::vector<http::StaticMount> static_mounts;  // folders whose files are served under prefixes
  LimitSettings limits;                          // checked; its half_close is set by the one above
  EndpointChanges endpoints;  // settings that differ from these, by the endpoint's name
  bool test_endpoints = false;
  std::filesystem::path models;               // empty: the bundled ones
  bool watches_models = false;                // takes up what changes in that folder
  bool allows_model_control = false;          // clients load and unload models, too
  std::filesystem::path onnxruntime_library;  // empty: the usual places
  std::string user = "nobody";                // what root becomes once everything listens
  lifecycle::ProtectionOptions process;
  TracingOptions tracing;

  // kInvalidArgument, naming the flag, what was expected and what came.
  Status Validate() const;
  // What connections over HTTP may cost.
  http::Session::Options Sessions() const;
  // What every endpoint starts with, its own settings apart.
  serve::EndpointPolicy BasePolicy() const;
};

}  // namespace baton::app
