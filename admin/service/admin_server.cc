// How the admin listener comes up and goes down.
#include "admin/service/admin_server.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include "admin/service/admin_service.h"
#include "admin/service/capture_feed.h"
#include "admin/service/grpc_door.h"
#include "admin/service/listening_socket.h"
#include "admin/service/status_mapping.h"
#include "server/control/status_feed.h"
#include "server/rpc/channelz.h"
#include "server/rpc/entrance.h"
#include "server/rpc/grpc_setup.h"
#include "server/rpc/health.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/plain_calls.h"
#include "server/rpc/queued_server.h"
#include "server/rpc/reflection.h"
#include "server/rpc/tag_thread.h"
#include "server/rpc/tls_credentials.h"
#include "server/rpc/unread_answers.h"

namespace baton::admin {
namespace {

constexpr int kMaxMessageBytes = 64 * 1024;
constexpr int kBacklog = 128;
constexpr int kMaxStreamsPerConnection = 64;
constexpr Duration kTimeToRead = 20s;  // an answer
constexpr char kAdminServiceName[] = "baton.admin.v1.AdminService";
constexpr char kHealthServiceName[] = "grpc.health.v1.Health";

std::vector<std::string> ServiceNames() {
  return {kAdminServiceName, kHealthServiceName, "grpc.channelz.v1.Channelz",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

Status CheckOptions(const AdminServer::Options& options) {
  if (!options.address.off || !options.unix_socket.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, "admin address: expected HOST:PORT, got off", "address");
}

}  // namespace

struct AdminServer::State {
  State(const Options& options, control::ControlPort& control, rpc::CallQueue& shared);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  control::ControlPort& room;
  rpc::CallQueue& queue;
  SystemClock clock;
  AdminDoor door;
  rpc::OpenTags open_tags;
  grpc::AsyncGenericService service;
  rpc::Health health{kAdminServiceName};
  const AdminMethods admin_methods;
  const AdminFeeds feeds;
  rpc::PlainMethods methods;
  rpc::UnreadAnswers unread{queue, open_tags, clock, {0, kTimeToRead}, &thread};
  rpc::PlainCalls calls;
  rpc::TagThread thread{"admin"};                                 // goes before what it calls
  const std::unique_ptr<control::StatusFeed::Subscription> news;  // goes before where it posts
  rpc::Entrance entrance;                                         // goes behind the server
  std::uint16_t port = 0;
  std::string unix_socket;                               // that is ours
  std::shared_ptr<grpc::ServerCredentials> credentials;  // its server asks it again and again
  std::unique_ptr<rpc::QueuedServer> server;
  bool has_stopped = false;

  Status Listen(const Options& options);
  void GiveUpSocket();
};

AdminServer::State::State(const Options& options, control::ControlPort& control,
                          rpc::CallQueue& shared)
    : room(control),
      queue(shared),
      door(options.door, clock),
      admin_methods(MakeAdminMethods(
          control, [this](rpc::TagThread::Task task) { thread.Post(std::move(task)); })),
      feeds(MakeAdminFeeds(control)),
      methods(OverGrpc(admin_methods, door)),
      calls({service, queue, methods, unread, open_tags, clock, &thread},
            [&control](const std::string& method, grpc::StatusCode code, Duration took) {
              control.CountRpc(method, std::string(GrpcCodeName(code)), took);
            }),
      news(control.status_feed().Subscribe(
          [this] { thread.Post([this] { calls.TellWatchers(); }); })),
      entrance("admin-entrance",
               {options.max_connections, options.max_connections_per_address, kBacklog}) {
  methods.merge(
      MakeCaptureMethods(control, door, [this] { thread.Post([this] { calls.TellFeeds(); }); }));
  methods.merge(health.Methods());
  methods.merge(rpc::ChannelzMethods());
  methods.merge(rpc::ReflectionMethods(ServiceNames()));
  methods = Guarded(std::move(methods), door);
}

AdminServer::State::~State() { GiveUpSocket(); }

// Who starts afterwards finds no socket there and makes one, which is not ours to remove.
void AdminServer::State::GiveUpSocket() {
  if (!unix_socket.empty()) ListeningSocket::Remove(std::exchange(unix_socket, {}));
}

Status AdminServer::State::Listen(const Options& options) {
  grpc::ServerBuilder builder;
  rpc::SetUp(builder);
  if (!options.address.off) {
    credentials = rpc::CredentialsOf(options.tls);
    const Status listening =
        entrance.AddAddress(options.address, options.tls != nullptr, credentials, builder);
    if (!listening) return Fail(ErrorCode::kUnavailable, listening.error().message);
    port = entrance.port();
  }
  std::optional<ListeningSocket> socket;  // until others can see that a server is there
  if (!options.unix_socket.empty()) {
    auto claimed = ListeningSocket::Claim(options.unix_socket);
    if (!claimed) return tl::unexpected<Error>(claimed.error());
    socket.emplace(*std::move(claimed));
    Result<UniqueFd> listening = socket->Listen(kBacklog);
    if (!listening) return tl::unexpected<Error>(listening.error());
    unix_socket = options.unix_socket;
    entrance.AddSocket(*std::move(listening), false, grpc::InsecureServerCredentials(), builder);
  }
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterAsyncGenericService(&service);
  server = rpc::QueuedServer::Start(builder, queue);
  if (server == nullptr) return Fail(ErrorCode::kInternal, "gRPC could not start its server");
  return {};
}

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const Options& options,
                                                        control::ControlPort& control,
                                                        rpc::CallQueue& queue) {
  if (Status status = CheckOptions(options); !status) {
    return tl::unexpected<Error>(status.error());
  }
  auto state = std::make_unique<State>(options, control, queue);
  if (Status listening = state->Listen(options); !listening) {
    return tl::unexpected<Error>(listening.error());
  }
  if (options.registry != nullptr) state->door.AddMetrics(*options.registry);
  state->thread.Post(state->open_tags.Counting([&calls = state->calls] { calls.Start(); }));
  state->entrance.Open();
  std::unique_ptr<AdminServer> server(new AdminServer(std::move(state)));
  server->SetServing(true);
  return server;
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AdminServer::~AdminServer() { Stop(Duration::zero()); }

std::uint16_t AdminServer::port() const { return state_->port; }

net::ForeignListener& AdminServer::listener() { return state_->entrance.listener(); }

void AdminServer::SetServing(bool serving) {
  state_->health.SetServing(serving);
  state_->thread.Post([&calls = state_->calls] { calls.TellWatchers(); });
}

void AdminServer::Call(std::string method, control::Caller caller, std::string message,
                       AdminReply reply) {
  const SteadyTime began = state_->clock.Now();
  state_->thread.Post([&state = *state_, began, method = std::move(method),
                       caller = std::move(caller), message = std::move(message),
                       reply = std::move(reply)] {
    const auto found = state.admin_methods.find(method);
    if (found == state.admin_methods.end()) {
      return reply(Fail(ErrorCode::kUnsupported, "there is no method " + method));
    }
    found->second(caller, message, [&state, began, method, reply](const auto& answer) {
      const auto code = answer ? grpc::StatusCode::OK : ToGrpcStatus(answer.error()).error_code();
      state.room.CountRpc(method, std::string(GrpcCodeName(code)), state.clock.Now() - began);
      reply(answer);
    });
  });
}

OpenedAdminFeed AdminServer::Open(const std::string& method, const control::Caller& caller,
                                  std::string_view message, std::function<void()> tell) {
  const auto found = state_->feeds.find(method);
  if (found == state_->feeds.end()) {
    return Fail(ErrorCode::kUnsupported, "there is no method " + method + " that streams");
  }
  return found->second(caller, message, std::move(tell));
}

void AdminServer::Stop(Duration grace) {
  if (std::exchange(state_->has_stopped, true)) return;
  SetServing(false);
  state_->queue.RunByItself();
  state_->thread.Post([&calls = state_->calls] { calls.Close(); });
  state_->GiveUpSocket();  // while it still listens: it is nobody else's
  state_->entrance.StopHandingOver();
  state_->server->Shutdown(grace);
  state_->thread.Post(state_->open_tags.Counting([&unread = state_->unread] { unread.Close(); }));
  state_->open_tags.WaitUntilGone();
}

}  // namespace baton::admin
