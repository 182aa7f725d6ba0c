// How a server comes up, runs and goes down.
#include "server/app/server.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "admin/service/admin_server.h"
#include "server/app/conductor.h"
#include "server/app/control_room.h"
#include "server/app/cores.h"
#include "server/app/server_metrics.h"
#include "server/base/log.h"
#include "server/http/file_opener.h"
#include "server/http/static_metrics.h"
#include "server/lifecycle/privileges.h"
#include "server/lifecycle/signals.h"
#include "server/metrics/process_metrics.h"
#include "server/models/repository.h"
#include "server/net/socket.h"
#include "server/pages/pages_server.h"
#include "server/serve/warm_up.h"

namespace baton::app {
namespace {

constexpr Duration kDrainGrace = 1s;
constexpr Duration kSuperviseEvery = 100ms;
constexpr std::size_t kMaxReplacements = 1;  // workers beyond the pool's size, for zombies
constexpr Duration kAdminStopGrace = 500ms;
constexpr std::uint64_t kSpareDescriptors = 128;

}  // namespace

// In the order of construction; destruction goes the other way.
struct Server::Parts {
  explicit Parts(const ServerOptions& server_options)
      : options(server_options), session_options(options.limits.session) {
    session_options.half_close = options.half_close;
    const std::size_t of_each = options.limits.connections_per_address;
    if (of_each > 0) client_places.emplace(of_each);
  }

  const ServerOptions options;
  SystemClock clock;
  metrics::Registry registry;
  std::atomic<bool> is_ready{false};
  std::atomic<bool> is_draining{false};
  UniqueFd http_fd;
  std::vector<control::ListenerState> listeners;
  http::Session::Options session_options;
  std::optional<net::ClientPlaces> client_places;  // empty: nobody counts
  std::optional<net::ConnectionPlaces> places;
  http::ListenerMetrics http_metrics;
  http::ListenerMetrics pages_metrics;
  const http::StaticMetrics static_metrics{registry};
  std::uint64_t open_files = 0;  // that static files may have open at once
  std::unique_ptr<api::Gateway> gateway;
  std::vector<serve::EndpointPolicy> policies;  // at the start, by endpoint index
  serve::MissRing misses;
  std::unique_ptr<serve::PendingResponses> pending;
  std::unique_ptr<serve::Scheduler> scheduler;
  std::unique_ptr<serve::WorkerPool> pool;
  std::unique_ptr<serve::Scheduler> reserve;  // for cheaper models that are fallbacks
  std::unique_ptr<serve::WorkerPool> reserve_pool;
  std::unique_ptr<Fallbacks> fallbacks;
  std::unique_ptr<http::FileOpener> files;  // where there are static files
  std::vector<std::unique_ptr<Conductor>> conductors;
  std::unique_ptr<ControlRoom> control_room;
  std::unique_ptr<admin::AdminServer> admin;
  std::unique_ptr<pages::PagesServer> pages;
  net::EventLoop main_loop{clock};
  bool all_workers_stuck = false;  // main thread

  Status ListenAll(UniqueFd& pages_fd);
  Status LoadModels();
  Status SetPolicies();
  Status MakePool();
  void WarmUp();
  void Supervise();
  Status OpenStaticFiles(std::uint64_t descriptors);
  void MakeConductors(std::uint64_t descriptors);
  Status StartAdmin();
  void AddListener(const std::string& name, const ListenAddress& address, std::uint16_t port);
  Conductor::Options ConductorOptions(std::uint32_t index) const;
  void BeginDrain(int signal);
};

void Server::Parts::AddListener(const std::string& name, const ListenAddress& address,
                                std::uint16_t port) {
  ListenAddress in_use = address;
  in_use.port = port;
  listeners.push_back({name, in_use.ToText()});
}

Status Server::Parts::ListenAll(UniqueFd& pages_fd) {
  Result<UniqueFd> http = net::Listen(options.http, options.backlog);
  if (!http) return tl::unexpected<Error>(http.error());
  http_fd = std::move(*http);
  AddListener("http", options.http, net::LocalPort(http_fd.get()));
  if (!options.grpc.off) {
    Log(LogLevel::kWarning, "grpc_not_served",
        {{"address", options.grpc.ToText()}, {"reason", "the gRPC data plane is not served yet"}});
  }
  listeners.push_back({"grpc", "off"});
  if (options.pages.off) return {};
  Result<UniqueFd> pages_listening = net::Listen(options.pages, 128);
  if (!pages_listening) return tl::unexpected<Error>(pages_listening.error());
  pages_fd = std::move(*pages_listening);
  return {};
}

Status Server::Parts::LoadModels() {
  models::RepositoryOptions repository;
  repository.directory = options.models;
  repository.onnxruntime_library = options.onnxruntime_library;
  Result<models::ModelSet> loaded = models::LoadModels(repository);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  for (const auto& [name, versions] : *loaded) {
    for (const models::LoadedModel& model : versions.versions) {
      Log(LogLevel::kInfo, "model_loaded",
          {{"model", name},
           {"version", model.model->info().version},
           {"took_ms", ToMillis(model.load_time)}});
    }
  }
  gateway = std::make_unique<api::Gateway>(
      std::move(*loaded), registry,
      api::GatewayOptions{options.limits.json_depth, options.test_endpoints, options.limits.gzip});
  return {};
}

Status Server::Parts::SetPolicies() {
  auto made = MakePolicies(options.endpoints, options.BasePolicy(), gateway->endpoints());
  if (!made) return tl::unexpected<Error>(made.error());
  policies = *std::move(made);
  return {};
}

Status Server::Parts::MakePool() {
  const std::size_t endpoints = gateway->endpoints().size();
  pending = std::make_unique<serve::PendingResponses>(options.limits.pending_requests);
  fallbacks = std::make_unique<Fallbacks>(endpoints);
  serve::Scheduler::Options scheduling;
  scheduling.policy = options.scheduling;
  scheduling.limits = options.limits.admission;
  scheduler = std::make_unique<serve::Scheduler>(clock, scheduling, endpoints);
  reserve = std::make_unique<serve::Scheduler>(clock, serve::Scheduler::Options{}, endpoints);
  const serve::PoolMetrics pool_metrics{
      registry.AddCounter("baton_pool_busy_seconds_total", "Time that workers spent running."),
      registry.AddCounter("baton_pool_tasks_total", "Tickets that workers took."),
  };
  pool = std::make_unique<serve::WorkerPool>(*scheduler, *pending, clock, registry, pool_metrics);
  reserve_pool =
      std::make_unique<serve::WorkerPool>(*reserve, *pending, clock, registry, pool_metrics);
  WarmUp();
  if (const Status reserved = reserve_pool->Resize(1); !reserved) return reserved;
  return pool->Resize(options.workers > 0 ? options.workers : static_cast<int>(UsableCores()));
}

// Requests may queue from the first one on where it is known how long they take.
void Server::Parts::WarmUp() {
  scheduler->SetPolicies(policies);
  fallbacks->SetPolicies(policies);
  for (const api::Gateway::WarmUp& one : gateway->warm_ups()) {
    const std::uint32_t index = one.endpoint->index;
    const serve::WarmUpTimes times =
        serve::WarmUp(*one.handler, policies[index].batch.max_size, clock);
    scheduler->Warm(index, times.single, times.full, times.is_steady);
    reserve->Warm(index, times.single, {}, times.is_steady);
    if (times.single.empty()) continue;
    Log(times.is_steady ? LogLevel::kInfo : LogLevel::kWarning, "warmed_up",
        {{"endpoint", one.endpoint->name},
         {"runs", static_cast<std::uint64_t>(times.single.size() + times.full.size())},
         {"took_ms", ToMillis(times.single.back())},
         {"steady", times.is_steady ? "yes" : "no"}});
  }
}

Conductor::Options Server::Parts::ConductorOptions(std::uint32_t index) const {
  Conductor::Options made;
  made.index = index;
  made.listening_fd = http_fd.get();
  made.policies = policies;
  return made;
}

Status Server::Parts::OpenStaticFiles(std::uint64_t descriptors) {
  if (options.static_mounts.empty()) return {};
  open_files = std::min<std::uint64_t>(options.limits.open_files, descriptors / 8);
  Result<http::StaticFiles> opened = http::StaticFiles::Open(options.static_mounts, open_files);
  if (!opened) return tl::unexpected<Error>(opened.error());
  files = std::make_unique<http::FileOpener>(*std::move(opened), options.limits.queued_files);
  return {};
}

void Server::Parts::MakeConductors(std::uint64_t descriptors) {
  const auto parse_errors = http::MakeParseErrorCounters(registry);
  http_metrics = http::ListenerMetrics::Make(registry, "http", parse_errors);
  pages_metrics = http::ListenerMetrics::Make(registry, "pages", parse_errors);
  const std::string help = "Budget headers of others that could not be read and were ignored.";
  const MalformedBudgetCounters malformed{
      registry.AddCounter("baton_malformed_budgets_total", help, {{"source", "grpc_timeout"}}),
      registry.AddCounter("baton_malformed_budgets_total", help, {{"source", "envoy_timeout"}}),
  };
  // The server's own, those of static files, of its pages and of its admin plane come first.
  const auto allowed = descriptors - std::min(kSpareDescriptors + open_files, descriptors / 2);
  const std::size_t count = options.conductors > 0 ? static_cast<std::size_t>(options.conductors)
                                                   : ConductorsFor(UsableCores());
  places.emplace(
      options.max_connections > 0 ? static_cast<std::size_t>(options.max_connections) : allowed,
      count);
  const Shared shared{clock,
                      *gateway,
                      *pending,
                      *scheduler,
                      *reserve,
                      *fallbacks,
                      files.get(),
                      static_metrics,
                      misses,
                      registry,
                      http_metrics,
                      session_options,
                      client_places ? &*client_places : nullptr,
                      is_ready,
                      *places,
                      conductors,
                      allowed};
  for (std::uint32_t i = 0; i < count; ++i) {
    Conductor::Options made = ConductorOptions(i);
    const metrics::Labels labels = {{"conductor", std::to_string(i)}};
    made.malformed_budgets = malformed;
    made.loop_metrics.shard = registry.TakeShard();
    made.loop_metrics.turn_duration =
        registry.AddHistogram("baton_conductor_loop_duration_seconds", "How long turns took.",
                              metrics::kStageBuckets, labels);
    made.loop_metrics.busy_seconds = registry.AddCounter("baton_conductor_busy_seconds_total",
                                                         "Time that turns took in all.", labels);
    made.loop_metrics.timer_lag =
        registry.AddHistogram("baton_conductor_timer_lag_seconds", "How late timers ran.",
                              metrics::kStageBuckets, labels);
    conductors.push_back(std::make_unique<Conductor>(shared, std::move(made)));
  }
}

Status Server::Parts::StartAdmin() {
  if (options.admin.off) {
    listeners.push_back({"admin", "off"});
    return {};
  }
  admin::AdminServer::Options admin_options;
  admin_options.address = options.admin;
  Result<std::unique_ptr<admin::AdminServer>> started =
      admin::AdminServer::Start(admin_options, *control_room);
  if (!started) return tl::unexpected<Error>(started.error());
  admin = std::move(*started);
  admin->SetServing(false);  // until everything is there
  AddListener("admin", options.admin, admin->port());
  return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  const auto fail = [](const Status& status) { return tl::unexpected<Error>(status.error()); };
  if (const Status valid = options.Validate(); !valid) return fail(valid);
  const std::uint64_t descriptors = net::RaiseDescriptorLimit();
  auto parts = std::make_unique<Parts>(options);
  UniqueFd pages_fd;
  if (const Status listening = parts->ListenAll(pages_fd); !listening) return fail(listening);
  if (const Status loaded = parts->LoadModels(); !loaded) return fail(loaded);
  if (const Status policies = parts->SetPolicies(); !policies) return fail(policies);
  if (const Status pool = parts->MakePool(); !pool) return fail(pool);
  if (const Status opened = parts->OpenStaticFiles(descriptors); !opened) return fail(opened);
  parts->MakeConductors(descriptors);
  parts->control_room = std::make_unique<ControlRoom>(
      ControlRoom::Parts{parts->clock, parts->registry, *parts->gateway, *parts->pending,
                         *parts->scheduler, *parts->reserve, *parts->pool, parts->misses,
                         *parts->fallbacks, parts->conductors, parts->listeners, parts->is_ready,
                         parts->is_draining},
      parts->policies);
  if (const Status admin = parts->StartAdmin(); !admin) return fail(admin);

  AddServerGauges(parts->registry,
                  {*parts->gateway, *parts->pending, *parts->scheduler, *parts->reserve,
                   *parts->fallbacks, parts->conductors, *parts->control_room, parts->is_draining});
  metrics::AddProcessMetrics(parts->registry);
  AddBacklogMetrics(parts->registry, "http", parts->http_fd.get());
  std::vector<const http::ListenerShard*> shards;
  for (const auto& conductor : parts->conductors) shards.push_back(&conductor->listener_shard());
  http::AddConnectionGauges(parts->registry, "http", shards);
  http::AddHeldGauges(parts->registry, "http", shards, parts->session_options.held_bytes);
  if (options.pages.off) {
    parts->listeners.push_back({"pages", "off"});
  } else {
    parts->AddListener("pages", options.pages, net::LocalPort(pages_fd.get()));
    parts->pages = std::make_unique<pages::PagesServer>(std::move(pages_fd), parts->clock,
                                                        parts->registry, parts->pages_metrics);
    AddBacklogMetrics(parts->registry, "pages", parts->pages->listening_fd());
    http::AddConnectionGauges(parts->registry, "pages", {&parts->pages->listener_shard()});
  }
  if (const Status dropped = lifecycle::DropPrivileges(options.user); !dropped)
    return fail(dropped);
  parts->is_ready = true;
  if (parts->admin) parts->admin->SetServing(true);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

const std::vector<control::ListenerState>& Server::listeners() const { return parts_->listeners; }

void Server::Parts::BeginDrain(int signal) {
  if (is_draining.exchange(true)) {
    Log(LogLevel::kWarning, "stopping_now", {{"signal", signal}});
    for (const auto& conductor : conductors)
      conductor->BeginDrain(Duration::zero(), Duration::zero());
    main_loop.Stop();
    return;
  }
  is_ready = false;
  if (admin) admin->SetServing(false);
  const Duration limit = control_room->LargestBudget();
  Log(LogLevel::kInfo, "draining", {{"signal", signal}, {"limit_ms", ToMillis(limit)}});
  for (const auto& conductor : conductors) {
    conductor->BeginDrain(std::min(kDrainGrace, limit / 2), limit);
  }
}

// Runs that nobody waits for and that do not end hold their workers: some are replaced, and when
// every worker is one, others had better be asked.
void Server::Parts::Supervise() {
  main_loop.AssertOnLoop();
  const std::size_t zombies = scheduler->figures().zombies;
  pool->Replace(static_cast<int>(std::min(zombies, kMaxReplacements)));
  const std::size_t reserve_zombies = reserve->figures().zombies;
  reserve_pool->Replace(static_cast<int>(std::min(reserve_zombies, kMaxReplacements)));
  const bool is_stuck = zombies > 0 && zombies >= static_cast<std::size_t>(pool->size());
  if (is_stuck != all_workers_stuck) {
    all_workers_stuck = is_stuck;
    Log(is_stuck ? LogLevel::kError : LogLevel::kInfo,
        is_stuck ? "all_workers_stuck" : "workers_free_again",
        {{"zombies", static_cast<std::uint64_t>(zombies)}});
  }
  is_ready = !is_draining && !is_stuck;
  main_loop.RunAt(main_loop.Now() + kSuperviseEvery, [this] { Supervise(); });
}

bool Server::Run() {
  Parts& parts = *parts_;
  if (parts.pages) parts.pages->Start();
  std::atomic<std::size_t> running{parts.conductors.size()};
  std::vector<std::jthread> threads;
  for (const auto& conductor : parts.conductors) {
    threads.emplace_back([&parts, &running, &conductor = *conductor] {
      conductor.Run();
      if (--running == 0) parts.main_loop.Stop();
    });
  }
  {
    parts.main_loop.AssertOnLoop();
    const lifecycle::SignalWatcher signals(parts.main_loop,
                                           [&parts](int signal) { parts.BeginDrain(signal); });
    parts.Supervise();
    parts.main_loop.Run();
  }
  threads.clear();  // joins
  if (parts.files) parts.files->Stop();
  if (parts.admin) parts.admin->Stop(kAdminStopGrace);
  parts.pool->Stop();
  parts.reserve_pool->Stop();
  const bool all_idle =
      parts.scheduler->figures().busy_workers == 0 && parts.reserve->figures().busy_workers == 0;
  if (all_idle) {  // joins: a worker may still deliver to a conductor
    parts.pool.reset();
    parts.reserve_pool.reset();
  }
  Log(LogLevel::kInfo, "stopped", {{"workers_stuck", all_idle ? "no" : "yes"}});
  return all_idle;
}

}  // namespace baton::app
