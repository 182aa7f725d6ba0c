// The admin listener: the gRPC server with the admin service, health and reflection on it.
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
#include "grpc/health/v1/health.pb.h"
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>

#include "admin/service/admin_service.h"
#include "admin/service/reflection.h"
#include "admin/service/rpc_book.h"
#include "server/base/fd.h"
#include "server/base/log.h"

namespace baton::admin {
namespace {

constexpr int kMaxMessageBytes = 64 * 1024;
constexpr int kMaxStreamsPerConnection = 64;
constexpr char kAdminServiceName[] = "baton.admin.v1.AdminService";
constexpr char kHealthServiceName[] = "grpc.health.v1.Health";

// gRPC writes to standard error of its own accord, mostly about what clients do; in our log such
// lines are for debugging.
void LogFromGrpc(gpr_log_func_args* args) {
  Log(LogLevel::kDebug, "grpc_log",
      {{"severity", gpr_log_severity_string(args->severity)}, {"message", args->message}});
}

std::vector<std::string> ServiceNames() {
  return {kAdminServiceName, kHealthServiceName, "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection"};
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
  explicit State(control::ControlPort& control)
      : book(control, clock),
        admin(MakeAdminService(control)),
        reflection_v1(MakeReflectionV1(ServiceNames())),
        reflection_v1alpha(MakeReflectionV1Alpha(ServiceNames())) {}

  SystemClock clock;
  RpcBook book;
  std::unique_ptr<grpc::Service> admin;
  std::unique_ptr<grpc::Service> reflection_v1;
  std::unique_ptr<grpc::Service> reflection_v1alpha;
  int port = 0;
  // Last, so that it goes before what it calls.
  std::unique_ptr<grpc::Server> server;

  void Listen(const std::string& address);
};

void AdminServer::State::Listen(const std::string& address) {
  // The health service of gRPC is visible to reflection, and thereby to clients that know no
  // schema, only where its messages are linked in; naming one makes the linker take them.
  static_cast<void>(grpc::health::v1::HealthCheckRequest::descriptor());
  grpc::EnableDefaultHealthCheckService(true);

  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  // With port sharing, which is gRPC's default, a second server on the same port would start
  // without a word and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterService(admin.get());
  builder.RegisterService(reflection_v1.get());
  builder.RegisterService(reflection_v1alpha.get());
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(book.MakeInterceptorFactory());
  builder.experimental().SetInterceptorCreators(std::move(factories));
  server = builder.BuildAndStart();
}

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const Options& options,
                                                        control::ControlPort& control) {
  if (Status status = CheckOptions(options); !status) {
    return tl::unexpected<Error>(status.error());
  }
  gpr_set_log_function(&LogFromGrpc);
  auto state = std::make_unique<State>(control);
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
  std::unique_ptr<AdminServer> server(new AdminServer(std::move(state)));
  server->SetServing(true);
  return server;
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AdminServer::~AdminServer() { Stop(Duration::zero()); }

std::uint16_t AdminServer::port() const { return static_cast<std::uint16_t>(state_->port); }

void AdminServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = state_->server->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(kAdminServiceName, serving);
}

void AdminServer::Stop(Duration grace) {
  SetServing(false);
  state_->book.EndStreams();
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           std::chrono::duration_cast<std::chrono::system_clock::duration>(grace));
  state_->server->Wait();
}

}  // namespace baton::admin
