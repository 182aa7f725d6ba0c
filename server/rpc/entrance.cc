// gRPC's experimental acceptors of external connections, and who brings them.
#include "server/rpc/entrance.h"

#include <future>
#include <utility>

#include <grpcpp/server_builder.h>

#include "server/base/thread_name.h"
#include "server/net/socket.h"

namespace baton::rpc {
namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

}  // namespace

Entrance::Entrance(std::string thread_name, const Limits& limits)
    : thread_name_(std::move(thread_name)),
      limits_(limits),
      listener_(loop_, limits.opening_time) {}

Entrance::~Entrance() {
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
}

Status Entrance::AddAddress(const ListenAddress& address, bool speaks_tls,
                            std::shared_ptr<grpc::ServerCredentials> credentials,
                            grpc::ServerBuilder& builder) {
  Result<UniqueFd> listening = net::Listen(address, limits_.backlog);
  if (!listening) return tl::unexpected<Error>(listening.error());
  AddSocket(*std::move(listening), speaks_tls, std::move(credentials), builder);
  return {};
}

void Entrance::AddSocket(UniqueFd listening, bool speaks_tls,
                         std::shared_ptr<grpc::ServerCredentials> credentials,
                         grpc::ServerBuilder& builder) {
  using Kind = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  const std::shared_ptr<Acceptor> acceptor =
      builder.experimental().AddExternalConnectionAcceptor(Kind::FROM_FD, std::move(credentials));
  const int fd = listening.get();
  listener_.AddDoor({std::move(listening), speaks_tls, limits_.connections, limits_.of_each_address,
                     [acceptor, fd](UniqueFd connection) {
                       Acceptor::NewConnectionParameters taken;
                       taken.listener_fd = fd;
                       taken.fd = connection.Release();
                       acceptor->HandleNewConnection(&taken);
                     }});
}

std::uint16_t Entrance::port() const { return net::LocalPort(listener_.listening_fd()); }

void Entrance::Open() {
  thread_ = std::jthread([this] {
    NameThisThread(thread_name_);
    loop_.Run();
  });
  loop_.Post([this] {
    loop_.AssertOnLoop();
    listener_.Start();
  });
}

void Entrance::OnLoop(std::function<void()> task) {
  if (!thread_.joinable()) return;  // nobody has come
  std::promise<void> done;
  loop_.Post([&task, &done] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void Entrance::StopAccepting() {
  OnLoop([this] {
    loop_.AssertOnLoop();
    listener_.StopAccepting();
  });
}

void Entrance::StopHandingOver() {
  OnLoop([this] {
    loop_.AssertOnLoop();
    listener_.StopHandingOver();
  });
}

}  // namespace baton::rpc
