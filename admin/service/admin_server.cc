// How the admin listener comes up and goes down.
#include "admin/service/admin_server.h"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include "admin/service/admin_service.h"
#include "admin/service/status_mapping.h"
#include "server/base/fd.h"
#include "server/base/log.h"
#include "server/control/status_feed.h"
#include "server/rpc/channelz.h"
#include "server/rpc/grpc_setup.h"
#include "server/rpc/health.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/plain_calls.h"
#include "server/rpc/queued_server.h"
#include "server/rpc/reflection.h"
#include "server/rpc/tag_thread.h"
#include "server/rpc/unread_answers.h"

namespace baton::admin {
namespace {

constexpr int kMaxMessageBytes = 64 * 1024;
constexpr int kMaxStreamsPerConnection = 64;
constexpr Duration kTimeToRead = 20s;  // an answer
constexpr char kAdminServiceName[] = "baton.admin.v1.AdminService";
constexpr char kHealthServiceName[] = "grpc.health.v1.Health";

std::vector<std::string> ServiceNames() {
  return {kAdminServiceName, kHealthServiceName, "grpc.channelz.v1.Channelz",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

std::string TextOf(const AdminServer::Options& options) {
  return options.unix_socket.empty() ? options.address.ToText() : "unix:" + options.unix_socket;
}

// The kernel's form of an address.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const AdminServer::Options& options) {
  SocketAddress result;
  if (!options.unix_socket.empty()) {
    auto* address = reinterpret_cast<sockaddr_un*>(&result.storage);
    address->sun_family = AF_UNIX;
    options.unix_socket.copy(address->sun_path, sizeof(address->sun_path) - 1);
    result.length = sizeof(sockaddr_un);
  } else if (options.address.host.find(':') != std::string::npos) {
    auto* address = reinterpret_cast<sockaddr_in6*>(&result.storage);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(options.address.port);
    ::inet_pton(AF_INET6, options.address.host.c_str(), &address->sin6_addr);
    result.length = sizeof(sockaddr_in6);
  } else {
    auto* address = reinterpret_cast<sockaddr_in*>(&result.storage);
    address->sin_family = AF_INET;
    address->sin_port = htons(options.address.port);
    ::inet_pton(AF_INET, options.address.host.c_str(), &address->sin_addr);
    result.length = sizeof(sockaddr_in);
  }
  return result;
}

// gRPC says that it cannot listen, but not why: trying the same once more brings the kernel's
// reason.
std::string WhyNotListening(const AdminServer::Options& options) {
  const SocketAddress address = ToSocketAddress(options);
  const UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::bind(fd.get(), address.get(), address.length) != 0) {
    return std::strerror(errno);
  }
  return "gRPC could not bind it";
}

// gRPC replaces a socket file that is there, the one of a living server too.
bool AnotherListensOn(const AdminServer::Options& options) {
  const SocketAddress address = ToSocketAddress(options);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.valid() && ::connect(fd.get(), address.get(), address.length) == 0;
}

Status CheckOptions(const AdminServer::Options& options) {
  if (!options.unix_socket.empty()) {
    if (options.unix_socket.size() >= sizeof(sockaddr_un{}.sun_path)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "admin socket: expected a path of at most 107 bytes, got " +
                      std::to_string(options.unix_socket.size()),
                  "unix_socket");
    }
    if (AnotherListensOn(options)) {
      return Fail(ErrorCode::kUnavailable,
                  "cannot listen on " + TextOf(options) + " for admin: another server does");
    }
  } else if (options.address.off) {
    return Fail(ErrorCode::kInvalidArgument, "admin address: expected HOST:PORT, got off",
                "address");
  }
  return {};
}

bool IsLoopback(const AdminServer::Options& options) {
  return !options.unix_socket.empty() || options.address.host.starts_with("127.") ||
         options.address.host == "::1";
}

}  // namespace

struct AdminServer::State {
  State(control::ControlPort& control, rpc::CallQueue& shared);

  rpc::CallQueue& queue;
  SystemClock clock;
  rpc::OpenTags open_tags;
  grpc::AsyncGenericService service;
  rpc::Health health{kAdminServiceName};
  rpc::PlainMethods methods;
  rpc::UnreadAnswers unread{queue, open_tags, clock, {0, kTimeToRead}, &thread};
  rpc::PlainCalls calls;
  rpc::TagThread thread{"admin"};                                 // goes before what it calls
  const std::unique_ptr<control::StatusFeed::Subscription> news;  // goes before where it posts
  int port = 0;
  std::unique_ptr<rpc::QueuedServer> server;
  bool has_stopped = false;

  void Listen(const std::string& address);
};

AdminServer::State::State(control::ControlPort& control, rpc::CallQueue& shared)
    : queue(shared),
      methods(OverGrpc(MakeAdminMethods(
          control, [this](rpc::TagThread::Task task) { thread.Post(std::move(task)); }))),
      calls({service, queue, methods, unread, open_tags, clock, &thread},
            [&control](const std::string& method, grpc::StatusCode code, Duration took) {
              control.CountRpc(method, std::string(GrpcCodeName(code)), took);
            }),
      news(control.status_feed().Subscribe(
          [this] { thread.Post([this] { calls.TellWatchers(); }); })) {
  methods.merge(health.Methods());
  methods.merge(rpc::ChannelzMethods());
  methods.merge(rpc::ReflectionMethods(ServiceNames()));
}

void AdminServer::State::Listen(const std::string& address) {
  grpc::ServerBuilder builder;
  rpc::SetUp(builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterAsyncGenericService(&service);
  server = rpc::QueuedServer::Start(builder, queue);
}

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const Options& options,
                                                        control::ControlPort& control,
                                                        rpc::CallQueue& queue) {
  if (Status status = CheckOptions(options); !status) {
    return tl::unexpected<Error>(status.error());
  }
  auto state = std::make_unique<State>(control, queue);
  state->Listen(TextOf(options));
  if (state->server == nullptr) {
    return Fail(ErrorCode::kUnavailable,
                "cannot listen on " + TextOf(options) + " for admin: " + WhyNotListening(options));
  }
  if (!options.unix_socket.empty()) {
    ::chmod(options.unix_socket.c_str(), S_IRUSR | S_IWUSR);
    state->port = 0;
  }
  if (!IsLoopback(options)) {
    Log(LogLevel::kWarning, "admin_exposed",
        {{"address", TextOf(options)}, {"reason", "neither encrypted nor authenticated"}});
  }
  state->thread.Post(state->open_tags.Counting([&calls = state->calls] { calls.Start(); }));
  std::unique_ptr<AdminServer> server(new AdminServer(std::move(state)));
  server->SetServing(true);
  return server;
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AdminServer::~AdminServer() { Stop(Duration::zero()); }

std::uint16_t AdminServer::port() const { return static_cast<std::uint16_t>(state_->port); }

void AdminServer::SetServing(bool serving) {
  state_->health.SetServing(serving);
  state_->thread.Post([&calls = state_->calls] { calls.TellWatchers(); });
}

void AdminServer::Stop(Duration grace) {
  if (std::exchange(state_->has_stopped, true)) return;
  SetServing(false);
  state_->queue.RunByItself();
  state_->thread.Post([&calls = state_->calls] { calls.Close(); });
  state_->server->Shutdown(grace);
  state_->thread.Post(state_->open_tags.Counting([&unread = state_->unread] { unread.Close(); }));
  state_->open_tags.WaitUntilGone();
}

}  // namespace baton::admin
