// How a server comes up, runs and goes down.
#include "server/app/server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "admin/service/admin_server.h"
#include "server/api/grpc/grpc_infer.h"
#include "server/app/admin_socket_place.h"
#include "server/app/budget_doubts.h"
#include "server/app/conductor.h"
#include "server/app/control_room.h"
#include "server/app/cores.h"
#include "server/app/grpc_front.h"
#include "server/app/grpc_listeners.h"
#include "server/app/listener_secrets.h"
#include "server/app/make_admin_mirror.h"
#include "server/app/make_pages_options.h"
#include "server/app/mistakes.h"
#include "server/app/model_keeper.h"
#include "server/app/served_directory.h"
#include "server/app/server_metrics.h"
#include "server/app/serving_state.h"
#include "server/app/status_sampler.h"
#include "server/app/tracing.h"
#include "server/app/warm_up.h"
#include "server/base/log.h"
#include "server/http/file_opener.h"
#include "server/http/static_metrics.h"
#include "server/lifecycle/privileges.h"
#include "server/lifecycle/protection.h"
#include "server/lifecycle/signals.h"
#include "server/metrics/process_metrics.h"
#include "server/net/socket.h"
#include "server/pages/pages_server.h"
#include "server/rpc/call_queue.h"

namespace baton::app {
namespace {

constexpr Duration kDrainGrace = 1s;
constexpr Duration kSuperviseEvery = 100ms;
constexpr Duration kSampleEvery = 1s;
constexpr Duration kLookAtSecretsEvery = 2s;
constexpr std::size_t kMaxReplacements = 1;  // workers beyond the pool's size, for zombies
constexpr Duration kAdminStopGrace = 500ms;
constexpr Duration kKeeperStopGrace = 2s;  // for a load that is under way
constexpr std::uint64_t kSpareDescriptors = 128;
constexpr std::size_t kLeastHeldMessages = 4;  // of the largest size, whatever held_bytes says
constexpr std::uint32_t kGrpcDesk = 1024;      // beyond the numbers of conductors

serve::Scheduler::Options Scheduling(const ServerOptions& options) {
  serve::Scheduler::Options scheduling;
  scheduling.policy = options.scheduling;
  scheduling.limits = options.limits.admission;
  return scheduling;
}

}  // namespace

// In the order of construction; destruction goes the other way.
struct Server::Parts {
  Parts(const ServerOptions& server_options, lifecycle::Protections from_start)
      : options(server_options),
        protections(std::move(from_start)),
        session_options(options.Sessions()) {
    const std::size_t of_each = options.limits.connections_per_address;
    if (of_each > 0) client_places.emplace(of_each);
  }
  // Of a server that never ran: its loop takes no calls from a queue that others run.
  ~Parts() {
    if (grpc) grpc->Stop();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  const ServerOptions options;
  lifecycle::Protections protections;  // complete once everything listens
  SystemClock clock;
  metrics::Registry registry;
  std::atomic<bool> is_ready{false};
  Readiness readiness{is_ready};
  std::atomic<bool> is_draining{false};
  UniqueFd http_fd;
  std::vector<control::ListenerState> listeners;
  const http::Session::Options session_options;
  ListenerSecrets secrets;
  std::optional<net::ClientPlaces> client_places;  // empty: nobody counts
  std::optional<net::ConnectionPlaces> places;
  http::ListenerMetrics http_metrics;
  http::ListenerMetrics pages_metrics;
  const http::StaticMetrics static_metrics{registry};
  std::uint64_t open_files = 0;  // that static files may have open at once
  serve::Endpoints endpoints{registry};
  serve::MissRing misses;
  serve::PendingResponses pending{options.limits.pending_requests};
  serve::Scheduler scheduler{clock, Scheduling(options), 0};
  serve::Scheduler reserve{clock, {}, 0};  // for cheaper models that are fallbacks
  ServingState serving{endpoints, scheduler, reserve, options.BasePolicy()};
  ConfiguredEndpoints configured{endpoints, serving, options.endpoints};
  LoadHints load;
  Tracing tracing{options.tracing, clock, registry};
  control::Captures captures;
  const DeskParts desk{pending, scheduler, reserve, misses, &load, tracing.tracer(), &captures};
  const serve::PoolMetrics pool_metrics{
      registry.AddCounter("baton_pool_busy_seconds_total",
                          "Time that workers, the reserved one included, spent running tickets."),
      registry.AddCounter("baton_pool_tasks_total", "Tickets that workers took."),
  };
  const MalformedBudgetCounters malformed_budgets = MakeMalformedBudgetCounters(registry);
  std::optional<serve::WorkerPool> pool;
  std::optional<serve::WorkerPool> reserve_pool;
  const ServedDirectory directory{serving, is_ready, clock, Changes()};
  std::unique_ptr<api::Gateway> gateway;
  const models::ModelSource source{{options.models, {options.onnxruntime_library, {}}}};
  std::unique_ptr<ModelKeeper> keeper;
  std::unique_ptr<http::FileOpener> files;  // where there are static files
  std::vector<std::unique_ptr<Conductor>> conductors;
  std::optional<rpc::CallQueue> grpc_calls;  // of both gRPC listeners, if there is one
  std::unique_ptr<GrpcFront> grpc;           // null without
  GrpcListeners grpc_listeners;
  std::optional<LiveConfiguration> configuration;
  control::StatusFeed feed;
  StatusSampler sampler{
      {registry, endpoints, serving, scheduler, conductors, pool_metrics.busy_seconds, load}};
  std::unique_ptr<ControlRoom> control_room;
  std::unique_ptr<admin::AdminServer> admin;
  std::unique_ptr<AdminMirror> mirror;
  std::unique_ptr<pages::PagesServer> pages;
  net::EventLoop main_loop{clock};
  bool all_workers_stuck = false;  // main thread
  std::string missing_model;       // main thread: required, and no version of it answers

  void RenewSecrets();
  Status ListenAll(UniqueFd& pages_fd);
  ServedDirectory::Changes Changes();
  enum class WarmUps { kRun, kLeftOut };
  Status LoadModels(WarmUps warm_ups);
  std::string NameOfReverse() const;
  Status MakePool();
  void Supervise();
  void Sample();
  bool HasRequiredModels();
  Status OpenStaticFiles(std::uint64_t descriptors);
  void MakeConductors(std::uint64_t descriptors);
  Status StartAdmin();
  void AddListener(const std::string& name, const ListenAddress& address, std::uint16_t port);
  Conductor::Options ConductorOptions(std::uint32_t index) const;
  Status StartGrpc(std::uint64_t descriptors);
  Status StartDataPlane(std::uint64_t descriptors);
  Status StartControl(LoadedConfiguration loaded);
  void TellListener(control::ListenerFigures& figures) const;
  void Observe();
  void OpenPages(UniqueFd listening);
  void BeReady();
  LiveConfiguration::Parts ConfigurableParts();
  void OnSignal(int signal);
  void BeginDrain(int signal);
};

void Server::Parts::AddListener(const std::string& name, const ListenAddress& address,
                                std::uint16_t port) {
  ListenAddress in_use = address;
  in_use.port = port;
  listeners.push_back({name, in_use.ToText()});
}

// They are looked at again and again: whoever renews one just writes it.
void Server::Parts::RenewSecrets() {
  main_loop.AssertOnLoop();
  if (secrets.Renew()) {
    for (const auto& conductor : conductors) conductor->Use(secrets.api_keys()->ring());
  }
  main_loop.RunAt(main_loop.Now() + kLookAtSecretsEvery, [this] { RenewSecrets(); });
}

Status Server::Parts::ListenAll(UniqueFd& pages_fd) {
  Result<UniqueFd> http = net::Listen(options.http, options.backlog);
  if (!http) return tl::unexpected<Error>(http.error());
  http_fd = std::move(*http);
  AddListener("http", options.http, net::LocalPort(http_fd.get()));
  if (options.pages.off) return {};
  Result<UniqueFd> pages_listening = net::Listen(options.pages, 128);
  if (!pages_listening) return tl::unexpected<Error>(pages_listening.error());
  pages_fd = std::move(*pages_listening);
  return {};
}

// What clients may do to models: nothing, unless the operator allows it.
ServedDirectory::Changes Server::Parts::Changes() {
  if (!options.allows_model_control) return nullptr;
  return [this](const api::RepositoryChange& change, api::RepositoryChanged done) {
    using Kind = control::ModelChange::Kind;
    const bool loads = change.kind == api::RepositoryChange::Kind::kLoad;
    keeper->Change({loads ? Kind::kLoad : Kind::kUnload, change.model, "a client"},
                   [done = std::move(done)](const auto& changed) {
                     done(changed ? Status() : tl::unexpected<Error>(changed.error()));
                   });
  };
}

// The route is there before models are: one that is called like it takes its name first.
std::string Server::Parts::NameOfReverse() const {
  const models::RepositoryScan scan = source.Scan();
  return models::FindModel(scan, "reverse") == nullptr ? "reverse" : "/reverse";
}

Status Server::Parts::LoadModels(WarmUps warm_ups) {
  const auto gzip_counts = http::GzipCounts::Make(registry);
  gateway = std::make_unique<api::Gateway>(
      endpoints, directory, gzip_counts,
      api::GatewayOptions{options.limits.json_depth, options.test_endpoints, options.limits.gzip,
                          NameOfReverse(), !options.api_keys.empty()});
  api::HandlerOptions handlers;
  handlers.json_depth = options.limits.json_depth;
  handlers.gzip = options.limits.gzip;
  handlers.gzip_counts = gzip_counts;
  if (!options.grpc.off) handlers.make_grpc = &api::MakeGrpcInferHandler;
  keeper = std::make_unique<ModelKeeper>(
      ModelShelf::Parts{clock, endpoints, serving, configured, desk, source, registry},
      ModelKeeper::Options{.watches_folder = options.watches_models}, std::move(handlers));
  if (warm_ups == WarmUps::kLeftOut) keeper->StopWarmUps();
  Mistakes mistakes;
  mistakes.Add(keeper->LoadAll());
  mistakes.Add(configured.TakeRoutes());
  return mistakes.ToStatus();
}

Status Server::Parts::MakePool() {
  pool.emplace(scheduler, pending, clock, registry, pool_metrics);
  reserve_pool.emplace(reserve, pending, clock, registry, pool_metrics);
  for (const api::Gateway::WarmUp& one : gateway->warm_ups()) {
    static_cast<void>(WarmUp(*one.endpoint, *one.handler, serving, desk, clock));
  }
  if (const Status reserved = reserve_pool->Resize(1); !reserved) return reserved;
  return pool->Resize(options.workers > 0 ? options.workers : static_cast<int>(UsableCores()));
}

Conductor::Options Server::Parts::ConductorOptions(std::uint32_t index) const {
  Conductor::Options made;
  made.index = index;
  made.listening_fd = http_fd.get();
  if (secrets.api_keys() != nullptr) made.keys = secrets.api_keys()->ring();
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
  // The server's own, those of static files, of its pages and of its admin plane come first.
  const auto allowed = descriptors - std::min(kSpareDescriptors + open_files, descriptors / 2);
  const std::size_t count = options.conductors > 0 ? static_cast<std::size_t>(options.conductors)
                                                   : ConductorsFor(UsableCores());
  places.emplace(
      options.max_connections > 0 ? static_cast<std::size_t>(options.max_connections) : allowed,
      count);
  const Shared shared{clock,           *gateway,
                      directory,       desk,
                      files.get(),     static_metrics,
                      registry,        http_metrics,
                      session_options, client_places ? &*client_places : nullptr,
                      is_ready,        *places,
                      conductors,      allowed,
                      secrets.http()};
  for (std::uint32_t i = 0; i < count; ++i) {
    Conductor::Options made = ConductorOptions(i);
    made.malformed_budgets = malformed_budgets;
    made.loop_metrics = MakeLoopMetrics(registry, std::to_string(i));
    conductors.push_back(std::make_unique<Conductor>(shared, made));
    serving.Tell([&conductor = *conductors.back()](const Published& published) {
      conductor.Use(published);
    });
  }
}

Status Server::Parts::StartGrpc(std::uint64_t descriptors) {
  if (options.grpc.off) {
    listeners.push_back({"grpc", "off"});
    return {};
  }
  api::InferenceServer::Options listener;
  listener.address = options.grpc;
  listener.max_message_bytes = options.limits.session.limits.body_bytes;
  listener.max_held_bytes =
      std::max(options.limits.session.held_bytes, kLeastHeldMessages * listener.max_message_bytes);
  listener.max_unsent_bytes = options.limits.session.held_bytes;
  listener.write_time = options.limits.session.timeouts.write;
  listener.tls = secrets.grpc();
  listener.max_connections = GrpcListeners::MostConnections(options, descriptors);
  listener.max_connections_per_address = options.limits.connections_per_address;
  listener.backlog = options.backlog;
  GrpcConductor::Options conductor;
  conductor.number = kGrpcDesk;
  conductor.loop_metrics = MakeLoopMetrics(registry, "grpc");
  conductor.malformed_envoy_timeout = malformed_budgets.envoy_timeout;
  Result<std::unique_ptr<GrpcFront>> started = GrpcFront::Start(
      listener, conductor,
      {clock, *grpc_calls, desk, serving, endpoints.unknown(), directory, secrets.api_keys()});
  if (!started) return tl::unexpected<Error>(started.error());
  grpc = std::move(*started);
  grpc_listeners.grpc = &grpc->listener();
  AddListener("grpc", options.grpc, grpc->port());
  return {};
}

Status Server::Parts::StartAdmin() {
  const char* const runtime_folder = std::getenv("XDG_RUNTIME_DIR");
  admin::AdminServer::Options admin_options;
  admin_options.address = options.admin;
  admin_options.tls = secrets.admin();
  admin_options.unix_socket =
      PlaceOfAdminSocket(options, runtime_folder == nullptr ? "" : runtime_folder);
  admin_options.door = secrets.AdminDoor(options.admin_door);
  admin_options.max_connections_per_address = options.limits.connections_per_address;
  admin_options.registry = &registry;
  if (options.admin.off) listeners.push_back({"admin", "off"});
  if (options.admin.off && admin_options.unix_socket.empty()) return {};
  if (!grpc_calls) grpc_calls.emplace();
  Result<std::unique_ptr<admin::AdminServer>> started =
      admin::AdminServer::Start(admin_options, *control_room, *grpc_calls);
  if (!started) return tl::unexpected<Error>(started.error());
  admin = std::move(*started);
  grpc_listeners.admin = &admin->listener();
  admin->SetServing(false);  // until everything is there
  if (!options.admin.off) AddListener("admin", options.admin, admin->port());
  if (!admin_options.unix_socket.empty()) {
    Log(LogLevel::kInfo, "admin_socket", {{"path", admin_options.unix_socket}});
  }
  return {};
}

LiveConfiguration::Parts Server::Parts::ConfigurableParts() {
  return {configured, *keeper,    *pool,       scheduler,
          pending,    conductors, &UnixMillis, tracing.tracer()};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

Status Server::Parts::StartDataPlane(std::uint64_t descriptors) {
  if (Status loaded = LoadModels(WarmUps::kRun); !loaded) return loaded;
  if (Status made = MakePool(); !made) return made;
  if (Status opened = OpenStaticFiles(descriptors); !opened) return opened;
  MakeConductors(descriptors);
  if (!options.grpc.off) grpc_calls.emplace();
  return StartGrpc(descriptors);
}

Status Server::Parts::StartControl(LoadedConfiguration loaded) {
  configuration.emplace(ConfigurableParts(), std::move(loaded));
  control_room = std::make_unique<ControlRoom>(ControlRoom::Parts{
      clock,          registry,
      endpoints,      serving,
      *keeper,        pending,
      scheduler,      reserve,
      *pool,          misses,
      *configuration, feed,
      captures,       conductors,
      grpc_listeners, listeners,
      readiness,      [this](control::ListenerFigures& figures) { TellListener(figures); },
      is_ready,       is_draining});
  return StartAdmin();
}

void Server::Parts::TellListener(control::ListenerFigures& figures) const {
  const auto tell = [&](int fd, const http::ListenerMetrics& books, std::uint64_t connections,
                        bool is_secured) {
    const net::BacklogFigures backlog = net::ReadBacklog(fd);
    figures.is_secured = is_secured;
    figures.connections = connections;
    figures.accepted_total = static_cast<std::uint64_t>(registry.Value(books.accepted));
    figures.backlog_depth = backlog.depth;
    figures.backlog_limit = backlog.limit;
    figures.backlog_drops_total = backlog.drops;
  };
  if (figures.name == "http") {
    std::uint64_t open = 0;
    for (const auto& conductor : conductors) open += conductor->connections();
    tell(http_fd.get(), http_metrics, open, secrets.http() != nullptr);
  } else if (figures.name == "pages" && pages) {
    std::int64_t open = 0;
    for (const auto& state : pages->listener_shard().states) open += state;
    tell(pages->listening_fd(), pages_metrics, static_cast<std::uint64_t>(open),
         secrets.pages() != nullptr);
  } else {
    grpc_listeners.Tell(figures);
  }
}

void Server::Parts::Observe() {
  AddServerGauges(registry, {endpoints, serving, pending, scheduler, reserve, conductors,
                             *control_room, *configuration, readiness, is_draining});
  metrics::AddProcessMetrics(registry);
  lifecycle::AddProtectionMetrics(registry, protections);
  AddBacklogMetrics(registry, "http", http_fd.get());
  sampler.Add({"http", http_fd.get()});
  grpc_listeners.Observe(registry, sampler);
  std::vector<const http::ListenerShard*> shards;
  for (const auto& conductor : conductors) shards.push_back(&conductor->listener_shard());
  http::AddConnectionGauges(registry, "http", shards);
  http::AddHeldGauges(registry, "http", shards, session_options.held_bytes);
}

void Server::Parts::OpenPages(UniqueFd listening) {
  if (options.pages.off) {
    listeners.push_back({"pages", "off"});
    return;
  }
  AddListener("pages", options.pages, net::LocalPort(listening.get()));
  mirror = MakeAdminMirror(options, secrets.admin_tokens(), admin.get(), clock, registry);
  pages = std::make_unique<pages::PagesServer>(
      std::move(listening), clock, registry, pages_metrics, secrets.pages(), mirror.get(),
      MakePagesOptions(options, feed, listeners, conductors));
  AddBacklogMetrics(registry, "pages", pages->listening_fd());
  sampler.Add({"pages", pages->listening_fd()});
  http::AddConnectionGauges(registry, "pages", {&pages->listener_shard()});
}

void Server::Parts::BeReady() {
  lifecycle::LogProtections(protections);
  LogDoubts(AllDoubts(endpoints, serving, scheduler));
  secrets.WarnOfUnreadable();
  readiness.Tell([this](bool is_ready_now) {
    if (grpc) grpc->SetServing(is_ready_now);
  });
  readiness.SetCanServe(true);
  if (admin && !grpc) grpc_calls->RunByItself();  // else its conductor does
  if (admin) admin->SetServing(true);
}

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              LoadedConfiguration configuration,
                                              lifecycle::Protections from_start) {
  const auto fail = [](const Status& status) { return tl::unexpected<Error>(status.error()); };
  if (const Status valid = options.Validate(); !valid) return fail(valid);
  const std::uint64_t descriptors = net::RaiseDescriptorLimit();
  auto parts = std::make_unique<Parts>(options, std::move(from_start));
  UniqueFd pages_fd;
  if (const Status opened = parts->secrets.Open(options, parts->registry); !opened) {
    return fail(opened);
  }
  if (!parts->tracing.status()) return fail(parts->tracing.status());
  if (const Status listening = parts->ListenAll(pages_fd); !listening) return fail(listening);
  if (const Status data = parts->StartDataPlane(descriptors); !data) return fail(data);
  if (const Status control = parts->StartControl(std::move(configuration)); !control) {
    return fail(control);
  }
  parts->Observe();
  parts->OpenPages(std::move(pages_fd));
  const Status hardened =
      lifecycle::ProtectOnceListening(options.user, options.process, parts->protections);
  if (!hardened) return fail(hardened);
  parts->BeReady();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Result<std::vector<std::string>> Server::Check(const ServerOptions& options, bool measures) {
  if (const Status valid = options.Validate(); !valid) return tl::unexpected(valid.error());
  Mistakes mistakes;
  mistakes.Add(lifecycle::CheckUser(options.user));
  mistakes.Add(lifecycle::CheckProtection(options.process));
  Parts parts(options, {});
  mistakes.Add(parts.secrets.Open(options, parts.registry));
  mistakes.Add(parts.tracing.status());
  mistakes.Add(parts.LoadModels(measures ? Parts::WarmUps::kRun : Parts::WarmUps::kLeftOut));
  if (const Status right = mistakes.ToStatus(); !right) return tl::unexpected(right.error());
  return AllDoubts(parts.endpoints, parts.serving, parts.scheduler);
}

const std::vector<control::ListenerState>& Server::listeners() const { return parts_->listeners; }

void Server::Parts::OnSignal(int signal) {
  if (signal == SIGUSR1) return ReopenLog();
  if (signal != SIGHUP) return BeginDrain(signal);
  static_cast<void>(control_room->ReloadConfiguration({.validate_only = false, .who = "SIGHUP"}));
}

void Server::Parts::BeginDrain(int signal) {
  if (is_draining.exchange(true)) {
    Log(LogLevel::kWarning, "stopping_now", {{"signal", signal}});
    for (const auto& conductor : conductors)
      conductor->BeginDrain(Duration::zero(), Duration::zero());
    if (grpc) grpc->BeginDrain(Duration::zero(), Duration::zero());
    main_loop.Stop();
    return;
  }
  readiness.Stop();
  control_room->LookAround(clock.Now());
  if (admin) admin->SetServing(false);
  const Duration limit = serving.LargestBudget();
  Log(LogLevel::kInfo, "draining", {{"signal", signal}, {"limit_ms", ToMillis(limit)}});
  const Duration grace = std::min(kDrainGrace, limit / 2);
  for (const auto& conductor : conductors) conductor->BeginDrain(grace, limit);
  if (grpc) grpc->BeginDrain(grace, limit);
}

// Runs that nobody waits for and that do not end hold their workers: some are replaced, and when
// every worker is one, others had better be asked.
void Server::Parts::Supervise() {
  main_loop.AssertOnLoop();
  const std::size_t zombies = scheduler.figures().zombies;
  pool->Replace(static_cast<int>(std::min(zombies, kMaxReplacements)));
  const std::size_t reserve_zombies = reserve.figures().zombies;
  reserve_pool->Replace(static_cast<int>(std::min(reserve_zombies, kMaxReplacements)));
  const bool is_stuck = zombies > 0 && zombies >= static_cast<std::size_t>(pool->size());
  if (is_stuck != all_workers_stuck) {
    all_workers_stuck = is_stuck;
    Log(is_stuck ? LogLevel::kError : LogLevel::kInfo,
        is_stuck ? "all_workers_stuck" : "workers_free_again",
        {{"zombies", static_cast<std::uint64_t>(zombies)}});
  }
  readiness.SetCanServe(!is_stuck && HasRequiredModels());
  control_room->LookAround(main_loop.Now());
  lifecycle::LogDeniedCalls();
  main_loop.RunAt(main_loop.Now() + kSuperviseEvery, [this] { Supervise(); });
}

void Server::Parts::Sample() {
  main_loop.AssertOnLoop();
  const SteadyTime now = clock.Now();
  feed.Publish(TakeSample(sampler, *control_room, now, UnixMillis()));
  main_loop.RunAt(now + kSampleEvery, [this] { Sample(); });
}

bool Server::Parts::HasRequiredModels() {
  const auto catalogue = serving.Now().catalogue;
  const api::CatalogueModel* const missing = catalogue->MissingModel();
  const std::string name = missing == nullptr ? "" : missing->name;
  if (name != missing_model) {
    missing_model = name;
    Log(missing ? LogLevel::kError : LogLevel::kInfo,
        missing ? "required_model_missing" : "required_models_answer", {{"model", name}});
  }
  return missing == nullptr;
}

bool Server::Run() {
  Parts& parts = *parts_;
  if (parts.pages) parts.pages->Start();
  parts.keeper->Start();
  parts.tracing.Start();
  std::atomic<std::size_t> running{parts.conductors.size() + (parts.grpc ? 1 : 0)};
  std::vector<std::jthread> threads;
  const auto start = [&parts, &running, &threads](auto& loop) {
    threads.emplace_back([&parts, &running, &loop] {
      loop.Run();
      if (--running == 0) parts.main_loop.Stop();
    });
  };
  for (const auto& conductor : parts.conductors) start(*conductor);
  if (parts.grpc) start(*parts.grpc);
  {
    parts.main_loop.AssertOnLoop();
    const lifecycle::SignalWatcher signals(parts.main_loop,
                                           [&parts](int signal) { parts.OnSignal(signal); });
    parts.Supervise();
    parts.Sample();
    parts.RenewSecrets();
    parts.main_loop.Run();
  }
  threads.clear();  // joins
  parts.tracing.Stop();
  if (parts.files) parts.files->Stop();
  if (parts.pages) parts.pages->Stop();  // its mirror calls the admin plane
  // Calls that wait for a load end with it: without the keeper they never would.
  const bool has_keeper_ended = parts.keeper->Stop(kKeeperStopGrace);
  if (parts.grpc && has_keeper_ended) parts.grpc->Stop();
  if (parts.admin && has_keeper_ended) parts.admin->Stop(kAdminStopGrace);
  parts.pool->Stop();
  parts.reserve_pool->Stop();
  const bool all_idle =
      parts.scheduler.figures().busy_workers == 0 && parts.reserve.figures().busy_workers == 0;
  if (all_idle) {  // joins: a worker may still deliver to a conductor
    parts.pool.reset();
    parts.reserve_pool.reset();
  }
  Log(LogLevel::kInfo, "stopped",
      {{"workers_stuck", all_idle ? "no" : "yes"},
       {"load_stuck", has_keeper_ended ? "no" : "yes"}});
  return all_idle && has_keeper_ended;
}

}  // namespace baton::app
